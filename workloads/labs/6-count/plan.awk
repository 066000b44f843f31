# SPDX-License-Identifier: GPL-2.0-or-later
# The student's runs.txt -> lines `run NAME PAGING GUEST-PAGE EPT-PAGE WITHOUT KIB MEM LOADS` and `row LABEL RUN RUN`; - stands for what is
# not there. At the first mistake: its line and what is wrong, and status 1.
BEGIN {
	split("4k 2m", pages); split("4k 2m 1g", ept_pages); split("native ept", pagings); split("psc ept-psc nested-tlb l1d l2 llc", caches)
	split("paging page ept-page without kib mem loads", keys)
	for (i in keys)
		known[keys[i]] = 1
}
{ sub(/\r$/, "") }
/^[ \t]*(#|$)/ { next }
$1 == "run" { take_run(); next }
$1 == "row" { take_row(); next }
{ wrong("a line begins with `run`, `row` or `#`, not with `" $1 "`") }

function wrong(text) {
	print FILENAME ":" FNR ": " text
	failed = 1
	exit 1
}
function one_of(value, list, i) {
	for (i in list)
		if (list[i] == value)
			return 1
	return 0
}
function take_run(i, at, key, value) {
	if ($2 !~ /^[A-Za-z0-9.+-]+$/ || length($2) > 20)
		wrong("a run needs a name of letters, digits, `.`, `+` and `-`")
	if ($2 in seen)
		wrong("there is a run " $2 " already")
	if (++runs > 40)
		wrong("more than 40 runs: fewer will do")
	seen[$2] = 1
	for (key in known)
		given[key] = ""
	for (i = 3; i <= NF; i++) {
		at = index($i, "=")
		key = substr($i, 1, at - 1)
		value = substr($i, at + 1)
		if (!at || !(key in known))
			wrong("`" $i "`: should be one of paging= page= ept-page= without= kib= mem= loads=")
		if (given[key] != "")
			wrong(key " is given twice")
		given[key] = value
	}
	if (!one_of(given["paging"], pagings))
		wrong("paging=native or paging=ept is missing")
	if (!one_of(given["page"], pages))
		wrong("page=4k or page=2m, the guest's page size, is missing")
	if (given["paging"] == "ept" && !one_of(given["ept-page"], ept_pages))
		wrong("ept-page=4k, 2m or 1g is missing")
	if (given["paging"] == "native" && given["ept-page"] != "")
		wrong("ept-page goes with paging=ept")
	if (given["kib"] !~ /^[0-9]+$/ || given["kib"] + 0 < 4 || given["kib"] + 0 > 65536 || !power_of_two(given["kib"] + 0))
		wrong("kib, the size of the set, is a power of two from 4 to 65536")
	if (given["page"] == "2m" && given["kib"] + 0 < 2048)
		wrong("the set is smaller than one page of 2 MiB")
	if (given["loads"] !~ /^[0-9]+$/ || given["loads"] + 0 > 200000)
		wrong("loads, their number, is at most 200000")
	if (given["mem"] == "")
		given["mem"] = "512M"
	if (given["mem"] !~ /^(512|768|1024|1536|2048)M$/)
		wrong("mem is 512M, 768M, 1024M, 1536M or 2048M")
	print "run", $2, given["paging"], given["page"], dash(given["ept-page"]), dash(in_order(given["without"])), given["kib"] + 0, given["mem"], given["loads"] + 0
}
function power_of_two(n) {
	while (n > 1 && n % 2 == 0)
		n /= 2
	return n == 1
}
function dash(text) { return text == "" ? "-" : text }
function in_order(list, i, n, part, has, text) {
	n = list == "none" ? 0 : split(list, part, ",")
	for (i = 1; i <= n; i++) {
		if (!one_of(part[i], caches))
			wrong("without=: `" part[i] "` is none of psc, ept-psc, nested-tlb, l1d, l2, llc")
		has[part[i]] = 1
	}
	for (i = 1; i <= 6; i++)
		if (caches[i] in has)
			text = text (text == "" ? "" : ",") caches[i]
	return text
}
function take_row() {
	if ($2 !~ /^[A-Za-z0-9.+\/-]+$/ || length($2) > 24)
		wrong("a row needs a label of letters, digits, `/`, `.`, `+` and `-`")
	if ($2 in labels)
		wrong("there is a row " $2 " already")
	labels[$2] = 1
	if ($3 != "=" || !((NF == 6 && $5 == "-") || NF == 4))
		wrong("should be: row LABEL = RUN - RUN")
	if (!($4 in seen) || (NF == 6 && !($6 in seen)))
		wrong("there is no run " (($4 in seen) ? $6 : $4) " above")
	print "row", $2, $4, (NF == 6 ? $6 : "-")
}
END { if (failed) exit 1 }
