#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Whole programs in the guest kernel, accounted for by instruction and by block: the same JSON to the byte (every count and cycle) and the same output,
# natively, under EPT, shadow and agile paging, on the plain model and with a processor's caches and prices.
. "$(dirname "$0")/in_kernel.sh"

for program in 'forkwait 10' 'pcd 5' 'cow 1M 2' 'mmapchurn 200' 'pagefault 4M 1' 'segv 200 1' 'nps 100' 'sort 10000'; do
	for paging in native ept shadow agile; do
		for cpu in '' '--cpu skylake'; do
			for account in insn block; do
				# shellcheck disable=SC2086 # words
				"$VTXRAY" exec --quiet --account "$account" --paging "$paging" $cpu --json "$TMP/$account.json" "$PROGRAMS/${program%% *}" ${program#* } \
					>"$TMP/$account.out" 2>"$TMP/err" </dev/null
				echo "status $?" >>"$TMP/$account.out"
			done
			is "$program, $paging $cpu: output" "$(cat "$TMP/insn.out")" "$(cat "$TMP/block.out")"
			cases=$((cases + 1))
			cmp -s "$TMP/insn.json" "$TMP/block.json" || {
				echo "$program, $paging $cpu: other counts" && diff "$TMP/insn.json" "$TMP/block.json" | head -n 8
				failed=$((failed + 1))
			}
		done
	done
done
cases_end
