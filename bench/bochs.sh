#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bochs.sh ["PROGRAM ARGUMENT..."]...: the same kernel image with the same workload program, natively on vtxray and on Debian's Bochs, in
# turns; CSV.
#   workload        program and arguments
#   instructions    the guest's from the kernel's entry to the end, as vtxray counts them (what Bochs' BIOS executes before is not in it)
#   *_mips          millions of these a second of processor time (user and system); median of ROUNDS (5) rounds. From each time that of a program that only
#                   starts and ends was taken away: loading, BIOS, the kernel's start
#   ratio           median over the rounds of Bochs' time / vtxray's: above 1 vtxray is faster; ratio_min, ratio_max: the extremes
set -eu
VTXRAY=${VTXRAY:-build/release/vtxray}
IMAGES=${IMAGES:-build/images}
PROGRAMS=$(dirname "$IMAGES")/programs
ROUNDS=${ROUNDS:-5}
here=$(cd "$(dirname "$0")" && pwd)
disk=$here/../workloads/disk
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
[ $# -gt 0 ] || set -- 'gups 16M 1000000' 'btree 100000 200000' 'sort 300000' 'lz 1M' 'matmul 200' 'forkwait 400' 'pagefault 16M 10'

printf 'int main(void)\n{\n\treturn 0;\n}\n' | gcc -xc -O1 -static -o "$dir/nothing" -
seconds() { # COMMAND...: runs it, its output to $dir/said; its processor time on standard output
	local TIMEFORMAT='%3U %3S' status=0
	{ time "$@" >"$dir/said" 2>"$dir/err" </dev/null || status=$?; } 2>"$dir/time"
	awk '{ printf "%.3f", $1 + $2 }' "$dir/time"
	return "$status"
}
fail() {
	echo "bochs.sh: $1: $2" >&2
	exit 1
}
# Each leaves its seconds on standard output; arguments: program and its arguments.
on_vtxray() {
	local program=$1
	shift
	seconds "$VTXRAY" run --json "$dir/json" --module "$program=/bin/program" "$IMAGES/kernel.elf" -- init=/bin/program "$@" ||
		[ $? -eq 1 ] || fail "$program" 'failed on vtxray'
	cp "$dir/said" "$dir/out"
}
on_bochs() { # the disk
	seconds "$disk/bochs.sh" "$dir/disk" || fail "$1" "failed on Bochs: $(cat "$dir/err")"
}
make_disk() { # PROGRAM ARGUMENT...
	local program=$1
	shift
	"$disk/disk.sh" "$dir/disk" "$IMAGES/kernel.elf" "init=/bin/program $*" "$program=/bin/program"
}
instructions() { jq .counters.instructions "$dir/json"; }

make_disk "$dir/nothing"
: >"$dir/base"
for round in $(seq "$ROUNDS"); do echo "$(on_vtxray "$dir/nothing") $(on_bochs "$dir/nothing")" >>"$dir/base"; done
least=$(instructions)
echo 'workload,instructions,vtxray_mips,bochs_mips,ratio,ratio_min,ratio_max'
for workload in "$@"; do
	read -ra words <<<"$workload"
	make_disk "$PROGRAMS/${words[0]}" "${words[@]:1}"
	: >"$dir/times"
	for round in $(seq "$ROUNDS"); do
		vtxray=$(on_vtxray "$PROGRAMS/${words[0]}" "${words[@]:1}")
		bochs=$(on_bochs "$workload")
		cmp -s "$dir/out" "$dir/said" || fail "$workload" 'its output on Bochs is not that on vtxray'
		echo "$vtxray $bochs" >>"$dir/times"
	done
	awk -v program="$workload" -v n="$(($(instructions) - least))" '
	function median(a, count,   i, j, t) {
		for (i = 2; i <= count; i++)
			for (j = i; j > 1 && a[j - 1] > a[j]; j--) { t = a[j]; a[j] = a[j - 1]; a[j - 1] = t }
		return count % 2 ? a[(count + 1) / 2] : (a[count / 2] + a[count / 2 + 1]) / 2
	}
	function positive(x) { return x > 0.001 ? x : 0.001 }
	NR == FNR { v0[FNR] = $1; b0[FNR] = $2; rounds = FNR; next }
	FNR == 1 { v_base = median(v0, rounds); b_base = median(b0, rounds) }
	{ v[FNR] = positive($1 - v_base); b[FNR] = positive($2 - b_base); ratio[FNR] = b[FNR] / v[FNR]; count = FNR }
	END {
		middle = median(ratio, count)
		printf "%s,%d,%.1f,%.1f,%.2f,%.2f,%.2f\n", program, n, n / median(v, count) / 1e6, n / median(b, count) / 1e6, middle, ratio[1], ratio[count]
	}' "$dir/base" "$dir/times"
done
