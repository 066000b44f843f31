/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reset, paging-mode changes, and the functions that turn a fault into cpu->pending (SDM 3A, "Processor State After Reset", table
 * "IA-32 and Intel 64 Processor States Following Power-up, Reset, or INIT"; "Error Code").
 * Left out: INIT, which keeps more state, and the state of x87 and SSE, which the engine holds.
 */
#include "vmx/debug.h"
#include "vmx/offer.h"
#include "vmx/vmx.h"

#include <string.h>

static const struct segment reset_data = {.ar = AR_P | AR_S | AR_RW | AR_A, .limit = 0xffff};

static void reset_segments(struct cpu *cpu)
{
	for (unsigned i = 0; i < SEG_COUNT; i++)
		cpu->seg[i] = reset_data;
	cpu->seg[SEG_CS] = (struct segment){.selector = 0xf000, .ar = reset_data.ar | AR_CODE, .limit = 0xffff, .base = 0xffff0000};
	cpu->ldtr = (struct segment){.ar = AR_P | 2, .limit = 0xffff};
	cpu->tr = (struct segment){.ar = AR_P | 0xb, .limit = 0xffff};
	cpu->gdtr.limit = 0xffff;
	cpu->idtr.limit = 0xffff;
}

static void reset_registers(struct cpu *cpu)
{
	cpu->rip = 0xfff0;
	cpu->rflags = FLAG_FIXED;
	cpu->gpr[RDX] = CPU_SIGNATURE;
	cpu->cr0 = CR0_CD | CR0_NW | CR0_ET;
	cpu->xcr0 = 1;
	cpu->dr[6] = 0xffff0ff0;
	cpu->dr[7] = 0x400;
	cpu->pat = 0x0007040600070406;
	cpu->apic_base = 0xfee00900; /* enabled, bootstrap processor */
	cpu->misc_enable = MISC_ENABLE_FAST_STRINGS | MISC_ENABLE_BTS_UNAVAILABLE | MISC_ENABLE_PEBS_UNAVAILABLE | MISC_ENABLE_MONITOR;
}

void cpu_reset(struct cpu *cpu)
{
	size_t keep = offsetof(struct cpu, vmx);

	const struct prices prices = cpu->cost.clock ? cpu->cost.price : prices_plain;

	memset(cpu, 0, keep);
	cost_init(&cpu->cost, &cpu->clock, &prices);
	reset_registers(cpu);
	reset_segments(cpu);
	mmu_set_context(&cpu->mmu, 0, 0, NULL, NULL);
	cpu_paging_changed(cpu);
	mmu_flush_all(&cpu->mmu);
}

void cpu_space_changed(struct cpu *cpu)
{
	struct paging_regs regs = {.cr0 = cpu->cr0, .cr3 = cpu->cr3, .cr4 = cpu->cr4, .efer = cpu->efer, .pkru = cpu->pkru};

	memcpy(regs.pdpte, cpu->pdpte, sizeof regs.pdpte);
	mmu_set_paging(&cpu->mmu, &regs);
	cpu->spaces++;
}

void cpu_paging_changed(struct cpu *cpu)
{
	cpu_space_changed(cpu);
	cpu->engine_flush = true;
}

bool raise_exception(struct cpu *cpu, enum vector vector)
{
	cpu->pending = (struct pending){.kind = PENDING_EXCEPTION, .vector = (uint8_t)vector, .type = EVTYPE_HARDWARE};
	return false;
}

/* The EXT flag: the fault came up while an event that no INT n, INT3 or INTO made was being delivered. */
static bool is_external(const struct cpu *cpu)
{
	return cpu->delivery.active && cpu->delivery.type != EVTYPE_SOFT_INT && cpu->delivery.type != EVTYPE_SOFT_EXC;
}

bool raise_error(struct cpu *cpu, enum vector vector, uint32_t error)
{
	raise_exception(cpu, vector);
	cpu->pending.has_error = cpu_protected(cpu);
	if (!cpu->pending.has_error)
		return false;
	cpu->pending.error = error;
	if (vector >= VEC_TS && vector <= VEC_GP && is_external(cpu))
		cpu->pending.error |= ERROR_EXT;
	return false;
}

bool raise_db(struct cpu *cpu, uint64_t dr6_bits)
{
	raise_exception(cpu, VEC_DB);
	cpu->pending.dr6 = dr6_bits & (DEBUG_B | DEBUG_BD | DEBUG_BS);
	return false;
}

bool raise_walk(struct cpu *cpu, gla_t gla, unsigned access)
{
	struct mem_watch *watch =
	    &cpu->mem->watch; /* of access the walk has put into the error code and the qualification what belongs there */

	if (unlikely(watch->armed) && access & ACC_WRITE && gla.u == watch->gla.u)
		watch->hit = true;
	if (cpu->mmu.last.status == WALK_SECOND)
		return cpu->vmx->hooks.ept_failed(cpu, &cpu->mmu.last.fail, cpu->mmu.last.fail_gpa, &cpu->mmu.last, gla);
	raise_error(cpu, VEC_PF, cpu->mmu.last.error);
	cpu->pending.cr2 = gla.u;
	cpu->pending.nested = cpu->mmu.env.switch_bit && cpu->mmu.last.switched != SWITCH_NONE;
	return false;
}

bool raise_vm_exit(struct cpu *cpu, uint32_t reason, uint64_t qualification)
{
	cpu->pending = (struct pending){.kind = PENDING_VM_EXIT, .exit_reason = reason, .qualification = qualification};
	return false;
}

bool raise_stop(struct cpu *cpu, const char *why)
{
	cpu->pending = (struct pending){.kind = PENDING_STOP, .stop_reason = why};
	return false;
}
