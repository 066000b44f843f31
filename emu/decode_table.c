/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of the opcode map, made from emu/decode_table.def. See emu/decode_table.h.
 */
#include "emu/decode_table.h"

/* short names for the columns of the .def */
enum {
	ALU = CLASS_ALU,
	MUL = CLASS_MUL,
	DIV = CLASS_DIV,
	BRA = CLASS_BRANCH,
	CAL = CLASS_CALL,
	STR = CLASS_STRING,
	FP = CLASS_FP,
	FDV = CLASS_FP_DIV,
	SIM = CLASS_SIMD,

	SSE = INSN_SSE,
	MMX = INSN_MMX,
	X87 = INSN_X87,
	XNW = INSN_X87 | INSN_X87_NOWAIT,
	A16 = INSN_ALIGN16,
	MULTI = INSN_MULTI,
	STACK = INSN_STACK,
	BRANCH = INSN_BRANCH,
	ALL = 0xff,
};
#define D(n) (1 << (n))

#define OP(map, from, to, prefix, digit, form, access, size, imm, cls, flags, how)                                                         \
	{map, from, to, prefix, digit, form, access, size, imm, cls, SYS_NONE, flags, how},
#define SYS(map, from, to, prefix, digit, form, sys, size, imm, flags, how)                                                                \
	{map, from, to, prefix, digit, form, A_NONE, size, imm, CLASS_SYSTEM, SYS_##sys, flags, how},

const struct op op_table[] = {
#include "emu/decode_table.def"
};
const size_t op_count = ARRAY_LEN(op_table);
