# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For scripts that check facts about commands: to be sourced. They leave what a command prints in $TMP/out and $TMP/err, and end with `facts_end`.
VTXRAY=${VTXRAY:-build/release/vtxray}
IMAGES=${IMAGES:-build/images}
TMP=$(mktemp -d) || exit 2
trap 'rm -rf "$TMP"' EXIT
checks=0 failures=0

# fact TEXT COMMAND...: the command must succeed; its output is shown if it does not
fact() {
	local text=$1
	shift
	checks=$((checks + 1))
	"$@" >"$TMP/fact" 2>&1 && return
	failures=$((failures + 1))
	echo "not so: $text"
	head -n 5 "$TMP/fact"
	head -n 60 "$TMP/out" "$TMP/err" 2>/dev/null
}

is() { [ "$1" = "$2" ] || { echo "'$1', expected '$2'"; return 1; }; }

facts_end() {
	echo "$((100 * (checks - failures) / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
	[ "$failures" -eq 0 ]
}
