# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Lab 3: the student's file with the harness; each part in a process of its own.
# shellcheck disable=SC2086 # words
if compile "$work/lab" -I"$lab" "$answer" "$LAB_BUILD/3-shadow/harness.o" $lab_libraries; then
	part 30 10 "$work/lab" walk
	part 40 20 "$work/lab" paging "$IMAGES/paging.elf"
	part 30 20 "$work/lab" kernel "$IMAGES/kernel.elf" "$(dirname "$IMAGES")/programs/segv"
else
	points 0 100 "a file that compiles"
fi
