#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# System calls, their results and their errors: programs of tests/kernel print the same on the host and in the guest, by glibc and by musl.
. "$(dirname "$0")/in_kernel.sh"
words= # the program's arguments

# like_host NAME PROGRAM [OPTION...]
like_host() {
	what=$1 program=$2
	shift 2
	cases=$((cases + 1))
	# shellcheck disable=SC2086 # words
	timeout 100 "$VTXRAY" exec --cwd /tmp "$@" "$program" $words </dev/null >"$TMP/got" 2>"$TMP/err"
	status=$?
	if [ $status -eq 0 ] && cmp -s "$TMP/wanted" "$TMP/got" && ! grep -q 'kernel:' "$TMP/err"; then return; fi
	failed=$((failed + 1))
	echo "$what: exit status $status; output (should be on the left):"
	diff "$TMP/wanted" "$TMP/got" | head -n 30
	grep 'kernel:' "$TMP/err"
}

for name in areas bounds events families files inotify locks mapping mqueue msg names owners procs records sem shm signalfd splice stops tasks timers xattr; do
	mkdir "$TMP/work.$name"
	gcc -D_GNU_SOURCE -O1 -static -pthread -o "$TMP/$name" "$HERE/$name.c" || exit 1
	(cd "$TMP/work.$name" && "$TMP/$name" </dev/null 2>/dev/null) >"$TMP/wanted"
	like_host "$name" "$TMP/$name"
	[ "$name" = timers ] || [ "$name" = bounds ] || like_host "$name under EPT, large pages" "$TMP/$name" --paging ept --guest-page 2m
	musl-gcc -D_GNU_SOURCE -O1 -static -o "$TMP/$name-musl" "$HERE/$name.c" || exit 1
	mkdir "$TMP/musl.$name"
	(cd "$TMP/musl.$name" && "$TMP/$name-musl" </dev/null 2>/dev/null) >"$TMP/wanted"
	like_host "$name by musl" "$TMP/$name-musl"
done

busybox=$(command -v busybox)
(cd "$HERE" && "$busybox" sh proc.sh 2>/dev/null </dev/null | cat) >"$TMP/wanted"
words='sh proc.sh'
like_host '/proc and /dev' "$busybox" --file "$HERE/proc.sh:/tmp/proc.sh"
words=

cat >"$TMP/wanted" <<END
advice: 1
huge: 1
small in few: 0
MAP_HUGETLB: 1
not divided: 1
whole: 1
too large: 1
END
gcc -D_GNU_SOURCE -O1 -static -o "$TMP/huge" "$HERE/huge.c" || exit 1
like_host 'advice of huge pages' "$TMP/huge"
like_host 'advice of huge pages, with large ones' "$TMP/huge" --guest-page 2m

printf '0 2000000000\n0 1000000000\n1\n-1\n' >"$TMP/wanted"
gcc -O1 -static -o "$TMP/clock" "$HERE/clock.c" || exit 1
like_host 'the clock is set' "$TMP/clock"

cat >"$TMP/wanted" <<END
equal: 50 50
equally nice: 50 50
five steps: 80 20
five steps: 30 70
three of one, one of another: 30 30 30 10
the nicest: 0 100
equal again: 50 50
threads: by their own values
ten naps of a millisecond: in time
yielding: the other came
starving: not
END
gcc -D_GNU_SOURCE -O1 -static -pthread -o "$TMP/shares" "$HERE/shares.c" || exit 1
like_host 'shares of the processor' "$TMP/shares" --kernel hz=5000

printf '1 faults\nchild 85, here 0\n4 15\n' >"$TMP/wanted"
gcc -O1 -static -o "$TMP/giant" "$HERE/giant.c" || exit 1
like_host 'a page of 1 GiB, divided' "$TMP/giant" --mem 4G --guest-page 1g

cases_end
