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

/* An event that is about to be delivered: what the processor was doing, and what its delivery is charged as. */
struct boundary_event {
	uint64_t rip;
	bool user;
	enum cost_cause cause;
};
/* Of the event in cpu.pending. */
struct boundary_event boundary_event(const struct machine *machine);
/*
 * Books it when the handler's first instruction is next: a step, so that a guest which only faults also comes to its limit. One that has
 * caused a VM exit instead is that exit's to book; one that has shut the processor down is the run's last.
 */
void boundary_delivered(struct machine *machine, const struct boundary_event *event, bool delivered);

/* Does what is due by VMX. true: something was done; look again before anything else. */
bool boundary_step(struct machine *machine);

/* true if the machine itself delivers external interrupts, NMIs: not in non-root operation under "external-interrupt exiting", "NMI
 * exiting" */
bool boundary_delivers_interrupts(const struct machine *machine);
bool boundary_delivers_nmi(const struct machine *machine);

/* The devices as the built-in VMMs see them. */
struct vmm_devices boundary_devices(struct machine *machine);

#endif
