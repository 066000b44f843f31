# SPDX-License-Identifier: GPL-2.0-or-later
# awk -v turns="0 1 2 3" -v cache=NAME [-v right=1] -f questions.awk questions: the questions, each with its answers a to d in the order that the turns
# say. With right=1: `right QUESTION LETTER COLUMN..` of the first answer, `wrong QUESTION LETTER text` of the others: what speaks against it.
BEGIN { split(turns, turn, " "); letters = "abcd" }
{ gsub("CACHE", cache) }
FNR % 6 == 1 {
	name = $1
	$1 = ""
	columns = $0
	number++
	next
}
FNR % 6 == 2 { question = $0; next }
{
	i = (FNR % 6 + 3) % 6
	letter = (i + turn[number]) % 4 + 1
	split($0, part, "|")
	answer[letter] = part[1]
	if (right && i == 0)
		print "right", name, substr(letters, letter, 1) columns
	else if (right)
		print "wrong", name, substr(letters, letter, 1), part[2]
}
FNR % 6 == 0 && !right {
	printf "\n%s: %s\n", name, question
	for (i = 1; i <= 4; i++)
		printf "  %s  %s\n", substr(letters, i, 1), answer[i]
}
