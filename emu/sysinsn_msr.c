/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RDMSR, WRMSR, RDTSC, RDTSCP, RDPID, RDPMC (SDM 2B, their pages). There are no performance counters: RDPMC finds none.
 */
#include "emu/cpuid.h"
#include "emu/msr.h"
#include "emu/sysinsn.h"

static void set_edx_eax(struct cpu *cpu, uint64_t value)
{
	cpu->gpr[RAX] = (uint32_t)value;
	cpu->gpr[RDX] = value >> 32;
}

bool sys_RDMSR(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	uint64_t value;

	if (cpu->cpl != 0)
		return raise_error(cpu, VEC_GP, 0);
	if (vmx_intercept(cpu, s->insn))
		return false;
	if (!msr_read(cpu, s->bus, (uint32_t)cpu->gpr[RCX], &value))
		return raise_error(cpu, VEC_GP, 0);
	set_edx_eax(cpu, value);
	return true;
}

bool sys_WRMSR(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;

	if (cpu->cpl != 0)
		return raise_error(cpu, VEC_GP, 0);
	if (vmx_intercept(cpu, s->insn))
		return false;
	if (!msr_write(cpu, s->bus, (uint32_t)cpu->gpr[RCX], cpu->gpr[RDX] << 32 | (uint32_t)cpu->gpr[RAX]))
		return raise_error(cpu, VEC_GP, 0);
	return true;
}

static bool may_read_tsc(struct sysinsn *s)
{
	if ((s->cpu->cr4 & CR4_TSD) && s->cpu->cpl > 0)
		return raise_error(s->cpu, VEC_GP, 0);
	return !vmx_intercept(s->cpu, s->insn);
}

bool sys_RDTSC(struct sysinsn *s)
{
	if (!may_read_tsc(s))
		return false;
	set_edx_eax(s->cpu, vmx_visible_tsc(s->cpu, msr_tsc(s->cpu)));
	return true;
}

bool sys_RDTSCP(struct sysinsn *s)
{
	if (!sys_RDTSC(s))
		return false;
	s->cpu->gpr[RCX] = (uint32_t)s->cpu->tsc_aux;
	return true;
}

bool sys_RDPID(struct sysinsn *s)
{
	reg_write(s->cpu, s->insn, s->insn->rm, cpu_64bit(s->cpu) ? 8 : 4, (uint32_t)s->cpu->tsc_aux);
	return true;
}

bool sys_RDPMC(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;

	if (!(cpu->cr4 & CR4_PCE) && cpu->cpl > 0)
		return raise_error(cpu, VEC_GP, 0);
	if (vmx_intercept(cpu, s->insn))
		return false;
	return raise_error(cpu, VEC_GP, 0);
}

bool sys_CPUID(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	struct cpuid leaf;

	if (vmx_intercept(cpu, s->insn))
		return false;
	leaf = cpuid_read(cpu, (uint32_t)cpu->gpr[RAX], (uint32_t)cpu->gpr[RCX]);
	cpu->gpr[RAX] = leaf.eax;
	cpu->gpr[RBX] = leaf.ebx;
	cpu->gpr[RCX] = leaf.ecx;
	cpu->gpr[RDX] = leaf.edx;
	return true;
}
