#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every guest image ends alike, with the same console output, natively and as the guest of the built-in shadow VMM: with and without leaf
# tables out of sync, with a pool of eight shadow pages, with and without a VPID.
. "$(dirname "$0")/same_end.sh"

for image in "$images"/*.elf; do
	natively "$image"
	compare "$image" --paging shadow
	compare "$image" --paging shadow --shadow-unsync off --vpid off
	compare "$image" --paging shadow --shadow-pages 8
	compare "$image" --paging shadow --shadow-pages 8 --shadow-unsync off --shadow-unprotect 0
done
finish
