# SPDX-License-Identifier: GPL-2.0-or-later
# compare.awk BOCHS VTXRAY: the two outputs line by line. Each line of vtxray is what the SDM asks for; known deviations of Bochs 2.7, listed
# and shown in README.md beside this file, are put into it before it is compared. Prints each line that differs, and at the end how often
# each rule was used; status 1 if lines differ.

function digit(c) { return index("0123456789abcdef", tolower(c)) - 1 }
function number(text,   i, v) { # small numbers only
	v = 0
	for (i = 1; i <= length(text); i++)
		v = v * 16 + digit(substr(text, i, 1))
	return v
}
function bit(v, n) { return int(v / 2 ^ n) % 2 }
function clear(v, n) { return bit(v, n) ? v - 2 ^ n : v }
# the text of field "name=" in a line, "" if there is none
function field(text, name) {
	if (!match(text, " " name "=[0-9a-f]+"))
		return ""
	return substr(text, RSTART + length(name) + 2, RLENGTH - length(name) - 2)
}
function replace(text, name, value) {
	match(text, " " name "=[0-9a-f]+")
	return substr(text, 1, RSTART) name "=" sprintf("%x", value) substr(text, RSTART + RLENGTH)
}
function is_exit(text, n) { return text ~ (": exit " n " ") || text ~ (" exit " n " ") }
function used(rule) { uses[rule]++ }

# RF: RFLAGS as saved by a VM exit that a fault, an EPT violation or a misconfiguration caused
function rule_rf(text, b,   v) {
	v = number(field(text, "fl"))
	if ((is_exit(text, 0) || is_exit(text, 2) || is_exit(text, 48) || is_exit(text, 49)) && bit(v, 16) && !bit(number(field(b, "fl")), 16)) {
		used("RF")
		return replace(text, "fl", clear(v, 16))
	}
	return text
}
# RFEV: the same, during the delivery of an event
function rule_rf_event(text, b,   v) {
	v = number(field(text, "fl"))
	if (is_exit(text, 49) && text ~ / iv=8/ && !bit(v, 16) && bit(number(field(b, "fl")), 16)) {
		used("RFEV")
		return replace(text, "fl", v + 65536)
	}
	return text
}
# ADV: bits 9, 10, 11 of the qualification of an EPT violation are reported only with bit 22 of IA32_VMX_EPT_VPID_CAP
function rule_advanced(text, b,   q) {
	q = number(field(text, "q"))
	if (is_exit(text, 48) && int(q / 512) % 8 && !(int(number(field(b, "q")) / 512) % 8)) {
		used("ADV")
		return replace(text, "q", q - (int(q / 512) % 8) * 512)
	}
	return text
}
# D2: paging-structure access with EPT A/D flags: bit 0 of the qualification
function rule_d2(text,   q) {
	q = number(field(text, "q"))
	if (is_exit(text, 48) && text ~ / ad1: / && bit(q, 7) && !bit(q, 8) && bit(q, 0) && bit(q, 1)) {
		used("D2")
		return replace(text, "q", clear(q, 0))
	}
	return text
}
# D1: paging-structure access without EPT A/D flags, to set guest A or D flags, which EPT does not let write: Bochs goes on
function skip_d1(text,   q) {
	q = number(field(text, "q"))
	return is_exit(text, 48) && text ~ / ad0: / && bit(q, 7) && !bit(q, 8) && bit(q, 0) && bit(q, 1) && bit(q, 3) && !bit(q, 4)
}
# RMW: read-modify-write that violates EPT: SDM leaves bit 0 to the implementation
function rule_rmw(text,   q) {
	q = number(field(text, "q"))
	if (is_exit(text, 48) && text ~ / (add|xchg|cmpxchg|or imm) / && bit(q, 8) && bit(q, 1) && bit(q, 0)) {
		used("RMW")
		return replace(text, "q", clear(q, 0))
	}
	return text
}
# PDBS: with blocking by STI or MOV SS, or in HLT state, pending debug exceptions must have BS exactly if single-stepping is on
function skip_pending_step(text,   i, a, step) {
	if (text !~ /^event .*: entry failed, exit 33 q=0/)
		return 0
	i = number(field(text, "i"))
	a = number(field(text, "a"))
	step = bit(number(field(text, "f")), 8) != bit(number(field(text, "p")), 14)
	return (i % 4 || a == 1) && step
}
# HLTEV: in HLT and shutdown state only some events can be injected
function skip_inactive_event(text,   type, vector, info, halted) {
	if (text !~ /^event .* info=80000[0-9a-f]* .* a=[12] .*: entry failed, exit 33 q=0/)
		return 0
	info = number(substr(field(text, "info"), 5))
	type = int(info / 256) % 8
	vector = info % 256
	halted = number(field(text, "a")) == 1
	return !(type == 2 || type == 3 && vector == 18 || halted && (type == 0 || type == 3 && vector == 1))
}
# SDPD: in shutdown state pending debug exceptions are lost
function skip_shutdown_debug(text, b) { return text ~ /^event .* info=0 .* a=2 / && text !~ / p=0 / && b ~ /: exit 0 .* ii=80000301 / }
# P12: pending debug exceptions with the enabled-breakpoint bit alone are valid
function skip_enabled_breakpoint(text) { return text ~ /^event .* p=1000 / }
# DBSS: injected INT n and software exceptions after MOV SS with pending debug exceptions
function skip_debug_after_injection(text) { return text ~ /^event .* info=80000[46][0-9a-f][0-9a-f] i=[23ab] / && text !~ / p=0 / }
# NMIB: an NMI cannot be injected with virtual NMIs and blocking by NMI
function skip_blocked_nmi(text) {
	return text ~ /^event .* info=80000202 .* v=1: entry failed, exit 33 q=0/ && bit(number(field(text, "i")), 3)
}
# AS: the activity state saved by exits 7 and 8 is that before the exit, which is not shutdown's IF = 0 either
function rule_activity(text,   v) {
	if ((is_exit(text, 7) || is_exit(text, 8)) && field(text, "as") != "") {
		used("AS")
		v = number(field(text, "fl"))
		if (text ~ / as=2/)
			text = replace(text, "fl", clear(v, 9))
		sub(/ as=[12]/, "", text)
	}
	return text
}
# NOCHECK: guest-state fields with bits that Bochs does not look at
function skip_unchecked(text) {
	return text ~ /^entry .*: entry failed, exit 33 q=0/ && \
		(text ~ / 2802\^/ || text ~ / 6822\^[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]/ || text ~ / m0 .* 681e\^/)
}
# INFO11: operand size in the instruction information of LGDT, LIDT, SGDT, SIDT outside 64-bit mode
function rule_operand_size(text, b,   info) {
	info = number(field(text, "info"))
	if (text ~ /^intercept .* m[12] / && is_exit(text, 46) && bit(info, 11) && !bit(number(field(b, "info")), 11)) {
		used("INFO11")
		return replace(text, "info", clear(info, 11))
	}
	return text
}
# LINK: two bad fields, one of them the VMCS link pointer: which is found first is not laid down
function rule_link(text) {
	if (text ~ /^entry .* 2800\^.*: entry failed, exit 33 q=0/ && text ~ /\^.*\^/) {
		used("LINK")
		sub(/ q=0/, " q=4", text)
	}
	return text
}
# PG0: without unrestricted guest CR0.PG stays 1
function skip_paging_off(text, b) {
	return text ~ /^intercept .* m[12] c0 mov cr0,ax: (exit 0 q=0 ii=80000b0d\/0|handler 13: 0) / && is_exit(b, 18) && !bit(number(field(b, "cr0")), 31)
}
# CSRPL, SSDPL: privilege levels with unrestricted guest
function skip_selector_rpl(text, b) { return text ~ /^entry .* m3 c0.* 802\^[12]/ && b ~ /: entry failed, exit 33 q=0/ }
function skip_stack_dpl(text) { return text ~ /^entry .* m3 c0.* 4818\^[24]0.*: entry failed, exit 33 q=0/ }
# INVPCID: its privilege check comes before the VM exit
function skip_invpcid(text, b) { return text ~ /^intercept .* c3 invpcid: / && text ~ /( ii=80000b0d\/0 |: handler 13: 0 )/ && is_exit(b, 58) }
# SHADOW: blocking by STI or MOV SS as saved by an exit that an exception causes before the first instruction has run
function rule_shadow(text, b,   is) {
	is = number(field(text, "is"))
	if (text ~ /^(event|entry) / && is_exit(text, 0) && is % 4 && number(field(b, "is")) % 4 == 0) {
		used("SHADOW")
		return replace(text, "is", is - is % 4)
	}
	return text
}
# IWHLT: interrupt-window exiting ends HLT state
function skip_window_halted(text, b) { return text ~ /^event .* a=1 .*: exit 7 / && text ~ / f=[0-9a-f]*[2367abef][0-9a-f][0-9a-f] / && is_exit(b, 52) }
# Q3: an NMI injected with blocking by STI
function rule_q3(text,   i) {
	i = number(field(text, "i"))
	if (text ~ /^event .* info=80000202 .*: entry failed, exit 33 q=3/ && bit(i, 0)) {
		used("Q3")
		sub(/ q=3/, " q=0", text)
	}
	return text
}
# DFRF: RF in the RFLAGS that a double fault pushes
function rule_double_fault(text,   at, words, flags) {
	if (match(text, /: handler 8: 0 [0-9a-f]+ [0-9a-f]+ [0-9a-f]+ /)) {
		at = RSTART + RLENGTH
		split(substr(text, RSTART, RLENGTH), words, " ")
		flags = number(words[7])
		if (!bit(flags, 16)) {
			used("DFRF")
			text = substr(text, 1, at - length(words[7]) - 2) sprintf("%x ", flags + 65536) substr(text, at)
		}
	}
	if (text ~ /: exit 0 .* ii=80000b08\/0 / && !bit(number(field(text, "fl")), 16)) {
		used("DFRF")
		text = replace(text, "fl", number(field(text, "fl")) + 65536)
	}
	return text
}
# TYPE64: INVEPT and INVVPID with a type above FFFFFFFFH
function rule_type(text) {
	if (text ~ /^insn .* type 10000000[01] .*: VMfailValid 28/) {
		used("TYPE64")
		sub(/VMfailValid 28/, "ok", text)
	}
	return text
}
function as_bochs(text, b) {
	text = rule_rf(text, b)
	text = rule_rf_event(text, b)
	text = rule_advanced(text, b)
	text = rule_d2(text)
	text = rule_rmw(text)
	text = rule_q3(text)
	text = rule_shadow(text, b)
	text = rule_link(text)
	text = rule_operand_size(text, b)
	text = rule_activity(text)
	text = rule_double_fault(text)
	text = rule_type(text)
	return text
}

NR == FNR { bochs[FNR] = $0; bochs_lines = FNR; next }
{
	vtxray_lines = FNR
	b = bochs[FNR]
	if ($0 == b)
		next
	if (skip_d1($0) && field(b, "gpa") != field($0, "gpa")) {
		used("D1")
		next
	}
	if (skip_pending_step($0)) {
		used("PDBS")
		next
	}
	if (skip_invpcid($0, b)) {
		used("INVPCID")
		next
	}
	if (skip_paging_off($0, b)) {
		used("PG0")
		next
	}
	if (skip_selector_rpl($0, b)) {
		used("CSRPL")
		next
	}
	if (skip_stack_dpl($0)) {
		used("SSDPL")
		next
	}
	if (skip_window_halted($0, b)) {
		used("IWHLT")
		next
	}
	if (skip_unchecked($0)) {
		used("NOCHECK")
		next
	}
	if (skip_debug_after_injection($0)) {
		used("DBSS")
		next
	}
	if (skip_blocked_nmi($0)) {
		used("NMIB")
		next
	}
	if (skip_inactive_event($0)) {
		used("HLTEV")
		next
	}
	if (skip_shutdown_debug($0, b)) {
		used("SDPD")
		next
	}
	if (skip_enabled_breakpoint($0)) {
		used("P12")
		next
	}
	if (as_bochs($0, b) == b)
		next
	differ++
	print "bochs:  " b
	print "vtxray: " $0
}
END {
	for (rule in uses)
		printf "rule %s: %d\n", rule, uses[rule]
	printf "%d lines, %d differ\n", vtxray_lines, differ
	exit differ || vtxray_lines != bochs_lines || vtxray_lines < 3
}
