#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Traces in the formats of others: every address is there and comes back; KVM's tracepoint lines have KVM's form and one for each exit; what
# is written for Perfetto is JSON with the fields that its documentation requires, and slices that nest.
# shellcheck disable=SC2016 # facts given as shell text are for eval
. "$(dirname "$0")/facts.sh"

as() { "$VTXRAY" trace --as "$@"; }
counter() { jq -e ".counters.$1" "$TMP/json"; }

record() { # NAME ARGUMENT...: records a run of the paging image up to its page tables' changes
	local name=$1
	shift
	"$VTXRAY" run --max-insns 300k --json "$TMP/json" --trace "$TMP/$name" "$@" "$IMAGES/paging.elf" >/dev/null 2>&1
	[ $? -eq 124 ]
}
fact "record under EPT" record ept --paging ept --cpu skylake
fact "a trace with stores and read-modify-writes" eval 'as lackey "$TMP/ept" | grep -q "^ S" && as lackey "$TMP/ept" | grep -q "^ M"'

# ---- address traces: record -> export -> import -> export

"$VTXRAY" trace --as csv --kind insn,access "$TMP/ept" | awk -F, '
	$4 == "insn" { print "2 " $5 }
	$4 == "access" && $9 == 1 { if ($7 ~ /R/) print "0 " $12; if ($7 ~ /W/) print "1 " $12 }' | sed 's/ 0x/ /' >"$TMP/addresses"
fact "there are addresses" eval '[ "$(wc -l <"$TMP/addresses")" -gt 300000 ]'
for format in lackey din; do
	fact "export as $format" as $format -o "$TMP/out.$format" "$TMP/ept"
	fact "$format is recognised and comes back as it was" eval "as $format '$TMP/out.$format' | cmp - '$TMP/out.$format'"
	fact "$format keeps every address, in order" eval "as din '$TMP/out.$format' | cmp - '$TMP/addresses'"
done
fact "lackey keeps every size" eval 'is "$(as lackey "$TMP/out.lackey" | cut -d, -f2 | md5sum)" "$("$VTXRAY" trace --as csv --kind insn,access "$TMP/ept" |
	awk -F, "\$4 == \"insn\" || \$9 == 1 { print \$11 }" | md5sum)"'
fact "export as champsim" as champsim -o "$TMP/out.champsim" "$TMP/ept"
fact "champsim's records are of 64 bytes" eval 'is $(($(stat -c %s "$TMP/out.champsim") % 64)) 0'
fact "champsim keeps every load and store" eval 'is "$(as din "$TMP/out.champsim" | grep -v ^2 | sort | md5sum)" "$(grep -v ^2 "$TMP/addresses" | sort | md5sum)"'
fact "champsim keeps every instruction" eval 'is "$(as din "$TMP/out.champsim" | grep ^2 | sort -u | md5sum)" "$(grep ^2 "$TMP/addresses" | sort -u | md5sum)"'
fact "champsim: branches" eval 'od -An -tu1 -w64 -v "$TMP/out.champsim" | awk "\$9 == 1 && \$10 == 1 && \$11 == 26 { n++ } END { exit n < 1000 }"'
for format in lackey din champsim; do
	"$VTXRAY" replay --json "$TMP/json.$format" "$TMP/out.$format" >/dev/null 2>&1
done
fact "replays of all formats: the same loads" eval 'is "$(jq .counters.loads "$TMP/json.lackey") $(jq .counters.loads "$TMP/json.champsim")" "$(grep -c ^0 "$TMP/addresses") $(grep -c ^0 "$TMP/addresses")"'
fact "replays of all formats: the same pages" eval 'is "$(jq .counters.exc_pf "$TMP/json.din")" "$(jq .counters.exc_pf "$TMP/json.champsim")"'

# ---- KVM's tracepoints

fact "record exits" record exits --paging ept --trace-what exit,fault
as ftrace "$TMP/exits" >"$TMP/ftrace"
fact "one kvm_exit for each VM exit" eval 'is "$(grep -c ": kvm_exit: " "$TMP/ftrace")" "$(counter vm_exits)"'
fact "one kvm_entry for each VM entry" eval 'is "$(grep -c ": kvm_entry: " "$TMP/ftrace")" "$(counter vm_entries)"'
fact "one kvm_page_fault for each EPT violation" eval 'is "$(grep -c ": kvm_page_fault: " "$TMP/ftrace")" "$(grep -c "reason EPT_VIOLATION" "$TMP/ftrace")"'
form='^ *vtxray-1 +\[000\] \.{5} +[0-9]+\.[0-9]{6}: kvm_'
fact "ftrace's form" eval '! grep -v "^#" "$TMP/ftrace" | grep -qvE "$form"'
fact "kvm_exit's form" eval '! grep ": kvm_exit: " "$TMP/ftrace" | grep -qvE ": vcpu 0 reason [A-Z_]+ rip 0x[0-9a-f]+ info1 0x[0-9a-f]{16} info2 0x[0-9a-f]{16} intr_info 0x[0-9a-f]{8} error_code 0x[0-9a-f]{8}$"'
fact "kvm_page_fault's form" eval '! grep ": kvm_page_fault: " "$TMP/ftrace" | grep -qvE ": address [0-9a-f]+ error_code [0-9a-f]+$"'
fact "record exits of shadow paging" record shadow --paging shadow --trace-what exit,fault
as ftrace "$TMP/shadow" >"$TMP/ftrace"
fact "kvm_cr" grep -qE ': kvm_cr: cr_write 3 = 0x[0-9a-f]+$' "$TMP/ftrace"
fact "kvm_msr, read and written" eval 'grep -qE ": kvm_msr: msr_write c0000080 = 0x100$" "$TMP/ftrace" && grep -qE ": kvm_msr: msr_read c0000080 = 0x0$" "$TMP/ftrace"'
fact "kvm_pio" grep -qE ': kvm_pio: pio_write at 0x3f8 size 1 count 1 val 0x[0-9a-f]+ $' "$TMP/ftrace"

# ---- Perfetto

as perfetto "$TMP/ept" >"$TMP/perfetto.json"
fact "JSON with a list of events" jq -e '.traceEvents | length > 100' "$TMP/perfetto.json"
fact "every event has what its phase requires" jq -e 'all(.traceEvents[]; (.name | type) == "string" and (.pid | type) == "number" and
	(.tid | type) == "number" and (.ph == "M" or (.ts | type) == "number") and
	(if .ph == "X" then .dur >= 0 elif .ph == "M" then (.args.name | type) == "string" elif .ph == "i" then .s == "t" else false end))' "$TMP/perfetto.json"
fact "tracks of guest user, guest kernel and VMM" jq -e '[.traceEvents[] | select(.name == "thread_name") | .args.name] == ["guest user", "guest kernel", "VMM"]' "$TMP/perfetto.json"
fact "a slice for each VM exit" eval 'is "$(jq "[.traceEvents[] | select(.tid == 3 and .ph == \"X\")] | length" "$TMP/perfetto.json")" "$("$VTXRAY" trace --as csv "$TMP/ept" | grep -c ,exit,)"'
fact "a slice for each walk" eval 'is "$(jq "[.traceEvents[] | select(.name == \"walk\")] | length" "$TMP/perfetto.json")" "$("$VTXRAY" trace --as csv "$TMP/ept" | cut -d, -f4 | grep -c walk)"'
fact "slices of who runs do not overlap" jq -e '[.traceEvents[] | select(.ph == "X" and .name != "walk")] | sort_by(.ts) |
	[.[:-1], .[1:]] | transpose | all(.[]; .[0].ts + .[0].dur <= .[1].ts + 0.0001)' "$TMP/perfetto.json"
fact "a filter works for it as well" eval 'is "$(as perfetto --kind exit "$TMP/ept" | jq "[.traceEvents[] | select(.name == \"walk\")] | length")" 0'

facts_end
