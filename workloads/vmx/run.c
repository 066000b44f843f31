/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VM entry and what it may end with. */
#include "run.h"
#include "vmcs_field.h"
#include "vmx.h"

u64 run_registers[16];

/* run_switch.S: RFLAGS after a failed VMLAUNCH or VMRESUME, 0 after a VM exit */
u64 run_switch(bool resume);

unsigned run(bool resume)
{
	u64 flags = run_switch(resume), error = VMX_OK;
	if (flags & 0x1)
		return VMX_INVALID;
	if (flags & 0x40)
		vmx_read(INSN_ERROR, &error);
	return (unsigned)error;
}
