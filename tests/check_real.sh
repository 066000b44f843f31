#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that nobody here wrote, by vtxray exec: Debian's Lua and SQLite libraries with a main of ours, linked -static, and bash-static.
# Output, exit status and the file they leave are byte for byte the host's; natively, and as a guest of the EPT VMM with large pages.
set -u
VTXRAY=${VTXRAY:-build/release/vtxray}
VTXRAY_KERNEL=${IMAGES:-build/images}/kernel.elf
export VTXRAY_KERNEL
HERE=$(cd "$(dirname "$0")" && pwd)/real
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
cases=0 failed=0
printf 'first line\nsecond\n' >"$TMP/input"

# same NAME: what $TMP/expected and $TMP/got say is the same
same() {
	cases=$((cases + 1))
	cmp -s "$TMP/expected" "$TMP/got" && return
	failed=$((failed + 1))
	echo "$1 (should be on the left):"
	diff -a "$TMP/expected" "$TMP/got" | head -n 20
	grep -h 'vtxray:\|kernel:' "$TMP/err"
}

# on_both PROGRAM SCRIPT LEFT ARGUMENT...: on the host and in the guest; LEFT is a file it leaves in its directory, or nothing
on_both() {
	program=$1 script=$2 left=$3
	shift 3
	rm -rf "$TMP/work"
	mkdir "$TMP/work"
	cp "$HERE/$script" "$TMP/work"
	(cd "$TMP/work" && env -i HOME=/root PATH=/bin TZ=UTC0 "$program" "$@" <"$TMP/input" 2>"$TMP/err"; echo "status $?") >"$TMP/host" 2>"$TMP/err"
	for options in '--paging native' '--paging ept --ept-page 2m --guest-page 2m'; do
		cp "$TMP/host" "$TMP/expected"
		# shellcheck disable=SC2086 # options are words
		(timeout 300 "$VTXRAY" exec $options ${left:+--save "/home/$left:$TMP/$left"} --file "$HERE/$script:/home/$script" --cwd /home \
			--env HOME=/root --env PATH=/bin --env TZ=UTC0 "$program" "$@" <"$TMP/input" 2>"$TMP/err"
			echo "status $?") >"$TMP/got"
		same "$script with $options"
		[ -n "$left" ] || continue
		cp "$TMP/work/$left" "$TMP/expected"
		cp "$TMP/$left" "$TMP/got" || : >"$TMP/got"
		same "the file $left of $script with $options"
	done
}

# static linking warns of dlopen, which is not called
gcc -O2 -static -o "$TMP/lua" "$HERE/lua.c" -llua5.4 -lm -ldl 2>"$TMP/err" || { cat "$TMP/err"; exit 1; }
gcc -O2 -static -o "$TMP/sqlite" "$HERE/sqlite.c" -lsqlite3 -lm -lz 2>"$TMP/err" || { cat "$TMP/err"; exit 1; }
on_both "$TMP/lua" script.lua '' script.lua
on_both "$TMP/sqlite" script.sql data.db data.db script.sql
on_both "$(command -v bash-static)" bash.sh '' bash.sh

echo "$((100 * (cases - failed) / cases))%: Checks: $cases, Failures: $failed, Errors: 0"
[ "$failed" -eq 0 ]
