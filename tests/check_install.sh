#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make install into an empty place: the program there finds its files, a program uses the library by pkg-config (shared and static), the
# manual pages are well formed, completion completes; make uninstall leaves nothing.
set -u
VTXRAY=${VTXRAY:-build/release/vtxray}
MODE=$(basename "$(dirname "$VTXRAY")")
HERE=$(dirname "$0")
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
unset VTXRAY_KERNEL VTXRAY_DATA
cases=0 failed=0

# is NAME WANTED GOT
is() {
	cases=$((cases + 1))
	[ "$2" = "$3" ] && return
	failed=$((failed + 1))
	printf '%s:\n%s\nshould be:\n%s\n' "$1" "$3" "$2"
}
# whatever `make` above us was told, the makes here are of their own
run_make() { env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s MODE="$MODE" DESTDIR="$TMP/stage" PREFIX=/opt/vtxray "$@"; }
sanitizers=''
case $MODE in asan) sanitizers='-fsanitize=address,undefined' ;; ubsan) sanitizers='-fsanitize=undefined' ;; cov) sanitizers=--coverage ;; esac

out=$(run_make install 2>&1)
is 'make install' "installed into $TMP/stage/opt/vtxray" "$(echo "$out" | tail -n 1)"
root=$TMP/stage/opt/vtxray
# moved: it must not depend on where it was installed
mv "$TMP/stage" "$TMP/moved"
mkdir "$TMP/elsewhere"
here=$PWD
installed=$TMP/moved/opt/vtxray
gcc -O1 -static -o "$TMP/hello" "$HERE/kernel/hello.c" || exit 1
unset HOME # the guest's environment is empty too
wanted=$("$TMP/hello" a 'b c')
is 'installed vtxray exec finds its kernel' "$wanted" "$(cd "$TMP/elsewhere" && "$installed/bin/vtxray" exec "$TMP/hello" a 'b c' </dev/null 2>"$TMP/err")"
is 'and its profiles' "$("$VTXRAY" cpus)" "$(cd "$TMP/elsewhere" && "$installed/bin/vtxray" cpus 2>&1)"
is 'a workload program is there' "$(sed -n 's/^segv /segv: checksum /p' workloads/programs/expected)" \
	"$("$installed/bin/vtxray" exec "$installed/share/vtxray/programs/segv" </dev/null 2>"$TMP/err")"
mkdir "$TMP/empty"
is 'a folder without kernel: what is missing' 'vtxray: the guest kernel is not there: make images, or name it in VTXRAY_KERNEL' \
	"$(VTXRAY_DATA=$TMP/empty "$installed/bin/vtxray" exec "$TMP/hello" 2>&1)"

# ---- the library
export PKG_CONFIG_PATH=$installed/lib/pkgconfig
pc() { pkg-config --define-variable=prefix="$installed" "$@" vtxray; }
is 'its version' "$("$VTXRAY" --version | sed 's/.* //')" "$(pc --modversion)"
report='status 42, instructions 1, cycles 1, EPT references'
wanted="libvtxray $(pc --modversion)
$("$TMP/hello")
$report 0
$("$TMP/hello")
$report 1
$("$TMP/hello")
$report 0"
# shellcheck disable=SC2046,SC2086 # flags are words
gcc -Wall -Wextra -Werror $sanitizers -o "$TMP/count" "$HERE/install/count.c" $(pc --cflags --libs) 2>&1
is 'a program with the shared library' "$wanted
status 0" "$(VTXRAY_DATA=$installed/share/vtxray LD_LIBRARY_PATH=$installed/lib "$TMP/count" "$TMP/hello" 2>&1; echo "status $?")"
# shellcheck disable=SC2046,SC2086 # flags are words
gcc $sanitizers -o "$TMP/count-static" "$HERE/install/count.c" $(pc --cflags) $(pc --static --libs | sed 's/-lvtxray/-l:libvtxray.a/') 2>&1
is 'a program with the archive' "$wanted
status 0" "$(VTXRAY_DATA=$installed/share/vtxray "$TMP/count-static" "$TMP/hello" 2>&1; echo "status $?")"
interface=$(grep -o 'vtxray_[a-z_]*(' emu/vtxray.h | tr -d '(' | sort -u)
is 'the shared library exports the interface' "$interface" "$(nm -D --defined-only "$installed/lib/libvtxray.so" | sed -n 's/.* T //p' | sort)"
is 'the archive too' "$interface" "$(nm -g --defined-only "$installed/lib/libvtxray.a" | sed -n 's/.* T //p' | sort)"
echo '#include <vtxray.h>' >"$TMP/header.cc"
# shellcheck disable=SC2046 # flags are words
is 'the header is good C++ too' '' "$(g++ -Wall -Wextra -Werror -fsyntax-only $(pc --cflags) "$TMP/header.cc" 2>&1)"

# ---- manual pages
commands=$("$VTXRAY" help | sed -n 's/^  vtxray \([a-z][a-z-]*\) .*/\1/p')
for page in vtxray $commands; do
	[ "$page" = vtxray ] || page=vtxray-$page
	file=$installed/share/man/man1/$page.1
	is "$page(1): no warning" '' "$(groff -man -ww -Tutf8 "$file" 2>&1 >"$TMP/page" | head -n 5)"
	is "$page(1): its name" 1 "$(sed 's/\x1b\[[0-9;]*m//g; s/.\x08//g' "$TMP/page" | grep -cE "^       $page +[-−‐] ")"
done
for command in $commands; do
	options=$("$VTXRAY" "$command" --help | grep -oE -- '^ {2,6}(-., )?--[a-z-]+' | grep -o -- '--.*' | sort)
	is "vtxray-$command(1) has all options" "$options" "$(sed 's/\\f[BIR]//g; s/\\-/-/g' "$installed/share/man/man1/vtxray-$command.1" |
		grep -A1 '^\.TP' | grep -oE -- '^(-., )?--[a-z-]+' | grep -o -- '--.*' | sort)"
done

# ---- completion
complete_at() { # WORD...: the last one is completed
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
	_vtxray
	echo "${COMPREPLY[*]}"
}
# shellcheck disable=SC1090 # the installed file
. "$installed/share/bash-completion/completions/vtxray"
v=$installed/bin/vtxray
is 'completion: a command' 'exec explain' "$(complete_at "$v" ex | tr ' ' '\n' | grep -x 'exec\|explain' | sort | paste -sd' ')"
is 'completion: options' '--ept-levels --ept-page' "$(complete_at "$v" run --ept-)"
is 'completion: values' 'native' "$(complete_at "$v" run --paging n)"
is 'completion: a workload' gups "$(complete_at "$v" compare gu)"
is 'completion: a mode' agile "$(complete_at "$v" compare --modes ag)"
is 'completion: what a trace holds' 'walk' "$(complete_at "$v" run --trace-what w)"
is 'completion: on|off from the help' 'on off' "$(complete_at "$v" run --vpid '')"
is 'completion: what VM exits are added up by' 'vmexit ioport msr cr rip page' "$(complete_at "$v" exits --event '')"
is 'completion: formats of traces' 'lackey din champsim' "$(complete_at "$v" trace --as '' | tr ' ' '\n' | grep -x 'lackey\|din\|champsim' | paste -sd' ')"
is 'completion: profiles' 'skylake' "$(complete_at "$v" run --cpu = sky)"
is 'completion: files' "$TMP/hello" "$(complete_at "$v" exec "$TMP/hel")"
for kind in $(_vtxray_values run --paging); do
	is "what is completed is taken: --paging $kind" 0 "$("$VTXRAY" run --paging "$kind" --max-insns 1 "${IMAGES:-build/images}/paging.elf" >/dev/null 2>&1
		[ $? -ne 2 ]; echo $?)"
done

# ---- away again
cd "$here" || exit 1
mv "$TMP/moved" "$TMP/stage"
is 'what is installed is listed' "$(cd "$TMP/stage" && find . ! -type d | sed 's/^\.//' | sort)" "$(sort "$root/share/vtxray/installed")"
touch "$root/lib/of-another" "$root/share/man/man1/other.1"
is 'make uninstall' '' "$(run_make uninstall 2>&1)"
is 'leaves what is not its own, and nothing else' '/opt/vtxray/lib/of-another
/opt/vtxray/share/man/man1/other.1' "$(cd "$TMP/stage" && find . ! -type d | sed 's/^\.//' | sort)"
is 'no folder of its own' '' "$(find "$TMP/stage" -name 'vtxray' -path '*/share/*')"
run_make uninstall >"$TMP/out" 2>&1
is 'a second uninstall says why not' "uninstall: no $root/share/vtxray/installed: nothing is installed there" "$(head -n 1 "$TMP/out")"

echo "$((100 * (cases - failed) / cases))%: Checks: $cases, Failures: $failed, Errors: 0"
[ "$failed" -eq 0 ]
