# SPDX-License-Identifier: GPL-2.0-or-later
set title "The same image on vtxray and on Debian's Bochs: natively, and as a guest under 4-KiB EPT pages"
set ylabel "million instructions a second (median, extremes)"
set logscale y
set yrange [1:*]
set style data histograms
set style histogram errorbars gap 1 lw 1
table = pivot("-v row=loop -v column=emulator -v value=mips:mips_low:mips_high -v columns='fast-forward vtxray vtxray+cpu bochs'", "race.csv")
columns = count_columns(table)
plot for [i=2:columns:3] table using i:(column(i + 1)):(column(i + 2)):xtic(1) title columnheader(i) dt 1 fs pattern bar((i + 1) / 3)
