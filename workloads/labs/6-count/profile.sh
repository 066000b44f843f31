#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# profile.sh: the processor of SEED, for --cpu: one that vtxray knows, with other second-level TLB and paging-structure caches.
. "$(dirname "$0")/seed.sh"
echo "# the processor of lab 6, SEED=$SEED"
"${VTXRAY:-build/release/vtxray}" cpus "$base" | awk -v stlb="$stlb_entries/$stlb_ways" -v pde="$psc_pde" -v ept="$ept_pde" -v nested="$nested_tlb" '
	/^#/ { next }
	/^\[/ { section = $0 }
	section == "[cpu]" && /^text/ { $0 = "text = a processor of which no data sheet is published" }
	section == "[stlb]" && /^4k/ { $0 = "4k = " stlb " lru" }
	section == "[psc]" && /^pde/ { $0 = "pde = " pde " lru" }
	section == "[ept psc]" && /^pde/ { $0 = "pde = " ept " lru" }
	section == "[ept psc]" && /^nested_tlb/ { $0 = "nested_tlb = " nested " lru" }
	{ print }'
