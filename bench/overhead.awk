# SPDX-License-Identifier: GPL-2.0-or-later
# workloads.csv -> overhead.csv: for each program and mode what the measured work cost: the counts with it less the counts without it, set
# beside those of the mode `native`. start: what starting cost (the run without the work), the same way.
BEGIN {
	FS = OFS = ","
	print "program", "kind", "mode", "instructions", "cycles", "ratio", "overhead", "start_overhead", "walk_share", "walks", "refs_per_walk", \
		"vm_exits", "same_output"
}
FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
function value(name) { return $(at[name]) }
{
	key = value("program") SUBSEP value("mode") SUBSEP value("phase")
	if (value("phase") == "before") {
		order[++n] = value("program") SUBSEP value("mode")
		kind[value("program")] = value("kind")
	}
	split("instructions cycles walks guest_refs ept_refs vm_exits cycles_walk cycles_ept", names, " ")
	for (i in names)
		count[key, names[i]] = value(names[i])
	output[key] = value("output")
}
function work(which) { return count[order[o], "after", which] - count[order[o], "before", which] }
END {
	for (o = 1; o <= n; o++) {
		split(order[o], part, SUBSEP)
		native = part[1] SUBSEP "native"
		base = count[native, "after", "cycles"] - count[native, "before", "cycles"]
		walks = work("walks")
		refs = work("guest_refs") + work("ept_refs")
		same = output[order[o], "after"] == output[native, "after"] && output[order[o], "before"] == output[native, "before"]
		print part[1], kind[part[1]], part[2], work("instructions"), work("cycles"), sprintf("%.4f", work("cycles") / base), sprintf("%.4f", work("cycles") / base - 1), \
			sprintf("%.4f", count[order[o], "before", "cycles"] / count[native, "before", "cycles"] - 1), \
			sprintf("%.4f", (work("cycles_walk") + work("cycles_ept")) / work("cycles")), walks, \
			(walks > 0 ? sprintf("%.3f", refs / walks) : ""), work("vm_exits"), (same ? "yes" : "no")
	}
}
