# SPDX-License-Identifier: GPL-2.0-or-later
# Lab 6: your figure, drawn from results.csv.
set terminal svg size 900,500
set output "figure.svg"
set datafile separator ","
