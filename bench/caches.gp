# SPDX-License-Identifier: GPL-2.0-or-later
set title "Memory references of a page walk, paging-structure caches put in one after the other (gups, skylake)"
set ylabel "references per walk"
set yrange [0:26]
set style data histograms
table = pivot("-v row=mode -v column=structures -v columns='none psc psc+nested all' -v value=refs_per_walk -v only=program=gups,data=on", "caches.csv")
columns = count_columns(table)
plot for [i=2:columns] table using i:xtic(1) title columnheader(i) dt 1 fs pattern bar(i-1)
