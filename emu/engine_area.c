/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FXSAVE and FXRSTOR of 64-bit code by our own code: kernels execute them at each switch of threads or signal, and the engine takes as long
 * for one as for hundreds of other instructions. They make more accesses than any other, always the same ones: what the hooks would be told
 * of them is booked at once. Only in plain memory, in one page, and if they change nothing but that: all else goes by instruction. SDM 2A,
 * "FXSAVE - Save x87 FPU, MMX Technology, and SSE State" has the layout; the order of accesses is Unicorn's (tests/check_engine.c).
 */
#include "emu/engine_state.h"

#include "emu/plain.h"

enum { SAVE_PIECES = 55, RESTORE_PIECES = 52 };

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

static void price_piece(struct engine *e, uint64_t at, unsigned size)
{
	engine_price_data(e, HPA(e->area.u + at), size);
}

static void price_pieces(struct engine *e, bool write)
{
	for (unsigned at = 0; at < 6; at += 2) /* FCW, FSW, FTW */
		price_piece(e, at, 2);
	for (unsigned at = 8; write && at < FX_MXCSR; at += 8) /* FIP, FDP */
		price_piece(e, at, 8);
	for (unsigned at = FX_ST; at < FX_XMM; at += 16) {
		price_piece(e, at, 8);
		price_piece(e, at + 8, 2);
	}
	price_piece(e, FX_MXCSR, 4);
	if (write) /* MXCSR_MASK */
		price_piece(e, FX_MXCSR + 4, 4);
	for (unsigned at = FX_XMM; at < FX_XMM + 16 * 16; at += 8)
		price_piece(e, at, 8);
}

/* All accesses, of which the first has found the entry. */
static void book_pieces(struct engine *e, struct tlb_entry *entry, bool write)
{
	unsigned pieces = write ? SAVE_PIECES : RESTORE_PIECES;

	mmu_hits_again(e->mmu, write ? e->mmu->store : &e->mmu->dtlb, entry, pieces - 1);
	e->cpu->ev.n[write ? EV_STORES : EV_LOADS] += pieces;
	if (e->mmu->env.caches)
		price_pieces(e, write);
}

/* LIMIT: FXRSTOR by instruction loads FIP in 64-bit code only, and from a page whose accessed flag is set. */
void engine_load_fip(struct engine *e, const struct insn *insn, uint64_t gla)
{
	uint64_t at = e->now->wide ? engine_operand(e, insn, gla) : 0, allows;
	hpa_t page;

	if (!e->now->wide || at % 16 || !is_canonical(at, e->mmu->mode.linear_width) ||
	    !mmu_glance(e->mmu, GLA(at), e->read_access, &page, &allows))
		return;
	uint64_t fip = mem_read(e->mem, HPA(page.u + page_offset(at) + FX_FIP), 8);
	uc_reg_write(e->now->uc, UC_X86_REG_FIP, &fip);
}

bool engine_book_area(struct engine *e, const struct insn *insn, uint64_t gla)
{
	bool write = insn->flags & INSN_WRITE;
	unsigned access = write ? e->write_access : e->read_access;
	uint64_t marks = e->mem->marks, at = engine_operand(e, insn, gla), allows;
	hpa_t page;

	if (e->observed || !is_available(e, insn) || e->done >= e->limit ||
	    *e->cpu->cost.clock + SAVE_PIECES * e->dearest_piece >= e->charged_limit)
		return false;
	if (at % 16 || page_offset(at) + FX_SIZE > PAGE_SIZE || !is_canonical(at, e->mmu->mode.linear_width) ||
	    !mmu_glance(e->mmu, GLA(at), access, &page, &allows) || e->mem->marks != marks || !mem_is_ram(e->mem, page, PAGE_SIZE))
		return false;
	const hpa_t area = HPA(page.u | page_offset(at));
	if (write ? e->mem->frame_flags[area.u >> PAGE_SHIFT] : !plain_mxcsr((uint32_t)mem_read(e->mem, HPA(area.u + FX_MXCSR), 4)))
		return false;
	struct tlb_entry *entry = mmu_access(e->mmu, GLA(at), access);
	if (unlikely(!entry || tlb_entry_hpa(entry, GLA(at)).u != area.u)) { /* not as the glance has found */
		access_keep(&e->access, e->done + 1, page_base(at), write, entry);
		access_again(&e->access);
		e->special_step = e->done + 1;
		return false;
	}
	e->area = area;
	book_pieces(e, entry, write);
	return true;
}

void engine_area(struct engine *e)
{
	uint8_t *area = e->mem->host + e->area.u;

	if (e->insn->flags & INSN_WRITE)
		engine_save_fx(e->now, area);
	else
		engine_restore_fx(e->now, area);
	e->done++;
	e->by_class[e->insn->cls]++;
	e->cpu->rip += e->insn->len;
}
