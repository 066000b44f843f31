# SPDX-License-Identifier: GPL-2.0-or-later
# What vtxray writes as JSON -> one line: cycles, walks, references to the guest's entries and to EPT entries, cycles of walks, page faults,
# EPT violations, EPT tables.
{ gsub(/[",:]/, "") }
$1 == "EPT_VIOLATION" { inside = 1; next }
inside && $1 == "count" { violations = $2; inside = 0 }
$1 == "cycles" || $1 == "walks" || $1 == "exc_pf" || $1 == "ept_tables_allocated" { value[$1] = $2 }
$1 ~ /^walk_refs_p/ { guest += $2 }
$1 ~ /^walk_refs_ept_/ { ept += $2 }
$1 ~ /walk_duration$/ || $1 == "ept.walk_cycles" { walk += $2 }
END { print value["cycles"], value["walks"], guest + 0, ept + 0, walk + 0, value["exc_pf"], violations + 0, value["ept_tables_allocated"] + 0 }
