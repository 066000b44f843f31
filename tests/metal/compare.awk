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
	if ((is_exit(text, 0) || is_exit(text, 48) || is_exit(text, 49)) && bit(v, 16) && !bit(number(field(b, "fl")), 16)) {
		used("RF")
		return replace(text, "fl", clear(v, 16))
	}
	return text
}
# ADV: bits 9, 10, 11 of the qualification of an EPT violation are reported only with bit 22 of IA32_VMX_EPT_VPID_CAP
function rule_advanced(text,   q) {
	q = number(field(text, "q"))
	if (is_exit(text, 48) && int(q / 512) % 8) {
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
function as_bochs(text, b) {
	text = rule_rf(text, b)
	text = rule_advanced(text)
	text = rule_d2(text)
	text = rule_rmw(text)
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
