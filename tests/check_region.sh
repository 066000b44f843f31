#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What of a run is counted: --fast-forward, --roi, --warm-up. The program says what it prints whatever is counted; the counts are those that
# its source gives, and of a region not gone through at the start of a run they are those of a run that counts all.
cd "$(dirname "$0")/.." || exit 2
VTXRAY=${VTXRAY:-build/release/vtxray} IMAGES=${IMAGES:-build/images}
TMP=$(mktemp -d) || exit 2
trap 'rm -rf "$TMP"' EXIT
checks=0 failures=0

is() { # TEXT EXPECTED FOUND
	checks=$((checks + 1))
	[ "$2" = "$3" ] && return
	failures=$((failures + 1))
	echo "$1: '$3', should be '$2'"
}

run() { # VERB OPTION... WHAT; leaves $status, $TMP/out, $TMP/err, $TMP/json
	verb=$1
	shift
	"$VTXRAY" "$verb" --json "$TMP/json" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
	status=$?
}
value() { jq -r "$1" "$TMP/json"; }

# two regions of LOOPS loads each, from PAGES pages that were touched before; much else around them
cat >"$TMP/regions.c" <<'END'
#include <stdio.h>
static void mark(unsigned leaf)
{
	unsigned b, c = 0, d;
	__asm__ volatile("cpuid" : "+a"(leaf), "=b"(b), "+c"(c), "=d"(d) : : "memory");
}
static volatile unsigned char page[64][4096];
int main(void)
{
	unsigned long sum = 0;
	for (int i = 0; i < 64; i++)
		page[i][i] = (unsigned char)i;
	for (int k = 0; k < 2; k++) {
		mark(0x4fff0001);
		unsigned long n = 50000, at = (unsigned long)page;
		__asm__ volatile("1: mov (%1), %%al\n dec %0\n jnz 1b" : "+r"(n) : "r"(at) : "rax", "memory");
		mark(0x4fff0002);
		for (unsigned long i = 0; i < 300000; i++)
			sum = sum * 31 + page[i & 63][i & 63];
	}
	printf("%lx\n", sum);
	return 7;
}
END
gcc -O1 -static -o "$TMP/regions" "$TMP/regions.c" || exit 2

run exec "$TMP/regions"
is 'counted as a whole: status' 7 "$status"
is 'counted as a whole: no region' null "$(value .region)"
sum=$(cat "$TMP/out") all=$(value .counters.instructions)
for paging in native ept shadow agile; do
	for cpu in '' '--cpu skylake'; do
		# shellcheck disable=SC2086 # words
		run exec --paging $paging $cpu --roi "$TMP/regions"
		is "$paging $cpu --roi: output and status" "$sum 7" "$(cat "$TMP/out") $status"
		is "$paging $cpu --roi: counted twice" 2 "$(value .region.times)"
		is "$paging $cpu --roi: loads" 100000 "$(value .user.loads)"
		# the loops, what sets them up, and natively the begin marker's own retirement is over already
		is "$paging $cpu --roi: instructions" yes "$(value 'if .user.instructions >= 300000 and .user.instructions < 300040 then "yes" else .user.instructions end')"
		# agile paging may give a table back to the shadow VMM at any time
		[ $paging = agile ] || is "$paging $cpu --roi: no walk" 0 "$(value .user.walks)"
		is "$paging $cpu --roi: no exit by the markers" 0 "$(value '.vm_exits.CPUID.count // 0')"
		# shellcheck disable=SC2086
		run exec --paging $paging $cpu --fast-forward until-user "$TMP/regions"
		is "$paging $cpu until-user: output and status" "$sum 7" "$(cat "$TMP/out") $status"
		is "$paging $cpu until-user: user mode from its first instruction" yes \
			"$(value ".user.instructions as \$n | if \$n > $all / 2 then \"yes\" else \$n end")"
	done
done
run exec "$TMP/regions"
user=$(value .user.instructions) faults=$(value .user.exc_pf)
run exec --fast-forward until-user "$TMP/regions"
is 'until-user: all user instructions' "$user" "$(value .user.instructions)"
is 'until-user: all page faults of the user' "$faults" "$(value .user.exc_pf)"
run exec --fast-forward until-marker "$TMP/regions"
is 'until-marker: counted once' 1 "$(value .region.times)"
is 'until-marker: nothing is lost' yes "$(value ".user.instructions as \$n | if \$n < $user and \$n > 2000000 then \"yes\" else \$n end")"

# the plain model's time is steps, so the clock at the end is the same however fast the way was
run run "$IMAGES/paging.elf"
steps=$(value .counters.cycles) printed=$(cksum <"$TMP/out")
run run --fast-forward 1M --warm-up 1000 "$IMAGES/paging.elf"
is 'after 1M: console' "$printed" "$(cksum <"$TMP/out")"
is 'after 1M: all instructions are somewhere' "$(value .counters.instructions)" \
	"$(($("$VTXRAY" run --json - --console /dev/null "$IMAGES/paging.elf" 2>/dev/null | jq .counters.instructions) - $(value .region.forwarded_instructions) - $(value .region.warm_up_instructions)))"
is 'after 1M: warmed up' yes "$(value 'if .region.warm_up_instructions > 0 then "yes" else "no" end')"
is 'after 1M: cycles' yes "$(value ".counters.cycles as \$n | if \$n < $steps - 1000000 and \$n > $steps - 1100000 then \"yes\" else \$n end")"
run run --cpu skylake --roi "$IMAGES/paging.elf"
is 'no marker: status and console' "1 $printed" "$status $(cksum <"$TMP/out")"
is 'no marker: it is said' 1 "$(grep -c 'did not come: nothing was counted' "$TMP/err")"
is 'no marker: nothing' '0 0' "$(value .counters.instructions) $(value .counters.cycles)"
run run --fast-forward 1M --max-insns 500K "$IMAGES/paging.elf"
is 'a limit in fast-forward' '124 0' "$status $(value .counters.instructions)"
"$VTXRAY" compare --cpu skylake --modes native,ept-4k --roi --json "$TMP/json" -- "$TMP/regions" >"$TMP/out" 2>&1
is 'compare: the same loads' '100000 100000' "$(jq -r '[.runs[].user.loads] | join(" ")' "$TMP/json")"

for wrong in '--fast-forward soon' '--roi --fast-forward until-user' '--warm-up 10' '--roi --trace t' '--roi --check-invalidation' '--fast-forward'; do
	# shellcheck disable=SC2086
	"$VTXRAY" run $wrong "$IMAGES/paging.elf" >"$TMP/out" 2>&1
	is "$wrong" 2 $?
done

echo "$((100 * (checks - failures) / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
[ "$failures" -eq 0 ]
