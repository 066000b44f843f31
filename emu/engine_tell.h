/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling an observer of what a plan or our own code for REP strings does, which is ahead of the engine: of each instruction that accesses
 * data as it comes to it, and of its accesses. Those that the first level serves are told many at a time; before anything else is told,
 * they are.
 */
#ifndef EMU_ENGINE_TELL_H
#define EMU_ENGINE_TELL_H

#include "emu/engine_state.h"

enum { TELL_MAX = 2 * PLAN_OPS_MAX };

struct teller {
	const struct mmu_observer *observer;
	uint64_t page;	    /* the block's */
	uint64_t at;	    /* where the next instruction is that was not passed, if steps have different prices */
	uint64_t clock;	    /* with what is not settled, but not what is charged as accesses are made */
	uint64_t ahead;	    /* cycles of the instructions passed */
	unsigned passed;    /* instructions */
	unsigned told_data; /* accesses of the last one */
	unsigned count;	    /* hits to be told */
	struct mmu_hit next;
	struct mmu_hit hit[TELL_MAX];
};

/* At this instruction; nothing is passed yet. */
static inline void tell_begin(struct teller *t, struct engine *e, uint64_t gla)
{
	engine_book_again(e);
	t->observer = e->mmu->observer;
	t->page = page_base(gla);
	t->at = page_offset(gla);
	t->clock = engine_clock(e) - *e->cpu->cost.clock;
	t->ahead = 0;
	t->passed = t->told_data = t->count = 0;
	t->next.begins = false;
}

/* This instruction, or iteration, begins, with what was passed before it and it. */
static ALWAYS_INLINE void tell_next(struct teller *t, const struct engine *e, uint64_t gla, unsigned len)
{
	t->told_data = 0;
	t->next.insn = GLA(gla);
	t->next.len = (uint8_t)len;
	t->next.clock = *e->cpu->cost.clock + t->clock + t->ahead;
	t->next.begins = true;
}

/* A hit of it that takes place; there is room. */
static ALWAYS_INLINE void tell_hit(struct teller *t, uint64_t gla, unsigned size, unsigned access, const struct tlb_entry *entry)
{
	struct mmu_hit *hit = &t->hit[t->count++];

	hit->gla = GLA(gla);
	hit->insn = t->next.insn;
	hit->clock = t->next.clock;
	hit->entry = entry;
	hit->size = (uint16_t)size;
	hit->access = (uint8_t)access;
	hit->len = t->next.len;
	hit->begins = t->next.begins;
	t->next.begins = false;
	t->told_data++;
}

static inline void tell_hits(struct teller *t)
{
	if (t->count)
		mmu_tell_hits(t->observer, t->hit, t->count);
	t->count = 0;
}

/* All up to the instruction under way: something else of it comes. */
static inline void tell_so_far(struct teller *t, struct engine *e)
{
	tell_hits(t);
	if (t->next.begins && t->observer->insn)
		t->observer->insn(t->observer->ctx, t->next.insn, t->next.len, t->next.clock);
	t->next.begins = false;
	e->ahead = t->ahead;
}

/* What it is that comes: a translation by the first level of an access that may not take place; one that does, and is translated. */
static inline void tell_access(const struct teller *t, uint64_t gla, unsigned access, const struct tlb_entry *entry)
{
	if (t->observer->access)
		t->observer->access(t->observer->ctx, GLA(gla), access, entry, SERVED_FIRST);
}

static inline void tell_data(struct teller *t, uint64_t gla, unsigned size, unsigned access)
{
	t->told_data++;
	if (t->observer->data)
		t->observer->data(t->observer->ctx, GLA(gla), size, access);
}

#endif
