#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Traces as a user meets them: recorded runs have the counters of others, replays have theirs; formats of others are recognised and keep every
# address; what is cut, damaged or malformed ends with a line that says where, after the counters so far.
# shellcheck disable=SC2016 # facts given as shell text are for eval
. "$(dirname "$0")/facts.sh"

# run STATUS ARGUMENT...: runs vtxray with the arguments; its output is left in $TMP/out and $TMP/err
run() {
	local expected=$1 status
	shift
	timeout -k 5 60 "$VTXRAY" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
	status=$?
	[ "$status" -eq "$expected" ] || { echo "exit status $status, expected $expected"; return 1; }
}

# says MESSAGE STATUS ARGUMENT...: that exit status, and the message on standard error
says() {
	local message=$1
	shift
	run "$@" && grep -qF -- "$message" "$TMP/err"
}

counter() { jq -e ".counters.$1" "$TMP/json"; }

# ---- a run that is recorded is the run that is not, and its replay has the same misses and walks

as_recorded() { # STATUS ARGUMENT... of vtxray but --trace
	local status=$1 command=$2
	shift 2
	run "$status" "$command" --json "$TMP/without" "$@" && run "$status" "$command" --json "$TMP/with" --trace "$TMP/t.zst" "$@" &&
		cmp "$TMP/without" "$TMP/with" && run 0 replay "$TMP/t.zst" && grep -qE 'As recorded: all [0-9]{2} counters' "$TMP/out"
}

fact "replay as recorded: native" as_recorded 1 run "$IMAGES/paging.elf"
fact "replay as recorded: EPT, paging-structure caches" as_recorded 124 run --max-insns 3M --paging ept --cpu haswell "$IMAGES/paging.elf"
fact "replay as recorded: EPT, 2-MiB pages, 5 levels" as_recorded 124 run --max-insns 2M --paging ept --ept-page 2m --ept-levels 5 "$IMAGES/paging.elf"
fact "replay as recorded: page-modification logging" as_recorded 124 run --max-insns 3M --paging ept --log-dirty "$TMP/dirty" --cpu skylake "$IMAGES/paging.elf"
fact "replay as recorded: shadow paging" as_recorded 124 run --max-insns 2M --paging shadow --cpu skylake "$IMAGES/paging.elf"
fact "replay as recorded: few shadow pages" as_recorded 124 run --max-insns 2M --paging shadow --shadow-unsync off --shadow-pages 24 "$IMAGES/paging.elf"
fact "replay as recorded: real mode under the shadow VMM" as_recorded 1 run --paging shadow "$IMAGES/guest-modes.elf"
fact "replay as recorded: agile paging, walks that switch" as_recorded 0 exec --paging agile /bin/busybox seq 50
for paging in native ept shadow agile; do
	fact "replay of a program as recorded: $paging" as_recorded 0 exec --paging $paging --cpu skylake /bin/busybox seq 50
done

# ---- accounting by block goes on when VM exits and faults are recorded: the trace is that of accounting by instruction

exits_by() { # ACCOUNT ARGUMENT...
	local account=$1 command=$2
	shift 2
	"$VTXRAY" "$command" --account "$account" --trace "$TMP/x.vtx" --trace-what exit,fault "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
	"$VTXRAY" trace "$TMP/x.vtx" >"$TMP/$account.txt" && [ "$(wc -l <"$TMP/$account.txt")" -gt 150 ]
}
for paging in native ept shadow agile; do
	fact "exits and faults, accounting by block: $paging" eval 'exits_by insn exec --paging $paging --cpu skylake /bin/busybox seq 50 &&
		exits_by block exec --paging $paging --cpu skylake /bin/busybox seq 50 && cmp "$TMP/insn.txt" "$TMP/block.txt"'
done

# ---- what a trace holds

fact "record everything" run 124 run --max-insns 2M --paging ept --trace "$TMP/all.vtx" --json "$TMP/json" "$IMAGES/paging.elf"
fact "a compressed trace is the same trace" eval "run 124 run --max-insns 2M --paging ept --trace '$TMP/all.zst' '$IMAGES/paging.elf' &&
	$VTXRAY trace '$TMP/all.vtx' | md5sum >'$TMP/a' && $VTXRAY trace '$TMP/all.zst' | md5sum | cmp - '$TMP/a' && zstd -qdc '$TMP/all.zst' >'$TMP/plain' &&
	$VTXRAY trace '$TMP/plain' | md5sum | cmp - '$TMP/a'"
kinds() { "$VTXRAY" trace "$@" | awk '{ print $4 }' | sort -u | tr '\n' ' '; }
fact "exits and faults only" eval "run 1 run --paging ept --trace '$TMP/x.vtx' --trace-what exit,fault '$IMAGES/paging.elf' &&
	is \"\$(kinds '$TMP/x.vtx')\" 'context counter entry exit fault mode '"
fact "every VM exit is in the trace" eval "is \$($VTXRAY trace --as csv '$TMP/x.vtx' | grep -c ,exit,) 3014"
fact "filter by reason" eval "is \$($VTXRAY trace --exit EPT_VIOLATION --as csv '$TMP/x.vtx' | grep -c ,exit,) 2485"
fact "filter by reason, as a number" eval "is \$($VTXRAY trace --exit 48,30 --as csv '$TMP/x.vtx' | grep -c ,exit,) 2997"
begun() { # instructions that retired, and those that faulted
	echo $(($(counter instructions) + $(counter exc_pf) + $(jq .counters.walks_faulted "$TMP/json")))
}
fact "every instruction is in the trace" eval '[ "$("$VTXRAY" trace --kind insn --as csv "$TMP/all.vtx" | grep -c ,insn,)" -ge "$(counter instructions)" ]'
fact "and no other" eval '[ "$("$VTXRAY" trace --kind insn --as csv "$TMP/all.vtx" | grep -c ,insn,)" -le "$(begun)" ]'
fact "filter by instruction range" eval "is \"\$($VTXRAY trace --kind insn --insns 1M-1000009 '$TMP/all.zst' | wc -l)\" 10"
fact "filter by address" eval "is \"\$($VTXRAY trace --kind walk --address 0x0-0xffffffffffffffff '$TMP/all.vtx' | grep -c ' walk ')\" \"\$($VTXRAY trace --kind walk '$TMP/all.vtx' | grep -c ' walk ')\""
user_only() {
	run 0 exec --trace "$TMP/u.vtx" --trace-user-only /bin/busybox true && "$VTXRAY" trace --kind insn,access,tlb,walk "$TMP/u.vtx" >"$TMP/u.txt" &&
		grep -q ' insn .*user$' "$TMP/u.txt" && ! grep -E ' (insn|access) ' "$TMP/u.txt" | grep -qv 'user$'
}
fact "user mode only" user_only

fact "--kind shows just that" eval 'is "$(kinds --kind fault "$TMP/x.vtx")" "fault " && is "$(kinds --kind exit,counter "$TMP/x.vtx")" "counter entry exit "'
fact "nothing to replay: one line" says "x.vtx: recorded without accesses and instructions: there is nothing to replay" 2 replay "$TMP/x.vtx"
fact "nothing to replay: nothing else" eval 'is "$(wc -l <"$TMP/err") $(wc -c <"$TMP/out")" "1 0"'
printf '==1== Lackey\n' >"$TMP/none"
fact "a trace of others without accesses" says "none: no access in it: nothing was replayed" 2 replay "$TMP/none"
built() { # PAGING ARGUMENT...: what a replay of a trace without tables says
	local paging=$1
	shift
	run 0 exec --paging "$@" --trace "$TMP/u.vtx" --trace-user-only /bin/busybox true && run 0 replay --json "$TMP/json" "$TMP/u.vtx" &&
		grep -q "The trace brings no tables (recorded with --trace-user-only): they were built, for $paging paging as in the recorded run" "$TMP/out" &&
		is "$(jq -r .configuration.paging "$TMP/json")" "$paging"
}
fact "user mode only, natively: native tables are built" built native native
fact "user mode only, under EPT: EPT tables are built" eval 'built ept ept --ept-page 2m && [ "$(counter walk_refs_ept_pd)" -gt 0 ] && is "$(counter walk_refs_ept_pt)" 0'
fact "user mode only, under shadow paging: shadow tables are built" built shadow shadow
fact "user mode only, tables that are asked for" eval 'run 0 replay --paging native "$TMP/u.vtx" && ! grep -q "brings no tables" "$TMP/out"'
run 0 exec --paging agile --trace "$TMP/u.vtx" --trace-user-only /bin/busybox true
fact "user mode only, under agile paging: which tables?" says "under agile paging, whose tables cannot be built: say with --paging which to build instead" 2 replay "$TMP/u.vtx"
fact "large pages of the guest: the rest is as in the recorded run" eval 'run 0 exec --paging ept --trace "$TMP/u.vtx" /bin/busybox true && run 0 replay --guest-page 2m "$TMP/u.vtx" &&
	grep -q "Tables built (ept paging)" "$TMP/out"'
fact "without walks: tables are built, and it says why" eval 'run 124 run --max-insns 100k --paging ept --trace "$TMP/u.vtx" --trace-what access "$IMAGES/paging.elf" &&
	run 0 replay "$TMP/u.vtx" && grep -q "(recorded without .access., .walk. or .tlb.)" "$TMP/out"'

# ---- the disk is full, the pipe is closed: the run goes on

run 1 run --json "$TMP/json" "$IMAGES/paging.elf"
whole=$(counter instructions)
fact "full disk: the guest's own status" says "/dev/full: No space left on device: the trace ends after 0 records; the run goes on" 1 run --json "$TMP/json" --trace /dev/full "$IMAGES/paging.elf"
fact "full disk: one line" eval 'is "$(grep -c ^vtxray: "$TMP/err")" 1'
fact "full disk: the counters of the whole run" eval 'is "$(counter instructions)" "$whole"'
fact "a trace that cannot be made: nothing runs" says "vtxray: $TMP/nowhere/t: No such file or directory" 2 run --trace "$TMP/nowhere/t" "$IMAGES/paging.elf"
fact "a trace that cannot be made: no counters" eval '! grep -q instructions "$TMP/err"'
closed_pipe() {
	mkfifo "$TMP/fifo" && { head -c 100000 "$TMP/fifo" >/dev/null & }
	says "Broken pipe: the trace ends after" 1 run --json "$TMP/json" --trace "$TMP/fifo" "$IMAGES/paging.elf" && is "$(counter instructions)" "$whole"
}
fact "closed pipe" closed_pipe

# ---- cut and damaged traces

head -c $(($(stat -c %s "$TMP/all.zst") / 2)) "$TMP/all.zst" >"$TMP/cut.zst"
head -c 1000000 "$TMP/all.vtx" >"$TMP/cut.vtx"
fact "cut trace: replay" says "after record" 2 replay "$TMP/cut.vtx"
fact "cut trace: the counters so far" grep -q ' dtlb_lookups' "$TMP/out"
fact "cut compressed trace: replay" says "after record" 2 replay "$TMP/cut.zst"
fact "cut trace: trace" says "cut after record" 2 trace "$TMP/cut.vtx"
cp "$TMP/all.vtx" "$TMP/bad.vtx"
printf 'x' | dd of="$TMP/bad.vtx" bs=1 seek=600000 conv=notrunc 2>/dev/null
fact "damaged trace" says "damaged after record" 2 trace "$TMP/bad.vtx"
cp "$TMP/all.vtx" "$TMP/bad.vtx"
printf '\011' | dd of="$TMP/bad.vtx" bs=1 seek=8 conv=notrunc 2>/dev/null
fact "other version" says "a trace of version 9" 2 replay "$TMP/bad.vtx"
fact "no such file" says "No such file" 2 replay "$TMP/nowhere"
fact "no trace" says "no trace that is known" 2 replay "$IMAGES/paging.elf"
fact "trace of something else" says "no trace that is known" 2 trace "$IMAGES/paging.elf"

described() { # JSON FILE: a trace of no records with that description
	printf '%s' "$1" >"$TMP/description"
	{
		printf 'VTXTRACE\002\0\0\0'
		# shellcheck disable=SC2059 # the format is the data
		printf "$(printf '\\x%02x\\x%02x\\0\\0' $(($(stat -c %s "$TMP/description") % 256)) $(($(stat -c %s "$TMP/description") / 256)))"
		gzip -c "$TMP/description" | tail -c 8 | head -c 4 # its CRC-32
		printf '\0\0\0\0'
		cat "$TMP/description"
		printf 'VTXINDEX\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
	} >"$2"
}
describes() { # MESSAGE JSON: a replay says that, in one line
	described "$2" "$TMP/described" && says "$1" 2 replay "$TMP/described" && is "$(wc -l <"$TMP/err")" 1
}
fact "a description that is good" describes "described: no access in it" '{"kinds":4294967295,"memory":1048576,"configuration":{"cpu":"haswell","paging":"ept"}}'
fact "a description with an unheard-of memory" describes "asks for a memory that cannot be" '{"kinds":4294967295,"memory":-1}'
fact "a description with control characters" describes "names a processor that cannot be" '{"kinds":4294967295,"memory":1048576,"configuration":{"cpu":"a\nb"}}'
fact "a description with values of other types" describes "described: no access in it" '{"kinds":3,"memory":[],"configuration":{"cpu":5,"without":"psc","paging":7,"ept_page":"x"}}'
fact "a description that is no object" describes "its description is no JSON object" '[]'

# ---- traces of others

cat >"$TMP/lackey" <<'END'
==123== Lackey, an example Valgrind tool
I  00401000,3
 L 00601000,8
I  00401003,4
 S 00602ffc,8
 M 00601008,4
END
fact "lackey" run 0 replay --json "$TMP/json" "$TMP/lackey"
fact "lackey: counts" eval 'is "$(counter loads) $(counter stores) $(counter instructions)" "2 2 2"'
fact "lackey: a page is touched first by a page fault" eval 'is "$(counter exc_pf)" 4'
fact "lackey under EPT" run 0 replay --paging ept --json "$TMP/json" "$TMP/lackey"
fact "lackey under EPT: violations" eval '[ "$(counter vm_exits)" -gt 4 ]'
fact "lackey under shadow paging" run 0 replay --paging shadow --json "$TMP/json" "$TMP/lackey"
fact "lackey under shadow paging: two exits a page, one for the first write to one that was read" eval 'is "$(counter vm_exits)" 9'
fact "lackey: huge pages" run 0 replay --guest-page 2m --json "$TMP/json" "$TMP/lackey"
fact "lackey: huge pages need fewer faults" eval 'is "$(counter exc_pf)" 2'
printf ' L 1000,8\n S xyz,4\n' >"$TMP/wrong"
fact "malformed lackey" says "wrong: line 2: no hexadecimal address" 2 replay "$TMP/wrong"
fact "malformed lackey: the counters so far" grep -qE '^ +1 +loads' "$TMP/out"
printf '2 400000\n0 7fff0000 rest\n1 7fff0008\n4 0\n' >"$TMP/din"
fact "din" eval 'run 0 replay --json "$TMP/json" "$TMP/din" && is "$(counter loads) $(counter stores) $(counter instructions)" "1 1 1"'
cat >"$TMP/view" <<'END'
Output format:
<--record#-> <--instr#->: <---tid---> <record details>
------------------------------------------------------------
           1           0:      296231 <marker: version 6>
           2           1:      296231 ifetch       4 byte(s) @ 0x0000000000401028 48 83 eb 01          sub    $0x1 %rbx -> %rbx
           3           1:      296231 read         8 byte(s) @ 0x00007f6fdd3eb1f7 by PC 0x0000000000401028
           4           2:      296231 ifetch       8 byte(s) @ 0x0000000000401012 48 8d 34 25 00 20 40 lea    0x00402000 -> %rsi
           4           2:      296231                                             00
           5           2:      296231 write        4 byte(s) @ 0x00007f6fdd3eb100 by PC 0x0000000000401012
View tool results:
              2 : total instructions
END
fact "drmemtrace" eval 'run 0 replay --json "$TMP/json" "$TMP/view" && is "$(counter loads) $(counter stores) $(counter instructions)" "1 1 2"'
fact "drmemtrace, thread as of later versions" eval 'sed "s/: *296231/:   W0.T296231/" "$TMP/view" >"$TMP/view2" && run 0 replay --json "$TMP/json" "$TMP/view2" &&
	is "$(counter loads) $(counter stores) $(counter instructions)" "1 1 2"'
fact "drmemtrace, as of earlier versions" eval 'sed -E "s/ +[0-9]+: +296231/: T296231/" "$TMP/view" >"$TMP/view2" && run 0 replay --json "$TMP/json" "$TMP/view2" &&
	is "$(counter loads) $(counter stores) $(counter instructions)" "1 1 2"'
cat >>"$TMP/view2" <<'END'
        6: T296231 pref-r-L1    8 byte(s) @ 0x00007f6fdd3eb1f7 by PC 0x0000000000401012
        7: T296231 dflush      64 byte(s) @ 0x00007f6fdd3eb1c0 by PC 0x0000000000401012
        8: T296231 ifetch       2 byte(s) @ 0x0000000000401012 non-fetched instruction
        9: T296231 <thread 296231 exited>
END
fact "drmemtrace: what is no access is passed over" eval 'run 0 replay --json "$TMP/json" "$TMP/view2" && is "$(counter loads) $(counter stores) $(counter instructions)" "1 1 2"'
echo '       10: T296231 rmw          4 byte(s) @ 0x00007f6fdd3eb100 by PC 0x0000000000401012' >>"$TMP/view2"
fact "drmemtrace: a word that is not known is no silence" says "view2: line 16: 'rmw' is no record that is known" 2 replay "$TMP/view2"
fact "drmemtrace: and one line" eval 'is "$(wc -l <"$TMP/err")" 1'
fact "drmemtrace: the counters up to there" grep -qE '^ +1 +loads' "$TMP/out"
printf ' L 1000,8\n- S 2000,4\n' >"$TMP/wrong"
fact "lackey: a line that valgrind does not say" says "wrong: line 2: no record of lackey" 2 replay "$TMP/wrong"
champsim() { # IP DESTINATION SOURCE: one record
	local i
	for i in "$1" 0 "$2" 0 "$3" 0 0 0; do
		printf '%016x' "$((i))" | sed 's/\(..\)/\1 /g' | awk '{ for (i = 8; i > 0; i--) printf "\\x%s", $i }'
	done
}
# shellcheck disable=SC2059 # the format is the data
printf "$(champsim 0x401000 0x601000 0 && champsim 0x401004 0 0x602000)" >"$TMP/champ"
fact "champsim" eval 'run 0 replay --json "$TMP/json" "$TMP/champ" && is "$(counter loads) $(counter stores) $(counter instructions)" "1 1 2"'
for pack in xz zstd; do
	$pack -qkf "$TMP/champ"
done
fact "champsim.xz" eval 'run 0 replay --json "$TMP/json" "$TMP/champ.xz" && is "$(counter instructions)" 2'
fact "champsim.zst" eval 'run 0 replay --json "$TMP/json" "$TMP/champ.zst" && is "$(counter instructions)" 2'
head -c 100 "$TMP/champ" >"$TMP/short"
fact "cut champsim" says "record 1: cut after 36 of 64 bytes" 2 replay "$TMP/short"
head -c 40 "$TMP/champ.xz" >"$TMP/short.xz"
fact "cut xz" says "compressed data end too early" 2 replay --format champsim "$TMP/short.xz"
gzip -qkf "$TMP/din"
fact "gzip is told from others" says "compressed with gzip" 2 replay "$TMP/din.gz"
fact "through a pipe" eval "$VTXRAY replay - <'$TMP/din' | grep -qE '^ +1 +stores'"
printf ' L 800000000000,8\n' >"$TMP/high"
fact "address that is not canonical" says "line 1: an address that is not canonical" 2 replay "$TMP/high"
if command -v valgrind >/dev/null; then
	valgrind --tool=lackey --trace-mem=yes --log-file="$TMP/real" /bin/true
	fact "a trace of valgrind" run 0 replay --paging ept --cpu skylake "$TMP/real"
fi

facts_end
