# SPDX-License-Identifier: GPL-2.0-or-later
# awk -f results.awk COUNTS PLAN: the rows of the plan, as CSV. COUNTS: each run's name, what counts.awk says of it, page tables of the set. What a load
# costs is a difference of two runs; page faults, violations and tables are those of the first run, from its start.
BEGIN {
	OFS = ","
	print "row", "paging", "guest_page", "ept_page", "without", "kib", "loads", "cycles", "walks", "guest_refs", "ept_refs", "walk_cycles", \
		"page_faults", "violations", "guest_tables", "ept_tables"
}
FNR == NR { for (i = 2; i <= NF; i++) count[$1, i - 1] = $i; next }
$1 == "run" { for (i = 3; i <= NF; i++) setting[$2, i - 2] = $i; next }
{
	loads = setting[$3, 7] - ($4 == "-" ? 0 : setting[$4, 7])
	without = setting[$3, 4]
	gsub(",", "+", without)
	line = $2 OFS setting[$3, 1] OFS setting[$3, 2] OFS setting[$3, 3] OFS without OFS setting[$3, 5] OFS loads
	for (i = 1; i <= 5; i++)
		line = line OFS (loads > 0 ? sprintf("%.4f", (count[$3, i] - ($4 == "-" ? 0 : count[$4, i])) / loads) : "nan")
	print line, count[$3, 6], count[$3, 7], count[$3, 9], count[$3, 8]
}
