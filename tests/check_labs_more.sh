#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The labs from the fourth on, as check_labs.sh has the others: a test of its own, so that the two run side by side.
LABS='[4-9]' exec "$(dirname "$0")/check_labs.sh"
