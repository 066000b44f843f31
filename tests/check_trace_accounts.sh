#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A trace of all accesses is the same when blocks are accounted for by plan as by instruction: each record, its clock and its instruction. Only where
# a translation was all there was, the plan knows the address within the page, and the engine's fill does not.
. "$(dirname "$0")/in_kernel.sh"

cat >"$TMP/pages.awk" <<'AWK'
BEGIN { FS = OFS = "," }
function page(at) { return at == "" ? at : substr(at, 1, length(at) - 3) }
NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
{ kind = $column["kind"]; translation = kind == "access" && ($column["size"] == 0 || $column["faulted"] == 1) }
kind == "walk" || kind == "tlb" || kind == "ref" || translation { $column["gla"] = page($column["gla"]); $column["gpa"] = page($column["gpa"]) }
kind == "walk" || kind == "tlb" || translation { $column["hpa"] = page($column["hpa"]) }
kind == "ref" { $column["rip"] = "" }
{ print }
AWK

# trace_of ACCOUNT PROGRAM OPTION...
trace_of() {
	account=$1 program=$2
	shift 2
	# shellcheck disable=SC2086 # words
	"$VTXRAY" exec --quiet --account "$account" "$@" --trace "$TMP/t.vtx" --trace-what access,walk,tlb,fault,exit "$PROGRAMS/${program%% *}" ${program#* } \
		>/dev/null 2>"$TMP/err" </dev/null
	"$VTXRAY" trace "$TMP/t.vtx" --as csv 2>>"$TMP/err" | awk -f "$TMP/pages.awk" >"$TMP/$account.csv"
}

same() { # PROGRAM OPTION...
	trace_of insn "$@"
	trace_of block "$@"
	is "$*: enough" yes "$([ "$(wc -l <"$TMP/insn.csv")" -gt 150000 ] && echo yes)"
	cases=$((cases + 1))
	cmp -s "$TMP/insn.csv" "$TMP/block.csv" || {
		echo "$*: other records" && diff "$TMP/insn.csv" "$TMP/block.csv" | head -n 8
		failed=$((failed + 1))
	}
}

same 'pcd 2' --paging native
same 'sort 500' --paging native --cpu skylake
same 'mmapchurn 20' --paging ept --cpu haswell
same 'forkwait 2' --paging shadow
same 'cow 64K 1' --paging agile --cpu nehalem
cases_end
