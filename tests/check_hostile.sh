#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that crash, never end, or want everything: each ends with its signal, its error or the limit, the same in every mode. Files that
# are no programs for the guest kernel: refused, with what to do. The progress line.
. "$(dirname "$0")/in_kernel.sh"

gcc -O1 -static -pthread -o "$TMP/hostile" "$HERE/hostile.c" || exit 1

# ends WAY STATUS OUTPUT OPTION...
ends() {
	way=$1 status=$2 output=$3
	shift 3
	for paging in $modes; do
		timeout 60 "$VTXRAY" exec --paging "$paging" --mem 64M "$@" "$TMP/hostile" "$way" </dev/null >"$TMP/out" 2>"$TMP/err"
		is "$way, $paging: status" "$status" $?
		is "$way, $paging" "$output" "$(head -n 1 "$TMP/out"; grep '^vtxray\|^kernel' "$TMP/err")"
	done
}

modes='native ept shadow'
ends crash 139 ''
ends jump 139 ''
ends privileged 139 ''
ends port 139 ''
ends recursion 139 ''
ends huge 3 'Cannot allocate memory'
ends descriptors 3 'Too many open files'
modes='native shadow'
ends loop 124 '' --max-insns 5M
ends chatter 124 chatter --max-insns 1M
ends threads 3 'Resource temporarily unavailable' --mem 32M
ends file 137 'kernel: out of memory: process 2 (hostile) is killed' --mem 24M

ends semaphores 3 'Cannot allocate memory'
ends segments 3 'No space left on device'
gcc -D_GNU_SOURCE -O1 -static -o "$TMP/random" "$HERE/random.c" || exit 1
is 'random arguments' alive "$(timeout 100 "$VTXRAY" exec --quiet "$TMP/random" 2>"$TMP/err" </dev/null | head -n 1; grep '^kernel' "$TMP/err")"

# refused FILE WHY: the whole line
refused() {
	got=$(timeout 60 "$VTXRAY" exec "$1" 2>&1 </dev/null; echo "status $?")
	is "refused: $1" "vtxray: $1: $2
status 2" "$got"
}

# a copy of the program with bytes changed: patch NAME OFFSET OCTAL-BYTES
patch() {
	cp "$TMP/hostile" "$TMP/$1"
	# shellcheck disable=SC2059 # the format is the bytes
	printf "$3" | dd of="$TMP/$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

echo 'int main(void) { return 0; }' >"$TMP/empty.c"
gcc -o "$TMP/dynamic" "$TMP/empty.c" && gcc -c -o "$TMP/object" "$TMP/empty.c" || exit 1
gcc -static -Wl,-z,x86-64-v3 -o "$TMP/v3" "$TMP/empty.c" || exit 1
patch small 4 '\001'	   # ELFCLASS32
patch i386 18 '\003\000'   # EM_386
patch arm64 18 '\267\000'  # EM_AARCH64
patch entries 54 '\007\000' # e_phentsize
patch far 32 '\377\377\377\377\377\377\377\177' # e_phoff
head -c 40 "$TMP/hostile" >"$TMP/cut"
printf 'words\n' >"$TMP/text"
printf '#!/bin/tool -x\n' >"$TMP/script"
printf '#! \n' >"$TMP/nobody"
: >"$TMP/nothing"
refused "$TMP/dynamic" 'dynamically linked: link it with -static'
refused "$TMP/object" 'an object file: link it (gcc -static)'
refused "$TMP/v3" 'it says that it needs AVX, which the processor modelled does not have: compile it with -march=x86-64-v2'
refused "$TMP/small" 'a 32-bit program: compile it with -m64'
refused "$TMP/i386" 'a 32-bit program: compile it with -m64'
refused "$TMP/arm64" 'a program for ARM64, not for x86-64: compile it with gcc for x86-64 (x86_64-linux-gnu-gcc)'
refused "$TMP/entries" 'its ELF header is damaged: wrong size or number of program headers'
refused "$TMP/far" 'it is cut short: its program headers lie beyond its end'
refused "$TMP/cut" 'it is cut short, in its ELF header'
refused "$TMP/text" 'not a program: neither ELF nor a script that begins with #!'
refused "$TMP/nothing" 'not a program: neither ELF nor a script that begins with #!'
refused "$TMP/script" 'a script for /bin/tool, which is not in the guest: give a static one with --file HOST:/bin/tool'
refused "$TMP/nobody" 'a script without the path of an interpreter in its first line'
refused "$TMP/missing" 'No such file or directory'
# shellcheck disable=SC2016 # the guest's shell expands it
printf '#!/bin/sh\necho from the script $1\n' >"$TMP/hello"
got=$(timeout 60 "$VTXRAY" exec --file "$(command -v busybox)":/bin/sh "$TMP/hello" 5 2>"$TMP/err" </dev/null)
is 'a script with its interpreter in the guest is run' 'from the script 5' "$got"

echo 'int main(void) { asm volatile("vpxor %ymm0, %ymm0, %ymm0"); return 0; }' >"$TMP/avx.c"
gcc -static -o "$TMP/avx" "$TMP/avx.c" || exit 1
for paging in native ept shadow; do
	got=$(timeout 60 "$VTXRAY" exec --paging $paging "$TMP/avx" 2>&1 </dev/null | grep '^vtxray' | sed 's/0x[0-9a-f]*/HERE/'
		timeout 60 "$VTXRAY" exec --paging $paging "$TMP/avx" >/dev/null 2>&1 </dev/null; echo "status $?")
	is "an AVX instruction is named, $paging" 'vtxray: the program died of an AVX instruction (rip HERE), which the processor modelled does not have: compile it with -march=x86-64-v2, or without -mavx
status 132' "$got"
done

# at_terminal COMMAND...: on a pseudo-terminal, what it shows in $TMP/terminal; 137: it did not end
at_terminal() { timeout -k 1 40 script -qec "$*" /dev/null </dev/null >"$TMP/terminal" 2>&1; }

# the progress line: on a terminal only, and it changes no count
count() { sed -n 's/^ *"\(instructions\|cycles\|walk_refs\|itlb_misses\|dtlb_lookups\)": //p' "$1"; }
timeout -k 20 -s INT 2 "$VTXRAY" exec "$TMP/hostile" loop >"$TMP/terminal" 2>&1 </dev/null
is 'none elsewhere' '' "$(grep 'million instructions, ' "$TMP/terminal")"
if timeout 20 script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	at_terminal timeout -k 20 -s INT 3 "$VTXRAY" exec "$TMP/hostile" loop
	is 'Ctrl-C at a terminal' 124 $?
	is 'progress on a terminal' yes "$(grep -q 'million instructions, .* million a second' "$TMP/terminal" && echo yes)"
	at_terminal timeout -k 20 -s INT 2 "$VTXRAY" exec -q "$TMP/hostile" loop
	is 'none with --quiet' '' "$(grep 'million instructions, ' "$TMP/terminal")"
	# the end of script's own input is typed at the terminal: in the background, where this shell's second command is put, it is not read
	at_terminal "true; timeout -k 20 -s INT 2 $VTXRAY exec -q $TMP/hostile loop; echo ended by \$?"
	is 'in the background of a terminal a signal ends it' yes "$(grep -q 'ended by 124' "$TMP/terminal" && echo yes)"
	at_terminal "$VTXRAY" exec --max-insns 15M --console /dev/null --json "$TMP/with" "$TMP/hostile" chatter
	"$VTXRAY" exec --max-insns 15M --console /dev/null --json "$TMP/without" "$TMP/hostile" chatter >/dev/null 2>&1 </dev/null
	is 'the same counts' "$(count "$TMP/without")" "$(count "$TMP/with")"
else
	echo "no pseudo-terminals on this machine (/dev/pts): progress on one is not tested"
fi

cases_end
