# SPDX-License-Identifier: GPL-2.0-or-later
# Runs, one a line (bench/sweep), as CSV: the columns of their configuration, then counts, then cycles by where they went (disjoint; what is
# left of `cycles` are instructions and events). $config: the names of the configuration's columns, with commas.
def cost(f): [.cycles_by_cause | to_entries[] | select(.value.price?) | select(.key | f) | .value.count * .value.price] | add // 0;
def sum_refs(f): [to_entries[] | select((.key | f) and (.value | type) == "number") | .value] | add // 0;
def columns: [
	["output", .output], ["instructions", .instructions], ["cycles", .cycles],
	["dtlb_misses", .dtlb_misses], ["itlb_misses", .itlb_misses], ["stlb_misses", .stlb_misses], ["walks", .walks],
	["guest_refs", sum_refs(test("^walk_refs_p"))], ["ept_refs", sum_refs(test("^walk_refs_ept"))],
	["page_faults", .exc_pf], ["vm_exits", .vm_exits],
	["cycles_stlb", cost(. == "stlb_hit")],
	["cycles_walk", cost(test("^walk") or . == "ad_update")],
	["cycles_ept", cost(test("^ept_"))],
	["cycles_data", cost(test("^(data|fetch)_"))],
	["cycles_exits", cost(. == "vm_entry") + ([.cycles_by_cause.vm_exits[]? | .count * .price] | add // 0)],
	["cycles_vmm", cost(test("^vm(read|write|ptrld|func|m_|cs_)|^inv(ept|vpid)|^handler"))]
];
($config | split(",")) as $names
| ([$names[], (.[0] | columns[][0])] | @csv), (.[] | [.[$names[]], columns[][1]] | map(. // "") | @csv)
| gsub("\""; "")
