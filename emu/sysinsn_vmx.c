/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMX instructions (SDM 3C, "VMX Instruction Reference"), executed by vmx/insn.c; on a processor that does not offer VMX each is #UD.
 * Also RDMSR, WRMSR and the interrupt acknowledge for VMX, which works below the MSRs and the bus.
 */
#include "emu/sysinsn_vmx.h"

#include "emu/msr.h"
#include "emu/sysinsn.h"
#include "vmx/insn.h"

#define FORWARD(symbol, function)                                                                                                          \
	bool sys_##symbol(struct sysinsn *s)                                                                                               \
	{                                                                                                                                  \
		return s->cpu->vmx ? function(s->cpu, s->insn) : raise_exception(s->cpu, VEC_UD);                                          \
	}

FORWARD(VMXON, insn_vmxon)
FORWARD(VMXOFF, insn_vmxoff)
FORWARD(VMCLEAR, insn_vmclear)
FORWARD(VMPTRLD, insn_vmptrld)
FORWARD(VMPTRST, insn_vmptrst)
FORWARD(VMREAD, insn_vmread)
FORWARD(VMWRITE, insn_vmwrite)
FORWARD(VMCALL, insn_vmcall)
FORWARD(VMFUNC, insn_vmfunc)
FORWARD(INVEPT, insn_invept)
FORWARD(INVVPID, insn_invvpid)

/* When the entry happened, or failed late, the next instruction is where the guest, or the host, goes on. */
static bool enter(struct sysinsn *s, bool (*function)(struct cpu *, const struct insn *, bool *))
{
	bool entered;

	if (!s->cpu->vmx)
		return raise_exception(s->cpu, VEC_UD);
	bool completed = function(s->cpu, s->insn, &entered);
	if (entered)
		s->next_rip = s->cpu->rip;
	return completed;
}

bool sys_VMLAUNCH(struct sysinsn *s)
{
	return enter(s, insn_vmlaunch);
}

bool sys_VMRESUME(struct sysinsn *s)
{
	return enter(s, insn_vmresume);
}

static bool hook_rdmsr(struct cpu *cpu, uint32_t msr, uint64_t *value)
{
	return msr_read(cpu, cpu->vmx->hooks.bus, msr, value);
}

static bool hook_wrmsr(struct cpu *cpu, uint32_t msr, uint64_t value)
{
	return msr_write(cpu, cpu->vmx->hooks.bus, msr, value);
}

static uint8_t hook_acknowledge(struct cpu *cpu)
{
	return bus_acknowledge(cpu->vmx->hooks.bus);
}

void sysinsn_vmx_attach(struct vmx *vmx, struct bus *bus)
{
	vmx->hooks.bus = bus;
	vmx->hooks.rdmsr = hook_rdmsr;
	vmx->hooks.wrmsr = hook_wrmsr;
	vmx->hooks.acknowledge = hook_acknowledge;
}
