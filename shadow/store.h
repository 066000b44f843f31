/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store that the VMM carries out: decoded (store_decode.c), computed (store_alu.c), done (store.c). SDM 2A, "Instruction Format". Private
 * to these three.
 */
#ifndef SHADOW_STORE_H
#define SHADOW_STORE_H

#include "shadow/shadow.h"

enum { INSN_MAX = 15 };

/* The first seven are numbered as opcodes number them (bits 5:3). */
enum store_op {
	STORE_ADD,
	STORE_OR,
	STORE_ADC,
	STORE_SBB,
	STORE_AND,
	STORE_SUB,
	STORE_XOR,
	STORE_MOV,
	STORE_NOT,
	STORE_NEG,
	STORE_INC,
	STORE_DEC,
	STORE_XCHG,
	STORE_XADD,
	STORE_CMPXCHG,
	STORE_CMPXCHG_PAIR, /* CMPXCHG8B, CMPXCHG16B */
	STORE_BTS,
	STORE_BTR,
	STORE_BTC,
	STORE_MOVS,
	STORE_STOS,
};

/* where the second operand comes from */
enum store_source { SOURCE_NONE, SOURCE_REG, SOURCE_IMM, SOURCE_IMM8, SOURCE_ACCUMULATOR };

/* the registers that an address is made of */
enum { ADDRESS_NONE = GPR_COUNT, ADDRESS_RIP };

struct store {
	uint8_t byte[INSN_MAX];
	unsigned have, at;	    /* bytes read from memory, decoded */
	bool wide;		    /* 64-bit code */
	uint8_t rex;		    /* 0: none */
	bool small, narrow, repeat; /* prefixes 66, 67, and F2 or F3 */
	uint8_t segment;	    /* of the memory operand; MOVS: of the source */
	uint8_t op, source;
	uint8_t size;			 /* of the operand, in bytes */
	uint8_t reg, base, index, scale; /* scale: a shift */
	uint64_t immediate, displacement;
};

/* Decodes 32- or 64-bit code from byte[0..have). false: none of the forms that are known, or more bytes than there are. */
bool store_decode(struct store *st);

/*
 * The value that a read-modify-write leaves: a is what memory held, b the second operand, both of st->size bytes; STORE_BTx: b is the
 * number of the bit. *flags: RFLAGS, as the instruction leaves them; those that the SDM leaves undefined: AF is 0 after a logical
 * operation; BTS and its kin change CF only.
 */
uint64_t store_alu(const struct store *st, uint64_t a, uint64_t b, uint64_t *flags);

#endif
