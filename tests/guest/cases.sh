# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Read by check_guest.sh and check_qemu.sh: runs every line of tests/guest/cases and compares the console with NAME.expected, which is what
# the SDM asks for. A file NAME.$PEER lists what differs on $PEER: reasons as # lines, then pairs "- the line the SDM asks for",
# "+ the line $PEER prints" ("+" alone: no line).
# Given by the caller: PEER, and launch IMAGE ARGUMENTS..., which runs one image with its console on standard output.
IMAGES=${IMAGES:-build/images}
GUEST=$(dirname "$0")/guest
TMP=$(mktemp -d) || exit 2
trap 'rm -rf "$TMP"' EXIT
checks=0 failures=0

expected() { # name
	if [ -f "$GUEST/$1.$PEER" ]; then
		awk 'NR == FNR { if (/^- /) old = substr($0, 3); else if (/^\+/) { new[old] = substr($0, 3); none[old] = ($0 == "+") } next }
			$0 in new { if (!none[$0]) print new[$0]; next } { print }' "$GUEST/$1.$PEER" "$GUEST/$1.expected"
	else
		cat "$GUEST/$1.expected"
	fi
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
	expected "$name" >"$TMP/expected"
	[ "$rc" -eq "$status" ] && cmp -s "$TMP/out" "$TMP/expected" && return
	fail "$name" "exit status $rc, expected $status; output, expected and got:"
	diff "$TMP/expected" "$TMP/out" | head -n 20
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
