/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading an instruction byte by byte (SDM 2A, "Instruction Format"): prefixes, opcode, ModRM, SIB, displacement, immediate. What they mean
 * is decode.c's. Private to it.
 */
#ifndef EMU_DECODE_SCAN_H
#define EMU_DECODE_SCAN_H

#include "emu/decode_table.h"

/* An instruction being read. */
struct scan {
	const uint8_t *bytes;
	unsigned avail, pos, width;
	unsigned seen; /* bytes looked at */
	bool ran_out;  /* a byte beyond avail was asked for */
	bool lock, opsize, addrsize, f2, f3;
	uint8_t rep; /* the last of F2 and F3 */
	uint8_t seg; /* override, or REG_NONE */
	uint8_t rex; /* 0: none */
	uint8_t map, opcode, prefix, modrm;
};

static inline bool rex_bit(const struct scan *s, unsigned bit)
{
	return s->rex >> bit & 1;
}
static inline uint8_t rex_b(const struct scan *s)
{
	return rex_bit(s, 0) ? 8 : 0;
}
static inline uint8_t rex_x(const struct scan *s)
{
	return rex_bit(s, 1) ? 8 : 0;
}
static inline uint8_t rex_r(const struct scan *s)
{
	return rex_bit(s, 2) ? 8 : 0;
}
static inline bool rex_w(const struct scan *s)
{
	return rex_bit(s, 3);
}

/* The byte at the present place; 0, and ran_out, if there is none. */
uint8_t scan_peek(struct scan *s);

void scan_prefixes(struct scan *s);

/* Opcode, its map, and the mandatory prefix. */
void scan_opcode(struct scan *s);

/* ModRM and the memory operand; then the immediate: fields of insn, whose sizes are known. */
void scan_modrm(struct scan *s, const struct op *op, struct insn *insn);
void scan_immediate(struct scan *s, const struct op *op, struct insn *insn);

#endif
