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

/* CR0 and CR4 as the running software sees them: read shadows applied in non-root operation. */
uint64_t vmx_visible_cr0(const struct cpu *cpu);
uint64_t vmx_visible_cr4(const struct cpu *cpu);
/* The value that a non-exiting write gives: bits owned by the host keep their value. */
uint64_t vmx_merge_cr0(const struct cpu *cpu, uint64_t value);
uint64_t vmx_merge_cr4(const struct cpu *cpu, uint64_t value);
/* false if VMX operation's fixed bits forbid the value (SDM 3D, "VMX-Fixed Bits in CR0", "VMX-Fixed Bits in CR4"): #GP(0) */
bool vmx_cr0_allowed(const struct cpu *cpu, uint64_t value);
bool vmx_cr4_allowed(const struct cpu *cpu, uint64_t value);
/* The time-stamp counter as RDTSC, RDTSCP and RDMSR see it: offset and scaling applied in non-root operation. */
uint64_t vmx_visible_tsc(const struct cpu *cpu, uint64_t tsc);

#endif
