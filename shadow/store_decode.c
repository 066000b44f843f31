/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoding of stores (SDM 2A, "Instruction Format"; 2D, "Opcode Map"): one row a form. Forms without a row (SSE, shifts by a count, PUSH,
 * x87
 * ..), 16-bit code and 16-bit addresses are left to the processor.
 */
#include "shadow/store.h"

#include <string.h>

enum { NO_EXTENSION = -1, EXTENSION_IS_OP = -2 }; /* of the opcode, in ModRM */

static const struct form {
	bool two;	/* opcode follows 0F */
	uint8_t opcode; /* with bit 0 clear where bit 0 tells bytes from words */
	bool bytes;
	int8_t extension;
	uint8_t op, source;
} forms[] = {
    {false, 0x88, true, NO_EXTENSION, STORE_MOV, SOURCE_REG},
    {false, 0xc6, true, 0, STORE_MOV, SOURCE_IMM},
    {false, 0x86, true, NO_EXTENSION, STORE_XCHG, SOURCE_REG},
    {false, 0x00, true, NO_EXTENSION, STORE_ADD, SOURCE_REG},
    {false, 0x08, true, NO_EXTENSION, STORE_OR, SOURCE_REG},
    {false, 0x10, true, NO_EXTENSION, STORE_ADC, SOURCE_REG},
    {false, 0x18, true, NO_EXTENSION, STORE_SBB, SOURCE_REG},
    {false, 0x20, true, NO_EXTENSION, STORE_AND, SOURCE_REG},
    {false, 0x28, true, NO_EXTENSION, STORE_SUB, SOURCE_REG},
    {false, 0x30, true, NO_EXTENSION, STORE_XOR, SOURCE_REG},
    {false, 0x80, true, EXTENSION_IS_OP, 0, SOURCE_IMM},
    {false, 0x83, false, EXTENSION_IS_OP, 0, SOURCE_IMM8},
    {false, 0xf6, true, 2, STORE_NOT, SOURCE_NONE},
    {false, 0xf6, true, 3, STORE_NEG, SOURCE_NONE},
    {false, 0xfe, true, 0, STORE_INC, SOURCE_NONE},
    {false, 0xfe, true, 1, STORE_DEC, SOURCE_NONE},
    {false, 0xa2, true, NO_EXTENSION, STORE_MOV, SOURCE_ACCUMULATOR},
    {false, 0xa4, true, NO_EXTENSION, STORE_MOVS, SOURCE_NONE},
    {false, 0xaa, true, NO_EXTENSION, STORE_STOS, SOURCE_ACCUMULATOR},
    {true, 0xb0, true, NO_EXTENSION, STORE_CMPXCHG, SOURCE_REG},
    {true, 0xc7, false, 1, STORE_CMPXCHG_PAIR, SOURCE_NONE},
    {true, 0xc0, true, NO_EXTENSION, STORE_XADD, SOURCE_REG},
    {true, 0xc3, false, NO_EXTENSION, STORE_MOV, SOURCE_REG}, /* MOVNTI */
    {true, 0xab, false, NO_EXTENSION, STORE_BTS, SOURCE_REG},
    {true, 0xb3, false, NO_EXTENSION, STORE_BTR, SOURCE_REG},
    {true, 0xbb, false, NO_EXTENSION, STORE_BTC, SOURCE_REG},
    {true, 0xba, false, 5, STORE_BTS, SOURCE_IMM8},
    {true, 0xba, false, 6, STORE_BTR, SOURCE_IMM8},
    {true, 0xba, false, 7, STORE_BTC, SOURCE_IMM8},
};

static bool next(struct store *st, uint8_t *byte)
{
	if (st->at == st->have)
		return false;
	*byte = st->byte[st->at++];
	return true;
}

/* A number of so many bytes, extended by its sign. */
static bool number(struct store *st, unsigned size, uint64_t *value)
{
	int64_t extended = 0;
	unsigned unused = 64 - 8 * size;
	if (st->at + size > st->have)
		return false;
	memcpy(&extended, st->byte + st->at, size);
	st->at += size;
	*value = (uint64_t)((int64_t)((uint64_t)extended << unused) >> unused);
	return true;
}

/* ---- prefixes and opcode ---- */

static bool prefix(struct store *st, uint8_t byte)
{
	static const uint8_t segments[8] = {SEG_ES, SEG_CS, SEG_SS, SEG_DS};
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
		if (!st->wide) /* ignored in 64-bit mode */
			st->segment = segments[byte >> 3 & 3];
		return true;
	case 0x64:
	case 0x65:
		st->segment = byte == 0x64 ? SEG_FS : SEG_GS;
		return true;
	case 0x66:
		return st->small = true;
	case 0x67:
		return st->narrow = true;
	case 0xf2:
	case 0xf3:
		return st->repeat = true;
	default:
		return byte == 0xf0; /* LOCK: nobody else looks at memory meanwhile */
	}
}

/* Prefixes, REX last, up to the opcode. */
static bool opcode(struct store *st, bool *two, uint8_t *code)
{
	do
		if (!next(st, code))
			return false;
	while (prefix(st, *code));
	if (st->wide && (*code & 0xf0) == 0x40) {
		st->rex = *code;
		if (!next(st, code))
			return false;
	}
	*two = *code == 0x0f;
	return !*two || next(st, code);
}

static const struct form *find(bool two, uint8_t code, const uint8_t *modrm)
{
	int extension = modrm ? *modrm >> 3 & 7 : NO_EXTENSION;
	for (unsigned i = 0; i < ARRAY_LEN(forms); i++) {
		const struct form *f = &forms[i];
		if (f->two != two || (f->bytes ? code & 0xfe : code) != f->opcode)
			continue;
		if (f->extension == NO_EXTENSION || f->extension == extension || (f->extension == EXTENSION_IS_OP && extension < 7))
			return f;
	}
	return NULL;
}

/* ---- operands ---- */

/* ModRM, SIB and displacement of a memory operand (SDM 2A, "ModR/M and SIB Bytes"). */
static bool operand(struct store *st)
{
	uint8_t modrm, sib;
	if (!next(st, &modrm) || modrm >> 6 == 3)
		return false;
	unsigned mod = modrm >> 6, rm = modrm & 7;
	st->reg = (uint8_t)((modrm >> 3 & 7) | (st->rex & 4 ? 8 : 0));
	st->base = (uint8_t)(rm | (st->rex & 1 ? 8 : 0));
	if (rm == 4) {
		if (!next(st, &sib))
			return false;
		st->base = (uint8_t)((sib & 7) | (st->rex & 1 ? 8 : 0));
		st->index = (uint8_t)((sib >> 3 & 7) | (st->rex & 2 ? 8 : 0));
		st->index = st->index == RSP ? ADDRESS_NONE : st->index;
		st->scale = sib >> 6;
	}
	bool disp32 = mod == 0 && (rm == 4 ? (st->base & 7) == 5 : rm == 5);
	if (disp32)
		st->base = rm == 5 && st->wide ? ADDRESS_RIP : ADDRESS_NONE;
	if (st->segment == SEG_COUNT)
		st->segment = (st->base == RSP || st->base == RBP) && !st->wide ? SEG_SS : SEG_DS;
	return mod == 0 && !disp32 ? true : number(st, mod == 1 ? 1 : 4, &st->displacement);
}

static bool operands(struct store *st)
{
	switch (st->op) {
	case STORE_STOS:
		return true;
	case STORE_MOVS:
		st->segment = st->segment == SEG_COUNT ? SEG_DS : st->segment;
		return true;
	default:
		break;
	}
	if (st->source != SOURCE_ACCUMULATOR) /* else the address stands alone */
		return operand(st);
	st->segment = st->segment == SEG_COUNT ? SEG_DS : st->segment;
	return number(st, st->wide && !st->narrow ? 8 : 4, &st->displacement);
}

static unsigned size_of(const struct store *st, const struct form *f, uint8_t code)
{
	if (f->op == STORE_CMPXCHG_PAIR)
		return st->rex & 8 ? 16 : 8;
	return f->bytes && !(code & 1) ? 1 : st->rex & 8 ? 8 : st->small ? 2 : 4;
}

bool store_decode(struct store *st)
{
	bool two;
	uint8_t code;
	st->segment = SEG_COUNT;
	st->base = st->index = ADDRESS_NONE;
	if (!opcode(st, &two, &code))
		return false;
	const struct form *f = find(two, code, st->at < st->have ? &st->byte[st->at] : NULL);
	if (!f || (st->narrow && !st->wide) || (st->repeat && f->op != STORE_MOVS && f->op != STORE_STOS))
		return false;
	st->size = (uint8_t)size_of(st, f, code);
	st->source = f->source;
	st->op = f->extension == EXTENSION_IS_OP ? st->byte[st->at] >> 3 & 7 : f->op;
	if (!operands(st))
		return false;
	if (st->source == SOURCE_IMM)
		return number(st, st->size < 4 ? st->size : 4, &st->immediate);
	return st->source != SOURCE_IMM8 || number(st, 1, &st->immediate);
}
