#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The workload suite: each program prints its expected checksum, on the host, and in the guest kernel with small and with large pages.
set -u
VTXRAY=${VTXRAY:-build/release/vtxray}
KERNEL=${IMAGES:-build/images}/kernel.elf
PROGRAMS=$(dirname "${IMAGES:-build/images}")/programs
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
cases=0 failed=0

verdict() { # NAME WANTED-STATUS STATUS
	cases=$((cases + 1))
	[ "$2" = "$3" ] && [ "$(cat "$TMP/got")" = "$line" ] && return
	failed=$((failed + 1))
	echo "$1: exit status $3, should be $2; '$(cat "$TMP/got")', should be '$line'"
	grep -h 'vtxray:\|kernel:' "$TMP/err"
}

in_guest() { # NAME OPTION...
	program=$1
	shift
	timeout 120 "$VTXRAY" run --mem 128M --module "$PROGRAMS/$program=/bin/$program" "$KERNEL" -- "$@" "init=/bin/$program" \
		</dev/null >"$TMP/got" 2>"$TMP/err"
	verdict "$program $*" 1 $?
}

while read -r name checksum; do
	line="$name: checksum $checksum"
	"$PROGRAMS/$name" >"$TMP/got" 2>"$TMP/err"
	verdict "$name on the host" 0 $?
	in_guest "$name"
	case $name in
	cow | pagefault | mmapchurn | forkwait | gups) in_guest "$name" user=2m direct=1g pcid=on ;;
	esac
	cases=$((cases + 1))
	"$VTXRAY" workloads | grep -q "^$name .*\] *$checksum  [^ ]" || { echo "vtxray workloads does not list $name"; failed=$((failed + 1)); }
done <workloads/programs/expected
for program in "$PROGRAMS"/*; do
	[ -x "$program" ] || continue
	grep -q "^${program##*/} " workloads/programs/expected || { echo "$program: no expected checksum"; failed=$((failed + 1)) cases=$((cases + 1)); }
done

echo "$((100 * (cases - failed) / cases))%: Checks: $cases, Failures: $failed, Errors: 0"
[ "$failed" -eq 0 ]
