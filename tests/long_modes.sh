#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every workload and the programs of tests/kernel in every mode: native, EPT with all pairs of page sizes, shadow paging with and without unsync,
# agile. Output, exit status and the files at the end are the same in all.
. "$(dirname "$0")/in_kernel.sh"

modes() {
	for guest in 4k 2m; do
		echo "--paging native --guest-page $guest"
		for page in 4k 2m 1g; do echo "--paging ept --ept-page $page --guest-page $guest"; done
		echo "--paging shadow --guest-page $guest"
		echo "--paging shadow --shadow-unsync off --guest-page $guest"
		echo "--paging agile --guest-page $guest"
		echo "--paging native --guest-page $guest --kernel pcid=on --kernel direct=1g"
		echo "--paging shadow --guest-page $guest --kernel pcid=on"
	done
}

# all NAME WORD...: what it prints, its status, and the file it left in /tmp/out, if any
all() {
	name=$1
	shift
	rm -f "$TMP/first"
	modes >"$TMP/modes"
	while read -r options; do
		rm -f "$TMP/out"
		# shellcheck disable=SC2086 # options are words
		timeout 300 "$VTXRAY" exec $options --cwd /tmp --save /tmp/out:"$TMP/out" "$@" <"$HERE/busybox.sh" >"$TMP/got" 2>/dev/null
		echo "status $?" >>"$TMP/got"
		[ ! -f "$TMP/out" ] || cat "$TMP/out" >>"$TMP/got"
		[ -f "$TMP/first" ] || cp "$TMP/got" "$TMP/first"
		cases=$((cases + 1))
		cmp -s "$TMP/first" "$TMP/got" && continue
		failed=$((failed + 1))
		echo "$name $options:"
		diff "$TMP/first" "$TMP/got" | head -n 5
	done <"$TMP/modes"
}

for program in "$PROGRAMS"/*; do
	[ -x "$program" ] && all "${program##*/}" "$program"
done
for name in threads signals memory files mapping tasks events locks; do
	gcc -D_GNU_SOURCE -O1 -static -pthread -o "$TMP/$name" "$HERE/$name.c" || exit 1
	all "$name" "$TMP/$name"
done
# shellcheck disable=SC2016 # busybox expands it
all busybox "$(command -v busybox)" sh -c 'sort | tee /tmp/out | sha256sum; for i in 1 2 3; do (echo $i | gzip | gunzip); done; exit 9'

cases_end
