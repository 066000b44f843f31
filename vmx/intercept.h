/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where VMX non-root operation changes what an instruction or event does (SDM 3C, "Instructions That Cause VM Exits", "Changes
 * to Instruction Behavior in VMX Non-Root Operation"). Outside non-root operation each costs one comparison.
 */
#ifndef VMX_INTERCEPT_H
#define VMX_INTERCEPT_H

#include "vmx/instruction.h"

/*
 * true if this instruction, with the operands it has now, causes a VM exit: cpu->pending then holds the exit, and the handler returns
 * false. Handlers call it after the faults that the SDM gives priority ("Relative Priority of Faults and VM Exits": #UD, privilege
 * and mode checks) and before reading memory operands.
 */
bool vmx_intercept_slow(struct cpu *cpu, const struct insn *insn);
static inline bool vmx_intercept(struct cpu *cpu, const struct insn *insn)
{
	return unlikely(cpu->vmx_op == VMX_NONROOT) && vmx_intercept_slow(cpu, insn);
}

/* The same for LMSW, whose exit depends on its source operand: read before, and only once. */
bool vmx_intercept_lmsw_slow(struct cpu *cpu, const struct insn *insn, uint64_t msw);
static inline bool vmx_intercept_lmsw(struct cpu *cpu, const struct insn *insn, uint64_t msw)
{
	return unlikely(cpu->vmx_op == VMX_NONROOT) && vmx_intercept_lmsw_slow(cpu, insn, msw);
}

/*
 * true if the instruction is #UD in non-root operation because the control that enables it is 0 ("Changes to Instruction Behavior in VMX
 * Non-Root Operation": RDTSCP, RDPID, INVPCID, ...). sysinsn_execute asks before any handler runs.
 */
bool vmx_undefined_slow(const struct cpu *cpu, const struct insn *insn);
static inline bool vmx_undefined(const struct cpu *cpu, const struct insn *insn)
{
	return unlikely(cpu->vmx_op == VMX_NONROOT) && vmx_undefined_slow(cpu, insn);
}

/* true if delivering the event in cpu->pending causes a VM exit instead (exception bitmap, #PF mask and match); pending then is the exit.
 */
bool vmx_intercept_event_slow(struct cpu *cpu);
static inline bool vmx_intercept_event(struct cpu *cpu)
{
	return unlikely(cpu->vmx_op == VMX_NONROOT) && vmx_intercept_event_slow(cpu);
}

/* An event has been delivered: the monitor trap flag's exit comes before its handler's first instruction. */
void vmx_delivered_slow(struct cpu *cpu);
static inline void vmx_delivered(struct cpu *cpu)
{
	if (unlikely(cpu->vmx_op == VMX_NONROOT))
		vmx_delivered_slow(cpu);
}

/* CR0 and CR4 as the running software sees them: read shadows applied in non-root operation. */
uint64_t vmx_visible_cr0(const struct cpu *cpu);
uint64_t vmx_visible_cr4(const struct cpu *cpu);
/* The value that a non-exiting write gives: bits owned by the host keep their value. */
uint64_t vmx_merge_cr0(const struct cpu *cpu, uint64_t value);
uint64_t vmx_merge_cr4(const struct cpu *cpu, uint64_t value);
/* false if VMX operation's fixed bits forbid the value (SDM 3D, "VMX-Fixed Bits in CR0", "VMX-Fixed Bits in CR4"): #GP(0) */
bool vmx_cr0_allowed(const struct cpu *cpu, uint64_t value);
bool vmx_cr4_allowed(const struct cpu *cpu, uint64_t value);
/* CR8 (TPR[7:4]) under "use TPR shadow": true if the virtual-APIC page stands in for the APIC. */
bool vmx_read_cr8(const struct cpu *cpu, uint64_t *value);
bool vmx_write_cr8(struct cpu *cpu, uint64_t value);
/* The time-stamp counter as RDTSC, RDTSCP and RDMSR see it: offset and scaling applied in non-root operation. */
uint64_t vmx_visible_tsc(const struct cpu *cpu, uint64_t tsc);

/*
 * The boundary between two instructions. The machine calls this exactly once before each instruction that vmx_steps says to step, and
 * otherwise after each system instruction, event delivery and deadline. interrupt: an external interrupt is pending at the APIC or PIC,
 * whatever RFLAGS.IF. true: cpu->pending holds a VM exit (INIT, TPR threshold, monitor trap flag, preemption timer, NMI window, NMI,
 * interrupt window, external interrupt, in the SDM's order). false: the machine's own order applies (debug trap, NMI, interrupt,
 * instruction).
 */
bool vmx_before_instruction_slow(struct cpu *cpu, bool interrupt);
static inline bool vmx_before_instruction(struct cpu *cpu, bool interrupt)
{
	return unlikely(cpu->vmx_op == VMX_NONROOT) && vmx_before_instruction_slow(cpu, interrupt);
}
/* The clock at which vmx_before_instruction must be called next though nothing happens, ~0 if never: the VMX-preemption timer. */
uint64_t vmx_next_deadline(const struct cpu *cpu);
/* true if only one instruction may run before the next call: the monitor trap flag */
bool vmx_steps(const struct cpu *cpu);
/* true if external interrupts, NMIs are the VMM's: the machine never delivers them to the guest itself, and wakes a halted guest for them
 */
bool vmx_exits_on_interrupt(const struct cpu *cpu);
bool vmx_exits_on_nmi(const struct cpu *cpu);
/* IRET ends blocking by NMI (or virtual-NMI blocking), unless "NMI exiting" is 1 and "virtual NMIs" 0 */
bool vmx_iret_unblocks_nmi(const struct cpu *cpu);

#endif
