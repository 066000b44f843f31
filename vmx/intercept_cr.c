/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CR0, CR3, CR4 and CR8 in VMX operation: guest/host masks and read shadows, CR3-target values, the virtual TPR, VMX-fixed bits, and the
 * time-stamp counter (SDM 3C, "Changes to Instruction Behavior in VMX Non-Root Operation", "Guest/Host Masks and Read Shadows for CR0
 * and CR4", "Virtualizing CR8-Based TPR Accesses").
 */
#include "vmx/intercept_cr.h"

#include "vmx/exit.h"
#include "vmx/insn_info.h"
#include "vmx/intercept.h"
#include "vmx/memop.h"

enum { VTPR = 0x80 }; /* offset in the virtual-APIC page */

static bool cr_exit(struct cpu *cpu, const struct insn *insn, uint64_t qualification)
{
	raise_vm_exit(cpu, EXIT_CR_ACCESS, qualification);
	cpu->pending.insn_len = insn->len;
	return true;
}

/* a bit that the host owns would differ from its read shadow */
static bool differs(uint64_t value, uint64_t mask, uint64_t shadow)
{
	return (value ^ shadow) & mask;
}

static bool is_cr3_target(const struct vmcs *v, uint64_t value)
{
	for (unsigned i = 0; i < v->cr3_target_count && i < VMX_CR3_TARGETS; i++)
		if (v->field[VMCS_I_CR3_TARGET0 + i] == value)
			return true;
	return false;
}

static bool mov_to_cr_exits(const struct cpu *cpu, unsigned cr, uint64_t value)
{
	const struct vmx *vmx = cpu->vmx;
	const struct vmcs *v = &vmx->vmcs;
	switch (cr) {
	case 0:
		return differs(value, v->cr0_mask, v->cr0_shadow);
	case 3:
		return vmx_proc(vmx, CTL(PROC, CR3_LOAD)) && !is_cr3_target(v, value);
	case 4:
		return differs(value, v->cr4_mask, v->cr4_shadow);
	case 8:
		return vmx_proc(vmx, CTL(PROC, CR8_LOAD));
	default:
		return false;
	}
}

static bool mov_from_cr_exits(const struct cpu *cpu, unsigned cr)
{
	return (cr == 3 && vmx_proc(cpu->vmx, CTL(PROC, CR3_STORE))) || (cr == 8 && vmx_proc(cpu->vmx, CTL(PROC, CR8_STORE)));
}

/* LMSW sets PE but never clears it. */
static bool lmsw_exits(const struct vmcs *v, uint64_t msw)
{
	const uint64_t upper = CR0_MP | CR0_EM | CR0_TS;
	return differs(msw & upper, v->cr0_mask & upper, v->cr0_shadow & upper) || (msw & v->cr0_mask & ~v->cr0_shadow & CR0_PE);
}

bool vmx_intercept_lmsw_slow(struct cpu *cpu, const struct insn *insn, uint64_t msw)
{
	bool memory = insn->flags & INSN_MEM;
	gla_t gla = GLA(0);
	if (!lmsw_exits(&cpu->vmx->vmcs, msw))
		return false;
	if (memory && !memop_linear(cpu, insn->seg, insn_offset(cpu, insn), 2, ACC_READ, &gla))
		return true;
	cr_exit(cpu, insn, CR_ACCESS_LMSW << 4 | (memory ? BIT(6) : 0) | msw << 16);
	cpu->pending.exit_gla = gla.u;
	return true;
}

bool intercept_cr(struct cpu *cpu, const struct insn *insn)
{
	const struct vmcs *v = &cpu->vmx->vmcs;
	uint64_t operands = insn->reg | (uint64_t)insn->rm << 8;
	switch (insn->sys) {
	case SYS_MOV_TO_CR:
		return mov_to_cr_exits(cpu, insn->reg, reg_read(cpu, insn, insn->rm, cpu_64bit(cpu) ? 8 : 4)) &&
		       cr_exit(cpu, insn, operands | CR_ACCESS_MOV_TO << 4);
	case SYS_MOV_FROM_CR:
		return mov_from_cr_exits(cpu, insn->reg) && cr_exit(cpu, insn, operands | CR_ACCESS_MOV_FROM << 4);
	default: /* CLTS */
		return (v->cr0_mask & v->cr0_shadow & CR0_TS) && cr_exit(cpu, insn, CR_ACCESS_CLTS << 4);
	}
}

static uint64_t select_bits(uint64_t mask, uint64_t ones, uint64_t zeros)
{
	return (ones & mask) | (zeros & ~mask);
}

uint64_t vmx_visible_cr0(const struct cpu *cpu)
{
	if (likely(cpu->vmx_op != VMX_NONROOT))
		return cpu->cr0;
	return select_bits(cpu->vmx->vmcs.cr0_mask, cpu->vmx->vmcs.cr0_shadow, cpu->cr0);
}

uint64_t vmx_visible_cr4(const struct cpu *cpu)
{
	if (likely(cpu->vmx_op != VMX_NONROOT))
		return cpu->cr4;
	return select_bits(cpu->vmx->vmcs.cr4_mask, cpu->vmx->vmcs.cr4_shadow, cpu->cr4);
}

uint64_t vmx_merge_cr0(const struct cpu *cpu, uint64_t value)
{
	return cpu->vmx_op == VMX_NONROOT ? select_bits(cpu->vmx->vmcs.cr0_mask, cpu->cr0, value) : value;
}

uint64_t vmx_merge_cr4(const struct cpu *cpu, uint64_t value)
{
	return cpu->vmx_op == VMX_NONROOT ? select_bits(cpu->vmx->vmcs.cr4_mask, cpu->cr4, value) : value;
}

bool vmx_cr0_allowed(const struct cpu *cpu, uint64_t value)
{
	uint64_t fixed = VMX_CR0_FIXED0;
	if (cpu->vmx_op == VMX_OUTSIDE)
		return true;
	if (cpu->vmx_op == VMX_NONROOT && vmx_proc2(cpu->vmx, CTL(PROC2, UNRESTRICTED)))
		fixed &= ~(CR0_PE | CR0_PG);
	return (value & fixed) == fixed;
}

bool vmx_cr4_allowed(const struct cpu *cpu, uint64_t value)
{
	if (!cpu->vmx)
		return !(value & CR4_VMXE);
	return cpu->vmx_op == VMX_OUTSIDE || (value & CR4_VMXE);
}

uint64_t vmx_visible_tsc(const struct cpu *cpu, uint64_t tsc)
{
	const struct vmx *vmx = cpu->vmx;
	if (cpu->vmx_op != VMX_NONROOT || !vmx_proc(vmx, CTL(PROC, TSC_OFFSETTING)))
		return tsc;
	if (vmx_proc2(vmx, CTL(PROC2, TSC_SCALING)))
		tsc = (uint64_t)(((unsigned __int128)tsc * vmx->vmcs.tsc_multiplier) >> 48);
	return tsc + vmx->vmcs.tsc_offset;
}

static bool tpr_shadowed(const struct cpu *cpu)
{
	return cpu->vmx_op == VMX_NONROOT && vmx_proc(cpu->vmx, CTL(PROC, TPR_SHADOW));
}

bool vmx_read_cr8(const struct cpu *cpu, uint64_t *value)
{
	if (!tpr_shadowed(cpu))
		return false;
	vmx_touch(cpu, cpu->vmx->vmcs.virtual_apic_addr + VTPR, 1);
	*value = mem_read(cpu->mem, HPA(cpu->vmx->vmcs.virtual_apic_addr + VTPR), 1) >> 4;
	return true;
}

bool vmx_write_cr8(struct cpu *cpu, uint64_t value)
{
	struct vmx *vmx = cpu->vmx;
	if (!tpr_shadowed(cpu))
		return false;
	vmx_touch(cpu, vmx->vmcs.virtual_apic_addr + VTPR, 4);
	mem_write(cpu->mem, HPA(vmx->vmcs.virtual_apic_addr + VTPR), (value & 15) << 4, 4);
	if ((value & 15) < (vmx->vmcs.tpr_threshold & 15))
		vmx->tpr_below_threshold = true;
	return true;
}
