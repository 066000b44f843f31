#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vtxray exits: what it says of a trace is what the run itself said at its end, to the cycle; what it adds up by adds up; a trace that cannot
# have VM exits is refused, not shown as empty.
# shellcheck disable=SC2016 # facts given as shell text are for eval
. "$(dirname "$0")/facts.sh"

exits() { "$VTXRAY" exits "$@" >"$TMP/out" 2>"$TMP/err"; }
# says MESSAGE STATUS ARGUMENT...: that exit status, and the message on standard error
says() {
	local message=$1 expected=$2 status
	shift 2
	exits "$@"
	status=$?
	is "$status" "$expected" && is "$(cat "$TMP/err")" "$message"
}
rows() { sed -n '/Analyze events/,$p' "$1" | grep -E '^ *[A-Za-z0-9:_]+ +[0-9]+ +[0-9.]+%' | sort; }
samples() { awk '{ n += $2 } END { print n + 0 }' <(rows "$TMP/out"); }

record() { # NAME ARGUMENT...: the trace NAME, and what the run said in NAME.err
	local name=$1
	shift
	local command=$1
	shift
	"$VTXRAY" "$command" --trace "$TMP/$name" "$@" >/dev/null 2>"$TMP/$name.err" </dev/null
}
for paging in ept shadow agile; do
	record "$paging" run --max-insns 2M --paging "$paging" --cpu skylake --trace-what exit "$IMAGES/paging.elf"
	fact "$paging: the table is the run's own" eval 'exits "$TMP/$paging" && [ "$(rows "$TMP/out" | wc -l)" -ge 3 ] &&
		is "$(rows "$TMP/out")" "$(rows "$TMP/$paging.err")"'
	fact "$paging: and its last line" is "$(grep '^Total Samples' "$TMP/out")" "$(grep '^Total Samples' "$TMP/$paging.err")"
done
record vmm run --vmx --cpu haswell --trace-what exit "$IMAGES/metal64.elf" -- seed=3 cases=0,60
fact "a hypervisor of its own: the table is the run's own" eval 'exits "$TMP/vmm" && [ "$(rows "$TMP/out" | wc -l)" -ge 15 ] && is "$(rows "$TMP/out")" "$(rows "$TMP/vmm.err")"'
"$VTXRAY" exec --paging ept --cpu skylake --trace "$TMP/program" --trace-what exit,fault --json "$TMP/json" /bin/busybox true >/dev/null 2>&1
fact "a program's: every VM exit and its time, from the guest's start" eval 'exits --json "$TMP/exits.json" "$TMP/program" && is "$(
	jq "[.exits[].handled] | add + 1" "$TMP/exits.json")" "$("$VTXRAY" trace "$TMP/program" | grep -c " entry ")" && grep -qx " 1 VM exits without.*" "$TMP/out"'

# ---- what they are added up by
of_reason() { exits "$TMP/$1" && awk -v reason="$2" '$1 == reason { print $2 }' <(rows "$TMP/out"); }
for by in 'ioport IO_INSTRUCTION' 'cr CR_ACCESS'; do
	fact "--event ${by%% *}: as many as by reason" eval 'n=$(of_reason shadow ${by##* }) && exits --event ${by%% *} "$TMP/shadow" && [ "$n" -gt 0 ] && is "$(samples)" "$n"'
done
fact "--event page: every EPT violation" eval 'n=$(of_reason ept EPT_VIOLATION) && exits --event page "$TMP/ept" && is "$(samples)" "$n"'
fact "--event rip: every VM exit" eval 'exits "$TMP/ept" && n=$(samples) && exits --event rip "$TMP/ept" && is "$(samples)" "$n"'
fact "--event msr: reads and writes" eval 'exits --event msr "$TMP/shadow" && is "$(rows "$TMP/out" | tr -s " " | cut -d" " -f2,3 | paste -sd,)" "0xc0000080:R 2,0xc0000080:W 2"'
fact "--event ioport: COM1's data register is written" grep -qE '^ +0x3f8:POUT +[0-9]+' <(exits --event ioport "$TMP/ept"; cat "$TMP/out")
fact "most frequent first" eval 'exits "$TMP/shadow" && sed -n "/Samples%/,/Total/p" "$TMP/out" | awk "\$2 ~ /^[0-9]+\$/ { print \$2 }" | sort -nrc'
fact "--key time: longest first" eval 'exits --event rip --key time "$TMP/shadow" && sed -n "/Samples%/,/Total/p" "$TMP/out" |
	awk "\$2 ~ /^[0-9]+\$/ { print int(\$2 * \$7 + 0.5) }" | sort -nrc'
fact "JSON says the same" eval 'exits --json "$TMP/json" "$TMP/ept" && is "$(jq -r ".exits[] | \"\(.name) \(.handled) \(.min) \(.max)\"" "$TMP/json" | sort)" "$(
	rows "$TMP/out" | awk "{ print \$1, \$2, \$5, \$6 }")"'

# ---- what has none
record native run --max-insns 100k --trace-what exit,fault "$IMAGES/paging.elf"
fact "no VM exits: it says so" eval 'exits "$TMP/native" && grep -qx " No VM exits that a VM entry followed" "$TMP/out"'
record access run --max-insns 100k --paging ept --trace-what access "$IMAGES/paging.elf"
fact "recorded without" says "vtxray: $TMP/access: it was recorded without VM exits: \`exit\` was not in --trace-what" 2 "$TMP/access"
printf ' L 1000,8\n' >"$TMP/lackey"
fact "a trace of others" says "vtxray: $TMP/lackey: an address trace: it holds no VM exits" 2 "$TMP/lackey"
record long run --paging ept --trace-what exit,fault,tlb "$IMAGES/paging.elf"
head -c $(($(stat -c %s "$TMP/long") - 10000)) "$TMP/long" >"$TMP/cut"
exits "$TMP/cut"
fact "a cut trace: status 2" is $? 2
fact "a cut trace: one line" grep -qE "^vtxray: $TMP/cut: cut after record [0-9]+\$" "$TMP/err"
fact "a cut trace: the table up to there" eval '[ "$(samples)" -gt 1000 ]'
fact "bad words" eval '! exits --event vmexits "$TMP/ept" && grep -q "must be vmexit, ioport" "$TMP/err" && ! exits --key count "$TMP/ept" && grep -q "sample or time" "$TMP/err"'

facts_end
