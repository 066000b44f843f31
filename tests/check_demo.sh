#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# `make demo` with small sizes: its tables, and a figure in both formats whose bars are the tables' cycles.
set -u
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
cases=0 failed=0

# check WHAT CONDITION...
check() {
	cases=$((cases + 1))
	what=$1
	shift
	"$@" && return
	failed=$((failed + 1))
	echo "check_demo: $what"
}

bench/demo "$TMP/demo" small >"$TMP/out" 2>"$TMP/err"
check 'exit status' [ $? -eq 0 ]
check 'nothing is wrong' [ ! -s "$TMP/err" ]
for name in gups btree forkwait; do
	check "$name: a table" grep -q "'$name' natively" "$TMP/out"
	for mode in native ept-4k ept-2m shadow; do
		bar=$(awk -v mode=$mode '$1 == mode { for (i = 2; i <= NF; i++) sum += $i; printf "%.2f\n", sum }' "$TMP/demo/$name.tsv")
		csv=$(awk -F, -v mode=$mode 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "cycles") c = i } NR == 2 { native = $c }
			$1 == mode { printf "%.2f\n", 100 * $c / native }' "$TMP/demo/$name.csv")
		near=$(awk -v a="$bar" -v b="$csv" 'BEGIN { d = a - b; print (a > 0 && d * d < 0.001 ? "yes" : "no") }')
		check "$name, $mode: the bar is $bar, the cycles $csv" [ "$near" = yes ]
	done
done
check 'the SVG is drawn' grep -q 'forkwait' "$TMP/demo/demo.svg"
check 'the PNG is drawn' sh -c "file '$TMP/demo/demo.png' 2>/dev/null | grep -q PNG || head -c 8 '$TMP/demo/demo.png' | grep -q PNG"
[ ! -s "$TMP/err" ] || cat "$TMP/err"
echo "$((100 * (cases - failed) / cases))%: Checks: $cases, Failures: $failed, Errors: 0"
[ "$failed" -eq 0 ]
