#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The guest kernel booted by a BIOS from a disk image, on Bochs and on QEMU: the program's output is that of vtxray and of the host.
set -u
VTXRAY=${VTXRAY:-build/release/vtxray}
IMAGES=${IMAGES:-build/images}
HERE=$(cd "$(dirname "$0")" && pwd)
DISK=$HERE/../workloads/disk
PROGRAMS=$(dirname "$IMAGES")/programs
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
cases=0 failed=0

same() { # NAME: $TMP/got is as $TMP/expected
	cases=$((cases + 1))
	cmp -s "$TMP/expected" "$TMP/got" && return
	failed=$((failed + 1))
	echo "$1 (should be on the left):"
	diff "$TMP/expected" "$TMP/got" | head -n 20
	cat "$TMP/err"
}

# boots PROGRAM OPTIONS WORDS
boots() {
	name=${1##*/}
	env -i "$1" ${3:+$3} >"$TMP/expected" 2>/dev/null </dev/null
	"$DISK/disk.sh" "$TMP/disk" "$IMAGES/kernel.elf" "$2 init=/bin/$name $3" "$1=/bin/$name" "$TMP/other=/data/other mode=644" || exit 1
	"$DISK/bochs.sh" "$TMP/disk" >"$TMP/got" 2>"$TMP/err"
	same "$name $2 on Bochs"
	timeout 60 qemu-system-x86_64 -accel tcg -cpu max,vendor=GenuineIntel -m 128 -drive "format=raw,file=$TMP/disk" -display none \
		-monitor none -serial stdio -device isa-debug-exit,iobase=0xf4,iosize=4 -no-reboot -nic none </dev/null >"$TMP/got" 2>"$TMP/err"
	same "$name $2 on QEMU"
	# shellcheck disable=SC2086 # words of the kernel
	"$VTXRAY" run "$IMAGES/kernel.elf" --module "$1=/bin/$name" -- $2 "init=/bin/$name" ${3:+"$3"} </dev/null >"$TMP/got" 2>"$TMP/err"
	same "$name $2 on vtxray"
}

seq 1000 >"$TMP/other"
gcc -O1 -static -o "$TMP/hello" "$HERE/kernel/hello.c" || exit 1
boots "$TMP/hello" '' word
boots "$PROGRAMS/segv" 'user=2m pcid=on' ''
boots "$PROGRAMS/forkwait" 'direct=4k' ''

echo "$((100 * (cases - failed) / cases))%: Checks: $cases, Failures: $failed, Errors: 0"
[ "$failed" -eq 0 ]
