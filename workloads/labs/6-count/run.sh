# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Lab 6 without points: makes the runs and draws the figure, into the lab's build folder, and shows the results.
. "$lab/seed.sh"
export SEED
folder=$LAB_BUILD/6-count
mkdir -p "$folder"
rm -f "$folder"/*.count "$folder/figure.svg"
"$lab/measure.sh" "$answer" "$folder" || exit 1
awk -F, '
	{ for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
	END {
		for (r = 1; r <= NR; r++) {
			for (i = 1; i < NF; i++)
				printf "%-*s ", width[i], cell[r, i]
			print cell[r, NF]
		}
	}' "$folder/results.csv"
plot=$(realpath "$(dirname "$answer")/plot.gp") || exit 1
(cd "$folder" && gnuplot "$plot") || exit 1
echo "$folder: results.csv$([ ! -s "$folder/figure.svg" ] || echo ', figure.svg')"
