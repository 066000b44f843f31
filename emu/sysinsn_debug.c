/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug registers: MOV DR (SDM 2B, "MOV: Move to/from Debug Registers"; 3B, "Debug Registers"). RTM and bus-lock debugging are not offered:
 * their bits are fixed.
 */
#include "emu/sysinsn.h"

#define DR6_WRITABLE (BITS(3, 0) | BITS(15, 13))
#define DR6_ONES (BITS(31, 16) | BITS(11, 4))
#define DR6_BD BIT(13)
#define DR7_WRITABLE (BITS(9, 0) | BIT(13) | BITS(31, 16))
#define DR7_ONES BIT(10)
#define DR7_GD BIT(13)

static unsigned dr_size(const struct cpu *cpu)
{
	return cpu_64bit(cpu) ? 8 : 4;
}

/* DR4 and DR5 are other names of DR6 and DR7 unless CR4.DE. */
static unsigned dr_number(const struct insn *insn)
{
	return insn->reg == 4 || insn->reg == 5 ? insn->reg + 2u : insn->reg;
}

/*
 * The VM exit comes before #GP by privilege and #UD by CR4.DE (SDM 3C, "Instructions That Cause VM Exits Conditionally", MOV DR), general
 * detection after both.
 */
static bool may_move_dr(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;

	if (s->insn->reg > 7)
		return raise_exception(cpu, VEC_UD);
	if (vmx_intercept(cpu, s->insn))
		return false;
	if ((cpu->cr4 & CR4_DE) && (s->insn->reg == 4 || s->insn->reg == 5))
		return raise_exception(cpu, VEC_UD);
	if (cpu->cpl != 0)
		return raise_error(cpu, VEC_GP, 0);
	if (cpu->dr[7] & DR7_GD)
		return raise_db(cpu, DR6_BD);
	return true;
}

bool sys_MOV_FROM_DR(struct sysinsn *s)
{
	if (!may_move_dr(s))
		return false;
	reg_write(s->cpu, s->insn, s->insn->rm, dr_size(s->cpu), s->cpu->dr[dr_number(s->insn)]);
	return true;
}

bool sys_MOV_TO_DR(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;

	if (!may_move_dr(s))
		return false;
	uint64_t value = reg_read(cpu, s->insn, s->insn->rm, dr_size(cpu));
	const unsigned dr = dr_number(s->insn);

	if (dr >= 6 && value >> 32)
		return raise_error(cpu, VEC_GP, 0);
	if (dr == 6)
		value = (value & DR6_WRITABLE) | DR6_ONES;
	if (dr == 7)
		value = (value & DR7_WRITABLE) | DR7_ONES;
	cpu->dr[dr] = value;
	cpu->engine_flush = true; /* breakpoints */
	return true;
}
