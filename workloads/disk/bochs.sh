#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bochs.sh DISK [CPU-MODEL]: boots the disk on Bochs without a screen; what the guest writes to COM1 is on standard output, what it writes
# to port 0xE9 on standard error. BOCHS_MEM: MiB (128); BOCHS_TIME: the limit in seconds (600).
disk=$1
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
cat >"$dir/rc" <<END
config_interface: textconfig
display_library: rfb, options="timeout=0"
cpu: model=${2:-corei7_skylake_x}, ignore_bad_msrs=0
megs: ${BOCHS_MEM:-128}
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0-master: type=disk, path=$disk, mode=volatile, journal=$dir/journal
boot: disk
com1: enabled=1, mode=file, dev=$dir/com1
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
port_e9_hack: enabled=1
clock: sync=none, time0=1
log: $dir/log
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
END
echo c >"$dir/commands"
timeout "${BOCHS_TIME:-600}" bochs -q -f "$dir/rc" -rc "$dir/commands" >"$dir/out" 2>"$dir/err" <&-
status=$?
[ ! -e "$dir/com1" ] || cat "$dir/com1"
# the debugger's build ends with any status: what counts is that the guest asked for the end
if grep -q 'Shutdown port: shutdown requested' "$dir/out" "$dir/log" "$dir/err"; then exit 0; fi
echo "bochs.sh: Bochs ended with status $status, not because the guest asked for it" >&2
tail -n 20 "$dir/out" "$dir/err" "$dir/log" >&2
exit 1
