# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Lab 2: the student's file with the harness; each part in a process of its own.
# shellcheck disable=SC2086 # words
if compile "$work/lab" -I"$lab" "$answer" "$LAB_BUILD/2-violation/harness.o" $lab_libraries; then
	part 24 10 "$work/lab" decode
	part 50 10 "$work/lab" tables
	part 26 20 "$work/lab" run "$IMAGES/paging.elf"
else
	points 0 100 "a file that compiles"
fi
