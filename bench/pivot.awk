# SPDX-License-Identifier: GPL-2.0-or-later
# After rows.awk: CSV -> tab-separated table: rows are the values of the columns `row` (several joined with /), columns those of `column`, cells
# those of `value`, each times `scale` and printed as `format`, of the rows that hold `only`.
# value may be several names joined with : (then each column is as many, side by side).
# columns: which, in which order, separated by blanks (all, as they come, without it). A cell that is not there is `none` (-).
BEGIN {
	OFS = "\t"
	if (!format) format = "%s"
	if (!scale) scale = 1
	if (!none) none = "-"
	wanted = split(columns, head, " ")
	values = split(value, name, ":")
}
function joined(names,   n, i, part, text) {
	n = split(names, part, "/")
	for (i = 1; i <= n; i++)
		text = text (i > 1 ? "/" : "") $(at[part[i]])
	return text
}
holds() {
	r = joined(row)
	c = joined(column)
	if (!(r in row_seen)) { row_seen[r] = 1; rows[++row_count] = r }
	if (!(c in seen)) { seen[c] = 1; if (!wanted) head[++found] = c }
	for (i = 1; i <= values; i++) {
		v = $(at[name[i]])
		v = v == "" ? none : format == "%s" ? v : sprintf(format, v * scale)
		cell[r, c] = i == 1 ? v : cell[r, c] OFS v
	}
}
function times(text,   i, all) {
	for (i = 1; i <= values; i++)
		all = all OFS text
	return all
}
END {
	count = wanted ? wanted : found
	line = row
	for (j = 1; j <= count; j++)
		if (head[j] in seen)
			line = line times(head[j])
	print line
	for (i = 1; i <= row_count; i++) {
		line = rows[i]
		for (j = 1; j <= count; j++)
			if (head[j] in seen)
				line = line ((rows[i], head[j]) in cell ? OFS cell[rows[i], head[j]] : times(none))
		print line
	}
}
