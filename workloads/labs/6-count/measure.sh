#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# measure.sh RUNS FOLDER: makes the runs that RUNS lists on the processor of SEED; FOLDER/results.csv has the rows. Counts repeat, so a run that has
# left its counts in LAB_COUNTS (FOLDER, if not given) is not made again. Says what is wrong, with status 1.
set -u
lab=$(dirname "$0")
VTXRAY=${VTXRAY:-build/release/vtxray} IMAGES=${IMAGES:-build/images}
folder=$2 counts=${LAB_COUNTS:-$2}
rm -f "$folder/results.csv"
awk -f "$lab/plan.awk" "$1" >"$folder/plan" || { tail -n 1 "$folder/plan" && exit 1; }
"$lab/profile.sh" >"$folder/processor.ini"
# shellcheck disable=SC2086 # the plan's words have no blanks
while read -r what name paging page ept without kib mem loads; do
	[ "$what" = run ] || continue
	made=$counts/$paging.$page.$ept.$without.$kib.$mem.$loads.count
	[ "$ept" = - ] || paging="$paging --ept-page $ept"
	[ "$without" = - ] || paging="$paging --without $without"
	if [ ! -s "$made" ]; then
		timeout 60 "$VTXRAY" run --quiet --mem "$mem" --cpu "$folder/processor.ini" --console "$folder/console" --json "$folder/json" --paging $paging \
			"$IMAGES/reach.elf" -- "kib=$kib" "page=$page" "loads=$loads" </dev/null >/dev/null 2>"$folder/err"
		if ! grep -q '^reach:.*tables' "$folder/console"; then
			echo "run $name: $(cat "$folder/console") $(grep -m 1 '^vtxray:' "$folder/err")"
			exit 1
		fi
		echo "$(awk -f "$lab/counts.awk" "$folder/json") $(sed -n 's/.* \([0-9]*\) tables.*/\1/p' "$folder/console")" >"$made"
	fi
	read -r line <"$made"
	echo "$name $line"
done <"$folder/plan" >"$folder/counts" || { tail -n 1 "$folder/counts" && exit 1; }
awk -f "$lab/results.awk" "$folder/counts" "$folder/plan" >"$folder/results.csv"
