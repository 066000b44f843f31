#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every guest image on vtxray: its output is what the SDM asks for, but for the lines listed in tests/guest/NAME.vtxray.
export PEER=vtxray
VTXRAY=${VTXRAY:-build/release/vtxray}
launch() {
	image=$1
	shift
	timeout 60 "$VTXRAY" run --mem 256M --console "$TMP/console" "$image" -- "$@" >&2
	rc=$?
	cat "$TMP/console"
	return $rc
}
# shellcheck source=tests/guest/cases.sh disable=SC1091
. "$(dirname "$0")/guest/cases.sh"
check_all
