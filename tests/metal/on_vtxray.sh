#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# on_vtxray.sh IMAGE ARGUMENT...: the same on vtxray.
image=$1
shift
timeout "${VTXRAY_TIME:-1800}" "${VTXRAY:-build/release/vtxray}" run --vmx --console - "$image" -- "$@" 2>/dev/null
