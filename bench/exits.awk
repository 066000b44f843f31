# SPDX-License-Identifier: GPL-2.0-or-later
# Exits of all runs -> exits.csv: by mode and reason, over the runs of all programs with their measured work.
BEGIN {
	FS = OFS = ","
	print "mode", "reason", "exits", "million_cycles", "mean_cycles", "min", "max"
}
FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
$(at["phase"]) == "after" && $(at["handled"]) > 0 {
	key = $(at["mode"]) OFS $(at["reason"])
	if (!(key in exits))
		order[++n] = key
	exits[key] += $(at["handled"])
	cycles[key] += $(at["cycles"])
	if (!(key in min) || $(at["min"]) < min[key])
		min[key] = $(at["min"]) + 0
	if ($(at["max"]) > max[key])
		max[key] = $(at["max"]) + 0
}
END {
	for (i = 1; i <= n; i++) {
		k = order[i]
		print k, exits[k], sprintf("%.3f", cycles[k] / 1e6), sprintf("%.0f", cycles[k] / exits[k]), min[k], max[k]
	}
}
