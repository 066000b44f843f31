#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every guest image ends alike, with the same console output, natively and as the guest of the built-in shadow VMM; tests/check_final_shadow.c
# compares memory and registers, and does so for all policies.
. "$(dirname "$0")/same_end.sh"

for image in "$images"/*.elf; do
	natively "$image"
	compare "$image" --paging shadow
	compare "$image" --paging agile
	compare "$image" --paging shadow --shadow-pages 8 --shadow-unsync off --shadow-unprotect 0 --vpid off
done
finish
