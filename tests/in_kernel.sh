# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# For scripts that run programs in the guest kernel: to be sourced. They count cases, and end with `cases_end`.
set -u
VTXRAY=${VTXRAY:-build/release/vtxray}
VTXRAY_KERNEL=${IMAGES:-build/images}/kernel.elf
PROGRAMS=$(dirname "${IMAGES:-build/images}")/programs
export VTXRAY_KERNEL
HERE=$(dirname "$0")/kernel LC_ALL=C
export LC_ALL
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
cases=0 failed=0

# is NAME WANTED GOT
is() {
	cases=$((cases + 1))
	[ "$2" = "$3" ] && return
	failed=$((failed + 1))
	printf '%s:\n%s\nshould be:\n%s\n' "$1" "$3" "$2"
}

cases_end() {
	echo "$((100 * (cases - failed) / cases))%: Checks: $cases, Failures: $failed, Errors: 0"
	[ "$failed" -eq 0 ]
}
