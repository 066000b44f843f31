# SPDX-License-Identifier: GPL-2.0-or-later
set title "Cycles from VM exit to VM entry, all workload programs"
set ylabel "million cycles"
set logscale y
set style data histograms
set xtics rotate by -30
table = pivot("-v row=reason -v column=mode -v value=million_cycles -v format=%.3f -v columns='4k/4k 4k/2m 2m/2m shadow shadow-sync agile'", "exits.csv")
columns = count_columns(table)
plot for [i=2:columns] table using i:xtic(1) title columnheader(i) dt 1 fs pattern bar(i - 1)
