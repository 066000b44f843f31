/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RFLAGS: PUSHF, POPF, CLI, STI, STAC, CLAC (SDM 2A and 2B, their pages). LIMIT: CR4.VME and CR4.PVI are not offered, so VIF and VIP never
 * stand in for IF.
 */
#include "emu/sysinsn.h"

enum { IOPL_SHIFT = 12 };

#define FLAGS_STATUS (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)
/* what POPF may change at any privilege, of the operand size's width */
#define FLAGS_ANY (FLAGS_STATUS | FLAG_TF | FLAG_DF | FLAG_NT | FLAG_AC | FLAG_ID)

static unsigned iopl(const struct cpu *cpu)
{
	return (unsigned)(cpu->rflags & FLAG_IOPL) >> IOPL_SHIFT;
}

/* CLI and STI; PUSHF and POPF in virtual-8086 mode, where CPL is 3. Real mode has CPL 0. */
static bool iopl_permits(const struct cpu *cpu)
{
	return cpu->cpl <= iopl(cpu);
}

static uint64_t stack_mask(const struct cpu *cpu)
{
	if (cpu_64bit(cpu))
		return ~0ull;
	return cpu->seg[SEG_SS].ar & AR_DB ? BITS(31, 0) : BITS(15, 0);
}

static void set_rsp(struct cpu *cpu, uint64_t rsp)
{
	const uint64_t mask = stack_mask(cpu);

	cpu->gpr[RSP] = (cpu->gpr[RSP] & ~mask) | (rsp & mask);
}

bool sys_PUSHF(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	const uint64_t rsp = (cpu->gpr[RSP] - s->insn->opsize) & stack_mask(cpu);

	if (cpu_v86(cpu) && !iopl_permits(cpu))
		return raise_error(cpu, VEC_GP, 0);
	if (!memop_write(cpu, SEG_SS, rsp, s->insn->opsize, cpu->rflags & ~(FLAG_VM | FLAG_RF)))
		return false;
	set_rsp(cpu, rsp);
	return true;
}

static uint64_t popf_mask(const struct cpu *cpu, unsigned opsize)
{
	uint64_t mask = FLAGS_ANY;

	if (cpu->cpl == 0)
		mask |= FLAG_IOPL;
	if (iopl_permits(cpu))
		mask |= FLAG_IF;
	return opsize == 2 ? mask & BITS(15, 0) : mask;
}

static void set_flags(struct cpu *cpu, uint64_t rflags)
{
	if ((cpu->rflags ^ rflags) & FLAG_AC)
		cpu->engine_flush = true; /* rights under SMAP */
	cpu->rflags = rflags;
}

/* VM, VIF and VIP keep their values; RF is cleared when the instruction retires. */
bool sys_POPF(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	const uint64_t mask = popf_mask(cpu, s->insn->opsize);
	uint64_t value;

	if (cpu_v86(cpu) && !iopl_permits(cpu))
		return raise_error(cpu, VEC_GP, 0);
	if (!memop_read(cpu, SEG_SS, cpu->gpr[RSP] & stack_mask(cpu), s->insn->opsize, &value))
		return false;
	set_rsp(cpu, cpu->gpr[RSP] + s->insn->opsize);
	set_flags(cpu, (cpu->rflags & ~mask) | (value & mask) | FLAG_FIXED);
	return true;
}

bool sys_CLI(struct sysinsn *s)
{
	if (!iopl_permits(s->cpu))
		return raise_error(s->cpu, VEC_GP, 0);
	s->cpu->rflags &= ~FLAG_IF;
	return true;
}

/* Interrupts stay blocked until the next instruction has completed, if IF was 0. */
bool sys_STI(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;

	if (!iopl_permits(cpu))
		return raise_error(cpu, VEC_GP, 0);
	if (!(cpu->rflags & FLAG_IF))
		cpu->interruptibility |= BLOCK_STI;
	cpu->rflags |= FLAG_IF;
	return true;
}

bool sys_STAC(struct sysinsn *s)
{
	if (s->cpu->cpl != 0)
		return raise_exception(s->cpu, VEC_UD);
	set_flags(s->cpu, s->cpu->rflags | FLAG_AC);
	return true;
}

bool sys_CLAC(struct sysinsn *s)
{
	if (s->cpu->cpl != 0)
		return raise_exception(s->cpu, VEC_UD);
	set_flags(s->cpu, s->cpu->rflags & ~FLAG_AC);
	return true;
}
