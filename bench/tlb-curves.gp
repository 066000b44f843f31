# SPDX-License-Identifier: GPL-2.0-or-later
set title "Pages, each to the same frame, loaded one after the other: the steps are the data TLB and the STLB"
set ylabel "cycles per load"
set xlabel "pages"
set logscale x 2
set xrange [8:4096]
set yrange [0:*]
set style data lines
cpus = system("tail -n +2 " . data . "/curves.csv | cut -d, -f1 | uniq")
plot for [i=1:words(cpus)] sprintf("< awk -F, -v OFS='\t' '$1 == \"%s\" && $2 == \"tlb\" { print $3, $4 }' %s/curves.csv", word(cpus, i), data) using 1:2 title word(cpus, i)
