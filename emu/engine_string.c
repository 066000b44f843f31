/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REP MOVS and REP STOS of 64-bit code, many iterations at a time: a hook at each of them costs ten times as much as what it does. Every
 * iteration is a step, with the same translations, counts and prices in the same order as one that the engine executes. What would not just
 * move memory is left to the engine: a fault, a device, a store to code, an element in two pages; and so is whatever else than more
 * iterations comes next. A store to a paging structure (kernels clear and copy them) changes no translation that the TLBs hold; the softmmu
 * is flushed before the engine runs again (engine_attend). SDM 2B, "REP/REPE/REPZ/REPNE/REPNZ": an instruction that is left between two
 * iterations has not retired, and goes on with what is left in its registers.
 */
#include "emu/engine_state.h"

#include <string.h>

enum { LEAST = 12 /* iterations that are worth the way */ };

struct string {
	struct engine *e;
	unsigned size;
	uint64_t step;		     /* from one element to the next */
	struct tlb_entry *from, *to; /* that served last */
};

bool engine_has_string(struct engine *e, const struct insn *insn)
{
	unsigned operation = insn->opcode & 0xfe;
	bool plain = e->account != ACCOUNT_INSN && e->now->wide && insn->addrsize == 8 && !(insn->flags & (INSN_FSGS | INSN_CHECKED)) &&
		     !mmu_observes_accesses(e->mmu->observer) && !e->mmu->stale && !e->mem->watch.armed;

	if (!(insn->flags & INSN_REP) || (operation != 0xa4 && operation != 0xaa) || !plain || e->done <= e->booked ||
	    e->done == e->string_end)
		return false;
	return e->done + LEAST <= e->limit && engine_read_reg(e, RCX) >= LEAST;
}

static struct tlb_entry *translate(struct engine *e, struct tlb_entry **last, uint64_t gla, unsigned access)
{
	struct tlb_entry *entry = *last;

	if (entry && mmu_entry_serves(e->mmu, entry, GLA(gla)) && mmu_entry_permits(e->mmu, entry, access)) {
		mmu_hit_again(e->mmu, entry, access);
		return entry;
	}
	entry = mmu_access(e->mmu, GLA(gla), access);
	*last = entry && entry->part == TLB_4K ? entry : NULL; /* as for a plan's operations */
	return entry;
}

static bool in_one_page(const struct string *s, uint64_t gla)
{
	return page_offset(gla) + s->size <= PAGE_SIZE && is_canonical(gla, s->e->mmu->mode.linear_width);
}

/* One access of the iteration. NULL: it is not one of plain memory; then its translation is kept for when the engine makes it. */
static uint8_t *access_element(struct string *s, struct tlb_entry **last, uint64_t gla, bool write)
{
	struct engine *e = s->e;
	const struct tlb_entry *entry = translate(e, last, gla, write ? e->write_access : e->read_access);
	hpa_t hpa = entry ? tlb_entry_hpa(entry, GLA(gla)) : HPA(~0ull);

	if (likely(mem_is_ram(e->mem, hpa, s->size) && (!write || !(engine_before_store(e, hpa, s->size) & ~(unsigned)FRAME_TABLE)))) {
		if (e->mmu->env.caches)
			engine_price_data(e, hpa, s->size);
		return e->mem->host + hpa.u;
	}
	access_begin(&e->access, e->done + 1);
	if (entry)
		access_was_made(&e->access, page_base(gla), write, 0);
	else
		access_has_failed(&e->access, page_base(gla), write);
	return NULL;
}

/* false: this iteration, which may have begun, is the engine's */
static bool move(struct string *s, uint64_t *rsi, uint64_t *rdi)
{
	struct engine *e = s->e;

	if (!in_one_page(s, *rsi) || !in_one_page(s, *rdi))
		return false;
	const uint8_t *from = access_element(s, &s->from, *rsi, false);
	uint8_t *to = from ? access_element(s, &s->to, *rdi, true) : NULL;
	if (!to) {
		if (from)
			access_was_made(&e->access, page_base(*rsi), false, 1);
		access_again(&e->access);
		e->special_step = e->done + 1;
		return false;
	}
	uint64_t value;
	memcpy(&value, from, s->size);
	memcpy(to, &value, s->size);
	e->cpu->ev.n[EV_LOADS]++;
	e->cpu->ev.n[EV_STORES]++;
	*rsi += s->step;
	*rdi += s->step;
	return true;
}

static bool store(struct string *s, uint64_t value, uint64_t *rdi)
{
	struct engine *e = s->e;

	if (!in_one_page(s, *rdi))
		return false;
	uint8_t *to = access_element(s, &s->to, *rdi, true);
	if (!to) {
		access_again(&e->access);
		e->special_step = e->done + 1;
		return false;
	}
	memcpy(to, &value, s->size);
	e->cpu->ev.n[EV_STORES]++;
	*rdi += s->step;
	return true;
}

void engine_string(struct engine *e)
{
	struct cpu *cpu = e->cpu;
	const struct insn *insn = e->insn;
	struct string s = {.e = e, .size = insn->opsize, .step = cpu->rflags & FLAG_DF ? -(uint64_t)insn->opsize : insn->opsize};
	uint64_t begin = e->done, *gpr = cpu->gpr;
	bool moves = (insn->opcode & 0xfe) == 0xa4;

	while (gpr[RCX] && e->done < e->limit) {
		if (moves ? !move(&s, &gpr[RSI], &gpr[RDI]) : !store(&s, gpr[RAX], &gpr[RDI]))
			break;
		e->done++;
		gpr[RCX]--;
	}
	e->by_class[insn->cls] += e->done - begin;
	e->rep_steps += e->done - begin;
	e->rep_suspended = gpr[RCX] && e->done != begin ? e->done : e->rep_suspended;
	e->string_end = e->done;
	if (!gpr[RCX]) {
		cpu->rip += insn->len;
		e->rep_steps--;
	}
	if (e->stretch && e->done >= e->stretch)
		e->in_blocks = true;
}
