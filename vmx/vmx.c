/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMX state of the processor after power-up: outside VMX operation, with no VMCS (SDM 3C, "Introduction to VMX Operation"). */
#include "vmx/vmx.h"

#include <string.h>

void vmx_init(struct vmx *vmx, struct cpu *cpu)
{
	*vmx = (struct vmx){.vmxon = VMCS_NONE, .current = VMCS_NONE};
	cpu->vmx = vmx;
	cpu->vmx_op = VMX_OUTSIDE;
}

struct vmx_kept vmx_keep(const struct cpu *cpu)
{
	const struct vmx *vmx = cpu->vmx;
	struct vmx_kept kept = {
	    .valid = true,
	    .regs = {.cr0 = cpu->cr0, .cr3 = cpu->cr3, .cr4 = cpu->cr4, .efer = cpu->efer, .pkru = cpu->pkru},
	    .cpl = cpu->cpl,
	    .ac = cpu->rflags & FLAG_AC,
	    .ept = vmx_proc2(vmx, CTL(PROC2, EPT)),
	    .vpid = vmx_vpid(vmx),
	    .eptp = vmx->vmcs.eptp,
	};
	memcpy(kept.regs.pdpte, cpu->pdpte, sizeof(cpu->pdpte));
	memcpy(kept.seg, cpu->seg, sizeof(cpu->seg));
	return kept;
}

static bool same_regs(const struct paging_regs *a, const struct paging_regs *b)
{
	return a->cr0 == b->cr0 && a->cr3 == b->cr3 && a->cr4 == b->cr4 && a->efer == b->efer && a->pkru == b->pkru &&
	       a->pdpte[0] == b->pdpte[0] && a->pdpte[1] == b->pdpte[1] && a->pdpte[2] == b->pdpte[2] && a->pdpte[3] == b->pdpte[3];
}

bool vmx_kept_same(const struct vmx_kept *a, const struct vmx_kept *b)
{
	for (unsigned s = 0; s < SEG_COUNT; s++)
		if (a->seg[s].selector != b->seg[s].selector || a->seg[s].ar != b->seg[s].ar || a->seg[s].limit != b->seg[s].limit ||
		    a->seg[s].base != b->seg[s].base)
			return false;
	return a->valid && b->valid && same_regs(&a->regs, &b->regs) && a->cpl == b->cpl && a->ac == b->ac && a->ept == b->ept &&
	       a->vpid == b->vpid && a->eptp == b->eptp;
}
