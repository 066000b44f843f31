# SPDX-License-Identifier: GPL-2.0-or-later
set title "One load, one cache line a page, spread over the working set"
set ylabel "cycles per load"
set xlabel "working set, MiB"
set logscale x 2
set format x "%.0f"
set yrange [0:*]
set style data linespoints
table = pivot("-v row=mib -v column=mode -v value=cycles_per_load -v format=%.2f", "working-set.csv")
columns = count_columns(table)
plot for [i=2:columns] table using 1:i title columnheader(i)
