#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Standard input, output and error of a program in the guest: files, pipes, what is left unread, waiting; compare gives each run the same.
. "$(dirname "$0")/in_kernel.sh"

# the guest's own lines only
without_report() { sed '/^$/,$d'; }

gcc -O1 -static -o "$TMP/streams" "$HERE/streams.c" || exit 1
i=0
while [ $i -lt 2500 ]; do echo "line $i of the input"; i=$((i + 1)); done >"$TMP/input"
wanted=$(cat "$TMP/input"; echo 'to output')
for options in '--paging native' '--paging ept' '--paging shadow'; do
	# shellcheck disable=SC2086 # options are words
	got=$("$VTXRAY" exec $options "$TMP/streams" copy <"$TMP/input" 2>"$TMP/err"; echo "status $?")
	is "a file, $options" "$wanted
status 3" "$got"
	is "standard error is apart, $options" 'to error' "$(without_report <"$TMP/err")"
done
# shellcheck disable=SC2002 # it is to be a pipe
got=$(cat "$TMP/input" | "$VTXRAY" exec "$TMP/streams" copy 2>/dev/null)
is 'a pipe' "$wanted" "$got"
got=$("$VTXRAY" exec "$TMP/streams" copy </dev/null 2>&1 | without_report)
is 'both in one file keep their order' 'to error
to output' "$got"
got=$("$VTXRAY" exec "$TMP/streams" copy <&- 2>/dev/null)
is 'closed input is empty' 'to output' "$got"

got=$({ "$VTXRAY" exec "$TMP/streams" some 5 2>/dev/null; echo; cat; } <"$TMP/input" | head -n 2)
is 'what is not read of a file stays' 'line 
0 of the input' "$got"
got=$(printf 'abcdefghi\n' | { "$VTXRAY" exec "$TMP/streams" some 5 2>/dev/null; echo; cat; })
is 'what is not read of a pipe stays' 'abcde
fghi' "$got"

# waiting: neither spins nor lets the guest's clock run ahead; the same counts whenever the input comes
got=$({ sleep 1; echo x; } | "$VTXRAY" exec --json "$TMP/late" "$TMP/streams" quick 2>/dev/null)
is 'the clock stands while a program waits' 'x
0' "$got"
echo x | "$VTXRAY" exec --json "$TMP/early" "$TMP/streams" quick >/dev/null 2>&1
cases=$((cases + 1))
cmp -s "$TMP/late" "$TMP/early" || { echo 'counts depend on when input comes'; failed=$((failed + 1)); }
got=$({ sleep 5; echo x; } | "$VTXRAY" exec "$TMP/streams" sleeper 2>/dev/null)
is 'others go on while one waits' 'tick
tick
tick
tick
tick
x' "$got"
got=$({ sleep 0.5; echo x; } | "$VTXRAY" exec "$TMP/streams" poll 2>/dev/null)
is 'poll waits for input' 'now 0
later 1 1
x' "$got"
mkfifo "$TMP/fifo"
exec 9<>"$TMP/fifo"
for seconds in 1 5 20; do # a slow machine may not have begun yet
	timeout -k 20 -s INT "$seconds" "$VTXRAY" exec "$TMP/streams" copy <&9 >/dev/null 2>"$TMP/err"
	ended=$?
	! grep -q Counters "$TMP/err" || break
done
is 'Ctrl-C ends a run that waits, with its counters' '124 Counters' "$ended $(grep -o Counters "$TMP/err")"
exec 9>&-

# a terminal: lines, its name, ^C also while a program computes
busybox=$(command -v busybox)
# shellcheck disable=SC2016 # the guest's shell expands it
got=$({
	sleep 2
	printf 'tty; echo $((6 * 7)) \177\r'
	sleep 1
	printf 'while :; do :; done\r'
	sleep 2
	for i in 1 2 3 4 5; do
		printf '\003'
		sleep 2
	done
	printf 'exit 5\r'
	sleep 2
} | timeout -k 5 90 script -qec "$VTXRAY exec --quiet $busybox sh" /dev/null >"$TMP/out"; echo "status $?")
is 'a terminal: status' 'status 5' "$got"
is 'a terminal: output' '/dev/tty
42' "$(tr -d '\r' <"$TMP/out" | grep -x '/dev/tty\|42')"

# jobs: calls as on the host, and the shells' fg and bg
gcc -D_GNU_SOURCE -O1 -static -o "$TMP/jobs" "$HERE/jobs.c" || exit 1
wanted=$(timeout 20 script -qec "$TMP/jobs" /dev/null </dev/null | tr -d '\r')
is 'the terminal is for the group in the foreground' "$wanted" "$(timeout 60 "$VTXRAY" exec --kernel tty=on "$TMP/jobs" </dev/null 2>/dev/null)"
typed() { # LINE-OR-KEY...: one after the other, slowly
	sleep 2
	for line in "$@"; do
		printf '%b' "$line"
		sleep 1
	done
}
for shell in "$busybox sh" "$(command -v bash-static) --noediting --norc -i"; do
	typed 'busybox cat\r' 'text\r' '\0032' 'echo status $?\r' 'fg\r' 'more\r' '\0004' 'busybox cat &\r' '\r' 'jobs\r' 'kill -9 %1\r' '\r' \
		'busybox sleep 50\r' '\0032' 'bg\r' 'jobs\r' 'fg\r' '\0003' 'exit 7\r' |
		timeout -k 5 90 script -qec "$VTXRAY exec --quiet --file $busybox:/jobs/busybox --env PATH=/jobs $shell" /dev/null >"$TMP/out"
	is "jobs of $shell: status" 7 $?
	is "jobs of $shell: output" 'Stopped
status 148
Stopped
Running' "$(grep -ao 'Stopped\|status [0-9][0-9]*\|Running' "$TMP/out" | uniq)"
done

# compare: a pipe is read once, all runs have it
same() { sed -n 's/^ *\([a-z0-9-]*\) *exits:.*//; /ended differently\|exit status/p' "$1"; }
for input in file pipe none; do
	# shellcheck disable=SC2002 # it is to be a pipe
	case $input in
	file) timeout 100 "$VTXRAY" compare --csv "$TMP/csv" -- "$TMP/streams" copy <"$TMP/input" >"$TMP/out" 2>&1 ;;
	pipe) head -n 700 "$TMP/input" | timeout 100 "$VTXRAY" compare --csv "$TMP/csv" -- "$TMP/streams" copy >"$TMP/out" 2>&1 ;;
	none) timeout 100 "$VTXRAY" compare --csv "$TMP/csv" -- "$TMP/streams" copy </dev/null >"$TMP/out" 2>&1 ;;
	esac
	is "compare ends with input from $input" 0 $?
	is "compare: all runs alike, $input" '   the program'\''s exit status is 3' "$(same "$TMP/out")"
	cut -d, -f 1,8,9 "$TMP/csv" | tail -n +2 | grep -vc ',1,3$' >"$TMP/others"
	is "compare: same console, $input" 0 "$(cat "$TMP/others")"
done

cases_end
