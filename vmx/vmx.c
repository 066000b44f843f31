/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMX state of the processor after power-up: outside VMX operation, with no VMCS (SDM 3C, "Introduction to VMX Operation"). */
#include "vmx/vmx.h"

void vmx_init(struct vmx *vmx, struct cpu *cpu)
{
	*vmx = (struct vmx){.vmxon = VMCS_NONE, .current = VMCS_NONE};
	cpu->vmx = vmx;
	cpu->vmx_op = VMX_OUTSIDE;
}
