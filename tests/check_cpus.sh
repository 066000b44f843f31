#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `vtxray cpus` and --cpu as a user meets them.
VTXRAY=${VTXRAY:-build/release/vtxray}
TMP=$(mktemp -d) || exit 2
trap 'rm -rf "$TMP"' EXIT
checks=0 failures=0

fact() { # TEXT COMMAND...: the command must succeed
	local text=$1
	shift
	checks=$((checks + 1))
	"$@" && return
	failures=$((failures + 1))
	echo "not so: $text"
}

lists_all() { [ "$("$VTXRAY" cpus | wc -l)" -eq "$(find emu/profiles -name '*.ini' | wc -l)" ]; }
shows_file() { "$VTXRAY" cpus skylake | cmp - emu/profiles/skylake.ini; }
works_elsewhere() { (cd / && "$TMP/up/vtxray" cpus skylake >/dev/null); }
works_installed() { mkdir -p "$TMP/bin" "$TMP/share/vtxray" && cp "$VTXRAY" "$TMP/bin/" && cp -r emu/profiles "$TMP/share/vtxray/" && (cd / && "$TMP/bin/vtxray" cpus haswell >/dev/null); }
refuses() { # MESSAGE ARGUMENT...
	local message=$1
	shift
	"$VTXRAY" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
	[ $? -eq 2 ] && [ ! -s "$TMP/out" ] && grep -qF -- "$message" "$TMP/err"
}

mkdir "$TMP/up" && ln -s "$(realpath "$VTXRAY")" "$TMP/up/vtxray"
sed 's/^alu = .*/alu = none/' emu/profiles/skylake.ini >"$TMP/bad.ini"
fact 'without a name, one line for each profile' lists_all
fact 'with a name, the file as it is' shows_file
fact 'from any directory' works_elsewhere
fact 'as installed: bin/vtxray, share/vtxray/profiles' works_installed
fact 'an unknown name is refused' refuses "no processor 'i486'" cpus i486
fact 'a name cannot lead elsewhere' refuses 'No such file' cpus ../profiles/i486.ini
fact 'a bad file is refused, with its line' refuses "bad.ini:" cpus "$TMP/bad.ini"
fact 'and says what is wrong' refuses "[instructions] alu = none: not a number" cpus "$TMP/bad.ini"
fact 'run refuses it too' refuses "[instructions] alu = none: not a number" run --cpu "$TMP/bad.ini" nothing
fact '--without knows its words' refuses "--without 'l1d,l4'" run --cpu skylake --without l1d,l4 nothing
fact 'one name at a time' refuses 'one name at a time' cpus skylake haswell

# Runs with a processor: the same to the byte, and the sum over causes is the cycle count.
image=${IMAGES:-build/images}/paging.elf
json() { "$VTXRAY" run --cpu "$1" --paging "$2" --console "$TMP/console" --json "$3" "$image" 2>/dev/null; [ -s "$3" ]; }
repeats() { json "$1" "$2" "$TMP/1.json" && json "$1" "$2" "$TMP/2.json" && cmp "$TMP/1.json" "$TMP/2.json"; }
sums() {
	jq -e '.counters | .cycles == ([.cycles_by_cause | del(.vm_exits)[] | .count * .price] + [.cycles_by_cause.vm_exits[] | .count * .price] | add)' \
		"$TMP/1.json" >/dev/null
}
# what is counted in two places: walk references in the events and in the account, VM entries, flags, VMREADs
agrees() {
	jq -e '.counters | .cycles_by_cause as $c
		| .walk_refs == ([$c.walk_l1, $c.walk_l2, $c.walk_llc, $c.walk_memory, $c.ept_l1, $c.ept_l2, $c.ept_llc, $c.ept_memory] | map(.count) | add)
		and .walks == $c.walk.count and .vm_entries == $c.vm_entry.count and .vmreads == $c.vmread.count
		and .ad_updates + .ept_ad_updates == $c.ad_update.count
		and .walk_refs == ([.walk_references[] | .l1, .l2, .l3, .memory] | add)
		and .walk_refs_ept_pt == ([.walk_references[] | select(.table == "ept" and .entry == "PT") | .l1, .l2, .l3, .memory] | add + 0)
		and .walks == .["dtlb_load_misses.miss_causes_a_walk"] + .["dtlb_store_misses.miss_causes_a_walk"] + .["itlb_misses.miss_causes_a_walk"]
		and .walks - .walks_faulted == .["dtlb_load_misses.walk_completed"] + .["dtlb_store_misses.walk_completed"] + .["itlb_misses.walk_completed"]
		and .walks == .walks_completed_4k + .walks_completed_2m + .walks_completed_1g + .walks_faulted' "$TMP/1.json" >/dev/null
}
counter() { "$VTXRAY" run --cpu skylake --paging ept --without "$1" --console "$TMP/console" --json "$TMP/w.json" "$image" 2>/dev/null; jq ".counters.walk_refs" "$TMP/w.json"; }
saves() { [ "$(counter nested-tlb,psc,ept-psc)" -gt "$(counter psc,ept-psc)" ] && [ "$(counter psc,ept-psc)" -gt "$(counter psc)" ]; }
sorted() {
	"$VTXRAY" run --cpu skylake --paging shadow --console "$TMP/console" "$image" 2>&1 |
		sed -n '/VM-EXIT/,/Total Samples/s/^ *[A-Z_]* *\([0-9][0-9]*\) .*%.*/\1/p' >"$TMP/samples"
	[ "$(wc -l <"$TMP/samples")" -ge 4 ] && sort -rnc "$TMP/samples"
}
fact 'VM exits are listed by their samples, most first' sorted
no_stlb() {
	"$VTXRAY" run --cpu skylake --paging "$1" --without stlb --console "$TMP/console" --json "$TMP/w.json" "$image" 2>/dev/null
	json skylake "$1" "$TMP/1.json"
	jq -es '(.[0].counters | .stlb_misses == .dtlb_misses + .itlb_misses and .stlb_hits_4k + .stlb_hits_2m + .stlb_hits_1g == 0)
		and .[0].counters.walks > .[1].counters.walks' "$TMP/w.json" "$TMP/1.json"
}
plain() { [ "$(counter nested-tlb,psc,ept-psc,l1d,l2,llc)" -gt 200000 ]; }
fact 'guest-physical caches left out make more references' saves
fact 'without an STLB every first-level miss is walked' no_stlb native
fact 'and so it is under shadow paging' no_stlb shadow
fact 'all caches may be left out' plain
references() { "$VTXRAY" run --cpu skylake --paging ept --references --console "$TMP/console" "$image" 2>&1 | grep -qE '^   EPT   PT    guest PT +[0-9]'; }
fact '--references shows the matrix' references
fact '--references goes with --cpu' refuses '--without and --references go with --cpu' run --references nothing
for cpu in nehalem haswell skylake icelake goldencove; do
	for paging in native ept shadow; do
		[ "$cpu" = skylake ] || [ "$paging" = ept ] || continue
		fact "$cpu $paging: identical runs are identical" repeats "$cpu" "$paging"
		fact "$cpu $paging: the causes add up to the cycles" sums
		fact "$cpu $paging: events and account agree" agrees
	done
done

echo "$((checks ? 100 * (checks - failures) / checks : 0))%: Checks: $checks, Failures: $failures, Errors: 0"
[ "$failures" -eq 0 ]
