/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder (SDM 2A, "Instruction Format"): bytes come from emu/decode_scan.c; what they mean, from the opcode map in
 * emu/decode_table.def. Capstone gives the text of an instruction; tests hold its lengths, and the engine's lengths and accesses, against
 * ours.
 *
 * LIMIT: where the engine would execute something else than the processor, or refuses, the instruction is #UD: 66 together with F2 or F3
 * (or F2 with F3) where these choose the instruction; F2 with F3 on CMPS and SCAS; 66 before a near branch in 64-bit mode; POPCNT, MOVBE
 * and CRC32 of 16 or 32 bits in 16-bit code; SAHF and LAHF with REX; PCMPESTRI and PCMPESTRM with REX.W; the undocumented TEST (F6 /1,
 * F7 /1); 0F 18 /0 to /3 and 0F 0D with a register; CMPPS and its kin with an immediate above 7.
 *
 * LIMIT: PUNPCKL of MMX, CVTPS2PD, CVTDQ2PD, CVT(T)PS2PI, ROUNDSS and ROUNDSD read up to 16 bytes where the processor reads memsize.
 *
 * LIMIT: a 32-bit CMPXCHG of registers that fails clears the upper half of its destination. CLFLUSH and its kin translate no address, so
 * never fault, and flush no modelled cache.
 */
#include "emu/decode.h"
#include "emu/decode_scan.h"

#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if CS_API_MAJOR < 5
#error "vtxray needs Capstone 5 or later"
#endif

enum { INSN_MAX = 15 };

struct decoder {
	uint16_t first[OP_MAPS][256]; /* the first row for an opcode */
	csh handle[3];		      /* 16, 32, 64 */
	cs_insn *text;		      /* where Capstone puts its result */
};

static bool form_matches(const struct op *op, uint8_t modrm)
{
	if (!(op->digit >> (modrm >> 3 & 7) & 1))
		return false;
	return op->form == MEM ? modrm < 0xc0 : op->form != REG || modrm >= 0xc0;
}

static bool row_matches(struct scan *s, const struct op *op)
{
	if (op->map != s->map || s->opcode < op->from || s->opcode > op->to || !(op->prefix & s->prefix))
		return false;
	if (op->how & (s->width == 64 ? H_NO64 : H_ONLY64))
		return false;
	return op->form == NOMODRM || form_matches(op, scan_peek(s));
}

static const struct op *find_row(const struct decoder *decoder, struct scan *s)
{
	for (const struct op *op = op_table + decoder->first[s->map][s->opcode]; op < op_table + op_count; op++)
		if (row_matches(s, op))
			return op;
	return NULL;
}

/* Holes among the x87 register forms D8..DF: bit n of a row is second byte C0 + n. */
static bool x87_hole(const struct scan *s)
{
	static const uint64_t hole[8] = {
	    [1] = BITS(23, 17) | BITS(35, 34) | BITS(39, 38) | BIT(47),
	    [2] = BITS(40, 32) | BITS(63, 42),
	    [3] = BITS(39, 37) | BITS(63, 56),
	    [5] = BITS(63, 48),
	    [6] = BIT(24) | BITS(31, 26),
	    [7] = BITS(39, 33) | BITS(63, 56),
	};
	return s->map == M1 && (s->opcode & 0xf8) == 0xd8 && s->modrm >= 0xc0 && (hole[s->opcode & 7] >> (s->modrm & 63) & 1);
}

static uint8_t operand_size(const struct scan *s, uint32_t how)
{
	uint8_t size = (s->width == 16) == s->opsize ? 4 : 2;
	if (how & H_BYTE)
		return 1;
	if (how & H_MODE)
		return s->width == 64 ? 8 : 4;
	if ((how & H_NEAR) && s->width == 64)
		return 8;
	if (how & H_MAX4)
		return size;
	if (rex_w(s))
		return 8;
	return (how & H_DEF64) && s->width == 64 && !s->opsize ? 8 : size;
}

static uint8_t memory_size(const struct scan *s, const struct op *op, uint8_t opsize)
{
	static const uint8_t fixed[] = {[S_0] = 0, [S_1] = 1, [S_2] = 2, [S_4] = 4, [S_6] = 6, [S_8] = 8, [S_10] = 10, [S_16] = 16};
	bool wide = (s->width == 16) == s->opsize;
	switch (op->size) {
	case S_V:
		return opsize;
	case S_Y:
		return rex_w(s) ? 8 : 4;
	case S_MODE:
		return s->width == 64 ? 8 : 4;
	case S_2Y:
		return rex_w(s) ? 16 : 8;
	case S_FAR:
		return opsize + 2;
	case S_DESC:
		return s->width == 64 ? 10 : 6;
	case S_ENV:
		return wide || rex_w(s) ? 28 : 14;
	case S_SAVE:
		return wide || rex_w(s) ? 108 : 94;
	}
	return fixed[op->size];
}

/* Operands that no ModRM names. */
static void implied_registers(const struct scan *s, const struct op *op, struct insn *insn)
{
	if (op->how & H_PLUS)
		insn->rm = (s->opcode & 7) | rex_b(s);
	if (op->sys == SYS_PUSH_SEG || op->sys == SYS_POP_SEG)
		insn->reg = s->opcode >> 3 & 7;
}

static void set_access(const struct scan *s, const struct op *op, struct insn *insn)
{
	static const uint32_t access[] = {
	    [A_NONE] = 0,
	    [A_R] = INSN_READ,
	    [A_W] = INSN_WRITE,
	    [A_RMW] = INSN_READ | INSN_WRITE | INSN_RMW,
	    [A_RW] = INSN_READ | INSN_WRITE | INSN_MULTI,
	};
	insn->flags |= op->flags;
	if (op->form == RM && insn->rm != REG_NONE) {
		insn->flags &= ~(uint32_t)(INSN_ALIGN16 | INSN_MULTI);
		return;
	}
	insn->flags |= access[op->access];
	insn->memsize = memory_size(s, op, insn->opsize);
	if (insn->memsize == 16) /* two callbacks of 8 bytes; CMPXCHG16B must be aligned */
		insn->flags |= INSN_MULTI | (insn->flags & INSN_RMW ? INSN_ALIGN16 : 0u);
	if (op->imm == I_ENTER && (insn->imm2 & 31))
		insn->flags |= INSN_READ | INSN_MULTI;
}

/* PHADD, PHSUB with the same register twice; REX does not extend MMX registers */
static bool is_phadd_same(const struct scan *s, const struct insn *insn)
{
	unsigned mask = insn->flags & INSN_MMX ? 7 : 15;
	bool phadd = s->map == M38 && (s->opcode & 3) && s->opcode < 8 && s->opcode != 4;
	return phadd && insn->rm != REG_NONE && (insn->rm & mask) == (insn->reg & mask);
}

/* Encodings that the row's fields do not tell apart. */
static void set_special(const struct scan *s, struct insn *insn)
{
	if (s->map == M1 && s->opcode == 0x90 && s->rep == 0xf3 && !rex_b(s))
		insn->sys = SYS_PAUSE;
	if (is_phadd_same(s, insn)) {
		insn->sys = SYS_PHADD_SAME;
		insn->flags |= INSN_FX;
	}
	if (insn->sys)
		insn->cls = CLASS_SYSTEM;
}

static void set_prefix_flags(const struct scan *s, const struct op *op, struct insn *insn)
{
	if ((op->how & H_STRING) && s->rep) {
		insn->flags |= INSN_REP | INSN_MULTI;
		if ((op->how & H_REPCC) && s->rep == 0xf2)
			insn->flags |= INSN_REPNE;
	}
	bool xchg = s->map == M1 && (s->opcode & 0xfe) == 0x86 && (insn->flags & INSN_MEM);
	if (s->lock) {
		insn->flags |= INSN_LOCK;
		if (s->map == M1 && (s->opcode & 0xfe) == 0xf6) /* LOCK NEG: the engine reads, then compares and exchanges */
			insn->flags |= INSN_MULTI;
	}
	if (s->lock || xchg)
		insn->cls = CLASS_LOCKED;
}

/* #UD although the opcode map has the row */
static bool is_illegal(const struct scan *s, const struct op *op, const struct insn *insn)
{
	if (s->lock && !((op->how & H_LOCK) && (insn->flags & INSN_MEM)))
		return true;
	if ((op->how & H_CR) && insn->reg > 8)
		return true;
	if ((op->how & H_DR) && insn->reg > 7)
		return true;
	return x87_hole(s);
}

/* The engine would take it for another instruction: see the head of the file. */
static bool engine_differs(const struct scan *s, const struct op *op)
{
	if ((op->how & H_NO16) && s->width == 16)
		return true;
	if ((op->how & (H_SIMD | H_REPCC)) && s->f2 && s->f3)
		return true;
	if ((op->how & H_SIMD) && s->opsize && s->rep)
		return true;
	if (s->map == M1 && (s->opcode & 0xfe) == 0x9e && s->rex) /* SAHF, LAHF */
		return true;
	if (s->map == M3A && (s->opcode & 0xfe) == 0x60 && rex_w(s)) /* PCMPESTRM, PCMPESTRI */
		return true;
	return (op->how & H_NEAR) && !op->sys && s->width == 64 && s->opsize && !rex_w(s);
}

static void make_ud(const struct scan *s, struct insn *insn)
{
	*insn =
	    (struct insn){.sys = SYS_UD, .cls = CLASS_SYSTEM, .len = (uint8_t)s->seen, .rm = REG_NONE, .base = REG_NONE, .index = REG_NONE};
	insn->opcode = s->opcode;
}

/* The sizes first, then what follows the opcode. */
static void read_operands(struct scan *s, const struct op *op, struct insn *insn)
{
	unsigned addrsize = s->width / 8;
	*insn = (struct insn){.sys = op->sys, .cls = op->cls, .map = s->map, .opcode = s->opcode, .rex = s->rex != 0, .scale = 1};
	insn->rm = insn->base = insn->index = REG_NONE;
	insn->seg = SEG_DS;
	insn->addrsize = (uint8_t)(!s->addrsize ? addrsize : addrsize == 4 ? 2 : 4);
	insn->opsize = operand_size(s, op->how);
	if (op->form != NOMODRM)
		scan_modrm(s, op, insn);
	scan_immediate(s, op, insn);
	if (s->seg != REG_NONE)
		insn->seg = s->seg;
	implied_registers(s, op, insn);
}

static enum decode_status out_of_bytes(const struct scan *s, struct insn *insn)
{
	if (s->avail < INSN_MAX)
		return DECODE_TRUNCATED;
	make_ud(s, insn);
	insn->len = INSN_MAX;
	insn->imm = 1; /* too long: #GP */
	return DECODE_OK;
}

enum decode_status decode_insn(struct decoder *decoder, const uint8_t *bytes, unsigned avail, unsigned width, struct insn *insn)
{
	struct scan s = {.bytes = bytes, .avail = avail < INSN_MAX ? avail : INSN_MAX, .width = width, .seg = REG_NONE};
	scan_prefixes(&s);
	scan_opcode(&s);
	const struct op *op = find_row(decoder, &s);
	if (op && !s.ran_out)
		read_operands(&s, op, insn);
	if (s.ran_out)
		return out_of_bytes(&s, insn);
	if (!op || is_illegal(&s, op, insn) || engine_differs(&s, op)) {
		make_ud(&s, insn);
		return DECODE_OK;
	}
	insn->len = (uint8_t)s.pos;
	set_access(&s, op, insn);
	set_prefix_flags(&s, op, insn);
	set_special(&s, insn);
	return DECODE_OK;
}

static void index_rows(struct decoder *decoder)
{
	for (unsigned map = 0; map < OP_MAPS; map++)
		for (unsigned opcode = 0; opcode < 256; opcode++)
			decoder->first[map][opcode] = (uint16_t)op_count;
	for (size_t row = op_count; row-- > 0;)
		for (unsigned opcode = op_table[row].from; opcode <= op_table[row].to; opcode++)
			decoder->first[op_table[row].map][opcode] = (uint16_t)row;
}

int decoder_new(struct decoder **decoder)
{
	static const cs_mode mode[3] = {CS_MODE_16, CS_MODE_32, CS_MODE_64};
	struct decoder *d = calloc(1, sizeof(*d));
	if (!d)
		return -ERR_NOMEM;
	index_rows(d);
	for (unsigned i = 0; i < ARRAY_LEN(mode); i++)
		if (cs_open(CS_ARCH_X86, mode[i], &d->handle[i]) != CS_ERR_OK)
			goto fail;
	d->text = cs_malloc(d->handle[0]);
	if (!d->text)
		goto fail;
	*decoder = d;
	return 0;
fail:
	decoder_free(d);
	return -ERR_ENGINE;
}

void decoder_free(struct decoder *decoder)
{
	if (!decoder)
		return;
	if (decoder->text)
		cs_free(decoder->text, 1);
	for (unsigned i = 0; i < ARRAY_LEN(decoder->handle); i++)
		if (decoder->handle[i])
			cs_close(&decoder->handle[i]);
	free(decoder);
}

unsigned decode_text(struct decoder *decoder, const uint8_t *bytes, unsigned avail, unsigned width, uint64_t rip, char *text, size_t size)
{
	csh handle = decoder->handle[width == 64 ? 2 : width == 32 ? 1 : 0];
	const uint8_t *code = bytes;
	size_t left = avail;
	if (!cs_disasm_iter(handle, &code, &left, &rip, decoder->text))
		return 0;
	const cs_insn *insn = decoder->text;
	snprintf(text, size, "%s%s%s", insn->mnemonic, insn->op_str[0] ? " " : "", insn->op_str);
	return insn->size;
}
