# SPDX-License-Identifier: GPL-2.0-or-later
# Runs, one a line (bench/sweep), as CSV: a row for each VM-exit reason of each run, as perf kvm stat counts: how many the VMM handled, and the
# cycles from exit to entry, both included.
($config | split(",")) as $names
| ([$names[], "reason", "handled", "cycles", "min", "max"] | @csv),
  (.[] | . as $run | .cycles_by_cause.vm_exits | to_entries[] | [$run[$names[]], .key, .value.handled, .value.time, .value.min, .value.max] | @csv)
| gsub("\""; "")
