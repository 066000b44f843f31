# SPDX-License-Identifier: GPL-2.0-or-later
set title "Cycles over native with 4-KiB pages: memory management"
set ylabel "cycles, times native"
set logscale y 2
set yrange [0.5:*]
set style data histograms
set xtics rotate by -30
set key title "page size, guest/EPT:"
modes = "4k/4k 4k/2m 2m/2m shadow shadow-sync agile"
table = pivot(sprintf("-v row=program -v column=mode -v value=ratio -v format=%%.3f -v columns='%s' -v only='kind=management'", modes), "overhead.csv")
columns = count_columns(table)
plot for [i=2:columns] table using i:xtic(1) title columnheader(i) dt 1 fs pattern bar(i - 1)
