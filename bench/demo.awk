# SPDX-License-Identifier: GPL-2.0-or-later
# Of the CSV of `vtxray compare --cpu`: cycles by cause in a few groups, in percent of the first mode's cycles; a row a mode, for bench/demo.gp.
BEGIN { FS = ","; OFS = "\t" }
NR == 1 {
	for (i = 1; i <= NF; i++)
		column[$i] = i
	print "mode", "instructions", "waiting for data and code", "TLBs and walks: guest entries", "walks: EPT entries", "VM exits and entries", "VMM"
	next
}
function cycles(group) { return $column["cycles_" group] }
function percent(n) { return sprintf("%.4f", 100 * n / native) }
NR == 2 { native = $column["cycles"] }
{
	print $1, percent(cycles("instructions") + cycles("system") + cycles("idle")), percent(cycles("data") + cycles("fetch")),
		percent(cycles("stlb") + cycles("walk")), percent(cycles("ept")), percent(cycles("transitions")), percent(cycles("vmm"))
}
