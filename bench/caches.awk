# SPDX-License-Identifier: GPL-2.0-or-later
# caches runs, in pairs before and after -> caches.csv: of the work between them, references and cycles per walk, if there were a thousand.
BEGIN {
	FS = OFS = ","
	print "program", "mode", "structures", "data", "walks", "refs_per_walk", "guest_refs_per_walk", "ept_refs_per_walk", "cycles_per_walk", "walk_share", "cycles"
}
FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
{
	split("cycles cycles_walk cycles_ept walks guest_refs ept_refs", names, " ")
	for (i in names) {
		work[names[i]] = $(at[names[i]]) - before[names[i]]
		before[names[i]] = $(at[names[i]])
	}
	if ($(at["phase"]) == "before" )
		next
	print $(at["program"]), $(at["mode"]), $(at["structures"]), $(at["data"]), work["walks"], per(work["guest_refs"] + work["ept_refs"]), \
		per(work["guest_refs"]), per(work["ept_refs"]), per(work["cycles_walk"] + work["cycles_ept"]), \
		sprintf("%.4f", (work["cycles_walk"] + work["cycles_ept"]) / work["cycles"]), work["cycles"]
}
function per(n) { return work["walks"] >= 1000 ? sprintf("%.3f", n / work["walks"]) : "" }
