#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The labs that LABS names (a pattern; check_labs_more.sh has those from the fourth on): the skeleton gets no point, the solution all, and each
# typical mistake of teacher/wrong (POINTS, MESSAGE, what sed does to the solution's files) the points and the message that it should. POINTS
# is several numbers, with | between them, where what goes wrong by a stale translation depends on the compiler that made the guest kernel.
set -u
VTXRAY=${VTXRAY:-build/release/vtxray}
IMAGES=${IMAGES:-build/images}
LAB_BUILD=${LAB_BUILD:-$(dirname "$VTXRAY")/labs}
SEED=1
LABS=${LABS:-[1-3]}
TMP=$(mktemp -d) || exit 1
LAB_COUNTS=$TMP/counts
# a crash of a student's code is a signal with sanitizers too
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_abort=0
export VTXRAY IMAGES LAB_BUILD LAB_COUNTS SEED ASAN_OPTIONS
trap 'rm -rf "$TMP"' EXIT
labs=workloads/labs
checks=0 failed=0

# graded LAB WHAT ANSWER POINTS MESSAGE: what lab.sh says
graded() {
	checks=$((checks + 1))
	$labs/lab.sh grade "$1" "$3" >"$TMP/said" 2>&1
	status=$?
	whole=1
	[ "$4" != 100 ] || whole=0
	grep -qE "^$1: ($4) of 100 points\$" "$TMP/said" && grep -qF -- "$5" "$TMP/said" && [ $status -eq $whole ] && return
	failed=$((failed + 1))
	echo "check_labs: $1: $2: should be $4 points, and say '$5'; exit status $status:"
	cat "$TMP/said"
}

# Lab 4's solution prints the same on Bochs.
on_bochs() {
	checks=$((checks + 1))
	$labs/lab.sh run 4-hypervisor $labs/4-hypervisor/teacher/lab4.c | grep '|' >"$TMP/vtxray"
	workloads/disk/bochs.sh "$LAB_BUILD/4-hypervisor/lab.disk" 2>"$TMP/said" | grep '|' >"$TMP/bochs"
	[ -s "$TMP/bochs" ] && diff "$TMP/vtxray" "$TMP/bochs" && return
	failed=$((failed + 1))
	echo "check_labs: lab 4's solution on vtxray and on Bochs"
	cat "$TMP/said"
}

# shellcheck disable=SC2231 # a pattern
for lab in $labs/$LABS-*; do
	name=${lab##*/}
	answer=$(sed -n 's/^answer: //p' "$lab/lab")
	graded "$name" "the skeleton" "$lab/$answer" 0 points
	graded "$name" "the solution" "$lab/teacher/$answer" 100 points
	n=0
	while IFS="$(printf '\t')" read -r points message change; do
		n=$((n + 1))
		mkdir -p "$TMP/$name/$n"
		changed=0
		for file in $answer $(sed -n 's/^beside: //p' "$lab/lab"); do
			sed -E "$change" "$lab/teacher/$file" >"$TMP/$name/$n/$file"
			cmp -s "$lab/teacher/$file" "$TMP/$name/$n/$file" || changed=1
		done
		[ $changed -eq 1 ] || echo "check_labs: $name: mistake $n changes nothing"
		graded "$name" "mistake $n" "$TMP/$name/$n/$answer" "$points" "$message"
	done <"$lab/teacher/wrong"
	checks=$((checks + 2))
	[ "$n" -ge 5 ] || { failed=$((failed + 1)) && echo "check_labs: $name: $n mistakes, should be 5"; }
	[ "$(wc -l <"$lab/handout.md")" -le 90 ] || { failed=$((failed + 1)) && echo "check_labs: $name: the handout has more than two pages"; }
	[ "$name" != 4-hypervisor ] || ! command -v bochs >/dev/null || on_bochs
done
checks=$((checks + 1))
$labs/lab.sh grade 1-walk "$TMP/none" >"$TMP/said" 2>&1
[ $? -eq 2 ] || { failed=$((failed + 1)) && echo "check_labs: a missing answer: exit status"; }

echo "$((100 * (checks - failed) / checks))%: Checks: $checks, Failures: $failed, Errors: 0"
[ "$failed" -eq 0 ]
