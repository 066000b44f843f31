# SPDX-License-Identifier: GPL-2.0-or-later
# After rows.awk: CSV -> CSV: for each value of the column `row` one number: of the column `value` where `column` is `over`, over that where it is
# `under` (several joined with |: the smallest of them). So a ratio of two modes comes about for each program.
BEGIN { OFS = ","; unders = split(under, small, "|"); print "row", "ratio" }
holds() {
	if (!($(at[row]) in seen)) { seen[$(at[row])] = 1; rows[++n] = $(at[row]) }
	cell[$(at[row]), $(at[column])] = $(at[value])
}
END {
	for (i = 1; i <= n; i++) {
		least = ""
		for (j = 1; j <= unders; j++)
			if ((rows[i], small[j]) in cell && (least == "" || cell[rows[i], small[j]] + 0 < least + 0))
				least = cell[rows[i], small[j]]
		if ((rows[i], over) in cell && least > 0)
			print rows[i], sprintf("%.5f", cell[rows[i], over] / least)
	}
}
