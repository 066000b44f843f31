# SPDX-License-Identifier: GPL-2.0-or-later
set title "Cycles over native with 4-KiB pages: memory access and applications"
set ylabel "overhead, % of native cycles"
set style data histograms
set xtics rotate by -30
set key title "page size, guest/EPT:"
modes = "native/2m 4k/4k 4k/2m 2m/2m shadow agile"
table = pivot(sprintf("-v row=program -v column=mode -v value=overhead -v scale=100 -v format=%%.2f -v columns='%s' -v only='kind=memory|application'", modes), "overhead.csv")
columns = count_columns(table)
plot for [i=2:columns] table using i:xtic(1) title columnheader(i) dt 1 fs pattern bar(i - 1)
