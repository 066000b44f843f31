#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bench/RESULTS.md says what the programs give now: the table of references per walk is made anew, and a row of the overhead by mode; the README
# repeats its summary; and what bench/shapes asks for is refused when it does not hold.
cd "$(dirname "$0")/.." || exit 2
VTXRAY=${VTXRAY:-build/release/vtxray} IMAGES=${IMAGES:-build/images}
export VTXRAY BUILD=${IMAGES%/images}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
checks=0 failures=0

check() { # TEXT COMMAND...
	checks=$((checks + 1))
	"${@:2}" && return
	failures=$((failures + 1))
	echo "check_bench.sh: not so: $1" >&2
}

section() { # TITLE: of bench/RESULTS.md, up to the next
	awk -v title="## $1" '/^## / { inside = $0 == title } inside' bench/RESULTS.md
}

references() {
	"$(dirname "$VTXRAY")/bench/references" >"$dir/references.csv" && bench/results "$dir" references >"$dir/now" &&
		section 'References per walk' | diff - "$dir/now" >&2
}

# one program, three modes: the ratio of the cycles, as the table has it
cells() { # TABLE: "PROGRAM MODE RATIO" of the markdown table on standard input
	awk -F' *[|] *' '$2 == "program" && !seen { for (i = 3; i < NF; i++) mode[i] = $i; seen = 1 } $2 == "pagefault" && seen == 1 { seen = 2; for (i = 3; i < NF; i++) print $2, mode[i], $i }'
}
overhead() {
	bench/list workloads full | awk -F'\t' 'NR == 1 || $1 == "pagefault" && ($3 == "native" || $3 == "4k/4k" || $3 == "shadow")' | bench/sweep workloads "$dir" &&
		jq -rs --arg config program,kind,mode,guest_page,paging,ept_page,phase -f bench/counts.jq "$dir/workloads.jsonl" >"$dir/workloads.csv" &&
		awk -f bench/overhead.awk "$dir/workloads.csv" >"$dir/overhead.csv" && bench/results "$dir" workloads | cells | grep -v ' -$' >"$dir/now" &&
		[ -s "$dir/now" ] && section 'Overhead by mode' | cells | grep -Fx -f "$dir/now" | diff - "$dir/now" >&2
}

shapes_hold() { bench/shapes "$dir" >"$dir/said" || ! cat "$dir/said" >&2; }
wrong_shape_is_refused() {
	mkdir "$dir/wrong"
	awk -F, -v OFS=, 'NR > 1 && $7 == "none" { $9 = $9 + 1 } { print }' "$dir/references.csv" >"$dir/wrong/references.csv"
	! bench/shapes "$dir/wrong" >"$dir/said" && grep -q 'formula' "$dir/said"
}

check 'the references per walk are those of bench/RESULTS.md' references
if [ "$(gcc -dumpversion)" = 12 ]; then # another compiler, other programs
	check 'the overhead of pagefault is that of bench/RESULTS.md' overhead
fi
check 'what the counts must show holds' shapes_hold
check 'a count that differs from the formula is refused' wrong_shape_is_refused
check 'the README repeats the summary' .ci/readme check-results
echo "$((100 * (checks - failures) / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
[ "$failures" -eq 0 ]
