#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vtxray exec: input, output, exit status, arguments, files; the same natively, under EPT and under shadow paging; what is refused, and what
# ends a program that asks for too much.
. "$(dirname "$0")/in_kernel.sh"

gcc -D_GNU_SOURCE -O1 -static -o "$TMP/greedy" "$HERE/greedy.c" || exit 1
gcc -D_GNU_SOURCE -O1 -static -o "$TMP/memory" "$HERE/memory.c" || exit 1
gcc -D_GNU_SOURCE -O1 -o "$TMP/dynamic" "$HERE/hello.c" || exit 1
bash=$(command -v bash-static) busybox=$(command -v busybox)
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

# folders in, files out
mkdir -p "$TMP/tree/sub/empty"
echo first >"$TMP/tree/a file"
: >"$TMP/tree/none"
chmod 600 "$TMP/tree/none"
ln -s 'a file' "$TMP/tree/link"
i=0
while [ $i -lt 300 ]; do echo $i >"$TMP/tree/sub/$i"; i=$((i + 1)); done
# shellcheck disable=SC2016
echo 'cd /in; cat link; for f in sub/*; do n=$((n + 1)); done; echo $n; cat <sub/299; [ -s none ] || echo empty
for i in 0 1 2 3 4 5 6 7 8 9; do echo "$i ${#PWD}"; done >/out; echo new >link; ln -s /out /to; : >/in/sub/empty/x' >"$TMP/script"
for options in '--paging native' '--paging ept' '--paging shadow'; do
	rm -f "$TMP/out" "$TMP/changed" "$TMP/zero"
	# shellcheck disable=SC2086
	got=$("$VTXRAY" exec $options --file "$TMP/tree/:/in" --file "$TMP/script:/script" --save /to:"$TMP/out" --save '/in/a file':"$TMP/changed" \
		--save /in/sub/empty/x:"$TMP/zero" "$busybox" sh /script 2>"$TMP/err" </dev/null; echo "status $?")
	is "a folder, $options" 'first
301
299
empty
status 0' "$got"
	is "files out, $options" '0 3 9 3 new 0' "$(head -n 1 "$TMP/out") $(tail -n 1 "$TMP/out") $(cat "$TMP/changed") $(wc -c <"$TMP/zero")"
done
is 'the host keeps what was not asked for' first "$(cat "$TMP/tree/a file")"
got=$("$VTXRAY" exec --save /none:"$TMP/no1" --save /bin:"$TMP/no2" --save /proc/self/maps:"$TMP/no3" --save "/bin/memory:$TMP/no/such/folder" \
	"$TMP/memory" 2>&1 >/dev/null </dev/null | grep vtxray:; ls "$TMP"/no* 2>/dev/null)
is 'files that cannot be taken are named' "vtxray: --save /none: in the guest: No such file or directory
vtxray: --save /bin: in the guest: Invalid argument
vtxray: --save /proc/self/maps: in the guest: Invalid argument
vtxray: --save: $TMP/no/such/folder: No such file or directory" "$got"
echo before >"$TMP/kept"
got=$("$VTXRAY" exec --max-insns 400K --save /bin/memory:"$TMP/kept" "$TMP/memory" 2>&1 </dev/null | grep -o 'the run ended.*'; cat "$TMP/kept")
is 'a run cut short leaves the host file alone' 'the run ended before the guest kernel had handed it out
before' "$got"
got=$("$VTXRAY" exec --file "$TMP/missing:/x" "$TMP/memory" 2>&1; echo "status $?")
is 'a missing file is named' "vtxray exec: --file $TMP/missing: No such file or directory
status 2" "$got"
mkfifo "$TMP/tree/pipe"
got=$("$VTXRAY" exec --file "$TMP/tree:/x" "$TMP/memory" 2>&1; echo "status $?")
is 'what is no file is named' "vtxray exec: --file $TMP/tree/pipe: neither a file nor a folder nor a symbolic link
status 2" "$got"

for word in foo=1 hz=99999 user=3m direct=3m pcid=o tty; do
	got=$("$VTXRAY" exec --kernel $word "$TMP/memory" </dev/null 2>&1; echo "status $?")
	is "--kernel $word is refused" '1 2' "$(printf '%s' "$got" | grep -c '^vtxray exec: --kernel') $(printf '%s' "$got" | sed -n 's/^status //p')"
done
got=$("$VTXRAY" run "$VTXRAY_KERNEL" -- nonsense=1 init=/x 2>&1 </dev/null | grep -c "^kernel: 'nonsense=1'")
is 'the kernel names a wrong word itself' 1 "$got"
got=$("$VTXRAY" exec --file "$TMP/memory:/bin/memory" "$TMP/memory" </dev/null 2>&1; echo "status $?")
is 'a file in the place of the program is refused' 'vtxray: --file: /bin/memory is where the program itself goes
status 2' "$got"
# shellcheck disable=SC2016 # busybox expands them
got=$("$VTXRAY" exec --save '/a\:b:'"$TMP/colon" "$busybox" sh -c 'echo "$0" >/a:b' </dev/null 2>/dev/null; cat "$TMP/colon")
is 'a colon in --save' sh "$(printf '%s' "$got" | tail -n 1)"
rm "$TMP/tree/pipe"
got=$("$VTXRAY" exec --file "$TMP/tree:/t" "$busybox" ls -l /t/link </dev/null 2>/dev/null | cut -c 1-10)
is 'links have the mode of links' lrwxrwxrwx "$got"
got=$("$VTXRAY" exec "$TMP/dynamic" 2>&1; echo "status $?")
is 'a dynamic program is refused' "vtxray: $TMP/dynamic: dynamically linked: link it with -static
status 2" "$got"
got=$("$VTXRAY" exec "$HERE/hello.c" 2>&1; echo "status $?")
is 'a text is refused' "vtxray: $HERE/hello.c: not a program: neither ELF nor a script that begins with #!
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

cases_end
