#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # facts given as shell text are for eval
# --shadow-log: as many lines of each event as its counter says; a write-protect fault is told before memory has changed, the store after it.
. "$(dirname "$0")/facts.sh"

# run IMAGE OPTION...: leaves $TMP/log and $TMP/json
run() {
	local image=$1
	shift
	timeout 60 "$VTXRAY" run --paging shadow --shadow-log "$TMP/log" --json "$TMP/json" --console /dev/null "$@" "$IMAGES/$image" </dev/null 2>"$TMP/err"
	[ $? -eq 1 ]
}

same_count() { # EVENT COUNTER
	local lines counter
	lines=$(grep -c "^$1 " "$TMP/log")
	counter=$(jq -e ".counters.$2" "$TMP/json") || return
	echo "$1: $lines lines, $2 is $counter"
	[ "$lines" -eq "$counter" ]
}

same_counts() { # TEXT [EVENT that is not looked at]
	while read -r event counter; do
		[ "$event" = "${2-}" ] && continue
		fact "as many lines of $event as $counter says ($1)" same_count "$event" "$counter"
	done <<-'END'
		true_fault shadow_true_faults
		hidden_fault shadow_hidden_faults
		write_protect_fault shadow_write_protect_faults
		pte_write shadow_emulated_pte_writes
		unsync shadow_unsyncs
		resync shadow_resyncs
		allocate shadow_pages_allocated
		reuse shadow_pages_reused
		zap shadow_pages_zapped
		cr3_exit shadow_cr3_exits
		invlpg_exit shadow_invlpg_exits
	END
	fact "every line has the form that shadow/README.md gives ($1)" eval \
		'! grep -vE "^[a-z0-9_]+ rip=0x[0-9a-f]+ gla=0x[0-9a-f]+ error=0x[0-9a-f]+ address=0x[0-9a-f]+ before=0x[0-9a-f]+ after=0x[0-9a-f]+$" "$TMP/log"'
}

# Each store of paging.elf to a protected table, 8 bytes long: a fault with W=1, P=1 (or 0 when the shadow entry for it was not there at all),
# and what memory holds, then the store at the same RIP and address, from that value.
pairs_agree() {
	awk '/^write_protect_fault/ { if ($4 !~ /=0x[23]$/) exit 1; want = $2 $3 $4 $5 $6; faults++; present += $4 ~ /3$/ }
		/^pte_write/ { if ($2 $3 $4 $5 $6 != want) { print; exit 1 } stores++ }
		END { exit !(stores == faults && faults > 2000 && present > 500) }' "$TMP/log"
}

fact "paging.elf runs" run paging.elf
same_counts "paging.elf"
fact "paging.elf runs with all stores emulated" run paging.elf --shadow-unsync off --shadow-unprotect 0
same_counts "paging.elf, all stores emulated"
fact "each write-protect fault comes before its store" pairs_agree
fault=$(grep -m 1 '^write_protect_fault .*error=0x3' "$TMP/log")
rip=${fault#* rip=} gla=${fault#* gla=}
rip=${rip%% *} gla=${gla%% *}
fact "vtxray explain shows such a fault: its RIP, its CR2, its error code, the shadow entry that is read-only, the VM exit" eval \
	'"$VTXRAY" explain --paging shadow --first-write-to "$gla" "$IMAGES/paging.elf" >"$TMP/out" 2>"$TMP/err" </dev/null; [ $? -eq 1 ] &&
	grep -q "at rip $rip," "$TMP/out" && grep -q "error code 0x3, CR2 = $gla" "$TMP/out" && grep -q "present, read-only" "$TMP/out" &&
	grep -q EXCEPTION_NMI "$TMP/out"'
fact "guest-pagefault.elf runs" run guest-pagefault.elf --shadow-pages 8 --shadow-unsync off
same_counts "guest-pagefault.elf" pte_write # stores that are stepped and change nothing
fact "a log that cannot be written is an error" eval '! run paging.elf --shadow-log /nowhere/log && grep -q "/nowhere/log" "$TMP/err"'
fact "the log goes with --paging shadow" eval '! "$VTXRAY" run --shadow-log "$TMP/x" "$IMAGES/paging.elf" 2>"$TMP/err" && grep -q shadow-log "$TMP/err"'
facts_end
