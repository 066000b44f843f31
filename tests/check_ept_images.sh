#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every guest image ends alike, with the same console output, natively and as the guest of the built-in EPT VMM, with every page size.
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

# compare IMAGE MEMORY PAGES...
compare() {
	image=$1 mem=$2
	shift 2
	native=$(run "$work/native" --mem "$mem" "$image")
	for page; do
		checks=$((checks + 1))
		status=$(run "$work/ept" --mem "$mem" --paging ept --ept-page "$page" "$image")
		[ "$status" = "$native" ] && cmp -s "$work/native" "$work/ept" && continue
		echo "check_ept_images: ${image##*/} with $page pages, --mem $mem: status $status, natively $native"
		diff "$work/native" "$work/ept" | head -5
		grep vtxray: "$work/stderr"
		failed=$((failed + 1))
	done
}

for image in "$images"/*.elf; do
	compare "$image" 128M 4k 2m
	compare "$image" 1280M 1g
done
# 5-level EPT, with a dirty log: the same again, and the log is sorted, of whole frames, and has the page tables in it
native=$(run "$work/native" "$images/paging.elf")
status=$(run "$work/ept" --paging ept --ept-levels 5 --log-dirty "$work/dirty" "$images/paging.elf")
checks=$((checks + 2))
if [ "$status" != "$native" ] || ! cmp -s "$work/native" "$work/ept"; then
	failed=$((failed + 1))
	echo "check_ept_images: 5 levels: status $status"
fi
if [ "$(grep -c '^0x[0-9a-f]*000$' "$work/dirty")" -le 2433 ] || ! sort -c "$work/dirty"; then
	failed=$((failed + 1))
	echo "check_ept_images: dirty log"
fi
echo "$((100 * (checks - failed) / checks))%: Checks: $checks, Failures: $failed, Errors: 0"
[ "$failed" -eq 0 ]
