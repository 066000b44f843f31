# SPDX-License-Identifier: GPL-2.0-or-later
# Lab 6, for teachers.
set terminal svg size 900,500
set output "figure.svg"
set datafile separator ","
set title "Random loads from 32 MiB: page sizes, and caches left out"
set xlabel "page sizes (guest / EPT); 4k/4k without the nested TLB, with it alone, without all three caches"
set ylabel "cycles a load"
set yrange [0:*]
set style fill solid 0.4
set boxwidth 0.7
unset key
plot "results.csv" skip 1 using 0:8:xtic(1) with boxes, "" skip 1 using 0:8:(sprintf("%.1f", $8)) with labels offset 0,0.7
