/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PHADDW, PHADDD, PHADDSW, PHSUBW, PHSUBD, PHSUBSW of a register with itself (SDM 2B, their pages): Unicorn 2.1.1 overwrites the source
 * while it still reads it, so these are ours; all other forms are the engine's. x87, MMX and SSE state are in cpu->fx while they execute.
 */
#include "emu/plain.h"
#include "emu/sysinsn.h"

#include <string.h>

enum { FX_FSW = 2, FX_FTW = 4, FX_ST = 32, FX_XMM = 160, FX_SLOT = 16, MMX_REGS = 8 };

#define FSW_TOP BITS(13, 11)

static int16_t saturate(int32_t value)
{
	return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

/* opcode 0F 38 01..03 add, 05..07 subtract: words, doublewords, words with saturation */
static uint16_t word(uint8_t opcode, uint16_t a, uint16_t b)
{
	int32_t second = opcode & 4 ? -(int16_t)b : (int16_t)b, result = (int16_t)a + second;

	return (uint16_t)((opcode & 3) == 3 ? saturate(result) : result);
}

static void horizontal(uint8_t opcode, uint8_t *value, unsigned bytes)
{
	unsigned size = (opcode & 3) == 2 ? 4 : 2, half = bytes / 2;
	uint8_t result[8];

	for (unsigned i = 0; i < half; i += size) {
		uint32_t a = 0, b = 0, r;
		memcpy(&a, value + 2 * i, size);
		memcpy(&b, value + 2 * i + size, size);
		if (size == 4)
			r = opcode & 4 ? a - b : a + b;
		else
			r = word(opcode, (uint16_t)a, (uint16_t)b);
		memcpy(result + i, &r, size);
	}
	memcpy(value, result, half);
	memcpy(value + half, result, half);
}

/* An MMX instruction sets TOP to 0 and marks all registers valid; the image is in the order of the stack (SDM 1, "MMX Instructions"). */
static void enter_mmx(uint8_t *fx)
{
	uint8_t physical[MMX_REGS][FX_SLOT];
	uint16_t status;

	memcpy(&status, fx + FX_FSW, sizeof(status));
	for (unsigned i = 0; i < MMX_REGS; i++)
		memcpy(physical[(i + FIELD(status, 13, 11)) % MMX_REGS], fx + FX_ST + i * FX_SLOT, FX_SLOT);
	memcpy(fx + FX_ST, physical, sizeof(physical));
	status &= (uint16_t)~FSW_TOP;
	memcpy(fx + FX_FSW, &status, sizeof(status));
	fx[FX_FTW] = 0xff;
}

bool sys_PHADD_SAME(struct sysinsn *s)
{
	const struct insn *insn = s->insn;
	uint8_t *fx = s->cpu->fx;
	uint16_t status;

	memcpy(&status, fx + FX_FSW, sizeof(status));
	if (!plain_check(s->cpu, insn, status))
		return false;
	if (insn->flags & INSN_SSE) {
		horizontal(insn->opcode, fx + FX_XMM + (insn->reg & 15) * FX_SLOT, 16);
		return true;
	}
	uint8_t *mm = fx + FX_ST + (insn->reg & 7) * FX_SLOT;
	enter_mmx(fx);
	horizontal(insn->opcode, mm, 8);
	memset(mm + 8, 0xff, 2); /* exponent and sign */
	return true;
}
