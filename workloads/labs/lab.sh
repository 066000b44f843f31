#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# lab.sh show LAB: says what to do.   lab.sh run LAB [ANSWER]: runs an answer without grading it, where a lab has that (run.sh).
# lab.sh grade LAB [ANSWER]: points and what is wrong; exit status 0 with full points, else 1.
# The environment names VTXRAY, IMAGES, LAB_BUILD and SEED. A lab's grade.sh does the rest, with what is defined here.
set -u
here=$(dirname "$0")
name=$2
lab=$here/$name
handout=$lab/handout.md
answer=$(sed -n 's/^answer: //p' "$lab/lab") beside=$(sed -n 's/^beside: /, /p' "$lab/lab" | sed 's/\([^,]\) /\1, /g')
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
got=0 all=0
# how the harnesses were compiled (sanitizers), and what they need
lab_libraries="$(cat "$LAB_BUILD/link" 2>/dev/null) -Wl,--as-needed -lunicorn -lcapstone -lelf -lzstd -llzma -lncursesw -ljansson -linih"

# points GOT MAX WHAT [WHY]: books points and says so; WHY is said when some are missing
points() {
	got=$((got + $1))
	all=$((all + $2))
	printf '  %3d of %3d  %s\n' "$1" "$2" "$3"
	[ "$1" -eq "$2" ] || [ -z "${4-}" ] || printf '              %s\n' "$4"
}

# limited SECONDS COMMAND...: in bounds of processor time (and six times as much of the clock's), memory and files' size; $why: why it ended, if not
# by itself. Its status is $status.
limited() {
	seconds=$1
	shift
	# shellcheck disable=SC3045 # dash and bash have it
	{
		(
			ulimit -t "$seconds"
			ulimit -f 200000
			case $lab_libraries in *-fsanitize*) ;; *) ulimit -v 8388608 ;; esac
			exec timeout -k 2 "$((6 * seconds))" "$@"
		) </dev/null >"$work/out" 2>"$work/err"
		status=$?
	} 2>/dev/null # the shell says Killed
	why=
	case $status in
	124 | 137 | 152) why="it did not come to an end in $seconds seconds: a loop?" ;;
	134 | 135 | 136 | 139) why="it crashed (signal $((status - 128))): look at pointers and indexes" ;;
	esac
}

# compile OUTPUT ARG...: the student's files; the compiler's words if it refuses. Warnings are shown and cost nothing.
compile() {
	output=$1
	shift
	gcc -std=gnu11 -O1 -g -Wall -Wextra -Wno-unused-parameter -o "$output" "$@" 2>"$work/compiler"
	compiled=$?
	[ $compiled -eq 0 ] || echo "  your file does not compile:"
	head -n 12 "$work/compiler"
	return $compiled
}

# image LAB: makes $work/lab.elf, a bootable image, of the lab's frame and the student's file; says why not
image() {
	compile "$work/lab.o" -m64 -ffreestanding -nostdlib -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none -mno-red-zone \
		-mgeneral-regs-only -I"$lab" -Iworkloads/vmx -Iworkloads/lib -c "$answer" || return
	if ! ld -m elf_x86_64 -z noexecstack --no-warn-rwx-segments -T workloads/lib/image.ld -o "$work/lab64.elf" \
		"$LAB_BUILD/$1/frame.o" "$work/lab.o" "$LAB_BUILD/libimage.a" 2>"$work/linker"; then
		echo "  it cannot be linked; there is no C library on the bare machine:"
		head -n 12 "$work/linker"
		return 1
	fi
	objcopy -O elf32-i386 "$work/lab64.elf" "$work/lab.elf"
}

# part MAX SECONDS COMMAND...: a command that prints lines "GOT MAX text|why" and notes
part() {
	part_max=$1
	shift
	limited "$@"
	if [ -n "$why" ] || ! grep -q '|' "$work/out"; then
		points 0 "$part_max" "${3-}" "${why:-it ended early: $(head -n 1 "$work/err")}"
		return
	fi
	while IFS='|' read -r line why; do
		case $line in
		note:*) echo "              ${line#note: }" && continue ;;
		[0-9]*) ;;
		*) continue ;;
		esac
		part_got=${line%% *} line=${line#* }
		points "$part_got" "${line%% *}" "${line#* }" "$why"
	done <"$work/out"
}

case $1 in
show)
	cat <<END
$name: read $handout, then change $lab/$answer$beside.
  make lab N=${name%%-*} grade                points, and what is wrong
  make lab N=${name%%-*} grade ANSWER=FILE    the same for another file
END
	[ ! -x "$lab/show.sh" ] || "$lab/show.sh"
	;;
run)
	answer=${3:-$lab/$answer}
	[ -r "$lab/run.sh" ] || { echo "$name: there is only make lab N=${name%%-*} grade"; exit 2; }
	[ -r "$answer" ] || { echo "lab: $answer: cannot be read"; exit 2; }
	# shellcheck source=/dev/null
	. "$lab/run.sh"
	;;
grade)
	answer=${3:-$lab/$answer}
	[ -r "$answer" ] || { echo "lab: $answer: cannot be read"; exit 2; }
	# shellcheck source=/dev/null
	. "$lab/grade.sh"
	echo "$name: $got of $all points"
	[ "$got" -eq "$all" ]
	;;
esac
