# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Lab 4 without points: all that the image prints on vtxray; the image and a disk of it stay in the lab's build folder.
folder=$LAB_BUILD/4-hypervisor
image 4-hypervisor || exit 1
cp "$work/lab.elf" "$IMAGES/boot_sector.bin" "$folder" || exit 1
workloads/disk/disk.sh "$folder/lab.disk" "$folder/lab.elf" '' || exit 1
limited 20 "$VTXRAY" run --vmx --explain-entry --mem 128M --max-insns 50M "$folder/lab.elf"
cat "$work/out"
grep '^vtxray:' "$work/err"
[ -z "$why" ] || echo "$why"
echo "on Bochs: workloads/disk/bochs.sh $folder/lab.disk"
