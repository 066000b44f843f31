#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every guest image on QEMU's own CPU: its output is the expected one, but for the lines listed in tests/guest/NAME.qemu.
export PEER=qemu
launch() {
	image=$1
	shift
	timeout 30 qemu-system-x86_64 -accel tcg -cpu max,vendor=GenuineIntel -m 256 -kernel "$image" -append "$*" -display none -monitor none \
		-serial stdio -device isa-debug-exit,iobase=0xf4,iosize=4 -no-reboot -nic none
}
# shellcheck source=tests/guest/cases.sh disable=SC1091
. "$(dirname "$0")/guest/cases.sh"
check_all
