#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# solve.sh SEED: answers.txt for SEED, for teachers, with a set of 32 MiB and 50000 loads (the grader takes the student's).
set -u
SEED=$1
lab=$(dirname "$0")
. "$lab/seed.sh"
export SEED
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
"$lab/reference.sh" 32768 50000 512M >"$work/reference"
"$lab/measure.sh" "$work/reference" "$work" || exit 1
echo "reach_kib $reach_kib"
awk -f "$lab/truth.awk" "$work/results.csv"
echo "served_by l1"
awk -v turns="$turns" -v cache="$suspect" -v right=1 -f "$lab/questions.awk" "$lab/questions" | sed -n 's/^right //p' | cut -d ' ' -f 1-3
