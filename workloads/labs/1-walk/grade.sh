# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Lab 1: the program that made the problem grades the answer.
part 100 10 "$LAB_BUILD/1-walk/walk.prog" "$SEED" --grade "$answer"
