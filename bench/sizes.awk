# SPDX-License-Identifier: GPL-2.0-or-later
# sizes runs, in pairs before and after -> sizes.csv: of the work between them, what a larger or smaller structure does to misses and walks.
BEGIN {
	FS = OFS = ","
	print "program", "structure", "mode", "entries", "stlb_misses", "walks", "refs_per_walk", "walk_cycles_per_walk", "cycles", "walk_share"
}
FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
{
	split("cycles cycles_walk cycles_ept stlb_misses walks guest_refs ept_refs", names, " ")
	for (i in names) {
		work[names[i]] = $(at[names[i]]) - before[names[i]]
		before[names[i]] = $(at[names[i]])
	}
	if ($(at["phase"]) == "before" || !work["walks"])
		next
	walk = work["cycles_walk"] + work["cycles_ept"]
	print $(at["program"]), $(at["structure"]), $(at["mode"]), $(at["entries"]), work["stlb_misses"], work["walks"], \
		sprintf("%.3f", (work["guest_refs"] + work["ept_refs"]) / work["walks"]), sprintf("%.1f", walk / work["walks"]), work["cycles"], \
		sprintf("%.4f", walk / work["cycles"])
}
