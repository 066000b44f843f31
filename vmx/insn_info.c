/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VM-exit instruction information (SDM 3C, "Information for VM Exits Due to Instruction Execution", its tables of formats).
 * CHOICE: bits that are undefined for an instruction are 0.
 */
#include "vmx/insn_info.h"

#define INFO_REGISTER BIT(10) /* the r/m operand is a register */
#define INFO_INDEX_INVALID BIT(22)
#define INFO_BASE_INVALID BIT(27)
#define INFO_IDENTITY_SHIFT 28
#define INFO_REG2_SHIFT 28

/* what an instruction's field holds beyond the memory operand */
enum format {
	FORMAT_NONE,	 /* the field is not defined for it */
	FORMAT_STRING,	 /* INS, OUTS */
	FORMAT_MEM,	 /* memory operand only */
	FORMAT_MEM_REG,	 /* memory operand, and Reg2 = ModRM.reg */
	FORMAT_RM_REG,	 /* register or memory, and Reg2 */
	FORMAT_TABLE,	 /* LGDT, LIDT, SGDT, SIDT: operand size, identity */
	FORMAT_SELECTOR, /* LLDT, LTR, SLDT, STR: register or memory, identity */
	FORMAT_RANDOM,	 /* RDRAND, RDSEED */
};

static const struct {
	uint8_t format, identity;
} formats[SYSOP_COUNT] = {
    [SYS_INS] = {FORMAT_STRING, 0},	 [SYS_OUTS] = {FORMAT_STRING, 0},     [SYS_INVEPT] = {FORMAT_MEM_REG, 0},
    [SYS_INVPCID] = {FORMAT_MEM_REG, 0}, [SYS_INVVPID] = {FORMAT_MEM_REG, 0}, [SYS_SGDT] = {FORMAT_TABLE, 0},
    [SYS_SIDT] = {FORMAT_TABLE, 1},	 [SYS_LGDT] = {FORMAT_TABLE, 2},      [SYS_LIDT] = {FORMAT_TABLE, 3},
    [SYS_SLDT] = {FORMAT_SELECTOR, 0},	 [SYS_STR] = {FORMAT_SELECTOR, 1},    [SYS_LLDT] = {FORMAT_SELECTOR, 2},
    [SYS_LTR] = {FORMAT_SELECTOR, 3},	 [SYS_RDRAND] = {FORMAT_RANDOM, 0},   [SYS_RDSEED] = {FORMAT_RANDOM, 0},
    [SYS_VMCLEAR] = {FORMAT_MEM, 0},	 [SYS_VMPTRLD] = {FORMAT_MEM, 0},     [SYS_VMPTRST] = {FORMAT_MEM, 0},
    [SYS_VMXON] = {FORMAT_MEM, 0},	 [SYS_VMREAD] = {FORMAT_RM_REG, 0},   [SYS_VMWRITE] = {FORMAT_RM_REG, 0},
};

/* 16, 32, 64 bits as 0, 1, 2 */
static uint32_t size_code(unsigned bytes)
{
	return bytes == 8 ? 2 : bytes == 4 ? 1 : 0;
}

static uint32_t memory_operand(const struct insn *insn)
{
	static const uint8_t log2_scale[9] = {[2] = 1, [4] = 2, [8] = 3};
	uint32_t info = size_code(insn->addrsize) << 7 | (uint32_t)insn->seg << 15;
	if (insn->index == REG_NONE)
		info |= INFO_INDEX_INVALID;
	else
		info |= (uint32_t)insn->index << 18 | log2_scale[insn->scale <= 8 ? insn->scale : 0];
	if (insn->base == REG_NONE || insn->base == REG_RIP)
		info |= INFO_BASE_INVALID;
	else
		info |= (uint32_t)insn->base << 23;
	return info;
}

static uint32_t rm_operand(const struct insn *insn)
{
	if (insn->flags & INSN_MEM)
		return memory_operand(insn);
	return INFO_REGISTER | (uint32_t)(insn->rm & 15) << 3;
}

static uint32_t information(const struct cpu *cpu, const struct insn *insn)
{
	uint32_t identity = (uint32_t)formats[insn->sys].identity << INFO_IDENTITY_SHIFT;
	uint32_t reg2 = (uint32_t)(insn->reg & 15) << INFO_REG2_SHIFT;
	switch (formats[insn->sys].format) {
	case FORMAT_STRING:
		return size_code(insn->addrsize) << 7 | (insn->sys == SYS_OUTS ? (uint32_t)insn->seg << 15 : 0);
	case FORMAT_MEM:
		return memory_operand(insn);
	case FORMAT_MEM_REG:
		return memory_operand(insn) | reg2;
	case FORMAT_RM_REG:
		return rm_operand(insn) | reg2;
	case FORMAT_TABLE:
		return memory_operand(insn) | identity | (!cpu_64bit(cpu) && insn->opsize == 4 ? BIT(11) : 0);
	case FORMAT_SELECTOR:
		return rm_operand(insn) | identity;
	case FORMAT_RANDOM:
		return (uint32_t)(insn->rm & 15) << 3 | size_code(insn->opsize) << 11;
	default:
		return 0;
	}
}

/* The displacement of the memory operand; relative to RIP: added to the address of the next instruction. */
static uint64_t displacement(const struct cpu *cpu, const struct insn *insn)
{
	uint64_t value = (uint64_t)insn->disp;
	if (insn->base == REG_RIP)
		value += cpu->rip + insn->len;
	return insn->addrsize == 8 ? value : insn->addrsize == 4 ? (uint32_t)value : (uint16_t)value;
}

void insn_info_fill(const struct cpu *cpu, const struct insn *insn, struct pending *pending)
{
	uint8_t format = formats[insn->sys].format;
	pending->insn_len = insn->len;
	pending->exit_insn_info = information(cpu, insn);
	if (format != FORMAT_NONE && format != FORMAT_STRING && format != FORMAT_RANDOM && (insn->flags & INSN_MEM))
		pending->qualification = displacement(cpu, insn);
}
