# SPDX-License-Identifier: GPL-2.0-or-later
set title "GUPS over 16 MiB in guests with more and more memory: what the host needs"
set xlabel "guest memory, MiB"
set ylabel "processor time, s (lines with marks)"
set y2label "resident memory, MiB (marks alone)"
set y2tics
set logscale x 2
set yrange [0:*]
set y2range [0:*]
set style data linespoints
table = pivot("-v row=ram_mib -v column=paging -v value=seconds:host_mib -v columns='native ept'", "memory.csv")
plot table using 1:2 title "native, s" lt 1, "" using 1:4 title "EPT, s" lt 2, \
	"" using 1:3 axes x1y2 with points lt 5 title "native, MiB", "" using 1:5 axes x1y2 with points lt 6 title "EPT, MiB"
