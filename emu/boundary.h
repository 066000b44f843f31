/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boundary between two instructions where VMX takes part: VM exits to take, events that VM entry injects, built-in VMMs, and the
 * events of non-root operation (windows, monitor trap flag, preemption timer).
 */
#ifndef EMU_BOUNDARY_H
#define EMU_BOUNDARY_H

#include "emu/machine.h"

/* Attaches VMX to the processor, with the hooks that lie above it. */
void boundary_attach(struct machine *machine);

/* Does what is due by VMX. true: something was done; look again before anything else. */
bool boundary_step(struct machine *machine);

/* true if the machine itself delivers external interrupts, NMIs: not in non-root operation under "external-interrupt exiting", "NMI
 * exiting" */
bool boundary_delivers_interrupts(const struct machine *machine);
bool boundary_delivers_nmi(const struct machine *machine);

/* The devices as the built-in VMMs see them. */
struct vmm_devices boundary_devices(struct machine *machine);

#endif
