# SPDX-License-Identifier: GPL-2.0-or-later
# agile runs -> agile.csv: of the work (after less before) walks, references per walk and VM exits; of agile walks, how many switched at which table,
# in % of all, and their references each.
def refs: [to_entries[] | select((.key | test("^walk_refs_(p|ept_p)")) and (.value | type) == "number") | .value] | add;
def switches: ["shadow", "nested_pt", "nested_pd", "nested_pdpt", "nested_pml4", "nested"];
def share($n; $of): if $of > 0 then ([$n, 0] | max * 10000 / $of | round) / 100 else "" end;
def each($n; $of): if $of > 0 then ($n * 100 / $of | round) / 100 else "" end;
["program", "mode", "walks", "refs_per_walk", "vm_exits", "cycles", "ratio", (switches[] | "share_" + ., "refs_" + .)],
([range(0; length; 2) as $i | {b: .[$i], a: .[$i + 1]}] | (map(select(.a.mode == "native") | {(.a.program): (.a.cycles - .b.cycles)}) | add) as $native
 | .[] | .a as $a | .b as $b | ($a.walks - $b.walks) as $walks
 | [$a.program, $a.mode, $walks, each(($a | refs) - ($b | refs); $walks), $a.vm_exits - $b.vm_exits, $a.cycles - $b.cycles,
    (($a.cycles - $b.cycles) / $native[$a.program] * 10000 | round) / 10000,
    (switches[] | ($a["agile_walks_" + .] - $b["agile_walks_" + .]) as $n
     | share($n; if $a.mode == "agile" then $walks else 0 end), each($a["agile_refs_" + .] - $b["agile_refs_" + .]; $n))])
| @csv | gsub("\""; "")
