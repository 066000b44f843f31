#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The probe image, which knows nothing of the profile, finds its TLBs and data caches from its own timing curve (workloads/probe/main.c).
set -u
vtxray=${VTXRAY:-build/release/vtxray}
images=${IMAGES:-build/images}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checks=0 failed=0

# value SECTION KEY: of the profile
value() { awk -v section="[$1]" -v key="$2" '/^\[/ { on = $0 == section } on && $1 == key && $2 == "=" { print $3 }' "$work/profile"; }
# bytes of 32K, 8M
bytes() { case $1 in *K) echo $((${1%K} * 1024)) ;; *M) echo $((${1%M} * 1048576)) ;; *) echo "$1" ;; esac; }

# found NAME EXPECTED: the probe's finding
found() {
	checks=$((checks + 1))
	is=$(sed -n "s/^found $1 //p" "$work/out")
	[ "$is" = "$2" ] && return
	failed=$((failed + 1))
	echo "check_probe: $profile: $1 is found as '$is', the profile has $2"
}

# probe PROFILE OPTIONS...: runs it, and compares all that it finds; max: MiB, twice the largest cache and more
max=20
probe() {
	profile=$1
	shift
	"$vtxray" cpus "$profile" >"$work/profile"
	"$vtxray" run --cpu "$profile" "$@" "$images/probe.elf" -- curve=0 max="$max" >"$work/out" 2>"$work/err"
	dtlb=$(value dtlb 4k) stlb=$(value stlb 4k) l1=$(value l1d latency)
	found dtlb "${dtlb%/*}"
	found dtlb_ways "${dtlb#*/}"
	found stlb "${stlb%/*}"
	found stlb_ways "${stlb#*/}"
	found stlb_hit "$(value walk stlb_hit)"
	found l1d "$(bytes "$(value l1d size)")"
	found l2 "$(bytes "$(value l2 size)")"
	found llc "$(bytes "$(value llc size)")"
	found l2_wait "$(($(value l2 latency) - l1))"
	found llc_wait "$(($(value llc latency) - l1))"
	found memory_wait "$(($(value memory latency) - l1))"
}

for cpu in nehalem haswell skylake icelake; do
	probe "$cpu"
	found walk "$(($(value walk start) + l1))"
done
max=64
probe goldencove --mem 128M
found walk "$(($(value walk start) + l1))"
max=20
# a processor that nobody has built
sed -e '/^\[dtlb\]/,/^\[stlb\]/s/^4k = .*/4k = 48\/3 lru/' -e '/^\[stlb\]/,/^\[psc\]/s/^4k = .*/4k = 640\/10 lru/' \
	-e '/^\[l1d\]/,/^\[l2\]/s/^size = .*/size = 24K/' -e '/^\[l1d\]/,/^\[l2\]/s/^ways = .*/ways = 6/' -e '/^\[l1d\]/,/^\[l2\]/s/^policy = .*/policy = lru/' \
	-e '/^\[llc\]/,/^\[memory\]/s/^size = .*/size = 5M/' -e '/^\[llc\]/,/^\[memory\]/s/^ways = .*/ways = 10/' -e 's/^latency = 44/latency = 51/' \
	-e 's/^stlb_hit = .*/stlb_hit = 6/' emu/profiles/skylake.ini >"$work/own.ini"
probe "$work/own.ini"
probe skylake --paging ept --ept-page 2m
echo "$((100 * (checks - failed) / checks))%: Checks: $checks, Failures: $failed, Errors: 0"
[ "$failed" -eq 0 ]
