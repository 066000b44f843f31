/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x87 and SSE registers of the instances, in the layout that FXSAVE gives them (SDM 2A, "FXSAVE - Save x87 FPU, MMX Technology, and SSE
 * State"). Of its operand the last x87 instruction leaves no address, as on processors that keep that for exceptions alone.
 *
 * LIMIT: the address of the last x87 instruction is stored whole, as Unicorn does, also without REX.W, where 32 bits and zeros are due.
 */
#include "emu/engine_state.h"

#include <string.h>

enum { FX_REGS = 5 + 8 + 16, ST_SIZE = 10, FSW_ES = 1 << 7, FSW_B = 1 << 15 };

/* What the layout does not hold as it is. */
struct fx_words {
	uint16_t fcw, fsw, tag;
	uint32_t mxcsr;
	uint64_t fip;
	uint8_t st[8][16];
};

/* Where uc_reg_read_batch and uc_reg_write_batch find all of them; the instance for 32-bit code has eight SSE registers. Returns how many.
 */
static int list_regs(const struct instance *in, struct fx_words *w, uint8_t *area, int ids[FX_REGS], void *at[FX_REGS])
{
	static const int words[] = {UC_X86_REG_FPCW, UC_X86_REG_FPSW, UC_X86_REG_MXCSR, UC_X86_REG_FIP};
	void *const words_at[] = {&w->fcw, &w->fsw, &w->mxcsr, &w->fip};
	int n = 0;

	for (unsigned i = 0; i < ARRAY_LEN(words); i++, n++) {
		ids[n] = words[i];
		at[n] = words_at[i];
	}
	for (int i = 0; i < 8; i++, n++) { /* after FSW, which says which is ST(0) */
		ids[n] = UC_X86_REG_ST0 + i;
		at[n] = w->st[i];
	}
	ids[n] = UC_X86_REG_FPTAG;
	at[n++] = &w->tag;
	for (int i = 0; i < (in->wide ? 16 : 8); i++, n++) {
		ids[n] = UC_X86_REG_XMM0 + i;
		at[n] = area + FX_XMM + 16 * i;
	}
	return n;
}

void engine_save_fx(const struct instance *in, uint8_t *area)
{
	struct fx_words w;
	int ids[FX_REGS];
	void *at[FX_REGS];
	int n = list_regs(in, &w, area, ids, at);
	const uint32_t mask = 0xffff;
	unsigned full = 0;

	CHECK(uc_reg_read_batch(in->uc, ids, at, n) == UC_ERR_OK);
	for (unsigned i = 0; i < 8; i++) {
		full |= ((w.tag >> 2 * i & 3) != 3 ? 1u : 0u) << i;
		memcpy(area + FX_ST + 16 * i, w.st[i], ST_SIZE);
	}
	memcpy(area, &w.fcw, 2);
	memcpy(area + 2, &w.fsw, 2);
	memcpy(area + 4, &full, 2);
	memcpy(area + FX_FIP, &w.fip, 8);
	memset(area + FX_FDP, 0, 8);
	memcpy(area + FX_MXCSR, &w.mxcsr, 4);
	memcpy(area + FX_MXCSR + 4, &mask, 4);
}

void engine_restore_fx(struct instance *in, const uint8_t *area)
{
	struct fx_words w = {0};
	int ids[FX_REGS];
	void *at[FX_REGS];
	uint8_t copy[FX_SIZE];
	int n = list_regs(in, &w, copy, ids, at);
	unsigned tag = 0;

	memcpy(copy, area, FX_SIZE);
	for (unsigned i = 0; i < 8; i++) {
		tag |= (area[4] >> i & 1 ? 0u : 3u) << 2 * i;
		memcpy(w.st[i], area + FX_ST + 16 * i, ST_SIZE);
	}
	w.tag = (uint16_t)tag;
	memcpy(&w.fcw, area, 2);
	memcpy(&w.fsw, area + 2, 2);
	w.fsw = (uint16_t)((w.fsw & ~FSW_B) | (w.fsw & FSW_ES ? FSW_B : 0));
	memcpy(&w.fip, area + FX_FIP, 8);
	memcpy(&w.mxcsr, area + FX_MXCSR, 4);
	CHECK(uc_reg_write_batch(in->uc, ids, at, n) == UC_ERR_OK);
}

/* While 32-bit code runs, the upper eight SSE registers wait in the 64-bit instance. */
void engine_fx_out(struct engine *e)
{
	if (!e->now->wide)
		engine_save_fx(&e->inst[INSTANCE_64], e->cpu->fx);
	engine_save_fx(e->now, e->cpu->fx);
}

void engine_fx_in(struct engine *e)
{
	if (!e->now->wide)
		engine_restore_fx(&e->inst[INSTANCE_64], e->cpu->fx);
	engine_restore_fx(e->now, e->cpu->fx);
}
