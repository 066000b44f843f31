/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FXSAVE and FXRSTOR of 64-bit code as blocks of one instruction, which runs unwatched: kernels execute them at each switch of threads or
 * signal. They make more accesses than any other instruction, always the same ones: what the hooks would be told of them is booked at once.
 * Only in plain memory, in one page, and if they change nothing but that: all else goes by instruction. SDM 2A, "FXSAVE - Save x87 FPU, MMX
 * Technology, and SSE State" has the layout; the order is Unicorn's (tests/check_engine.c).
 */
#include "emu/engine_state.h"

#include "emu/plain.h"

enum { AREA_SIZE = 512, AREA_MXCSR = 24, AREA_ST = 0x20, AREA_XMM = 0xa0, AREA_PIECES = 55 };

bool engine_is_area(uint32_t flags)
{
	const uint32_t wanted = INSN_ALIGN16 | INSN_MULTI | INSN_MEM | INSN_X87 | INSN_X87_NOWAIT;

	return (flags & wanted) == wanted;
}

/* Nothing has to be checked of it but what is looked at here. */
static bool is_available(const struct engine *e, const struct insn *insn)
{
	const uint32_t looked_at = INSN_ALIGN16 | INSN_CHECKED | INSN_X87;

	return !(insn->flags & e->slow & ~looked_at) && !(e->cpu->cr0 & (CR0_EM | CR0_TS));
}

/* One more access to the area, of which the first has found the entry. */
static void book_piece(struct engine *e, struct tlb_entry *entry, hpa_t hpa, unsigned size, bool write, bool first)
{
	if (!first)
		mmu_hit_again(e->mmu, entry, write ? e->write_access : e->read_access);
	e->cpu->ev.n[write ? EV_STORES : EV_LOADS]++;
	if (e->mmu->env.caches)
		engine_price_data(e, hpa, size);
}

static void book_area(struct engine *e, struct tlb_entry *entry, hpa_t area, bool write)
{
	for (unsigned at = 0; at < 6; at += 2) /* FCW, FSW, FTW */
		book_piece(e, entry, HPA(area.u + at), 2, write, at == 0);
	for (unsigned at = 8; write && at < 24; at += 8) /* FIP, FDP */
		book_piece(e, entry, HPA(area.u + at), 8, write, false);
	for (unsigned at = AREA_ST; at < AREA_XMM; at += 16) {
		book_piece(e, entry, HPA(area.u + at), 8, write, false);
		book_piece(e, entry, HPA(area.u + at + 8), 2, write, false);
	}
	book_piece(e, entry, HPA(area.u + AREA_MXCSR), 4, write, false);
	if (write) /* MXCSR_MASK */
		book_piece(e, entry, HPA(area.u + AREA_MXCSR + 4), 4, write, false);
	for (unsigned at = AREA_XMM; at < AREA_XMM + 16 * 16; at += 8)
		book_piece(e, entry, HPA(area.u + at), 8, write, false);
}

bool engine_book_area(struct engine *e, const struct insn *insn, uint64_t gla)
{
	bool write = insn->flags & INSN_WRITE;
	unsigned access = write ? e->write_access : e->read_access;
	uint64_t marks = e->mem->marks, at = engine_operand(e, insn, gla), allows;
	hpa_t page;

	if (e->observed || !is_available(e, insn) || e->done >= e->limit ||
	    *e->cpu->cost.clock + AREA_PIECES * e->dearest_piece >= e->charged_limit)
		return false;
	if (at % 16 || page_offset(at) + AREA_SIZE > PAGE_SIZE || !is_canonical(at, e->mmu->mode.linear_width) ||
	    !mmu_glance(e->mmu, GLA(at), access, &page, &allows) || e->mem->marks != marks || !mem_is_ram(e->mem, page, PAGE_SIZE))
		return false;
	const hpa_t area = HPA(page.u | page_offset(at));
	if (write ? e->mem->frame_flags[area.u >> PAGE_SHIFT] : !plain_mxcsr((uint32_t)mem_read(e->mem, HPA(area.u + AREA_MXCSR), 4)))
		return false;
	struct tlb_entry *entry = mmu_access(e->mmu, GLA(at), access);
	if (unlikely(!entry || tlb_entry_hpa(entry, GLA(at)).u != area.u)) { /* not as the glance has found */
		access_keep(&e->access, e->done + 1, page_base(at), write, entry);
		access_again(&e->access);
		e->special_step = e->done + 1;
		return false;
	}
	book_area(e, entry, area, write);
	return true;
}
