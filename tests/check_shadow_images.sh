#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every guest image ends alike, with the same console output, natively and as the guest of the built-in shadow VMM: with and without leaf
# tables out of sync, with a pool of eight shadow pages, with and without a VPID.
set -u
vtxray=${VTXRAY:-build/release/vtxray}
images=${IMAGES:-build/images}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checks=0 failed=0

# run FILE OPTIONS: the console goes to FILE; the exit status to standard output
run() {
	console=$1
	shift
	timeout 120 "$vtxray" run --max-insns 2G --console "$console" "$@" </dev/null >/dev/null 2>"$work/stderr"
	echo $?
}

# compare IMAGE OPTIONS: under the shadow VMM with these options
compare() {
	image=$1
	shift
	checks=$((checks + 1))
	status=$(run "$work/shadow" --paging shadow "$@" "$image")
	[ "$status" = "$native" ] && cmp -s "$work/native" "$work/shadow" && return
	echo "check_shadow_images: ${image##*/} $*: status $status, natively $native"
	diff "$work/native" "$work/shadow" | head -5
	grep vtxray: "$work/stderr"
	failed=$((failed + 1))
}

for image in "$images"/*.elf; do
	native=$(run "$work/native" "$image")
	compare "$image"
	compare "$image" --shadow-unsync off --vpid off
	compare "$image" --shadow-pages 8
	compare "$image" --shadow-pages 8 --shadow-unsync off --shadow-unprotect 0
done
echo "$((100 * (checks - failed) / checks))%: Checks: $checks, Failures: $failed, Errors: 0"
[ "$failed" -eq 0 ]
