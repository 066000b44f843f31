/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INVEPT, INVVPID and VMFUNC (SDM 3C, "VMX Instruction Reference"; "EPTP Switching").
 */
#include "vmx/exit.h"
#include "vmx/insn.h"
#include "vmx/memop.h"

enum { INVEPT_SINGLE = 1, INVEPT_ALL = 2 };
enum { INVVPID_ADDRESS = 0, INVVPID_SINGLE = 1, INVVPID_ALL = 2, INVVPID_RETAIN_GLOBAL = 3 };
enum { VMFUNC_EAX_MAX = 63, EPTP_LIST_ENTRIES = 512 };

#define EPTP_ADDR BITS(51, 12)

static uint64_t type_operand(const struct cpu *cpu, const struct insn *insn)
{
	return reg_read(cpu, insn, insn->reg, cpu_64bit(cpu) ? 8 : 4);
}

static bool read_descriptor(struct cpu *cpu, const struct insn *insn, uint64_t descriptor[2])
{
	return memop_read_bytes(cpu, insn->seg, insn_offset(cpu, insn), descriptor, 16);
}

static bool eptp_valid(const struct cpu *cpu, uint64_t eptp)
{
	return cpu->vmx->hooks.ept_valid && cpu->vmx->hooks.ept_valid(cpu, eptp);
}

bool insn_invept(struct cpu *cpu, const struct insn *insn)
{
	uint64_t descriptor[2];
	if (!insn_vmx_prologue(cpu, insn, EXIT_INVEPT))
		return false;
	uint64_t type = type_operand(cpu, insn);
	if (type != INVEPT_SINGLE && type != INVEPT_ALL) {
		vmx_fail(cpu, VMERR_INVALIDATE_OPERAND);
		return true;
	}
	if (!read_descriptor(cpu, insn, descriptor))
		return false;
	if (type == INVEPT_SINGLE && !eptp_valid(cpu, descriptor[0])) {
		vmx_fail(cpu, VMERR_INVALIDATE_OPERAND);
		return true;
	}
	if (type == INVEPT_SINGLE)
		mmu_invept(&cpu->mmu, (descriptor[0] & EPTP_ADDR) | EPTRTA_EPT);
	else
		mmu_invept_all(&cpu->mmu);
	cpu->engine_flush = true;
	vmx_succeed(cpu);
	return true;
}

/* false: VMfail */
static bool invalidate_vpid(struct cpu *cpu, uint64_t type, const uint64_t descriptor[2])
{
	uint16_t vpid = (uint16_t)descriptor[0];
	if (descriptor[0] >> 16 || (type != INVVPID_ALL && vpid == 0))
		return false;
	if (type == INVVPID_ADDRESS && !is_canonical(descriptor[1], LINEAR_WIDTH))
		return false;
	switch (type) {
	case INVVPID_ADDRESS:
		mmu_invvpid_addr(&cpu->mmu, vpid, GLA(descriptor[1]));
		break;
	case INVVPID_SINGLE:
		mmu_invvpid(&cpu->mmu, vpid);
		break;
	case INVVPID_ALL:
		mmu_invvpid_all(&cpu->mmu);
		break;
	default:
		mmu_invvpid_nonglobal(&cpu->mmu, vpid);
	}
	cpu->engine_flush = true;
	return true;
}

bool insn_invvpid(struct cpu *cpu, const struct insn *insn)
{
	uint64_t descriptor[2];
	if (!insn_vmx_prologue(cpu, insn, EXIT_INVVPID))
		return false;
	uint64_t type = type_operand(cpu, insn);
	if (type > INVVPID_RETAIN_GLOBAL) {
		vmx_fail(cpu, VMERR_INVALIDATE_OPERAND);
		return true;
	}
	if (!read_descriptor(cpu, insn, descriptor))
		return false;
	if (invalidate_vpid(cpu, type, descriptor))
		vmx_succeed(cpu);
	else
		vmx_fail(cpu, VMERR_INVALIDATE_OPERAND);
	return true;
}

/* VM function 0. false: VM exit */
static bool switch_eptp(struct cpu *cpu)
{
	struct vmx *vmx = cpu->vmx;
	uint32_t entry = (uint32_t)cpu->gpr[RCX];
	if (entry >= EPTP_LIST_ENTRIES)
		return false;
	vmx_touch(cpu, vmx->vmcs.eptp_list_addr + 8 * entry, 8);
	uint64_t eptp = mem_read(cpu->mem, HPA(vmx->vmcs.eptp_list_addr + 8 * entry), 8);
	if (!eptp_valid(cpu, eptp))
		return false;
	vmx->vmcs.eptp = eptp;
	if (vmx_proc2(vmx, CTL(PROC2, VE)))
		vmx->vmcs.eptp_index = entry;
	vmx->hooks.ept_use(cpu, eptp, vmx_vpid(vmx));
	cpu_paging_changed(cpu);
	return true;
}

bool insn_vmfunc(struct cpu *cpu, const struct insn *insn)
{
	struct vmx *vmx = cpu->vmx;
	uint32_t function = (uint32_t)cpu->gpr[RAX];
	if (cpu->vmx_op != VMX_NONROOT || !vmx_proc2(vmx, CTL(PROC2, VM_FUNCTIONS)) || function > VMFUNC_EAX_MAX)
		return raise_exception(cpu, VEC_UD);
	if (!(vmx->vmcs.vm_function_controls & BIT(function)) || !switch_eptp(cpu))
		return insn_vmx_exit(cpu, insn, EXIT_VMFUNC);
	return true;
}
