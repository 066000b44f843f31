# SPDX-License-Identifier: GPL-2.0-or-later
set title "Cycles of a page walk, with data caches (on) and with every reference from memory (off) (gups, skylake)"
set ylabel "cycles per walk"
set logscale y
set yrange [10:10000]
set style data histograms
table = pivot("-v row=mode/data -v column=structures -v columns='none psc psc+nested all' -v value=cycles_per_walk -v only=program=gups", "caches.csv")
columns = count_columns(table)
plot for [i=2:columns] table using i:xtic(1) title columnheader(i) dt 1 fs pattern bar(i-1)
