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
check "without a processor: cycles are said to be no time" grep -q "without --cpu a cycle is" "$work/table"
check "native exits" [ "$(column vm_exits native)" = 0 ]
check "native walk references as run by itself" [ "$(column walk_refs native)" = "$(counter walk_refs)" ]
check "ept-4k walk references as run by itself" [ "$(column walk_refs ept-4k)" = "$(counter walk_refs --paging ept)" ]
check "ept-2m exits as run by itself" [ "$(column vm_exits ept-2m)" = "$(counter vm_exits --paging ept --ept-page 2m)" ]
check "shadow walks are as long as native ones" [ "$(column walk_refs_per_walk shadow | cut -c1-3)" = "$(column walk_refs_per_walk native | cut -c1-3)" ]
check "without unsync there are more exits" [ "$(column vm_exits shadow-sync)" -gt "$(column vm_exits shadow)" ]
check "JSON names the modes" grep -q '"mode": "ept-1g"' "$work/json"
# with a processor: cycles add up over the groups, are those of the runs by themselves, and repeat
"$vtxray" compare --cpu skylake --modes native,ept-4k,shadow --csv "$work/csv" --json "$work/json" "$images/paging.elf" >"$work/table" 2>"$work/errors"
check "--cpu: exit status" [ $? -eq 0 ]
for mode in native ept-4k shadow; do
	sum=0
	for group in instructions system data fetch stlb walk ept transitions vmm idle; do
		sum=$((sum + $(column cycles_$group $mode)))
	done
	check "$mode: cycles add up" [ "$sum" = "$(column cycles $mode)" ]
	check "$mode: walks take cycles" [ "$(column cycles_walk $mode)" -gt 0 ]
	check "$mode: a row of shares" [ "$(grep -c "^ *$mode  " "$work/table")" -ge 2 ]
done
check "--cpu: they are not" sh -c "! grep -q 'without --cpu' '$work/table'"
check "--cpu: names the processor" [ "$(column cpu shadow)" = skylake ]
check "--cpu: native cycles as run by itself" [ "$(column cycles native)" = "$(counter cycles --cpu skylake)" ]
check "--cpu: ept-4k cycles as run by itself" [ "$(column cycles ept-4k)" = "$(counter cycles --cpu skylake --paging ept)" ]
# what the VMMs do with memory is in the caches: tables, the guest's tables, the VMCS
causes() {
	sed -n "/\"mode\": \"$1\"/,/\"mode\": \"/p" "$work/json" | sed -n "/\"$2\": {/,/}/s/.*\"count\": \([0-9]*\).*/\1/p"
}
check "native: no VMM accesses memory" [ "$(causes native vmm_l1)" = 0 ]
for mode in ept-4k shadow; do
	check "$mode: the VMM's tables are in the L1" [ "$(causes $mode vmm_l1)" -gt 10000 ]
	check "$mode: and were once in memory only" [ "$(causes $mode vmm_memory)" -gt 10 ]
	check "$mode: the guest pushes the VMCS out of the L1" [ "$(causes $mode vmcs_l2)" -ge 1 ]
	check "$mode: instructions come from memory once" [ "$(causes $mode fetch_memory)" -gt 10 ]
done
check "--cpu: only EPT has EPT entries" [ "$(column cycles_ept native)" = 0 ]
check "--cpu: EPT entries take cycles" [ "$(column cycles_ept ept-4k)" -gt 0 ]
cached=$(column walk_refs ept-4k)
"$vtxray" compare --cpu skylake --modes native,ept-4k,shadow --json "$work/again" "$images/paging.elf" >/dev/null 2>&1
check "two runs give the same JSON" cmp -s "$work/json" "$work/again"
"$vtxray" compare --cpu skylake --without psc,ept-psc,nested-tlb --modes ept-4k --csv "$work/csv" "$images/paging.elf" >/dev/null 2>&1
check "--without: more references" [ "$(column walk_refs ept-4k)" -gt "$((2 * cached))" ]
"$vtxray" compare --cpu nonsense "$images/paging.elf" >/dev/null 2>"$work/errors"
check "bad processor: status" [ $? -eq 2 ]
check "bad processor: says which" grep -q "no processor 'nonsense'" "$work/errors"
"$vtxray" compare --cpu skylake --without tea "$images/paging.elf" >/dev/null 2>"$work/errors"
check "bad --without: status" [ $? -eq 2 ]
check "bad --without: says which" grep -q "'tea'" "$work/errors"
"$vtxray" compare --without psc "$images/paging.elf" >/dev/null 2>"$work/errors"
check "--without alone: status" [ $? -eq 2 ]
"$vtxray" compare --modes nonsense "$images/paging.elf" >/dev/null 2>"$work/errors"
check "bad mode: status" [ $? -eq 2 ]
check "bad mode: says which" grep -q nonsense "$work/errors"
"$vtxray" compare "$work/missing.elf" >/dev/null 2>"$work/errors"
check "missing image: status" [ $? -eq 2 ]
check "missing image: says which" grep -q missing.elf "$work/errors"

# a guest that a VMM cannot have
"$vtxray" compare --mem 4G --max-insns 1M --csv "$work/csv" "$images/paging.elf" >"$work/table" 2>"$work/errors"
check "4 GiB: exit status" [ $? -eq 0 ]
check "4 GiB: the other modes have run" [ "$(wc -l <"$work/csv")" = 5 ]
for mode in shadow shadow-sync; do
	check "4 GiB: $mode is left out, and why" grep -q "^ *$mode is left out: .* 3 GiB$" "$work/table"
done
"$vtxray" compare --mem 4G --modes native,shadow "$images/paging.elf" >"$work/table" 2>"$work/errors"
check "4 GiB, and shadow asked for: status" [ $? -eq 2 ]
check "4 GiB, and shadow asked for: nothing has run" sh -c "[ ! -s '$work/table' ] && grep -q -- '--modes shadow: .* 3 GiB' '$work/errors'"

absolute=$(realpath "$vtxray")
# programs: compared by their lives, by path, by a workload's name, with files and input
export VTXRAY_KERNEL="$images/kernel.elf"
programs=$(dirname "$images")/programs
"$vtxray" compare --csv "$work/csv" --json "$work/json" gups 1M 5000 >"$work/table" 2>"$work/errors"
check "a workload: exit status" [ $? -eq 0 ]
check "a workload: title" grep -q "'gups' natively" "$work/table"
check "a workload: no mode ends differently" sh -c "! grep -q 'ended\|exit status' '$work/table'"
for mode in native ept-4k ept-2m ept-1g shadow shadow-sync; do
	check "gups: $mode: same console" [ "$(column same_console $mode)" = 1 ]
	check "gups: $mode: status" [ "$(column exit_status $mode)" = 0 ]
	check "gups: $mode: modes add up" [ "$(column cycles $mode)" = \
		$(($(column user_cycles $mode) + $(column kernel_cycles $mode) + $(column vmm_cycles $mode))) ]
done
check "a VMM emulates CPUID: the user retires fewer instructions" [ "$(column user_instructions native)" -gt "$(column user_instructions ept-4k)" ]
check "natively the VMM does nothing" [ "$(column vmm_cycles native)" = 0 ]
check "JSON has the modes" [ "$(grep -c '"vmm": {' "$work/json")" = 6 ]
"$vtxray" exec --paging ept --ept-page 2m --json "$work/json" gups 1M 5000 >/dev/null 2>&1
check "figures are those of exec" [ "$(column walk_refs ept-2m)" = "$(sed -n 's/^ *"walk_refs": \([0-9]*\),*$/\1/p' "$work/json" | head -n 1)" ]
# page sizes of the guest with those of EPT, and EPT of five levels: as exec has them
exec_refs() {
	"$vtxray" exec "$@" --json "$work/json" gups 4M 5000 >/dev/null 2>&1
	sed -n 's/^ *"walk_refs": \([0-9]*\),*$/\1/p' "$work/json" | head -n 1
}
"$vtxray" compare --ept-levels 5 --modes native/4k,native/2m,ept-4k/2m,ept-2m/2m,ept-4k --csv "$work/csv" gups 4M 5000 >"$work/table" 2>"$work/errors"
check "pairs of page sizes: exit status" [ $? -eq 0 ]
check "pairs of page sizes: no mode ends differently" sh -c "! grep -q 'ended\|exit status' '$work/table'"
check "large pages natively: fewer page faults" [ "$(column exc_pf native/2m)" -lt "$(column exc_pf native/4k)" ]
check "native/2m is exec --guest-page 2m" [ "$(column walk_refs native/2m)" = "$(exec_refs --guest-page 2m)" ]
check "ept-4k/2m is exec with both" [ "$(column walk_refs ept-4k/2m)" = "$(exec_refs --guest-page 2m --paging ept --ept-levels 5)" ]
check "ept-2m/2m is exec with both" [ "$(column walk_refs ept-2m/2m)" = "$(exec_refs --guest-page 2m --paging ept --ept-page 2m --ept-levels 5)" ]
check "EPT of five levels" [ "$(column walk_refs ept-4k)" = "$(exec_refs --paging ept --ept-levels 5)" ]
check "EPT of five levels: longer walks than with four" [ "$(column walk_refs ept-4k)" -gt "$(exec_refs --paging ept)" ]
# the VMM's policies are the same in all commands
"$vtxray" compare --modes native,shadow,shadow-sync --csv "$work/csv" forkwait 10 >/dev/null 2>&1
for mode in shadow shadow-sync; do
	unsync=on
	[ $mode = shadow ] || unsync=off
	"$vtxray" exec --paging shadow --shadow-unsync $unsync --json "$work/json" forkwait 10 >/dev/null 2>&1
	check "$mode: exits are those of exec" [ "$(column vm_exits $mode)" = "$(sed -n 's/^ *"vm_exits": \([0-9]*\),*$/\1/p' "$work/json" | head -n 1)" ]
done
"$vtxray" compare --modes native,shadow --file tests/check_compare.sh:/data --csv "$work/csv" -- "$(command -v busybox)" sh -c 'wc -l </data; cat; exit 7' \
	<tests/check_compare.sh >"$work/table" 2>"$work/errors"
check "a failing program: exit status of compare" [ $? -eq 0 ]
check "a failing program: its status is said" grep -q "the program's exit status is 7" "$work/table"
check "a program with files and input: same console" [ "$(column same_console shadow)" = 1 ]
check "a program with files and input: reads its input in each run" [ "$(column user_instructions shadow)" -gt 100000 ]
"$vtxray" compare --modes native,ept-4k --max-insns 500K gups >"$work/table" 2>"$work/errors"
check "a limit is said" grep -q 'native ended without an exit: --max-insns ran out' "$work/table"
for bad in 'no-such-workload' '--env A=B paging.elf' '--save /a:b gups' '-- tests/check_compare.sh' "--file $work/none gups" '--guest-page 3k gups' \
	'--modes native/3k gups' '--modes native/2m paging.elf' '--ept-levels 3 gups'; do
	# shellcheck disable=SC2086 # words
	(cd "$images" && "$absolute" compare $bad) >/dev/null 2>"$work/errors"
	check "$bad: status" [ $? -eq 2 ]
	check "$bad: one reason" [ "$(grep -c '^vtxray' "$work/errors")" = 1 ]
done
echo "$((100 * (checks - failed) / checks))%: Checks: $checks, Failures: $failed, Errors: 0"
[ "$failed" -eq 0 ]
