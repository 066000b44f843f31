#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `vtxray cpus` and --cpu as a user meets them.
VTXRAY=${VTXRAY:-build/release/vtxray}
TMP=$(mktemp -d) || exit 2
trap 'rm -rf "$TMP"' EXIT
checks=0 failures=0

fact() { # TEXT COMMAND...: the command must succeed
	local text=$1
	shift
	checks=$((checks + 1))
	"$@" && return
	failures=$((failures + 1))
	echo "not so: $text"
}

lists_all() { [ "$("$VTXRAY" cpus | wc -l)" -eq "$(find emu/profiles -name '*.ini' | wc -l)" ]; }
shows_file() { "$VTXRAY" cpus skylake | cmp - emu/profiles/skylake.ini; }
works_elsewhere() { (cd / && "$TMP/up/vtxray" cpus skylake >/dev/null); }
works_installed() { mkdir -p "$TMP/bin" "$TMP/share/vtxray" && cp "$VTXRAY" "$TMP/bin/" && cp -r emu/profiles "$TMP/share/vtxray/" && (cd / && "$TMP/bin/vtxray" cpus haswell >/dev/null); }
refuses() { # MESSAGE ARGUMENT...
	local message=$1
	shift
	"$VTXRAY" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
	[ $? -eq 2 ] && [ ! -s "$TMP/out" ] && grep -qF -- "$message" "$TMP/err"
}

mkdir "$TMP/up" && ln -s "$(realpath "$VTXRAY")" "$TMP/up/vtxray"
sed 's/^alu = .*/alu = none/' emu/profiles/skylake.ini >"$TMP/bad.ini"
fact 'without a name, one line for each profile' lists_all
fact 'with a name, the file as it is' shows_file
fact 'from any directory' works_elsewhere
fact 'as installed: bin/vtxray, share/vtxray/profiles' works_installed
fact 'an unknown name is refused' refuses "no processor 'i486'" cpus i486
fact 'a name cannot lead elsewhere' refuses 'No such file' cpus ../profiles/i486.ini
fact 'a bad file is refused, with its line' refuses "bad.ini:" cpus "$TMP/bad.ini"
fact 'and says what is wrong' refuses "[instructions] alu = none: not a number" cpus "$TMP/bad.ini"
fact 'run refuses it too' refuses "[instructions] alu = none: not a number" run --cpu "$TMP/bad.ini" nothing
fact 'one name at a time' refuses 'one name at a time' cpus skylake haswell

echo "$((checks ? 100 * (checks - failures) / checks : 0))%: Checks: $checks, Failures: $failures, Errors: 0"
[ "$failures" -eq 0 ]
