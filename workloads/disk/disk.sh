#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# disk.sh DISK KERNEL COMMAND-LINE [FILE=STRING...]: writes a disk image that boots KERNEL (an image of build/images) with these modules, on
# Bochs, QEMU (-drive format=raw,file=DISK) or a PC with a BIOS. After the boot code, in whole sectors, lies what is in memory from 1 MiB on:
# the kernel with its .bss, each module from a page's start, and the Multiboot information with its texts.
set -eu
[ $# -ge 3 ] || { echo 'usage: disk.sh DISK KERNEL COMMAND-LINE [FILE=STRING...]' >&2; exit 2; }
disk=$1 kernel=$2 line=$3
shift 3
boot=$(dirname "$kernel")/boot_sector.bin
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

le32() { # NUMBER...: 4 bytes each
	for number in "$@"; do
		# shellcheck disable=SC2059 # the format is the bytes
		printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $((number & 255)) $((number >> 8 & 255)) $((number >> 16 & 255)) $((number >> 24 & 255)))"
	done
}
memory=1048576
at() { echo $((memory + $(stat -c %s "$dir/memory"))); }
page() { truncate -s %4096 "$dir/memory"; }

objcopy -O binary --set-section-flags .bss=alloc,load,contents "$kernel" "$dir/memory"
entry=$(($(readelf -h "$kernel" | sed -n 's/.*Entry point address: *//p')))
page
: >"$dir/modules"
for module in "$@"; do
	page
	start=$(at)
	cat "${module%%=*}" >>"$dir/memory"
	end=$(at)
	string=$(at)
	printf '%s\0' "${module#*=}" >>"$dir/memory"
	le32 "$start" "$end" "$string" 0 >>"$dir/modules"
done
page
list=$(at)
cat "$dir/modules" >>"$dir/memory"
text=$(at)
printf '%s\0' "$line" >>"$dir/memory"
truncate -s %16 "$dir/memory"
info=$(at)
# flags: command line, modules, memory map (whose length and address the boot code fills in); to the end of the structure
le32 $((4 + 8 + 64)) 0 0 0 "$text" $# "$list" 0 0 0 0 0 0 >>"$dir/memory"
truncate -s %32768 "$dir/memory" # whole reads

cp "$boot" "$disk"
le32 $(($(stat -c %s "$dir/memory") / 512)) "$entry" "$info" | dd of="$disk" bs=1 seek=498 conv=notrunc status=none
cat "$dir/memory" >>"$disk"
truncate -s %516096 "$disk" # whole cylinders of 16 heads and 63 sectors
