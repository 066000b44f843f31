# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Lab 5 without points: what the student's file prints on the first of the two processors of SEED.
image 5-detective || exit 1
"$lab/profile.sh" "$SEED" | grep -v secret >"$work/profile"
limited 20 "$VTXRAY" run --mem 64M --max-insns 100M --cpu "$work/profile" "$work/lab.elf"
cat "$work/out"
[ -z "$why" ] || echo "$why"
