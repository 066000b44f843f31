/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMX instructions that manage VMX operation and the VMCS (SDM 3C, "VMX Instruction Reference"): for each the faults and checks
 * in the order of its page there. VMFUNC, INVEPT and INVVPID are in insn_inval.c. Left out: SMM (dual-monitor treatment), SMX.
 */
#include "vmx/insn.h"

#include "vmx/entry.h"
#include "vmx/exit.h"
#include "vmx/insn_info.h"
#include "vmx/intercept.h"
#include "vmx/memop.h"

#define FLAGS_ARITHMETIC (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

void vmx_succeed(struct cpu *cpu)
{
	cpu->rflags &= ~FLAGS_ARITHMETIC;
}

void vmx_fail_invalid(struct cpu *cpu)
{
	cpu->rflags = (cpu->rflags & ~FLAGS_ARITHMETIC) | FLAG_CF;
}

void vmx_fail(struct cpu *cpu, enum vm_error error)
{
	if (cpu->vmx->current == VMCS_NONE) {
		vmx_fail_invalid(cpu);
		return;
	}
	cpu->rflags = (cpu->rflags & ~FLAGS_ARITHMETIC) | FLAG_ZF;
	cpu->vmx->vmcs.insn_error = error;
}

bool insn_vmx_mode(const struct cpu *cpu)
{
	return cpu_protected(cpu) && !cpu_v86(cpu) && (!cpu_long_mode(cpu) || cpu_64bit(cpu));
}

bool insn_vmx_exit(struct cpu *cpu, const struct insn *insn, uint32_t reason)
{
	raise_vm_exit(cpu, reason, 0);
	insn_info_fill(cpu, insn, &cpu->pending);
	return false;
}

bool insn_vmx_prologue(struct cpu *cpu, const struct insn *insn, uint32_t reason)
{
	if (cpu->vmx_op == VMX_OUTSIDE || !insn_vmx_mode(cpu))
		return raise_exception(cpu, VEC_UD);
	if (cpu->vmx_op == VMX_NONROOT)
		return insn_vmx_exit(cpu, insn, reason);
	if (cpu->cpl > 0)
		return raise_error(cpu, VEC_GP, 0);
	return true;
}

/* VMXON outside VMX operation: CPL, fixed bits, IA32_FEATURE_CONTROL */
static bool vmxon_permitted(const struct cpu *cpu)
{
	const uint64_t enable = FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX;
	return cpu->cpl == 0 && (cpu->cr0 & VMX_CR0_FIXED0) == VMX_CR0_FIXED0 && !(cpu->cr0 & ~VMX_CR0_FIXED1) &&
	       !(cpu->cr4 & ~VMX_CR4_FIXED1) && (cpu->feature_control & enable) == enable;
}

void vmx_enter_operation(struct cpu *cpu, uint64_t region)
{
	cpu->vmx->vmxon = region;
	cpu->vmx->current = VMCS_NONE;
	cpu->vmx_op = VMX_ROOT;
	vmx_succeed(cpu);
}

bool insn_vmxon(struct cpu *cpu, const struct insn *insn)
{
	uint64_t region;
	if (!cpu->vmx || !insn_vmx_mode(cpu) || !(cpu->cr4 & CR4_VMXE))
		return raise_exception(cpu, VEC_UD);
	if (cpu->vmx_op == VMX_NONROOT)
		return insn_vmx_exit(cpu, insn, EXIT_VMXON);
	if (cpu->vmx_op == VMX_ROOT) {
		if (cpu->cpl > 0)
			return raise_error(cpu, VEC_GP, 0);
		vmx_fail(cpu, VMERR_VMXON_IN_ROOT);
		return true;
	}
	if (!vmxon_permitted(cpu))
		return raise_error(cpu, VEC_GP, 0);
	if (!memop_read_insn(cpu, insn, 8, &region))
		return false;
	if (!vmx_phys_ok(region, PAGE_SIZE) || vmcs_region_revision(cpu->mem, region) != VMCS_REVISION)
		vmx_fail_invalid(cpu);
	else
		vmx_enter_operation(cpu, region);
	return true;
}

static void write_back(struct cpu *cpu)
{
	if (cpu->vmx->current != VMCS_NONE)
		vmcs_region_store(cpu->mem, cpu->vmx->current, &cpu->vmx->vmcs);
}

void vmx_leave_operation(struct cpu *cpu)
{
	write_back(cpu);
	cpu->vmx->current = VMCS_NONE;
	cpu->vmx_op = VMX_OUTSIDE;
	vmx_succeed(cpu);
}

bool insn_vmxoff(struct cpu *cpu, const struct insn *insn)
{
	if (!insn_vmx_prologue(cpu, insn, EXIT_VMXOFF))
		return false;
	vmx_leave_operation(cpu);
	return true;
}

void vmx_clear(struct cpu *cpu, uint64_t region)
{
	struct vmx *vmx = cpu->vmx;
	if (!vmx_phys_ok(region, PAGE_SIZE)) {
		vmx_fail(cpu, VMERR_VMCLEAR_ADDRESS);
	} else if (region == vmx->vmxon) {
		vmx_fail(cpu, VMERR_VMCLEAR_VMXON_POINTER);
	} else {
		if (region == vmx->current) {
			write_back(cpu);
			vmx->current = VMCS_NONE;
		}
		vmcs_region_set_launch(cpu->mem, region, false);
		vmx_succeed(cpu);
	}
}

bool insn_vmclear(struct cpu *cpu, const struct insn *insn)
{
	uint64_t region;
	if (!insn_vmx_prologue(cpu, insn, EXIT_VMCLEAR) || !memop_read_insn(cpu, insn, 8, &region))
		return false;
	vmx_clear(cpu, region);
	return true;
}

void vmx_load_pointer(struct cpu *cpu, uint64_t region)
{
	struct vmx *vmx = cpu->vmx;
	if (!vmx_phys_ok(region, PAGE_SIZE)) {
		vmx_fail(cpu, VMERR_VMPTRLD_ADDRESS);
	} else if (region == vmx->vmxon) {
		vmx_fail(cpu, VMERR_VMPTRLD_VMXON_POINTER);
	} else if (vmcs_region_revision(cpu->mem, region) != VMCS_REVISION) {
		vmx_fail(cpu, VMERR_VMPTRLD_REVISION);
	} else {
		if (region != vmx->current) {
			write_back(cpu);
			vmcs_region_load(cpu->mem, region, &vmx->vmcs);
			vmx->current = region;
		}
		vmx_succeed(cpu);
	}
}

bool insn_vmptrld(struct cpu *cpu, const struct insn *insn)
{
	uint64_t region;
	if (!insn_vmx_prologue(cpu, insn, EXIT_VMPTRLD) || !memop_read_insn(cpu, insn, 8, &region))
		return false;
	vmx_load_pointer(cpu, region);
	return true;
}

bool insn_vmptrst(struct cpu *cpu, const struct insn *insn)
{
	if (!insn_vmx_prologue(cpu, insn, EXIT_VMPTRST) || !memop_write_insn(cpu, insn, 8, cpu->vmx->current))
		return false;
	vmx_succeed(cpu);
	return true;
}

/* What VMREAD and VMWRITE share: the field that ModRM.reg names. Returns its index, or -1 with the VMfail done. */
static int select_field(struct cpu *cpu, const struct insn *insn, unsigned size, uint64_t *encoding)
{
	if (cpu->vmx->current == VMCS_NONE) {
		vmx_fail_invalid(cpu);
		return -1;
	}
	*encoding = reg_read(cpu, insn, insn->reg, size);
	int index = vmcs_index(*encoding);
	if (index < 0)
		vmx_fail(cpu, VMERR_UNSUPPORTED_FIELD);
	return index;
}

bool insn_vmread(struct cpu *cpu, const struct insn *insn)
{
	unsigned size = cpu_64bit(cpu) ? 8 : 4;
	uint64_t encoding;
	if (!insn_vmx_prologue(cpu, insn, EXIT_VMREAD))
		return false;
	int index = select_field(cpu, insn, size, &encoding);
	if (index < 0)
		return true;
	if (!rm_write(cpu, insn, size, vmcs_get(&cpu->vmx->vmcs, index, encoding)))
		return false;
	cpu->ev.n[EV_VMREADS]++;
	cost_charge(&cpu->cost, COST_VMREAD);
	vmx_touch_fields(cpu, (unsigned)index, 1);
	vmx_succeed(cpu);
	return true;
}

bool insn_vmwrite(struct cpu *cpu, const struct insn *insn)
{
	unsigned size = cpu_64bit(cpu) ? 8 : 4;
	uint64_t encoding, value;
	if (!insn_vmx_prologue(cpu, insn, EXIT_VMWRITE))
		return false;
	int index = select_field(cpu, insn, size, &encoding);
	if (index < 0)
		return true;
	if (vmcs_is_read_only(encoding)) {
		vmx_fail(cpu, VMERR_READ_ONLY_FIELD);
		return true;
	}
	if (!rm_read(cpu, insn, size, &value))
		return false;
	vmcs_set(&cpu->vmx->vmcs, index, encoding, value);
	cpu->ev.n[EV_VMWRITES]++;
	cost_charge(&cpu->cost, COST_VMWRITE);
	vmx_touch_fields(cpu, (unsigned)index, 1);
	vmx_succeed(cpu);
	return true;
}

bool insn_vmcall(struct cpu *cpu, const struct insn *insn)
{
	if (cpu->vmx_op == VMX_OUTSIDE)
		return raise_exception(cpu, VEC_UD);
	if (cpu->vmx_op == VMX_NONROOT)
		return insn_vmx_exit(cpu, insn, EXIT_VMCALL);
	if (!insn_vmx_mode(cpu))
		return raise_exception(cpu, VEC_UD);
	if (cpu->cpl > 0)
		return raise_error(cpu, VEC_GP, 0);
	vmx_fail(cpu, VMERR_VMCALL_IN_ROOT);
	return true;
}

static bool basic_check_failed(struct cpu *cpu, enum vm_error error, const char *text)
{
	vmx_fail(cpu, error);
	entry_basic_failed(cpu, error, text);
	return false;
}

/* The checks before the VMCS's own (SDM 3C, "Basic VM-Entry Checks"). */
static bool basic_checks(struct cpu *cpu, bool launch)
{
	struct vmx *vmx = cpu->vmx;
	if (vmx->current == VMCS_NONE) {
		vmx_fail_invalid(cpu);
		entry_basic_failed(cpu, -1, "there must be a current VMCS");
		return false;
	}
	if (cpu->interruptibility & BLOCK_MOV_SS)
		return basic_check_failed(cpu, VMERR_ENTRY_MOV_SS, "events must not be blocked by MOV SS");
	if (launch && vmx->vmcs.launched)
		return basic_check_failed(cpu, VMERR_VMLAUNCH_NOT_CLEAR, "VMLAUNCH: the launch state of the current VMCS must be clear");
	if (!launch && !vmx->vmcs.launched)
		return basic_check_failed(cpu, VMERR_VMRESUME_NOT_LAUNCHED,
					  "VMRESUME: the launch state of the current VMCS must be launched");
	return true;
}

bool vmx_launch_or_resume(struct cpu *cpu, bool launch, bool *entered)
{
	*entered = false;
	if (!basic_checks(cpu, launch))
		return true;
	switch (vmx_entry(cpu)) {
	case ENTRY_BAD_CONTROLS:
		vmx_fail(cpu, VMERR_ENTRY_CONTROLS);
		return true;
	case ENTRY_BAD_HOST:
		vmx_fail(cpu, VMERR_ENTRY_HOST);
		return true;
	case ENTRY_OK:
	case ENTRY_EXITED:
		break;
	}
	*entered = true;
	return cpu->pending.kind == PENDING_NONE;
}

bool insn_vmlaunch(struct cpu *cpu, const struct insn *insn, bool *entered)
{
	*entered = false;
	return insn_vmx_prologue(cpu, insn, EXIT_VMLAUNCH) && vmx_launch_or_resume(cpu, true, entered);
}

bool insn_vmresume(struct cpu *cpu, const struct insn *insn, bool *entered)
{
	*entered = false;
	return insn_vmx_prologue(cpu, insn, EXIT_VMRESUME) && vmx_launch_or_resume(cpu, false, entered);
}
