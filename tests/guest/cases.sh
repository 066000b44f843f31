# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Read by check_guest.sh and check_qemu.sh: runs every line of tests/guest/cases and compares the console with NAME.expected, which is what
# the SDM asks for. A file NAME.$PEER lists what differs on $PEER: reasons as # lines, then pairs "- the line the SDM asks for",
# "+ the line $PEER prints" ("+" alone: no line). QEMU's versions differ: there may be several "+" lines, and what the SDM asks for is right as
# well.
# Given by the caller: PEER, and launch IMAGE ARGUMENTS..., which runs one image with its console on standard output.
IMAGES=${IMAGES:-build/images}
GUEST=$(dirname "$0")/guest
TMP=$(mktemp -d) || exit 2
trap 'rm -rf "$TMP"' EXIT
checks=0 failures=0

# compare NAME: the lines of $TMP/out with those that are expected; prints where they part.
compare() {
	deviations=$GUEST/$1.$PEER
	[ -f "$deviations" ] || deviations=/dev/null
	awk -v lenient="$([ "$PEER" = qemu ] && echo 1)" '
		FILENAME == ARGV[1] { if (/^- /) old = substr($0, 3); else if (/^\+/) { n = ++others[old]; if ($0 == "+") none[old] = 1; else other[old, n] = substr($0, 3) } next }
		FILENAME == ARGV[2] { want[++wants] = $0; next }
		{ got[++gots] = $0 }
		function is_other(line, g, i) {
			for (i = 1; i <= others[line]; i++)
				if ((line, i) in other && other[line, i] == g)
					return 1
			return 0
		}
		END {
			at = 1
			for (w = 1; w <= wants; w++) {
				line = want[w]
				strict = !(line in others) || lenient
				if (at <= gots && ((strict && got[at] == line) || is_other(line, got[at])))
					at++
				else if (!none[line]) {
					printf "line %d: `%s`, expected `%s`\n", at, at <= gots ? got[at] : "(the end)", line
					exit 1
				}
			}
			if (at <= gots) {
				printf "line %d: `%s`, expected the end\n", at, got[at]
				exit 1
			}
		}' "$deviations" "$GUEST/$1.expected" "$TMP/out"
}

fail() { # name, what
	failures=$((failures + 1))
	echo "$1: $2"
}

check_case() { # name status image arguments...
	name=$1 status=$2 image=$3
	shift 3
	checks=$((checks + 1))
	launch "$IMAGES/$image.elf" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
	rc=$?
	[ "$rc" -eq "$status" ] && compare "$name" >"$TMP/parted" && return
	fail "$name" "exit status $rc, expected $status"
	compare "$name"
	head -n 3 "$TMP/err"
}

check_all() {
	while read -r name status image args; do
		case $name in '' | '#'*) continue ;; esac
		[ "$PEER" = qemu ] && status=${status#*/} || status=${status%/*}
		[ "$status" = - ] && continue
		# shellcheck disable=SC2086
		check_case "$name" "$status" "$image" $args
	done <"$GUEST/cases"
	echo "$((checks ? (checks - failures) * 100 / checks : 0))%: Checks: $checks, Failures: $failures, Errors: 0"
	[ $failures -eq 0 ]
}
