# SPDX-License-Identifier: GPL-2.0-or-later
# After rows.awk: CSV -> one number of the rows that hold `only`: of the column `value` (or of one column over another, A/B) the first, or by `of`:
# min, max, geomean, mean, sum, count; times `scale`, as `format`. No such row: nothing, and status 1.
BEGIN {
	if (!format) format = "%s"
	if (!scale) scale = 1
	columns = split(value, column, "/")
}
holds() && $(at[column[1]]) != "" {
	v = $(at[column[1]])
	if (columns > 1)
		v = v / $(at[column[2]])
	if (!n++) { first = least = most = v; logs = sum = 0 }
	if (v + 0 < least + 0) least = v
	if (v + 0 > most + 0) most = v
	if (v > 0) logs += log(v)
	sum += v
}
END {
	if (of == "count") { printf "%d\n", n; exit }
	if (!n) exit 1
	v = of == "min" ? least : of == "max" ? most : of == "geomean" ? exp(logs / n) : of == "mean" ? sum / n : of == "sum" ? sum : first
	printf format "\n", format == "%s" ? v : v * scale
}
