#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# page.sh VTXRAY [COMMAND]: the manual page vtxray(1), or of one subcommand, on standard output. What the program says of itself with --help
# becomes the page; emu/man/vtxray.roff and emu/man/COMMAND.roff, where they exist, add sections (examples, files).
set -eu
program=$1 command=${2:-}
here=$(dirname "$0")
version=$("$program" --version)
# one line an option or paragraph, whatever the terminal; two blanks at least between an option and its text
export ARGP_HELP_FMT='rmargin=9999,opt-doc-col=70,no-dup-args-note'

# lines of text as roff wants them
quoted() { sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e 's/`/\\(ga/g' -e "s/'/\\\\(aq/g" -e 's/\^/\\(ha/g' -e 's/~/\\(ti/g' -e 's/^\./\\\&./'; }

# "NAME TEXT" of each subcommand
commands() { "$program" help | sed -n 's/^  vtxray \([a-z][a-z-]*\)  *\(.*\)/\1 \2/p'; }

title() { # NAME TEXT
	printf '.TH "%s" 1 "" "%s" "vtxray manual"\n' "$(echo "$1" | tr '[:lower:]' '[:upper:]')" "$version"
	printf '.SH NAME\n%s \\- %s\n' "$(echo "$1" | quoted)" "$(echo "$2" | quoted)"
}

# argp's help text, on standard input, as sections: SYNOPSIS from the lines of usage, DESCRIPTION, OPTIONS, and what stands after them
sections() {
	quoted | awk '
	function section(name) { if (name != current) print ".SH " name; current = name }
	function bold_option(spec,   n, part, i, line, eq) { # "\-m, \-\-mem=SIZE"
		n = split(spec, part, ", ")
		for (i = 1; i <= n; i++) {
			eq = match(part[i], /\[?=/)
			line = line (i > 1 ? ", " : "") "\\fB" (eq ? substr(part[i], 1, eq - 1) "\\fR" substr(part[i], eq, RLENGTH) "\\fI" substr(part[i], eq + RLENGTH) : part[i]) "\\fR"
		}
		print ".TP\n" line
	}
	/^Usage: |^  or:  / {
		section("SYNOPSIS")
		if (usages++) print ".br"
		sub(/^Usage: |^  or:  /, "")
		words = match($0, / \[OPTION/) ? RSTART : length($0) + 1
		print "\\fB" substr($0, 1, words - 1) "\\fR" substr($0, words)
		next
	}
	/^ +\\-/ {
		section("OPTIONS")
		sub(/^ +/, "")
		at = match($0, /  +/)
		text = at ? substr($0, at + RLENGTH) : ""
		bold_option(at ? substr($0, 1, at - 1) : $0)
		print text
		after = 1
		next
	}
	/^ +[A-Za-z].*:$/ { section("OPTIONS"); sub(/^ +/, ""); sub(/:$/, ""); print ".SS \"" $0 "\""; next }
	/^$/ { blank = 1; next }
	/^Mandatory or optional arguments/ || /^Report bugs/ { next }
	{
		section(after ? "NOTES" : "DESCRIPTION")
		if (blank && said[current]) print ".PP"
		said[current] = 1
		blank = 0
		sub(/^ +/, "")
		print
	}'
}

see_also() { # NAME...: separated by commas
	echo '.SH SEE ALSO'
	for name in "$@"; do
		printf '%s.BR %s (1)' "$separator" "$(echo "$name" | quoted)"
		separator=',
'
	done
	echo
}

if [ -z "$command" ]; then
	title vtxray "$("$program" help | sed -n '1s/^[^:]*: //p')"
	cat "$here/vtxray.roff"
	echo '.SH COMMANDS'
	commands | while read -r name text; do printf '.TP\n.BR vtxray\\-%s (1)\n%s\n' "$(echo "$name" | quoted)" "$(echo "$text" | quoted)"; done
else
	title "vtxray-$command" "$(commands | sed -n "s/^$command //p")"
	"$program" "$command" --help | sections
	[ ! -e "$here/$command.roff" ] || cat "$here/$command.roff"
	separator='' see_also vtxray
fi
