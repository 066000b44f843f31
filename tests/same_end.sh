# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# For scripts that compare an image's end natively with its end as a guest of a built-in VMM: to be sourced.
set -u
vtxray=${VTXRAY:-build/release/vtxray}
images=${IMAGES:-build/images}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checks=0 failed=0

# run FILE IMAGE OPTIONS: the console goes to FILE; the exit status to standard output
run() {
	console=$1
	shift
	timeout 120 "$vtxray" run --max-insns 2G --console "$console" "$@" </dev/null >/dev/null 2>"$work/stderr"
	echo $?
}

# natively IMAGE OPTIONS: what later calls of compare compare with
natively() {
	native=$(run "$work/native" "$@")
}

# compare IMAGE OPTIONS: the same console and status as natively?
compare() {
	checks=$((checks + 1))
	status=$(run "$work/hosted" "$@")
	[ "$status" = "$native" ] && cmp -s "$work/native" "$work/hosted" && return
	echo "$*: status $status, natively $native"
	diff "$work/native" "$work/hosted" | head -5
	grep vtxray: "$work/stderr"
	failed=$((failed + 1))
}

# finish: the closing line, and whether all was well
finish() {
	echo "$((100 * (checks - failed) / checks))%: Checks: $checks, Failures: $failed, Errors: 0"
	[ "$failed" -eq 0 ]
}
