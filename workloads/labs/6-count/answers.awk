# SPDX-License-Identifier: GPL-2.0-or-later
# awk -f answers.awk TRUTH RIGHT RESULTS ANSWERS: points for the student's answers, as lines `GOT MAX text|why`. TRUTH: NAME VALUE, numbers; RIGHT: what
# questions.awk says is right; RESULTS: the reference's rows, comma-separated, for what a wrong number may be.
BEGIN {
	number("reach_kib", 2, "the entries of the second-level TLB for 4-KiB pages, times 4 KiB")
	number("overhead", 3, "what the control costs more than the native run, a load")
	number("saves_guest", 3, "what the control costs more than with 2-MiB pages in the guest alone, a load")
	number("saves_ept", 3, "what the control costs more than with 2-MiB EPT pages alone, a load")
	number("saves_both", 3, "what the control costs more than with both, a load")
	number("worth_beside", 3, "what a load costs more when this cache alone is left out")
	number("worth_alone", 3, "what a load costs more without all three than with this one alone")
	number("per_reference", 2, "between the control and the run without the three: more cycles, divided by more references (guest and EPT)")
}
FILENAME == ARGV[1] { truth[$1] = $2; next }
FILENAME == ARGV[2] && $1 == "right" {
	choice[++choices] = $2
	letter[$2] = $3
	for (i = 4; i <= NF; i++)
		column[$2, $i] = 1
	next
}
FILENAME == ARGV[2] {
	what = $2
	which = $3
	sub(/^wrong [^ ]* [^ ]* /, "")
	against[what, which] = $0
	next
}
FILENAME == ARGV[3] {
	split($0, field, ",")
	cycles[field[1]] = field[8]
	walks[field[1]] = field[9]
	next
}
{ sub(/\r$/, "") }
/^[ \t]*(#|$)/ { next }
{ given[$1] = $2; where[$1] = $3 }
END {
	for (i = 1; i <= numbers; i++)
		grade_number(name[i])
	served = given["served_by"]
	points(tolower(served) == "l1" ? 2 : 0, 2, "served_by",
		served == "" || served == "?" ? "no answer" : "not " served ": which latency in the profile is nearest to the cycles of a reference?")
	for (i = 1; i <= choices; i++)
		grade_choice(choice[i])
}
function number(what, all, why) {
	name[++numbers] = what
	most[what] = all
	hint[what] = why
}
function points(got, all, text, why) { print got, all, text "|" why }
function near(a, b, room) { return a - b <= room && b - a <= room }
function grade_number(what, value, right, room, why, other) {
	value = given[what]
	right = truth[what]
	room = what == "reach_kib" ? 0 : 0.1
	if (value !~ /^-?[0-9]+([.][0-9]*)?$/)
		why = value == "" || value == "?" ? "no number is given" : "`" value "` is no number"
	else if (near(value, right, room))
		why = ""
	else
		why = what_it_is(what, value + 0, right)
	points(why == "" ? most[what] : 0, most[what], what, why)
}
function what_it_is(what, value, right, other, base) {
	if (what == "reach_kib")
		return value == right / 4 ? "these are entries: each holds a page of 4 KiB" : hint[what]
	if (what != "per_reference" && near(value, -right, 0.1))
		return "the sign: a saving or a worth is more than 0 when it makes loads cheaper"
	for (other in cycles)
		if (cycles[other] != "cycles" && near(value, cycles[other], 0.1))
			return "these are the cycles of a row: asked is a difference of two rows"
	if (what == "per_reference")
		return hint[what]
	if (near(value, right / walks["control"], 0.1))
		return "these are cycles a walk; asked are cycles a load"
	base = cycles[what == "overhead" ? "native" : what == "worth_alone" ? "none" : "control"]
	if (near(value, 100 * right / base, 0.1))
		return "this is a share in percent; asked are cycles a load"
	return "not what your runs give: " hint[what]
}
function grade_choice(what, why) {
	if (given[what] == "" || given[what] == "?")
		why = "no answer"
	else if (tolower(given[what]) != letter[what])
		why = "not " given[what] ": " (((what, tolower(given[what])) in against) ? against[what, tolower(given[what])] : "a letter, a to d")
	else if (!((what, where[what]) in column))
		why = where[what] == "" || where[what] == "?" ? "the column that shows it is missing" \
			: "the right answer, but not seen in `" where[what] "`: which column would be different if another answer were right?"
	points(why == "" ? 4 : 0, 4, what, why)
}
