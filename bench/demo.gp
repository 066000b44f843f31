# SPDX-License-Identifier: GPL-2.0-or-later
set title "Where the cycles go: three workloads, four modes, on the model of one processor"
set ylabel "cycles, % of native"
set style histogram rowstacked gap 0.5 title offset 0,-2.5
set style data histograms
set boxwidth 0.75 relative
set xtics rotate by -40
set bmargin 6
set key tmargin center horizontal reverse Left samplen 2 maxrows 2
set yrange [0:*]
fill(i) = i == 2 ? 0 : i == 3 ? 4 : i == 4 ? 2 : i == 5 ? 3 : i == 6 ? 1 : 7
shade(i) = i == 2 ? "#d0d0d0" : i == 3 ? "#606060" : i == 4 ? "#2050a0" : i == 5 ? "#c02020" : i == 6 ? "#208040" : "#806000"
file(name) = sprintf("%s/%s.tsv", data, name)
set for [i=2:7] linetype i lc rgb shade(i) dashtype 1
plot newhistogram "gups" lt 2, for [i=2:7] file("gups") using i:xtic(1) title columnheader(i) lt i dt 1 fs pattern fill(i), \
     newhistogram "btree" lt 2, for [i=2:7] file("btree") using i:xtic(1) notitle lt i dt 1 fs pattern fill(i), \
     newhistogram "forkwait" lt 2, for [i=2:7] file("forkwait") using i:xtic(1) notitle lt i dt 1 fs pattern fill(i)
