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

void vmx_keep(const struct cpu *cpu, struct vmx_kept *kept)
{
	const struct vmx *vmx = cpu->vmx;
	memset(kept, 0, sizeof(*kept)); /* padding too: it is compared whole */
	kept->valid = true;
	kept->regs.cr0 = cpu->cr0;
	kept->regs.cr3 = cpu->cr3;
	kept->regs.cr4 = cpu->cr4;
	kept->regs.efer = cpu->efer;
	kept->regs.pkru = cpu->pkru;
	memcpy(kept->regs.pdpte, cpu->pdpte, sizeof(cpu->pdpte));
	memcpy(kept->seg, cpu->seg, sizeof(cpu->seg));
	kept->cpl = cpu->cpl;
	kept->ac = cpu->rflags & FLAG_AC;
	kept->ept = vmx_proc2(vmx, CTL(PROC2, EPT));
	kept->vpid = vmx_vpid(vmx);
	kept->eptp = kept->ept ? vmx->vmcs.eptp : 0;
}
