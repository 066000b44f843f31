#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Unmodified static programs in the guest kernel: output and exit status are those of the same file run by the host.
set -u
VTXRAY=${VTXRAY:-build/release/vtxray}
KERNEL=${IMAGES:-build/images}/kernel.elf
HERE=$(dirname "$0")/kernel
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
cases=0 failed=0
OPTIONS='' # of the kernel, for the next cases
SCRIPT=''  # a file that the program finds in its working directory

# encode WORD...: as the kernel's command line wants them
encode() {
	for word in "$@"; do
		printf ' %s' "$(printf '%s' "${word:-\\e}" | sed -e 's/\\\([^e]\|$\)/\\\\\1/g' -e 's/ /\\s/g' -e 's/	/\\t/g' | awk '{ printf "%s%s", sep, $0; sep = "\\n" }')"
	done
}

verdict() { # NAME WANTED-STATUS STATUS
	cases=$((cases + 1))
	if [ "$2" = "$3" ] && cmp -s "$TMP/expected" "$TMP/got"; then return; fi
	failed=$((failed + 1))
	echo "$1: exit status $3, should be $2; output (should be on the left):"
	diff "$TMP/expected" "$TMP/got" | head -n 20
	grep -h 'vtxray:\|kernel:' "$TMP/err"
}

# on_vtxray NAME PROGRAM ARGUMENT...: on the host and in the guest; standard input is $TMP/input
on_vtxray() {
	name=$1 program=$2
	shift 2
	rm -rf "$TMP/work"
	mkdir "$TMP/work"
	[ -z "$SCRIPT" ] || cp "$SCRIPT" "$TMP/work"
	(cd "$TMP/work" && exec env -i HOME=/root PATH=/bin "$program" "$@" <"$TMP/input" >"$TMP/expected" 2>/dev/null) 2>/dev/null
	status=$?
	# shellcheck disable=SC2086 # options are words
	timeout 120 "$VTXRAY" run --mem 128M --module "$program=/bin/${program##*/}" --module "$TMP/nothing=/home type=dir" \
		${SCRIPT:+--module "$SCRIPT=/home/${SCRIPT##*/}"} "$KERNEL" -- $OPTIONS cwd=/home env=HOME=/root env=PATH=/bin \
		"init=/bin/${program##*/}$(encode "$@")" <"$TMP/input" >"$TMP/got" 2>"$TMP/err"
	verdict "$name" $(((status << 1 | 1) & 255)) $?
}

on_qemu() {
	name=$1 program=$2
	shift 2
	env -i HOME=/root PATH=/bin "$program" "$@" </dev/null >"$TMP/expected" 2>/dev/null
	status=$?
	timeout 60 qemu-system-x86_64 -accel tcg -cpu max,vendor=GenuineIntel -m 128 -kernel "$KERNEL" -initrd "$program /bin/${program##*/}" \
		-append "$OPTIONS env=HOME=/root env=PATH=/bin init=/bin/${program##*/}$(encode "$@")" -display none -monitor none \
		-serial stdio -device isa-debug-exit,iobase=0xf4,iosize=4 -no-reboot -nic none </dev/null >"$TMP/got" 2>"$TMP/err"
	verdict "$name (QEMU)" $(((status << 1 | 1) & 255)) $?
}

: >"$TMP/input"
echo >"$TMP/nothing"
gcc -O2 -static -o "$TMP/hello" "$HERE/hello.c" || exit 1
gcc -O2 -static-pie -o "$TMP/hello-pie" "$HERE/hello.c" || exit 1
musl-gcc -O2 -static -o "$TMP/hello-musl" "$HERE/hello.c" || exit 1

for p in hello hello-pie hello-musl; do
	on_vtxray "$p" "$TMP/$p" one 'two words' '' 'back\slash'
	on_qemu "$p" "$TMP/$p" one 'two words' '' 'back\slash'
done
for OPTIONS in 'direct=4k' 'direct=1g user=2m' 'pcid=on' 'user=2m pcid=on hz=1000'; do
	on_vtxray "hello with $OPTIONS" "$TMP/hello"
done
OPTIONS='direct=1g user=2m'
on_qemu 'hello with direct=1g user=2m' "$TMP/hello"
OPTIONS=''

for p in threads signals memory; do
	gcc -D_GNU_SOURCE -O1 -static -o "$TMP/$p" "$HERE/$p.c" || exit 1
	musl-gcc -D_GNU_SOURCE -O1 -static -o "$TMP/$p-musl" "$HERE/$p.c" || exit 1
	on_vtxray "$p" "$TMP/$p"
	on_vtxray "$p-musl" "$TMP/$p-musl"
done
for OPTIONS in 'direct=4k pcid=on hz=5000' 'direct=1g user=2m'; do
	for p in threads signals memory; do
		on_vtxray "$p with $OPTIONS" "$TMP/$p"
	done
done
OPTIONS=''
on_qemu signals "$TMP/signals"

printf 'standard\ninput\n' >"$TMP/input"
SCRIPT=$HERE/busybox.sh
on_vtxray busybox.sh "$(command -v busybox)" sh busybox.sh
SCRIPT=$HERE/bash.sh
on_vtxray bash.sh "$(command -v bash-static)" bash.sh

echo "$((100 * (cases - failed) / cases))%: Checks: $cases, Failures: $failed, Errors: 0"
[ "$failed" -eq 0 ]
