# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Lab 4: the student's file becomes a bootable image, which runs as a hypervisor on vtxray, and tells how far it comes.
if image 4-hypervisor; then
	part 0 20 "$VTXRAY" run --vmx --explain-entry --mem 128M --max-insns 50M "$work/lab.elf"
	grep -E '^vtxray: (VM entry|.*VM-entry|triple fault|not modelled)' "$work/err" | head -n 2 | sed 's/^/              /'
	[ "$all" -ge 100 ] || points 0 $((100 - all)) "the steps after that"
else
	points 0 100 "a file that compiles"
fi
