#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# User instructions of a program in the guest are those that valgrind counts for the same file, within 1 %. By musl, which chooses no routines
# by CPUID: valgrind's processor is another. What is left, some hundred, are the environment, which valgrind adds to, and the auxiliary vector.
set -u
VTXRAY=${VTXRAY:-build/release/vtxray}
VTXRAY_KERNEL=${IMAGES:-build/images}/kernel.elf
export VTXRAY_KERNEL
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
cases=0 failed=0
valgrind=$(command -v valgrind)

# count NAME PROGRAM ARGUMENT...
count() {
	name=$1
	shift
	cases=$((cases + 1))
	env -i "$valgrind" --tool=lackey --basic-counts=yes "$@" </dev/null 2>&1 >/dev/null | tr -d , | sed -n 's/.*guest instrs: *//p' >"$TMP/wanted"
	for paging in native ept; do
		"$VTXRAY" exec --paging $paging --json "$TMP/json" "$@" </dev/null >/dev/null 2>&1
		jq .user.instructions "$TMP/json"
	done >"$TMP/got"
	[ "$(awk 'NR == 1 { want = $1; next } { d = $1 - want; if (want > 0 && (d < 0 ? -d : d) * 100 <= want) ok++ } END { print ok + 0 }' "$TMP/wanted" "$TMP/got")" = 2 ] && return
	failed=$((failed + 1))
	echo "$name: $(paste -sd' ' "$TMP/got") instructions natively and under EPT, valgrind counts $(cat "$TMP/wanted")"
}

for name in gups sort lz; do
	musl-gcc -O2 -static -Iworkloads/programs -o "$TMP/$name" "workloads/programs/$name.c" || exit 1
done
count gups "$TMP/gups" 1M 20000
count sort "$TMP/sort" 256K
count lz "$TMP/lz" 64K

echo "$((100 * (cases - failed) / cases))%: Checks: $cases, Failures: $failed, Errors: 0"
[ "$failed" -eq 0 ]
