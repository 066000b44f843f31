/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of system operations, and the effective address of a decoded memory operand (SDM 1, "Specifying an Offset").
 * What it leaves out: the segment base and its checks, which are vmx/memop.c's.
 */
#include "vmx/instruction.h"

static const char *const names[] = {
    "plain",
#define SYSOP(symbol, name) name,
#include "vmx/instruction.def"
#undef SYSOP
};
_Static_assert(ARRAY_LEN(names) == SYSOP_COUNT, "one name an operation");

const char *sysop_name(enum sysop op)
{
	CHECK((unsigned)op < SYSOP_COUNT);
	return names[op];
}

static uint64_t base_value(const struct cpu *cpu, const struct insn *insn)
{
	if (insn->base == REG_NONE)
		return 0;
	return insn->base == REG_RIP ? cpu->rip + insn->len : cpu->gpr[insn->base];
}

uint64_t insn_offset(const struct cpu *cpu, const struct insn *insn)
{
	uint64_t offset = base_value(cpu, insn) + (uint64_t)insn->disp;
	if (insn->index != REG_NONE)
		offset += cpu->gpr[insn->index] * insn->scale;
	return insn->addrsize == 8 ? offset : offset & BITS(insn->addrsize * 8 - 1, 0);
}
