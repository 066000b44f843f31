#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# profile.sh SEED: a processor of unknown TLB geometry (for --cpu), and its secret in a comment at the end.
seed=$1
dsets=$((8 << seed * 7 % 3)) dways=$((2 + (seed * 5 + 1) % 5)) ssets=$((64 << seed % 2)) sways=$((7 + seed * 3 % 5))
"${VTXRAY:-build/release/vtxray}" cpus skylake | awk -v d="$((dsets * dways))/$dways lru" -v s="$((ssets * sways))/$sways lru" '
	/^\[/ { section = $0 }
	section == "[dtlb]" && /^4k/ { $0 = "4k = " d }
	section == "[stlb]" && /^4k/ { $0 = "4k = " s }
	/^#/ { next }
	{ print }'
echo "# secret $((dsets * dways)) $dways $((ssets * sways)) $sways"
