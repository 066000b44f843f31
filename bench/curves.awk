# SPDX-License-Identifier: GPL-2.0-or-later
# The probe image's points, one a line after the processor's name -> curves.csv: the first of several with one size.
BEGIN { FS = OFS = ","; print "cpu", "curve", "size", "cycles_per_load" }
NF == 4 && !(($1, $2, $3) in seen) { seen[$1, $2, $3] = 1; print $1, $2, $2 == "data" ? $3 / 1024 : $3, $4 / 100 | "sort -t, -k1,1 -k2,2 -k3,3n" }
