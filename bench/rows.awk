# SPDX-License-Identifier: GPL-2.0-or-later
# What pivot.awk, join.awk and value.awk begin with: CSV whose first line names its columns; only: NAME=VALUE[,..] that rows must have (VALUE may be
# A|B). at[NAME] is a column's number.
BEGIN {
	FS = ","
	conditions = split(only, condition, ",")
}
FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
function holds(   i, part) {
	for (i = 1; i <= conditions; i++) {
		split(condition[i], part, "=")
		if (index("|" part[2] "|", "|" $(at[part[1]]) "|") == 0)
			return 0
	}
	return 1
}
