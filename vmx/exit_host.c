/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading host state at VM exit (SDM 3C, "Loading Host State"): control registers, debug registers and MSRs, segments, RIP, RSP,
 * RFLAGS, PDPTEs, and the invalidations that come with it.
 */
#include "vmx/exit_host.h"

#include "vmx/pdpte.h"
#include "vmx/vmm.h"

#include <string.h>

/* CR0 bits that VM exits do not load */
#define CR0_KEPT (BITS(63, 32) | CR0_CD | CR0_NW | BITS(28, 19) | BIT(17) | BITS(15, 6) | CR0_ET)
#define AR_DATA (AR_P | AR_S | AR_RW | AR_A | AR_DB | AR_G)
#define AR_CODE_HOST (AR_P | AR_S | AR_CODE | AR_RW | AR_A | AR_G)
#define AR_TSS_BUSY (AR_P | 11)

static void load_control_registers(struct cpu *cpu, const struct vmcs *v, bool host64)
{
	uint64_t efer = host64 ? cpu->efer | EFER_LMA | EFER_LME : cpu->efer & ~(EFER_LMA | EFER_LME);
	cpu->cr0 = (v->host_cr0 & ~CR0_KEPT) | (cpu->cr0 & CR0_KEPT);
	cpu->cr3 = v->host_cr3;
	cpu->cr4 = host64 ? v->host_cr4 | CR4_PAE : v->host_cr4 & ~CR4_PCIDE;
	cpu->dr[7] = 0x400;
	cpu->debugctl = 0;
	cpu->sysenter_cs = v->host_sysenter_cs;
	cpu->sysenter_esp = v->host_sysenter_esp;
	cpu->sysenter_eip = v->host_sysenter_eip;
	if (v->exit_controls & CTL(EXIT, LOAD_PAT))
		cpu->pat = v->host_pat;
	cpu->efer = v->exit_controls & CTL(EXIT, LOAD_EFER) ? v->host_efer : efer;
}

static struct segment data_segment(uint64_t selector, uint64_t base)
{
	return (struct segment){
	    .selector = (uint16_t)selector,
	    .ar = selector ? AR_DATA : AR_DATA | AR_UNUSABLE,
	    .limit = 0xffffffff,
	    .base = base,
	};
}

static void load_segments(struct cpu *cpu, const struct vmcs *v, bool host64)
{
	cpu->seg[SEG_CS] = (struct segment){
	    .selector = (uint16_t)v->host_cs_selector,
	    .ar = AR_CODE_HOST | (host64 ? AR_L : AR_DB),
	    .limit = 0xffffffff,
	};
	cpu->seg[SEG_ES] = data_segment(v->host_es_selector, 0);
	cpu->seg[SEG_SS] = data_segment(v->host_ss_selector, 0);
	cpu->seg[SEG_DS] = data_segment(v->host_ds_selector, 0);
	cpu->seg[SEG_FS] = data_segment(v->host_fs_selector, v->host_fs_base);
	cpu->seg[SEG_GS] = data_segment(v->host_gs_selector, v->host_gs_base);
	cpu->tr = (struct segment){.selector = (uint16_t)v->host_tr_selector, .ar = AR_TSS_BUSY, .limit = 0x67, .base = v->host_tr_base};
	cpu->ldtr = (struct segment){.ar = AR_UNUSABLE};
	cpu->gdtr = (struct table_reg){.base = v->host_gdtr_base, .limit = 0xffff};
	cpu->idtr = (struct table_reg){.base = v->host_idtr_base, .limit = 0xffff};
	cpu->cpl = 0;
}

bool exit_load_host(struct cpu *cpu)
{
	struct vmx *vmx = cpu->vmx;
	const struct vmcs *v = &vmx->vmcs;
	bool host64 = v->exit_controls & CTL(EXIT, HOST_64), valid = true;

	if (v->host_rip == VMM_HOST_RIP && vmx->vmm)
		vmx->kept = vmx_keep(cpu);
	load_control_registers(cpu, v, host64);
	load_segments(cpu, v, host64);
	cpu->gpr[RSP] = v->host_rsp;
	cpu->rip = v->host_rip;
	cpu->rflags = FLAG_FIXED;
	cpu->activity = ACTIVITY_ACTIVE;
	cpu->pending_dbg = 0;
	cpu->monitor_armed = false;
	if (vmm_is_next(cpu))
		return true;
	vmx->kept.valid = false;
	mmu_set_context(&cpu->mmu, 0, 0, NULL, NULL);
	if (pdpte_in_use(cpu->cr0, cpu->cr4, cpu->efer)) {
		struct pdpte_read read = pdpte_read(cpu, cpu->cr3);
		valid = read.status == PDPTE_OK;
		if (valid)
			memcpy(cpu->pdpte, read.pdpte, sizeof(cpu->pdpte));
	}
	cpu_paging_changed(cpu);
	if (!vmx_proc2(vmx, CTL(PROC2, VPID)))
		mmu_flush_all(&cpu->mmu);
	return valid;
}
