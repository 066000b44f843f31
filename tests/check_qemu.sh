#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs every guest image on QEMU's software CPU: its output is the expected one, but for the lines listed in tests/guest/NAME.qemu.
# Such a file holds the reason as # lines, then pairs "- the line the SDM asks for", "+ the line QEMU prints" ("+" alone: no line).
IMAGES=${IMAGES:-build/images}
HERE=$(dirname "$0")/guest
TMP=$(mktemp -d) || exit 2
trap 'rm -rf "$TMP"' EXIT
checks=0 failures=0

expected() { # name: what QEMU should print
	if [ -f "$HERE/$1.qemu" ]; then
		awk 'NR == FNR { if (/^- /) old = substr($0, 3); else if (/^\+/) { new[old] = substr($0, 3); none[old] = ($0 == "+") } next }
			$0 in new { if (!none[$0]) print new[$0]; next } { print }' "$HERE/$1.qemu" "$HERE/$1.expected"
	else
		cat "$HERE/$1.expected"
	fi
}

run() { # name status image arguments...
	name=$1 status=$2 image=$3; shift 3
	checks=$((checks + 1))
	timeout 30 qemu-system-x86_64 -accel tcg -cpu max,vendor=GenuineIntel -m 256 -kernel "$IMAGES/$image.elf" -append "$*" -display none -monitor none \
		-serial stdio -device isa-debug-exit,iobase=0xf4,iosize=4 -no-reboot -nic none </dev/null >"$TMP/out" 2>"$TMP/err"
	rc=$?
	expected "$name" >"$TMP/expected"
	if [ $rc -ne "$status" ] || ! cmp -s "$TMP/out" "$TMP/expected"; then
		failures=$((failures + 1))
		echo "$name: exit status $rc (expected $status); output, expected and got:"
		diff "$TMP/expected" "$TMP/out" | head -n 20
		head -n 3 "$TMP/err"
	fi
}

while read -r name status image args; do
	case $name in '' | '#'*) continue ;; esac
	# shellcheck disable=SC2086
	run "$name" "$status" "$image" $args
done <"$HERE/cases"
echo "$((checks ? (checks - failures) * 100 / checks : 0))%: Checks: $checks, Failures: $failures, Errors: 0"
[ $failures -eq 0 ]
