# SPDX-License-Identifier: GPL-2.0-or-later
set title "GUPS over 64 MiB: references of a page walk as one structure grows (4-KiB pages)"
set ylabel "references per walk"
set xlabel "entries (first: none)"
set logscale x 2
set xrange [2:128]
set yrange [0:*]
set style data linespoints
points(structure, mode) = sprintf("< awk -F, -v OFS='\t' '$1 == \"gups\" && $2 == \"%s\" && $3 == \"%s\" { print ($4 ? $4 : 2), $7 }' %s/sizes.csv", \
	structure, mode, data)
plot points("nested", "4k/4k") using 1:2 title "nested TLB, EPT, no combined caches", points("pde", "4k/4k") using 1:2 title "PDE caches, EPT", \
	points("pde", "native") using 1:2 title "PDE cache, native"
