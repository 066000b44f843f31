# SPDX-License-Identifier: GPL-2.0-or-later
set title "Memory references of a page walk, 4-level guest and 4-level EPT, random pages of 64 GiB"
set ylabel "references per walk"
set xlabel "page size: guest / EPT (guest alone: native)"
set yrange [0:26]
set style data histograms
table = pivot("-v row=guest_page/ept_page -v column=caches -v value=refs_per_walk -v format=%.2f -v only='guest_levels=4,ept_levels=0|4,switch=,range_gib=64'", "references.csv")
plot table using 2:xtic(stringcolumn(1)[strlen(stringcolumn(1)):*] eq "/" ? stringcolumn(1)[1:2] : stringcolumn(1)) title "no caches" dt 1 fs pattern 0, \
	"" using 3 title "paging-structure caches" dt 1 fs pattern 4, "" using 4 title "and nested TLB" dt 1 fs pattern 3
