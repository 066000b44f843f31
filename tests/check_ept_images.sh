#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every guest image ends alike, with the same console output, natively and as the guest of the built-in EPT VMM, with every page size.
. "$(dirname "$0")/same_end.sh"

for image in "$images"/*.elf; do
	case $image in
	*/reach*) ;; # needs more memory than is given by default: beyond it the VMM stops clearly, where a processor reads all ones
	*)
		natively "$image"
		compare "$image" --paging ept
		compare "$image" --paging ept --ept-page 2m
		;;
	esac
	natively "$image" --mem 1280M
	compare "$image" --mem 1280M --paging ept --ept-page 1g
done
# 5-level EPT, with a dirty log: the same again, and the log is sorted, of whole frames, and has more than the demand-mapped ones in it
natively "$images/paging.elf"
compare "$images/paging.elf" --paging ept --ept-levels 5 --log-dirty "$work/dirty"
checks=$((checks + 1))
if [ "$(grep -c '^0x[0-9a-f]*000$' "$work/dirty")" -le 2433 ] || ! sort -c "$work/dirty"; then
	failed=$((failed + 1))
	echo "the dirty log is not as it should be"
fi
finish
