/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HLT, PAUSE, MONITOR, MWAIT, WBINVD, INVD, RDRAND, RDSEED, RSM, and what is no instruction (SDM 2A and 2B, their pages).
 * LIMIT: the data caches hold no data of their own, so INVD loses none. CHOICE: random numbers follow from how many were drawn before, so
 * that runs repeat; each draw succeeds.
 */
#include "emu/sysinsn.h"
#include "vmx/offer.h"

#define MWAIT_ECX_BREAK BIT(0) /* interrupts end the wait even if IF = 0; no other extension exists */
#define RANDOM_SEED 0x76747872617900ull

/* #UD, or #GP(0) for more than 15 bytes */
bool sys_UD(struct sysinsn *s)
{
	return s->insn->imm == 1 ? raise_error(s->cpu, VEC_GP, 0) : raise_exception(s->cpu, VEC_UD);
}

/* Outside system-management mode, which is not modelled. */
bool sys_RSM(struct sysinsn *s)
{
	return raise_exception(s->cpu, VEC_UD);
}

/* true if the instruction may go on: CPL 0, and no VM exit */
static bool privileged(struct sysinsn *s)
{
	if (s->cpu->cpl != 0)
		return raise_error(s->cpu, VEC_GP, 0);
	return !vmx_intercept(s->cpu, s->insn);
}

bool sys_HLT(struct sysinsn *s)
{
	if (!privileged(s))
		return false;
	s->cpu->activity = ACTIVITY_HLT;
	return true;
}

bool sys_WBINVD(struct sysinsn *s)
{
	return privileged(s);
}

bool sys_INVD(struct sysinsn *s)
{
	return privileged(s);
}

bool sys_PAUSE(struct sysinsn *s)
{
	return !vmx_intercept(s->cpu, s->insn);
}

/* MONITOR and MWAIT at CPL > 0, or with IA32_MISC_ENABLE.MONITOR = 0, are no instructions. */
static bool monitor_offered(struct sysinsn *s)
{
	if (s->cpu->cpl != 0 || !(s->cpu->misc_enable & MISC_ENABLE_MONITOR))
		return raise_exception(s->cpu, VEC_UD);
	return !vmx_intercept(s->cpu, s->insn);
}

/* Accesses the first byte of the range as a load does. */
bool sys_MONITOR(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	uint64_t byte, offset = reg_read(cpu, s->insn, RAX, s->insn->addrsize);

	if (!monitor_offered(s))
		return false;
	if (cpu->gpr[RCX] & (cpu_64bit(cpu) ? ~0ull : BITS(31, 0)))
		return raise_error(cpu, VEC_GP, 0);
	if (!memop_read(cpu, s->insn->seg, offset, 1, &byte))
		return false;
	cpu->monitor_armed = true;
	return true;
}

/* CHOICE: the wait ends at once, as the SDM lets it for any reason of the processor's own; time passes with the instructions of the loop.
 */
bool sys_MWAIT(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;

	if (!monitor_offered(s))
		return false;
	if (cpu->gpr[RCX] & (cpu_64bit(cpu) ? ~MWAIT_ECX_BREAK : BITS(31, 1)))
		return raise_error(cpu, VEC_GP, 0);
	cpu->monitor_armed = false;
	return true;
}

/* splitmix64 of the number of earlier draws */
static uint64_t draw(struct cpu *cpu)
{
	uint64_t z = RANDOM_SEED + ++cpu->random * 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static bool random_to_register(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;

	if (vmx_intercept(cpu, s->insn))
		return false;
	reg_write(cpu, s->insn, s->insn->rm, s->insn->opsize, draw(cpu));
	cpu->rflags &= ~(FLAG_OF | FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF);
	cpu->rflags |= FLAG_CF;
	return true;
}

bool sys_RDRAND(struct sysinsn *s)
{
	return random_to_register(s);
}

bool sys_RDSEED(struct sysinsn *s)
{
	return random_to_register(s);
}
