# SPDX-License-Identifier: GPL-2.0-or-later
# What the figures share; bench/figures sets `data` (the folder of the CSV files) and the terminal. Readable in black and white: patterns for
# bars, dashes and marks for lines.
set datafile separator "\t"
set datafile missing "-"
set encoding utf8
set border 3 lw 1
set tics nomirror out
set grid ytics lt 1 lc rgb "#cccccc" lw 0.5
set key tmargin center horizontal samplen 3
set style fill pattern border lc rgb "black"
set style histogram clustered gap 1
set boxwidth 0.9
do for [i=1:8] { set linetype i lc rgb "black" lw 1.6 dashtype i pointtype i pointsize 0.9 }
pivot(options, file) = sprintf("< awk %s -f bench/rows.awk -f bench/pivot.awk %s/%s", options, data, file)
bar(i) = i == 1 ? 0 : i == 2 ? 3 : i + 1 # patterns that differ most from their neighbours
count_columns(table) = int(system(table[3:*] . " | head -n 1 | tr '\t' '\n' | wc -l"))
