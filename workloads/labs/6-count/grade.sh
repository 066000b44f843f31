# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Lab 6: runs.txt is made on the processor of SEED; its design, the figure and the answers. What is right comes of the grader's own runs, with the
# student's set, loads and memory.
. "$lab/seed.sh"
export SEED
beside=$(dirname "$answer")
command -v gnuplot >/dev/null || { echo "lab 6 needs gnuplot: make deps"; exit 2; }
LAB_COUNTS=${LAB_COUNTS:-$work/counts}
export LAB_COUNTS
mkdir -p "$work/runs" "$work/own" "$LAB_COUNTS"
if said=$("$lab/measure.sh" "$answer" "$work/runs"); then
	part 40 20 awk -v suspect="$suspect" -v others="$others" -v entries="$stlb_entries" -f "$lab/design.awk" "$work/runs/plan"
	constants=$(awk -v constants=1 -v suspect="$suspect" -v others="$others" -v entries="$stlb_entries" -f "$lab/design.awk" "$work/runs/plan")
else
	points 0 40 "runs.txt" "$said"
	constants=
fi
[ -s "$work/runs/results.csv" ] || awk -f "$lab/results.awk" /dev/null /dev/null >"$work/runs/results.csv"
if [ -r "$beside/plot.gp" ]; then
	part 20 200 "$lab/figure.sh" "$beside/plot.gp" "$work/runs/results.csv" "$work/figure"
else
	points 0 20 "plot.gp" "$beside/plot.gp cannot be read"
fi
if [ ! -r "$beside/answers.txt" ] || ! grep -Eq '^[a-z_]+[[:blank:]]+[^?[:space:]]' "$beside/answers.txt"; then
	points 0 40 "answers.txt" "there are no answers in $beside/answers.txt"
	return
fi
# shellcheck disable=SC2086 # three words
"$lab/reference.sh" ${constants:-32768 50000 512M} >"$work/reference"
if said=$("$lab/measure.sh" "$work/reference" "$work/own"); then
	{ echo "reach_kib $reach_kib" && awk -f "$lab/truth.awk" "$work/own/results.csv"; } >"$work/truth"
	awk -v turns="$turns" -v cache="$suspect" -v right=1 -f "$lab/questions.awk" "$lab/questions" >"$work/right"
	part 40 20 awk -f "$lab/answers.awk" "$work/truth" "$work/right" "$work/own/results.csv" "$beside/answers.txt"
else
	points 0 40 "answers.txt" "$said"
fi
