#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# on_bochs.sh DISK ARGUMENT...: boots the disk on Bochs, the arguments as the image's command line; prints the lines the image printed.
disk=$1
shift
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
cp "$disk" "$dir/disk"
printf '%s\0' "$*" | dd of="$dir/disk" bs=512 seek=1 conv=notrunc status=none
cat >"$dir/rc" <<END
config_interface: textconfig
display_library: rfb, options="timeout=0"
cpu: model=corei7_skylake_x, ignore_bad_msrs=0
megs: 128
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0-master: type=disk, path=$dir/disk, mode=flat
boot: disk
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
port_e9_hack: enabled=1
log: $dir/log
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
END
echo c >"$dir/commands"
[ -z "$BOCHS_LOG" ] || trap 'cp "$dir/log" "$BOCHS_LOG"; cp "$dir/err" "$dir/out" /tmp; rm -rf "$dir"' EXIT
timeout "${BOCHS_TIME:-1800}" bochs -q -f "$dir/rc" -rc "$dir/commands" >"$dir/out" 2>"$dir/err" <&-
grep -aE '^(metal|access|intercept|entry|insn|event)[ :]' "$dir/out" || { tail -n 20 "$dir/out" "$dir/log"; exit 1; }

