#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line as a user meets it: exit statuses, messages, console and JSON files, signals, the terminal. The guests are boot
# sectors of a few instructions, assembled here.
# shellcheck disable=SC2016 # facts given as shell text are for eval
. "$(dirname "$0")/facts.sh"
HERE=$(cd "$(dirname "$0")" && pwd)

guest() { # NAME: assembles standard input into the flat binary $TMP/NAME
	as --32 -o "$TMP/$1.o" - && ld -m elf_i386 -Ttext 0x7c00 -e 0 --oformat binary -o "$TMP/$1" "$TMP/$1.o"
}

# run STATUS ARGUMENT...: runs vtxray with the arguments; its output is left in $TMP/out and $TMP/err
run() {
	local expected=$1 status
	shift
	timeout -k 5 20 "$VTXRAY" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
	status=$?
	[ "$status" -eq "$expected" ] || { echo "exit status $status, expected $expected"; return 1; }
}

# usage MESSAGE ARGUMENT...: bad usage: status 2, nothing on standard output, the message in the first line of standard error
usage() {
	local message=$1
	shift
	run 2 "$@" && [ ! -s "$TMP/out" ] && head -n 1 "$TMP/err" | grep -qF -- "$message"
}

counter() { jq -e ".counters.$1" "$TMP/json"; }

guest exit16 <<'END'
.code16
	mov $16, %al
	out %al, $0xf4
END
guest hello <<'END'
.code16
	mov $msg, %si
	mov $6, %cx
	mov $0xe9, %dx
	rep outsb
	mov $0x8900, %dx
	mov $end, %si
	mov $8, %cx
	rep outsb
	hlt
msg:	.ascii "hello\n"
end:	.ascii "Shutdown"
END
guest loop <<'END'
.code16
1:	jmp 1b
END
guest halt <<'END'
.code16
	cli
	hlt
END
guest triple <<'END'
.code16
	lidt 0x7000
	int3
END
guest taskswitch <<'END'
.code16
	lgdt gdtr
	mov %cr0, %eax
	or $1, %eax
	mov %eax, %cr0
	ljmp $8, $protected
.code32
protected:
	mov $16, %ax
	mov %ax, %ds
	mov %ax, %ss
	mov $24, %ax
	ltr %ax
	ljmp $32, $0
	hlt
	.balign 8
gdt:	.quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x0000890070000067, 0x0000890071000067
gdtr:	.word 39
	.long gdt
END
guest echo <<'END'
.code16
	mov $0x3fd, %dx
1:	in (%dx), %al
	test $1, %al
	jz 1b
	mov $0x3f8, %dx
	in (%dx), %al
	out %al, $0xe9
	mov $0, %al
	out %al, $0xf4
END

# ---- usage
fact "no command is bad usage" usage "vtxray"
fact "an unknown command is named" usage "no command 'walk'" walk
fact "--help succeeds and lists run and explain" eval 'run 0 --help && grep -q "vtxray run" "$TMP/out" && grep -q "vtxray explain" "$TMP/out"'
fact "run --help succeeds and lists every option" eval 'run 0 run --help &&
	is "$(grep -cE -- "^ +(-., +)?--(mem|max-insns|console|json|module|verbose)\>" "$TMP/out")" 6'
fact "--version prints the version" eval 'run 0 --version && grep -q "^vtxray [0-9]" "$TMP/out"'
fact "an image is needed" usage "no image given" run
fact "one image only" usage "one image" run "$TMP/exit16" other
fact "an unknown option is named" usage "--frobnicate" run --frobnicate "$TMP/exit16"
while read -r size message; do
	fact "--mem $size: $message" usage "$message" run --mem "$size" "$TMP/exit16"
done <<'END'
lots not a number
-1M not a number
1MB only digits
1.5G only digits
99999999999999999999 too large
16777216T too large
4097 not a multiple of 4K
512K less than 1M
2T more than 1T
END
fact "--explain-entry without --vmx is refused" usage "--explain-entry goes with --vmx" run --explain-entry "$TMP/exit16"
fact "--max-insns 0 is refused" usage "at least 1" run --max-insns 0 "$TMP/exit16"
fact "--max-insns junk is refused" usage "only digits" run --max-insns 1x "$TMP/exit16"

# ---- files
printf '\177ELF junk' >"$TMP/badelf"
: >"$TMP/empty"
fact "a missing image is named in one line" eval 'run 2 run "$TMP/none" && [ "$(wc -l <"$TMP/err")" = 1 ] && grep -q "$TMP/none" "$TMP/err"'
fact "a bad ELF file is named, with an offset" eval 'run 2 run "$TMP/badelf" && grep -q "$TMP/badelf: offset 0x*[0-9a-f]*: " "$TMP/err"'
fact "an empty image is refused" usage "$TMP/empty" run "$TMP/empty"
fact "a directory is refused" usage "$TMP" run "$TMP"
fact "a JSON file that cannot be written is named" usage "$TMP/no/json" run --json "$TMP/no/json" "$TMP/exit16"
fact "a console file that cannot be written is named" usage "$TMP/no/console" run --console "$TMP/no/console" "$TMP/exit16"
fact "a full disk under the console is an error" eval 'run 2 run --console /dev/full "$TMP/hello" && grep -q "/dev/full: not all" "$TMP/err"'
fact "a full disk under the JSON is an error" eval 'run 2 run --json /dev/full "$TMP/hello" && grep -q "/dev/full: not all" "$TMP/err"'

# ---- how runs end
fact "port 0xF4: value << 1 | 1" run 33 run "$TMP/exit16"
fact "Shutdown at port 0x8900 is status 0" run 0 run "$TMP/hello"
fact "the console is all there is on standard output" eval 'run 0 run "$TMP/hello" && is "$(cat "$TMP/out")" hello'
fact "a triple fault is status 6, and said" eval 'run 6 run "$TMP/triple" && grep -q "triple fault" "$TMP/err"'
fact "HLT with interrupts off is status 8, and said" eval 'run 8 run "$TMP/halt" && grep -q "halted" "$TMP/err"'
fact "a task switch is status 4, and said" eval 'run 4 run "$TMP/taskswitch" && grep -qi "not modelled: .*task switch" "$TMP/err"'
fact "--max-insns is status 124" run 124 run --max-insns 1000 "$TMP/loop"
fact "--max-insns stops after exactly that many" eval 'run 124 run --max-insns 12k --json "$TMP/json" "$TMP/loop" && is "$(counter instructions)" 12000'
fact "counters come at every end" eval 'run 124 run --max-insns 1k "$TMP/loop" && grep -qE "^             1,000      instructions" "$TMP/err"'
ended_by() { # SIGNAL: sent while the guest runs; on a busy machine it takes a while until it does
	for seconds in 0.5 3 20; do
		status=0
		timeout -k 5 --preserve-status -s "$1" "$seconds" env --default-signal="$1" "$VTXRAY" run --json "$TMP/json" "$TMP/loop" >"$TMP/out" 2>"$TMP/err" || status=$?
		[ ! -s "$TMP/err" ] || break
	done
	return "$status"
}
fact "Ctrl-C is status 130, with counters" eval 'ended_by INT; is $? 130 && grep -q " instructions " "$TMP/err" && is "$(jq -r .end "$TMP/json")" interrupted'
fact "SIGTERM is status 143, with counters" eval 'ended_by TERM; is $? 143 && grep -q " instructions " "$TMP/err"'
fact "no standard input, output or error at all" eval '"$VTXRAY" run --json "$TMP/json" "$TMP/exit16" <&- >&- 2>&-; is $? 33 && jq -e .end "$TMP/json"'

# ---- console and JSON
fact "--console FILE gets the console, standard output nothing" eval 'run 0 run --console "$TMP/con" "$TMP/hello" && is "$(cat "$TMP/con")" hello && [ ! -s "$TMP/out" ]'
fact "standard input reaches COM1" eval 'printf x | "$VTXRAY" run "$TMP/echo" >"$TMP/out" 2>"$TMP/err"; is $? 1 && is "$(cat "$TMP/out")" x'
run 33 run --mem 3M --max-insns 99 --json "$TMP/json" "$TMP/exit16" -- a --mem b
for key in .version .configuration.image .configuration.tlbs.dtlb .end .exit_status .counters; do
	fact "JSON has $key" jq -e "$key" "$TMP/json"
done
fact "JSON has the settings" eval 'is "$(jq -c ".configuration | [.mem, .max_insns, .arguments]" "$TMP/json")" "[3145728,99,\"a --mem b\"]"'
fact "JSON has the end" eval 'is "$(jq -c "[.end, .exit_status]" "$TMP/json")" "[\"exit\",33]"'
names=$(sed -n 's/^EVENT([A-Z0-9_]*, "\([a-z0-9_]*\)".*/\1/p' "$HERE/../mmu/event.def")
fact "event.def has its names" eval '[ "$(echo "$names" | wc -w)" -gt 50 ]'
for name in cycles walks walk_refs $names; do
	fact "JSON counts $name" eval 'counter "$name" | grep -qE "^[0-9]+$"'
done
fact "the counts of two instructions" eval 'is "$(counter instructions) $(counter loads) $(counter stores) $(counter vm_exits)" "2 0 0 0"'
fact "JSON is the same in every run" eval 'cp "$TMP/json" "$TMP/json1" && run 33 run --mem 3M --max-insns 99 --json "$TMP/json" "$TMP/exit16" -- a --mem b &&
	cmp "$TMP/json" "$TMP/json1"'
fact "JSON to standard output" eval 'run 33 run --json - "$TMP/exit16" && jq -e .end "$TMP/out"'

# ---- the terminal
terminal() { script -qec "stty -a >'$TMP/before'; '$VTXRAY' run --max-insns 5000000 '$TMP/loop' 2>/dev/null; stty -a >'$TMP/after'" /dev/null </dev/null; }
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	fact "the terminal is as it was before" eval 'terminal; [ -s "$TMP/before" ] && cmp "$TMP/before" "$TMP/after"'
else
	echo "no pseudo-terminals on this machine (/dev/pts): the terminal is not tested"
fi

facts_end
