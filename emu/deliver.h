/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event delivery: through the IVT in real mode, the IDT in protected and long mode (SDM 3A, "Interrupt and Exception Handling").
 */
#ifndef EMU_DELIVER_H
#define EMU_DELIVER_H

#include "vmx/memop.h"

/*
 * Delivers the exception in cpu->pending (kind PENDING_EXCEPTION), or a software interrupt put there by INT n. A fault on the way
 * becomes a contributory or double fault as the SDM's table says, and is delivered in turn; a third one is a triple fault:
 * shutdown (cpu->activity), or VM exit 2 in non-root operation. VM exits (exception bitmap, EPT violations on the way) are left in
 * cpu->pending. Returns true when the handler's first instruction is next; false when cpu->pending holds a VM exit or stop, or the
 * processor is shut down. CR2 and DR6 are written, RF pushed as the SDM says; cpu->delivery describes the event while it is under way and,
 * if false was returned, the event that was being delivered (active is then false for a VM exit that the event itself, a double fault or
 * a triple fault caused; whoever takes the VM exit clears it).
 * RF is pushed as it is for interrupts and traps: whoever stops within a REP string instruction sets it in cpu->rflags.
 */
bool deliver_pending(struct cpu *cpu);

/*
 * The same without asking whether the event itself causes a VM exit: for VM-entry event injection, of every event type (pending.insn_len is
 * the VM-entry instruction length; pending.injected leaves CR2, DR6, DR7 and RF alone). Faults on the way are asked about.
 */
bool deliver_injected(struct cpu *cpu);

/* An external interrupt or NMI, whose conditions (IF, blocking) the caller has checked. Same results as deliver_pending. */
bool deliver_interrupt(struct cpu *cpu, uint8_t vector, bool nmi);

#endif
