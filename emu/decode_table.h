/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The opcode map (SDM 2D, "Opcode Map"): for each encoding that the processor knows, what the decoder must know of it. The rows are in
 * emu/decode_table.def. An encoding without a row is #UD. Private to emu/decode.c.
 */
#ifndef EMU_DECODE_TABLE_H
#define EMU_DECODE_TABLE_H

#include "vmx/instruction.h"

/* opcode maps: one byte, 0F, 0F 38, 0F 3A, and 0F 01 with a register form by its last byte */
enum op_map { M1, M0F, M38, M3A, M01, OP_MAPS };

/* mandatory prefixes that a row answers to: F2 and F3 hide 66; a row that ignores them all has ANY */
enum op_prefix { NP = 1, P66 = 2, PF3 = 4, PF2 = 8, ANY = 15 };

/* operands: no ModRM; a ModRM with memory or register, memory only, register only; and ModRM always taken as a register (MOV CR) */
enum op_form { NOMODRM, RM, MEM, REG, REGMOD };

/* what a plain instruction does with its memory operand, explicit or implied */
enum op_access { A_NONE, A_R, A_W, A_RMW, A_RW /* reads one place, writes another */ };

/* sizes of memory operands */
enum op_size {
	S_0,
	S_1,
	S_2,
	S_4,
	S_6,
	S_8,
	S_10,
	S_16,
	S_V,	/* operand size */
	S_Y,	/* 8 with REX.W, else 4 */
	S_MODE, /* 8 in 64-bit mode, else 4 */
	S_2Y,	/* 16 with REX.W, else 8 */
	S_FAR,	/* far pointer: operand size + 2 */
	S_DESC, /* pseudo-descriptor: 10 in 64-bit mode, else 6 */
	S_ENV,	/* x87 environment: 14 or 28 */
	S_SAVE, /* x87 state: 94 or 108 */
};

enum op_imm {
	I_NO,
	I_1,
	I_2,
	I_Z,	 /* 2 or 4, by operand size */
	I_V,	 /* 2, 4 or 8, by operand size */
	I_ENTER, /* 2, then 1 */
	I_FAR,	 /* offset by operand size, then 2 */
	I_MOFFS, /* an address: the memory operand */
};

/* how the row is to be read */
enum op_how {
	H_BYTE = 1 << 0,   /* operand size 1 */
	H_DEF64 = 1 << 1,  /* operand size 8 by default in 64-bit mode (66: 2) */
	H_NEAR = 1 << 2,   /* near branch, LGDT: operand size 8 in 64-bit mode, whatever the prefixes say */
	H_MODE = 1 << 3,   /* operand size 8 in 64-bit mode, else 4 */
	H_MAX4 = 1 << 4,   /* operand size at most 4 */
	H_LOCK = 1 << 5,   /* LOCK may be used with a memory destination */
	H_NO64 = 1 << 6,   /* #UD in 64-bit mode */
	H_ONLY64 = 1 << 7, /* #UD outside 64-bit mode */
	H_PLUS = 1 << 8,   /* register in the opcode's low three bits, with REX.B */
	H_STRING = 1 << 9, /* string instruction: REP counts */
	H_REPCC = 1 << 10, /* string instruction that tests ZF: REPE and REPNE differ */
	H_SREG = 1 << 11,  /* ModRM.reg names a segment register (0..5) */
	H_SIMD = 1 << 12,  /* 66, F2, F3 choose the instruction */
	H_NO16 = 1 << 13,  /* the engine gets its operand size wrong in 16-bit code */
	H_CR = 1 << 14,	   /* ModRM.reg names a control register */
	H_DR = 1 << 15,	   /* ModRM.reg names a debug register */
};

struct op {
	uint8_t map, from, to; /* opcodes from..to of the map */
	uint8_t prefix;	       /* enum op_prefix */
	uint8_t digit;	       /* bit n: ModRM.reg = n belongs to the row; 0xff also without ModRM */
	uint8_t form, access, size, imm, cls, sys;
	uint32_t flags; /* INSN_* */
	uint32_t how;	/* enum op_how */
};

extern const struct op op_table[];
extern const size_t op_count;

#endif
