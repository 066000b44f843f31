/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lab 4: your own hypervisor. Your code here; handout.md says what is asked. */
#include "lab4.h"

unsigned enter_vmx(void)
{
	return VMX_INVALID;
}

u64 make_vmcs(void)
{
	return 0;
}

u32 adjust(u32 msr, u32 wanted)
{
	return 0;
}

void set_controls(void)
{
}

void set_host(void)
{
}

u64 make_ept(void)
{
	return 0;
}

bool handle_exit(u64 reason, u64 registers[16])
{
	return false;
}
