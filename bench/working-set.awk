# SPDX-License-Identifier: GPL-2.0-or-later
# working-set runs -> working-set.csv: for each size and mode, cycles and references per measured load, and what of the cycles were walks. The
# runs come in pairs: without the measured loads, then with them. Loop overhead is in the cycles: it is the same everywhere.
BEGIN {
	FS = OFS = ","
	print "mib", "mode", "loads", "cycles_per_load", "walk_cycles_per_load", "ept_cycles_per_load", "walks_per_load", "refs_per_load"
}
FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
{
	split("cycles cycles_walk cycles_ept walks guest_refs ept_refs", names, " ")
	for (i in names) {
		now = $(at[names[i]])
		work[names[i]] = now - before[names[i]]
		before[names[i]] = now
	}
	loads = $(at["measured"])
	if (loads == 0)
		next
	print $(at["kib"]) / 1024, $(at["mode"]), loads, per("cycles"), per("cycles_walk"), per("cycles_ept"), per("walks"), \
		sprintf("%.4f", (work["guest_refs"] + work["ept_refs"]) / loads)
}
function per(name) { return sprintf("%.4f", work[name] / loads) }
