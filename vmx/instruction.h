/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One decoded instruction: what the engine needs to know of a plain one (length, accesses), and the operands of one that our
 * own code executes. Filled by emu/decode.c, once per physical code location.
 */
#ifndef VMX_INSTRUCTION_H
#define VMX_INSTRUCTION_H

#include "vmx/state.h"

enum sysop {
	SYS_NONE, /* plain: the engine executes it */
#define SYSOP(symbol, name) SYS_##symbol,
#include "vmx/instruction.def"
#undef SYSOP
	SYSOP_COUNT
};

enum insn_flags {
	INSN_READ = 1 << 0,  /* plain: reads memory */
	INSN_WRITE = 1 << 1, /* plain: writes memory */
	INSN_RMW = 1 << 2,   /* plain: its one memory operand is read, then written: translated once, with write intent */
	INSN_MULTI = 1 << 3, /* plain: may make more than one engine callback: several operands, 16 bytes, FXSAVE, REP.. */
	INSN_REP = 1 << 4,   /* has an effective REP prefix on a string instruction: one instruction, many accesses */
	INSN_REPNE = 1 << 5, /* that prefix is REPNE */
	INSN_LOCK = 1 << 6,
	INSN_BRANCH = 1 << 7,	   /* may change RIP other than to the next instruction */
	INSN_X87 = 1 << 8,	   /* #NM if CR0.EM or CR0.TS; #MF pending */
	INSN_MMX = 1 << 9,	   /* #UD if CR0.EM, #NM if CR0.TS */
	INSN_SSE = 1 << 10,	   /* #UD if CR0.EM or not CR4.OSFXSR, #NM if CR0.TS */
	INSN_FWAIT = 1 << 11,	   /* #NM if CR0.MP and CR0.TS */
	INSN_FX = 1 << 12,	   /* system: works on cpu->fx (XSAVE, XRSTOR, XSAVEOPT) */
	INSN_MEM = 1 << 13,	   /* has an explicit memory operand (seg, base, index, ... below) */
	INSN_SHADOW = 1 << 14,	   /* MOV SS, POP SS, STI: blocks interrupts for one instruction */
	INSN_ALIGN16 = 1 << 15,	   /* plain: #GP if its memory operand is not aligned to 16 (MOVAPS ..) */
	INSN_STACK = 1 << 16,	   /* plain: PUSH, POP, CALL, RET, ENTER, LEAVE: implicit access through SS */
	INSN_CROSS = 1 << 17,	   /* its bytes lie in two pages */
	INSN_X87_NOWAIT = 1 << 18, /* with INSN_X87: does not look at pending #MF (FNINIT, FNSTSW, FXSAVE ..) */
	INSN_SYSTEM = 1 << 19,	   /* sys is not SYS_NONE (set by emu/codecache.c, as the next) */
	INSN_FSGS = 1 << 20,	   /* its memory operand lies in FS or GS */
	INSN_CHECKED = 1 << 21,	   /* always to be checked: memory operand in CS, LDMXCSR, FXRSTOR */
	INSN_FLAGS = 1 << 22,	   /* the engine spoils the flags if its access faults (set by emu/codecache.c too) */
};

/* instruction classes for the cycle account */
enum insn_class {
	CLASS_ALU,
	CLASS_MUL,
	CLASS_DIV,
	CLASS_BRANCH,
	CLASS_CALL,
	CLASS_STRING,
	CLASS_FP,
	CLASS_FP_DIV,
	CLASS_SIMD,
	CLASS_LOCKED,
	CLASS_SYSTEM,
	CLASS_COUNT
};

enum { REG_NONE = 0xff, REG_RIP = 0xfe };

struct insn {
	uint8_t len;		    /* 1..15 */
	uint8_t sys;		    /* enum sysop */
	uint8_t cls;		    /* enum insn_class */
	uint8_t opsize;		    /* operand size in bytes: 1, 2, 4, 8 (IN/OUT/INS/OUTS: of the datum) */
	uint32_t flags;		    /* INSN_* */
	uint8_t addrsize;	    /* address size in bytes: 2, 4, 8 */
	uint8_t memsize;	    /* bytes of the explicit memory operand as an architectural access (0: none, or variable) */
	uint8_t seg;		    /* enum segreg of the explicit memory operand, override applied; string: of the source (RSI) */
	uint8_t base, index, scale; /* enum gpr or REG_NONE (base also REG_RIP); scale 1, 2, 4, 8 */
	int64_t disp;		    /* displacement; with REG_RIP: relative to the next instruction */
	uint8_t reg;		    /* ModRM.reg with REX.R: a GPR, segment, control or debug register number */
	uint8_t rm;		    /* ModRM.rm with REX.B when the r/m operand is a register, or the register of +r forms; else REG_NONE */
	uint8_t rex;		    /* 1 if a REX prefix is there (matters for byte registers) */
	uint8_t map;		    /* opcode map: 0 one byte, 1 0F, 2 0F 38, 3 0F 3A, 4 0F 01 with a register form */
	uint8_t opcode;		    /* last opcode byte, for the few handlers that tell encodings apart (IN imm / DX ..) */
	uint64_t imm;		    /* immediate, zero-extended as encoded; far pointer: offset; IN/OUT imm8 form: port */
	uint16_t imm2;		    /* far pointer: selector; ENTER: level; RET_FAR imm16 */
};

const char *sysop_name(enum sysop op);

/* The offset (effective address) of the explicit memory operand, truncated to the address size; and its linear address. */
uint64_t insn_offset(const struct cpu *cpu, const struct insn *insn);

#endif
