/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control registers: MOV CR, CLTS, SMSW, LMSW (SDM 2A and 2B, the instructions' pages; 3A, "Control Registers", "Operations that Invalidate
 * TLBs and Paging-Structure Caches", "Initializing IA-32e Mode").
 */
#include "emu/sysinsn.h"
#include "vmx/offer.h"
#include "vmx/pdpte.h"

enum { TSS16_AVAILABLE = 1, TSS16_BUSY = 3 };

static unsigned cr_size(const struct cpu *cpu)
{
	return cpu_64bit(cpu) ? 8 : 4;
}

/* PG goes from 0 to 1 with EFER.LME = 1. */
static bool may_enter_long_mode(const struct cpu *cpu)
{
	const unsigned tss = cpu->tr.ar & AR_TYPE;
	const bool tss16 = !(cpu->tr.ar & AR_UNUSABLE) && (tss == TSS16_AVAILABLE || tss == TSS16_BUSY);

	return (cpu->cr4 & CR4_PAE) && !(cpu->seg[SEG_CS].ar & AR_L) && !tss16;
}

/* The value of EFER that goes with the new CR0. false: the change of PG is not allowed. */
static bool change_pg(const struct cpu *cpu, uint64_t cr0, uint64_t *efer)
{
	if (!((cr0 ^ cpu->cr0) & CR0_PG))
		return true;
	if (!(cr0 & CR0_PG)) {
		*efer &= ~EFER_LMA;
		return !cpu_64bit(cpu) && !(cpu->cr4 & CR4_PCIDE);
	}
	if (!(*efer & EFER_LME))
		return true;
	*efer |= EFER_LMA;
	return may_enter_long_mode(cpu);
}

static bool write_cr0(struct cpu *cpu, uint64_t value)
{
	const uint64_t cr0 = (value & CR0_OFFERED) | CR0_ET;
	const uint64_t changed = cr0 ^ cpu->cr0;
	uint64_t efer = cpu->efer;

	if (value >> 32 || ((cr0 & CR0_PG) && !(cr0 & CR0_PE)) || ((cr0 & CR0_NW) && !(cr0 & CR0_CD)))
		return raise_error(cpu, VEC_GP, 0);
	if (!vmx_cr0_allowed(cpu, cr0) || !change_pg(cpu, cr0, &efer))
		return raise_error(cpu, VEC_GP, 0);
	if ((changed & (CR0_PG | CR0_CD | CR0_NW)) && pdpte_in_use(cr0, cpu->cr4, efer) && !pdpte_load(cpu, cpu->cr3))
		return false;
	cpu->cr0 = cr0;
	cpu->efer = efer;
	if (changed & CR0_PG)
		mmu_flush_all(&cpu->mmu);
	if (changed)
		cpu_paging_changed(cpu);
	return true;
}

/* The PDPTE registers are loaded before anything changes: their fault leaves CR3 as it was. */
static bool write_cr3(struct cpu *cpu, uint64_t value)
{
	const bool pcide = cpu->cr4 & CR4_PCIDE;
	const bool keep = pcide && (value & CR3_NO_FLUSH);
	const uint64_t cr3 = pcide ? value & ~CR3_NO_FLUSH : value;

	if (cr3 & CR3_RESERVED)
		return raise_error(cpu, VEC_GP, 0);
	if (pdpte_in_use(cpu->cr0, cpu->cr4, cpu->efer) && !pdpte_load(cpu, cr3))
		return false;
	cpu->cr3 = cr3;
	if (!keep)
		mmu_flush_pcid(&cpu->mmu, pcide ? (uint16_t)(cr3 & CR3_PCID) : 0);
	cpu_space_changed(cpu);
	return true;
}

static bool cr4_valid(const struct cpu *cpu, uint64_t cr4)
{
	const uint64_t changed = cr4 ^ cpu->cr4;

	if (cr4 & ~(CR4_OFFERED | CR4_VMXE))
		return false;
	if ((changed & cr4 & CR4_PCIDE) && (!cpu_long_mode(cpu) || (cpu->cr3 & CR3_PCID)))
		return false;
	if (cpu_long_mode(cpu) && (!(cr4 & CR4_PAE) || (changed & CR4_LA57)))
		return false;
	return vmx_cr4_allowed(cpu, cr4);
}

/*
 * PGE, or PCIDE from 1 to 0: everything. PAE, or SMEP from 0 to 1: the current PCID (CHOICE: everything too, which the SDM permits).
 */
static bool cr4_flushes(uint64_t cr4, uint64_t changed)
{
	return (changed & (CR4_PGE | CR4_PAE)) || (changed & ~cr4 & CR4_PCIDE) || (changed & cr4 & CR4_SMEP);
}

static bool write_cr4(struct cpu *cpu, uint64_t cr4)
{
	const uint64_t changed = cr4 ^ cpu->cr4;

	if (!cr4_valid(cpu, cr4))
		return raise_error(cpu, VEC_GP, 0);
	if ((changed & (CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP)) && pdpte_in_use(cpu->cr0, cr4, cpu->efer) && !pdpte_load(cpu, cpu->cr3))
		return false;
	cpu->cr4 = cr4;
	if (cr4_flushes(cr4, changed))
		mmu_flush_all(&cpu->mmu);
	if (changed)
		cpu_paging_changed(cpu);
	return true;
}

static bool write_cr8(struct sysinsn *s, uint64_t value)
{
	if (value & ~BITS(3, 0))
		return raise_error(s->cpu, VEC_GP, 0);
	if (vmx_write_cr8(s->cpu, value))
		return true;
	s->cpu->cr8 = value;
	bus_set_tpr(s->bus, (uint8_t)value);
	return true;
}

static bool cr_exists(const struct cpu *cpu, unsigned cr)
{
	return cr == 0 || cr == 2 || cr == 3 || cr == 4 || (cr == 8 && cpu_64bit(cpu));
}

/* #UD before #GP before the VM exit; the value is looked at last. */
static bool may_move_cr(struct sysinsn *s)
{
	if (!cr_exists(s->cpu, s->insn->reg))
		return raise_exception(s->cpu, VEC_UD);
	if (s->cpu->cpl != 0)
		return raise_error(s->cpu, VEC_GP, 0);
	return !vmx_intercept(s->cpu, s->insn);
}

static uint64_t read_cr(struct sysinsn *s)
{
	uint64_t tpr;

	switch (s->insn->reg) {
	case 0:
		return vmx_visible_cr0(s->cpu);
	case 2:
		return s->cpu->cr2;
	case 3:
		return s->cpu->cr3;
	case 4:
		return vmx_visible_cr4(s->cpu);
	default:
		return vmx_read_cr8(s->cpu, &tpr) ? tpr : bus_tpr(s->bus);
	}
}

bool sys_MOV_FROM_CR(struct sysinsn *s)
{
	if (!may_move_cr(s))
		return false;
	reg_write(s->cpu, s->insn, s->insn->rm, cr_size(s->cpu), read_cr(s));
	return true;
}

bool sys_MOV_TO_CR(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;

	if (!may_move_cr(s))
		return false;
	const uint64_t value = reg_read(cpu, s->insn, s->insn->rm, cr_size(cpu));
	switch (s->insn->reg) {
	case 0:
		return write_cr0(cpu, vmx_merge_cr0(cpu, value));
	case 2:
		cpu->cr2 = value;
		return true;
	case 3:
		return write_cr3(cpu, value);
	case 4:
		return write_cr4(cpu, vmx_merge_cr4(cpu, value));
	default:
		return write_cr8(s, value);
	}
}

bool sys_CLTS(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;

	if (cpu->cpl != 0)
		return raise_error(cpu, VEC_GP, 0);
	if (vmx_intercept(cpu, s->insn))
		return false;
	return write_cr0(cpu, vmx_merge_cr0(cpu, cpu->cr0 & ~CR0_TS));
}

/* A memory destination has 16 bits; a register takes as much of CR0 as the operand size gives. */
bool sys_SMSW(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;

	if ((cpu->cr4 & CR4_UMIP) && cpu->cpl > 0)
		return raise_error(cpu, VEC_GP, 0);
	if (vmx_intercept(cpu, s->insn))
		return false;
	return rm_write(cpu, s->insn, s->insn->flags & INSN_MEM ? 2 : s->insn->opsize, vmx_visible_cr0(cpu));
}

/* Writes PE, MP, EM and TS; PE can be set, not cleared. In VMX non-root operation the exit depends on the operand: the intercept reads it.
 */
bool sys_LMSW(struct sysinsn *s)
{
	const uint64_t low = CR0_PE | CR0_MP | CR0_EM | CR0_TS;
	struct cpu *cpu = s->cpu;
	uint64_t msw;

	if (cpu->cpl != 0)
		return raise_error(cpu, VEC_GP, 0);
	if (!rm_read(cpu, s->insn, 2, &msw) || vmx_intercept_lmsw(cpu, s->insn, msw))
		return false;
	return write_cr0(cpu, vmx_merge_cr0(cpu, (cpu->cr0 & ~(low & ~CR0_PE)) | (msw & low)));
}
