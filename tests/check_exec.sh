#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vtxray exec: input, output, exit status, arguments, files; the same natively, under EPT and under shadow paging; what is refused, and what
# ends a program that asks for too much.
set -u
VTXRAY=${VTXRAY:-build/release/vtxray}
VTXRAY_KERNEL=${IMAGES:-build/images}/kernel.elf
export VTXRAY_KERNEL
HERE=$(dirname "$0")/kernel
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

gcc -D_GNU_SOURCE -O1 -static -o "$TMP/greedy" "$HERE/greedy.c" || exit 1
gcc -D_GNU_SOURCE -O1 -static -o "$TMP/memory" "$HERE/memory.c" || exit 1
gcc -D_GNU_SOURCE -O1 -o "$TMP/dynamic" "$HERE/hello.c" || exit 1
bash=$(command -v bash-static)
wanted=$(cd "$TMP" && ./memory)

for options in '--paging native' '--paging ept --ept-page 2m --guest-page 2m' '--paging=shadow'; do
	# shellcheck disable=SC2086 # options are words
	got=$("$VTXRAY" exec $options "$TMP/memory" </dev/null 2>"$TMP/err")
	is "output with $options" "$wanted" "$got"
done
# shellcheck disable=SC2016 # bash-static expands them
got=$(echo 'echo "$# $1 $2"; read -r l; echo "$l $V $PWD"; exit 200' >"$TMP/script"
	echo input | "$VTXRAY" exec --file "$TMP/script:/script" --env 'V=a b' --cwd /tmp "$bash" /script 'one  two' '' 2>"$TMP/err"
	echo "status $?")
is 'arguments, files, environment, directory, input, status' '2 one  two 
input a b /tmp
status 200' "$got"
got=$("$VTXRAY" exec "$TMP/dynamic" 2>&1; echo "status $?")
is 'a dynamic program is refused' "vtxray: $TMP/dynamic: dynamically linked: link it with -static
status 2" "$got"
got=$("$VTXRAY" exec "$HERE/hello.c" 2>&1; echo "status $?")
is 'a text is refused' "vtxray: $HERE/hello.c: not an ELF program (a script? run its interpreter, and give the script with --file)
status 2" "$got"
got=$("$VTXRAY" exec "$TMP/greedy" processes 2>"$TMP/err"; echo "status $?")
is 'a fork bomb gets EAGAIN' 'Resource temporarily unavailable
status 3' "$got"
got=$("$VTXRAY" exec --mem 32M "$TMP/greedy" memory 2>"$TMP/err"; echo "status $?"; grep -o 'kernel: out of memory' "$TMP/err")
is 'more memory than there is: killed' 'status 137
kernel: out of memory' "$got"
got=$("$VTXRAY" exec "$TMP/greedy" unknown 2>"$TMP/err"; echo "status $?"; grep 'kernel:' "$TMP/err")
is 'an unknown call is ENOSYS, and named once' 'Function not implemented
status 0
kernel: system call 300 is not there (ENOSYS)' "$got"

echo "$((100 * (cases - failed) / cases))%: Checks: $cases, Failures: $failed, Errors: 0"
[ "$failed" -eq 0 ]
