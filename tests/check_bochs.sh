#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The hypervisor of tests/metal on Bochs and on vtxray: the same lines, but for what tests/metal/README.md lists as deviations of Bochs.
# CASES: how many of each family; SEED. `make check` runs 400 of each; `make check-bochs` 7000 (METAL_CASES,
# and METAL_SEEDS, which may name several, change that).
HERE=$(cd "$(dirname "$0")" && pwd)
IMAGES=${IMAGES:-build/images}
CASES=${CASES:-400} SEED=${SEED:-1}
TMP=$(mktemp -d) || exit 2
trap 'rm -rf "$TMP"' EXIT
checks=0 failures=0

families=$(sed -n 's/^void family_\([a-z]*\)(void);$/\1/p' "$HERE/metal/family.h")
for family in $families; do
	checks=$((checks + 1))
	"$HERE/metal/on_bochs.sh" "$IMAGES/metal.disk" family="$family" seed="$SEED" cases="0,$CASES" >"$TMP/bochs" &
	"$HERE/metal/on_vtxray.sh" "$IMAGES/metal.elf" family="$family" seed="$SEED" cases="0,$CASES" >"$TMP/vtxray"
	status=$?
	wait
	awk -f "$HERE/metal/compare.awk" "$TMP/bochs" "$TMP/vtxray" >"$TMP/compared"
	same=$?
	if [ "$status" -ne 1 ] && [ "$status" -ne 0 ] || [ "$same" -ne 0 ] || [ "$(wc -l <"$TMP/vtxray")" -ne $((CASES + 2)) ]; then
		failures=$((failures + 1))
		echo "$family, seed $SEED: vtxray's exit status $status"
		head -n 20 "$TMP/compared"
	fi
	grep -E '^(rule|[0-9]+ lines)' "$TMP/compared" | sed "s/^/$family: /"
done
# the comparison itself: one digit changed in one line must be found
checks=$((checks + 1))
sed '5s/rip=5/rip=6/; 5s/ok/no/; 5s/rip=8/rip=9/' "$TMP/vtxray" >"$TMP/changed"
if cmp -s "$TMP/vtxray" "$TMP/changed" || awk -f "$HERE/metal/compare.awk" "$TMP/bochs" "$TMP/changed" >/dev/null; then
	failures=$((failures + 1))
	echo "a changed digit is not noticed"
fi
echo "$(((checks - failures) * 100 / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
[ "$failures" -eq 0 ]
