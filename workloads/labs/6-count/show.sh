#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What SEED asks (make lab N=6 SEED=7: another processor, another cache, another order of answers).
lab=$(dirname "$0")
. "$lab/seed.sh"
mkdir -p "$LAB_BUILD/6-count"
"$lab/profile.sh" >"$LAB_BUILD/6-count/processor.ini"
cat <<END
  make lab N=6 run                  makes the runs and draws the figure, in $LAB_BUILD/6-count/

SEED=$SEED. Your processor: $LAB_BUILD/6-count/processor.ini; the cache you are asked about: $suspect
END
awk -v turns="$turns" -v cache="$suspect" -f "$lab/questions.awk" "$lab/questions" | fold -s -w 120
command -v gnuplot >/dev/null || printf '\ngnuplot is missing: make deps installs it\n'
