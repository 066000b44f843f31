#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Counters of a program's life: what a program of known counts gives, and that the modes' columns add up to the whole, row by row, natively,
# under EPT and under shadow paging, with and without a processor's caches and prices.
. "$(dirname "$0")/in_kernel.sh"

# rows SECTION: "name value" of each counter in that object of the JSON
rows() {
	awk -v section="\"$1\":" '
	$1 == section && /^  "/ { inside = 1; next }
	/^  }/ { inside = 0 }
	inside && /^    "/ && $2 ~ /^[0-9]/ { gsub(/[":,]/, ""); print $1, $2 }' "$TMP/json"
}

value() { # SECTION NAME
	rows "$1" | awk -v name="$2" '$1 == name { print $2 }'
}

# Rows of all sections that do not add up, and how many rows there are. Names with a dot are of the caches: of the whole alone.
sums() {
	{
		rows user | sed 's/^/+ /'
		rows kernel | sed 's/^/+ /'
		rows vmm | sed 's/^/+ /'
		rows counters | sed 's/^/- /'
	} | awk '
	$2 ~ /[.]/ { next }
	$1 == "+" { sum[$2] += $3 }
	$1 == "-" { rows++; if (sum[$2] != $3) print $2, sum[$2], "of", $3 }
	END { print (rows > 80 ? "all rows" : rows " rows") }'
}

# count x price over all causes and VM exits
booked() {
	awk '/"count":/ { gsub(/,/, ""); count = $2 } /"price":/ { gsub(/,/, ""); sum += count * $2 } END { printf "%d\n", sum }' "$TMP/json"
}

run() { # OPTION... PROGRAM
	"$VTXRAY" exec --json "$TMP/json" "$@" >/dev/null 2>"$TMP/err" </dev/null
	status=$?
}

gcc -nostdlib -static -DLOOPS=100000 -DPAGES=50 -o "$TMP/exact" "$HERE/exact.S" || exit 1
for options in '--paging native' '--paging ept' '--paging ept --ept-page 2m' '--paging shadow' '--paging shadow --shadow-unsync off'; do
	# shellcheck disable=SC2086 # options are words
	run $options "$TMP/exact"
	is "exact, $options: user instructions" 200158 "$(value user instructions)"
	is "exact, $options: user stores" 50 "$(value user stores)"
	is "exact, $options: page faults of the user" 51 "$(value user exc_pf)"
	is "exact, $options: all are the user's" 51 "$(value counters exc_pf)"
	is "exact, $options: sums" 'all rows' "$(sums)"
	for cpu in '' '--cpu skylake'; do
		# shellcheck disable=SC2086
		run $options $cpu "$PROGRAMS/forkwait" 5
		is "forkwait, $options $cpu: sums" 'all rows' "$(sums)"
		is "forkwait, $options $cpu: the VMM enters, others exit" "0 0 $(value counters vm_exits)" \
			"$(value user vm_entries) $(value vmm vm_exits) $(($(value user vm_exits) + $(value kernel vm_exits)))"
		[ -z "$cpu" ] || is "forkwait, $options $cpu: cycles are booked" "$(value counters cycles)" "$(booked)"
	done
done
run --paging native "$TMP/exact"
is 'natively there is no VMM' '0 0' "$(value vmm cycles) $(value vmm instructions)"
run --paging ept --max-insns 500K "$PROGRAMS/gups"
is 'a life cut short: status' 124 $status
is 'a life cut short: sums' 'all rows' "$(sums)"
[ "$(value user instructions)" -gt 1000 ]
is 'a life cut short: something of the user' 0 $?
"$VTXRAY" run --json "$TMP/json" --module "$TMP/exact=/bin/exact" "$VTXRAY_KERNEL" -- init=/bin/exact >/dev/null 2>&1
is 'vtxray run counts everything, not apart' '' "$(value user instructions)"
[ "$(value counters instructions)" -gt 300000 ]
is 'the start of the kernel with it' 0 $?

cases_end
