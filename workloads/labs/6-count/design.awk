# SPDX-License-Identifier: GPL-2.0-or-later
# awk -v suspect=CACHE -v others=CACHE,CACHE -v entries=N -f design.awk PLAN: points for the design of the experiment, as lines `GOT MAX text|why`.
# -v constants=1: the control's KIB, LOADS and MEM instead, if its set is large enough.
BEGIN {
	need("native 4k - -", "nothing says what the same loads cost natively")
	need("ept 4k 4k -", "there is no control: EPT, 4-KiB pages in both, all caches")
	need("ept 2m 4k -", "the guest's page size is never changed alone")
	need("ept 4k 2m -", "EPT's page size is never changed alone")
	need("ept 2m 2m -", "both page sizes together are missing: what two changes do together need not be the sum of what each does")
	need("ept 4k 4k " suspect, suspect " is never left out alone")
	need("ept 4k 4k " others, suspect " is never alone: leave out the other two")
	need("ept 4k 4k psc,ept-psc,nested-tlb", "all three caches are never left out: what one is worth alone shows beside that")
}
$1 == "run" {
	config[$2] = $3 " " $4 " " $5 " " $6
	kib[$2] = $7
	mem[$2] = $8
	loads[$2] = $9
	next
}
{ label[++rows] = $2; first[rows] = $3; second[rows] = $4 }
END {
	for (r = 1; r <= rows; r++) {
		if (!(config[first[r]] in row))
			row[config[first[r]]] = r
		if (config[first[r]] in missing)
			found[config[first[r]]] = 1
	}
	for (i = 1; i <= needs; i++)
		if (wanted[i] in found)
			have++
		else
			gaps = gaps == "" ? missing[wanted[i]] : gaps
	control = row["ept 4k 4k -"]
	if (!control && rows)
		control = 1
	for (r = 1; r <= rows; r++) {
		one_thing(r)
		start(r)
		large(r)
	}
	if (constants) {
		if (control && set == "" && second[control] != "-")
			print kib[first[control]], loads[first[control]], mem[first[control]]
		exit
	}
	none = rows ? "rows that are not there earn nothing here" : "there are no rows"
	if (have < needs - 1)
		gaps = gaps " (and more)"
	points(2 * have, 16, "rows that answer the questions (" have + 0 " of 8)", gaps)
	points(stray == "" ? have : 0, 8, "one thing at a time", stray == "" ? none : stray)
	points(begun == "" ? have : 0, 8, "start-up is taken away", begun == "" ? none : begun)
	points(set == "" ? have : 0, 8, "a set that the TLBs do not hold, and enough loads", set == "" ? none : set)
}
function need(settings, why) {
	wanted[++needs] = settings
	missing[settings] = why
}
function points(got, all, text, why) { print got + 0, all, text "|" why }
# the same work and memory in all rows
function one_thing(r, c, f) {
	c = first[control]
	f = first[r]
	if (stray != "")
		return
	if (kib[f] != kib[c])
		stray = "the set has " kib[f] " KiB in row " label[r] " and " kib[c] " in row " label[control] ": which change made the difference?"
	else if (loads[f] != loads[c])
		stray = "row " label[r] " makes " loads[f] " loads, row " label[control] " " loads[c] ": the same work everywhere"
	else if (mem[f] != mem[c])
		stray = "row " label[r] " has " mem[f] " of memory, row " label[control] " " mem[c]
}
# the second run is the first without the loads
function start(r, f, s) {
	f = first[r]
	s = second[r]
	if (begun != "")
		return
	if (s == "-")
		begun = "row " label[r] " is one run: booting, filling tables, first touches and their EPT violations are in it"
	else if (config[f] != config[s] || kib[f] != kib[s] || mem[f] != mem[s])
		begun = "row " label[r] ": the run that is taken away differs in more than loads"
	else if (loads[s] != 0)
		begun = "row " label[r] ": the run that is taken away makes " loads[s] " loads: it should be start-up alone, loads=0"
}
function large(r, f, pages) {
	f = first[r]
	pages = kib[f] / 4
	if (set != "")
		return
	if (pages < 4 * entries)
		set = "row " label[r] ": a set of " pages " pages of 4 KiB, and TLBs that hold " entries ": at least four times as many are asked"
	else if (loads[f] < 2 * pages)
		set = "row " label[r] ": " loads[f] " loads from " pages " pages: two a page at least"
}
