# SPDX-License-Identifier: GPL-2.0-or-later
set title "References per walk without paging-structure caches: nested, shadow and agile paging"
set ylabel "references per walk"
set yrange [0:26]
set style data histograms
table = pivot("-v row=program -v column=mode -v columns='native shadow agile 4k/4k' -v value=refs_per_walk", "agile.csv")
columns = count_columns(table)
plot for [i=2:columns] table using i:xtic(1) title columnheader(i) dt 1 fs pattern bar(i - 1)
