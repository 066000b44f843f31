#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vtxray compare: every mode ends alike, the counts are those of the runs by themselves, bad usage is refused.
set -u
vtxray=${VTXRAY:-build/release/vtxray}
images=${IMAGES:-build/images}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checks=0 failed=0

# check WHAT CONDITION...: the condition is a command
check() {
	checks=$((checks + 1))
	what=$1
	shift
	"$@" && return
	failed=$((failed + 1))
	echo "check_compare: $what"
}

# column NAME of the row of MODE in the CSV
column() {
	awk -F, -v name="$1" -v mode="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } $1 == mode { print $c }' "$work/csv"
}

# counter NAME of `vtxray run` with these options
counter() {
	name=$1
	shift
	"$vtxray" run --console /dev/null --json "$work/run.json" "$@" "$images/paging.elf" >/dev/null 2>&1
	sed -n "s/^ *\"$name\": \([0-9]*\),*$/\1/p" "$work/run.json" | head -n 1
}

"$vtxray" compare --csv "$work/csv" --json "$work/json" "$images/paging.elf" >"$work/table" 2>"$work/errors"
check "exit status" [ $? -eq 0 ]
for mode in native ept-4k ept-2m ept-1g shadow shadow-sync; do
	check "$mode: a row in the table" grep -q "^ *$mode " "$work/table"
	check "$mode: same console" [ "$(column same_console $mode)" = 1 ]
	check "$mode: page faults" [ "$(column exc_pf $mode)" = 2433 ]
done
check "native exits" [ "$(column vm_exits native)" = 0 ]
check "native walk references as run by itself" [ "$(column walk_refs native)" = "$(counter walk_refs)" ]
check "ept-4k walk references as run by itself" [ "$(column walk_refs ept-4k)" = "$(counter walk_refs --paging ept)" ]
check "ept-2m exits as run by itself" [ "$(column vm_exits ept-2m)" = "$(counter vm_exits --paging ept --ept-page 2m)" ]
check "shadow walks are as long as native ones" [ "$(column walk_refs_per_walk shadow | cut -c1-3)" = "$(column walk_refs_per_walk native | cut -c1-3)" ]
check "without unsync there are more exits" [ "$(column vm_exits shadow-sync)" -gt "$(column vm_exits shadow)" ]
check "JSON names the modes" grep -q '"mode": "ept-1g"' "$work/json"
"$vtxray" compare --modes nonsense "$images/paging.elf" >/dev/null 2>"$work/errors"
check "bad mode: status" [ $? -eq 2 ]
check "bad mode: says which" grep -q nonsense "$work/errors"
"$vtxray" compare "$work/missing.elf" >/dev/null 2>"$work/errors"
check "missing image: status" [ $? -eq 2 ]
check "missing image: says which" grep -q missing.elf "$work/errors"
echo "$((100 * (checks - failed) / checks))%: Checks: $checks, Failures: $failed, Errors: 0"
[ "$failed" -eq 0 ]
