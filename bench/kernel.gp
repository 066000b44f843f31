# SPDX-License-Identifier: GPL-2.0-or-later
set title "Whole programs in the guest kernel, natively, on vtxray and on Debian's Bochs"
set ylabel "million instructions a second (median)"
set yrange [0:*]
set style data histograms
set xtics rotate by -45
set datafile separator ","
set key autotitle columnhead
file = data . "/kernel.csv"
plot file using 3:xtic(word(strcol(1), 1)) title "vtxray" dt 1 fs pattern 0, "" using 4 title "bochs" dt 1 fs pattern 3
