/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One event through one gate: what emu/deliver.c asks for, once for each event of a chain of faults.
 */
#ifndef EMU_DELIVER_GATE_H
#define EMU_DELIVER_GATE_H

#include "vmx/task.h"

/* What the handler finds on its stack. */
struct event_frame {
	uint8_t vector;
	bool software; /* INT n, INT3 or INTO: the gate's DPL is checked */
	bool has_error;
	uint32_t error;
	uint64_t rip, rflags;
};

/*
 * Through the IVT of real-address mode, or a gate of the IDT in protected mode or IA-32e mode. True: the processor is at the handler's
 * first instruction; false: cpu->pending has a fault, VM exit or stop, and the registers are as they were.
 */
bool deliver_gate(struct cpu *cpu, const struct event_frame *frame);

#endif
