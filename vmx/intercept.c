/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What VMX operation changes for instructions and events (SDM 3C, "Instructions That Cause VM Exits"; "VMX-Fixed Bits in CR0",
 * "VMX-Fixed Bits in CR4"). This part is VMX root operation and no VMX operation, where nothing exits.
 */
#include "vmx/intercept.h"

#include "vmx/offer.h"

bool vmx_intercept_slow(struct cpu *cpu, const struct insn *insn)
{
	(void)insn;
	CHECK(cpu->vmx_op != VMX_NONROOT);
	return false;
}

bool vmx_intercept_event_slow(struct cpu *cpu)
{
	CHECK(cpu->vmx_op != VMX_NONROOT);
	return false;
}

bool vmx_undefined_slow(const struct cpu *cpu, const struct insn *insn)
{
	(void)insn;
	CHECK(cpu->vmx_op != VMX_NONROOT);
	return false;
}

uint64_t vmx_visible_cr0(const struct cpu *cpu)
{
	return cpu->cr0;
}

uint64_t vmx_visible_cr4(const struct cpu *cpu)
{
	return cpu->cr4;
}

uint64_t vmx_merge_cr0(const struct cpu *cpu, uint64_t value)
{
	(void)cpu;
	return value;
}

uint64_t vmx_merge_cr4(const struct cpu *cpu, uint64_t value)
{
	(void)cpu;
	return value;
}

bool vmx_cr0_allowed(const struct cpu *cpu, uint64_t value)
{
	const uint64_t fixed = CR0_PE | CR0_NE | CR0_PG;

	return cpu->vmx_op == VMX_OUTSIDE || (value & fixed) == fixed;
}

bool vmx_cr4_allowed(const struct cpu *cpu, uint64_t value)
{
	if (!cpu->vmx)
		return !(value & CR4_VMXE);
	return cpu->vmx_op == VMX_OUTSIDE || (value & CR4_VMXE);
}

uint64_t vmx_visible_tsc(const struct cpu *cpu, uint64_t tsc)
{
	(void)cpu;
	return tsc;
}
