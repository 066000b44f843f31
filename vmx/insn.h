/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMX instructions (SDM 3C, "VMX Instruction Reference"). Each returns true when it completed (VMfail included: RFLAGS says so),
 * false with cpu->pending filled: #UD, #GP, a memory operand's fault, a VM exit in non-root operation.
 */
#ifndef VMX_INSN_H
#define VMX_INSN_H

#include "vmx/instruction.h"
#include "vmx/vmx.h"

/* VM-instruction error numbers (SDM 3C, "VM Instruction Error Numbers") */
enum vm_error {
	VMERR_VMCALL_IN_ROOT = 1,
	VMERR_VMCLEAR_ADDRESS = 2,
	VMERR_VMCLEAR_VMXON_POINTER = 3,
	VMERR_VMLAUNCH_NOT_CLEAR = 4,
	VMERR_VMRESUME_NOT_LAUNCHED = 5,
	VMERR_ENTRY_CONTROLS = 7,
	VMERR_ENTRY_HOST = 8,
	VMERR_VMPTRLD_ADDRESS = 9,
	VMERR_VMPTRLD_VMXON_POINTER = 10,
	VMERR_VMPTRLD_REVISION = 11,
	VMERR_UNSUPPORTED_FIELD = 12,
	VMERR_READ_ONLY_FIELD = 13,
	VMERR_VMXON_IN_ROOT = 15,
	VMERR_ENTRY_MOV_SS = 26,
	VMERR_INVALIDATE_OPERAND = 28,
};

bool insn_vmxon(struct cpu *cpu, const struct insn *insn);
bool insn_vmxoff(struct cpu *cpu, const struct insn *insn);
bool insn_vmclear(struct cpu *cpu, const struct insn *insn);
bool insn_vmptrld(struct cpu *cpu, const struct insn *insn);
bool insn_vmptrst(struct cpu *cpu, const struct insn *insn);
bool insn_vmread(struct cpu *cpu, const struct insn *insn);
bool insn_vmwrite(struct cpu *cpu, const struct insn *insn);
bool insn_vmcall(struct cpu *cpu, const struct insn *insn);
bool insn_vmfunc(struct cpu *cpu, const struct insn *insn);
bool insn_invept(struct cpu *cpu, const struct insn *insn);
bool insn_invvpid(struct cpu *cpu, const struct insn *insn);
/*
 * VMLAUNCH and VMRESUME. *entered is true when the processor's state is no longer that after the instruction: the guest's (then
 * true is returned, and cpu->pending may hold an event to inject), or, after a failed entry with reason 33 or 34, the host's.
 */
bool insn_vmlaunch(struct cpu *cpu, const struct insn *insn, bool *entered);
bool insn_vmresume(struct cpu *cpu, const struct insn *insn, bool *entered);

/* What the pages of the VMX instructions have in common: not real-address, virtual-8086 or compatibility mode. */
bool insn_vmx_mode(const struct cpu *cpu);
/* Fills cpu->pending with the VM exit of an instruction, and returns false. */
bool insn_vmx_exit(struct cpu *cpu, const struct insn *insn, uint32_t reason);
/* #UD outside VMX operation or by mode, the VM exit in non-root operation, #GP(0) by CPL. */
bool insn_vmx_prologue(struct cpu *cpu, const struct insn *insn, uint32_t reason);

/* What the instructions do once operands are read and privileges checked; the built-in VMMs start here. Each sets RFLAGS. */
void vmx_enter_operation(struct cpu *cpu, uint64_t region); /* VMXON, all checks passed */
void vmx_leave_operation(struct cpu *cpu);		    /* VMXOFF */
void vmx_clear(struct cpu *cpu, uint64_t region);	    /* VMCLEAR */
void vmx_load_pointer(struct cpu *cpu, uint64_t region);    /* VMPTRLD */
void vmx_succeed(struct cpu *cpu);
void vmx_fail(struct cpu *cpu, enum vm_error error); /* VMfailValid(error), or VMfailInvalid without a current VMCS */
void vmx_fail_invalid(struct cpu *cpu);
/* From "VMfailInvalid when no current VMCS" to the guest's first instruction; same results as insn_vmlaunch. */
bool vmx_launch_or_resume(struct cpu *cpu, bool launch, bool *entered);

#endif
