#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The problem of this seed (make lab N=1 SEED=7: another one).
echo
"$LAB_BUILD/1-walk/walk.prog" "$SEED"
