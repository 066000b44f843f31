#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vtxray explain on the paging image: natively and as a guest of the EPT VMM, at an address, after instructions, before a first write;
# text, picture and JSON; bad usage.
# shellcheck disable=SC2016 # facts given as shell text are for eval
. "$(dirname "$0")/facts.sh"
# shellcheck disable=SC2153 # facts.sh sets IMAGES
IMAGE=$IMAGES/paging.elf

# explain STATUS ARGUMENT...: its output is left in $TMP/out and $TMP/err
explain() {
	local expected=$1 status
	shift
	timeout -k 5 60 "$VTXRAY" explain "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
	status=$?
	[ "$status" -eq "$expected" ] || { echo "exit status $status, expected $expected"; return 1; }
}

said() { grep -qF -- "$1" "$TMP/out"; }
well_formed() { ! command -v xmllint >/dev/null || xmllint --noout "$1"; }

# rip of a first write, and the bytes of an instruction there, from the image
rip() { sed -n 's/.* at rip \(0x[0-9a-f]*\),.*/\1/p' "$TMP/out"; }
instruction() { objdump -d --start-address="$(rip)" "$IMAGES/paging64.elf" | sed -n '/^ /{s/^[^\t]*\t[^\t]*\t//p;q}'; }

fact "natively the end of the run, four references" eval 'explain 0 "$IMAGE" --at 0x1000003008 && said "    4 PTE " && ! said "    5 " &&
	said "maps the 4-KiB page at" && said "The access succeeds"'
fact "the guest's console is not in it" eval '! said "chase"'
fact "a symbol, a user-mode write: a page fault, status 1" eval 'explain 1 "$IMAGE" --at main --after 1M --access write --user --svg "$TMP/n.svg" &&
	said "(main)" && said "error code 0x7" && said "<-- fails here" && said "FAILS        user-mode access"'
fact "the picture has the four references" eval 'well_formed "$TMP/n.svg" && [ "$(grep -c "<g id=" "$TMP/n.svg")" = 4 ]'
fact "a symbol and a number" eval 'explain 0 "$IMAGE" --at main+0x10 --after 1M --supervisor && said "$(printf "0x%016x" $((0x$(nm "$IMAGES/paging64.elf" |
	sed -n "s/ T main$//p") + 16)))"'
fact "before any paging" eval 'explain 0 --after 1 --at 0x1234 "$IMAGE" && said "no paging" && said "physical address 0x0000000000001234"'

fact "under EPT a grid of 24 references" eval 'explain 0 "$IMAGE" --paging ept --at 0x1000003008 --svg "$TMP/e.svg" && said "|24 PTE [" && ! said "25 " &&
	said "EPT PML4" && said "final address"'
fact "its picture has 24" eval 'well_formed "$TMP/e.svg" && [ "$(grep -c "<g id=" "$TMP/e.svg")" = 24 ]'
fact "with 2-MiB pages of EPT, 19" eval 'explain 0 "$IMAGE" --paging ept --ept-page 2m --at 0x1000003008 && said "|19 PDE [" && ! said "|20 "'
fact "as a list" eval 'explain 0 "$IMAGE" --paging ept --list --at 0x1000003008 && said "   24 EPT PTE " && said "guest PT"'
fact "JSON" eval 'explain 0 "$IMAGE" --paging ept --at 0x1000003008 --json - && jq -e ".references | length == 24" "$TMP/out" &&
	jq -e ".outcome.result == \"ok\" and .rows[4].level == \"final\"" "$TMP/out"'

fact "the first write natively: a page fault in user mode" eval 'explain 1 "$IMAGE" --first-write-to 0x1000000000 && said "User mode write" && said "error code 0x6"'
fact "the instruction there writes" eval 'instruction | grep -E "mov.*,.*\(|mov.*,0x"'
fact "the first write under EPT to memory not backed: an EPT violation" eval 'explain 1 "$IMAGE" --paging ept --first-write-to boot_pml4 &&
	said "basic reason 48, EPT_VIOLATION" && said "  bit  1 W             = 1" && said "  bit  8 final         = 1"'
fact "just before a first write, for a store" eval 'explain 0 "$IMAGE" --first-write-to ticks && instruction | grep -E "(mov|add|inc).*# .*<ticks>"'
fact "the same instruction under EPT" eval 'first=$(rip); explain 0 "$IMAGE" --paging ept --first-write-to ticks && [ "$(rip)" = "$first" ]'

fact "under shadow paging hardware's walk of 4 references" eval 'explain 0 "$IMAGE" --paging shadow --after 2M --at main && said "    4 PTE " &&
	! said "    5 " && said "together so far: R- supervisor"'

# a store of main's table building to a table that is in use: at that instruction, P = 1, W = 1, and nothing is written yet
fact "under shadow paging the first write to a table: a write-protect fault" eval 'explain 1 "$IMAGE" --paging shadow --first-write-to 0xffff8000010007f8 &&
	said "error code 0x3, CR2 = 0xffff8000010007f8" && said "basic reason 0, EXCEPTION_NMI" && said "it is a write-protect fault" &&
	said "guest-physical address 0x00000000010007f8" && said "Memory is unchanged"'
fact "the instruction there is the store" eval 'instruction | grep -E "(mov|or|xchg).*,.*\("'
fact "it is where the VMM says that it faults" eval '"$VTXRAY" run --paging shadow --console /dev/null --shadow-log "$TMP/log" "$IMAGE" >/dev/null 2>&1
	grep -m 1 "^write_protect_fault rip=0x$(printf %x "$(rip)") gla=0xffff8000010007f8 error=0x3 " "$TMP/log"'
fact "a page that it has not mapped yet: a hidden fault" eval 'explain 1 "$IMAGE" --paging shadow --after 2M --at 0x1ff000 --access write --supervisor &&
	said "it is a hidden fault"'
fact "a user-mode write to the kernel: a true fault" eval 'explain 1 "$IMAGE" --paging shadow --after 1M --at main --access write --user &&
	said "it is a true fault" && said "with error code 0x7"'
fact "natively there is no VMM to judge it" eval 'explain 1 "$IMAGE" --at main --after 1M --access write --user && ! said "true fault"'

fact "no such symbol" eval 'explain 2 "$IMAGE" --at nothing && grep -qF "neither a number nor a symbol" "$TMP/err"'
fact "no address" eval 'explain 2 "$IMAGE" && grep -qF "no address given" "$TMP/err"'
fact "a kind of access that is none" eval 'explain 2 "$IMAGE" --at 0 --access look && grep -qF "not read, write, fetch or rmw" "$TMP/err"'
fact "never written" eval 'explain 2 "$IMAGE" --first-write-to 0x7000000000 && grep -qF "the guest had ended before that" "$TMP/err"'
fact "ended too early" eval 'explain 2 "$IMAGE" --at 0 --after 100M && grep -qF "the guest had ended before that" "$TMP/err"'

facts_end
