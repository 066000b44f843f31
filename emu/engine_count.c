/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine counts only as steps, by instruction class, while plain code runs, and when that is booked: instructions, fetches, the
 * clock.
 */
#include "emu/engine_state.h"

/* Brings the clock up to the steps done. */
static void settle_clock(struct engine *e)
{
	struct cost *cost = &e->cpu->cost;

	for (unsigned i = 0; i < CLASS_COUNT; i++) {
		cost_charge_n(cost, (enum cost_cause)(COST_INSN_ALU + i), e->by_class[i]);
		cost->steps += e->by_class[i];
		e->by_class[i] = 0;
	}
}

/* Books what was counted only as steps, but for the clock: at page changes. */
void engine_settle_fetches(struct engine *e)
{
	uint64_t steps = e->done - e->settled, insns = steps - e->rep_steps;
	uint64_t fetches = insns + e->extra_fetches;

	e->cpu->ev.n[EV_INSTRUCTIONS] += insns;
	e->cpu->ev.n[EV_FETCHES] += fetches;
	e->cpu->ev.n[EV_ITLB_HIT_4K + e->fetch_part] += fetches - e->looked_up;
	e->settled = e->done;
	e->rep_steps = e->extra_fetches = e->looked_up = 0;
}

/* To be called before anyone looks at the clock or the counters. */
void engine_settle(struct engine *e)
{
	engine_settle_fetches(e);
	settle_clock(e);
}

/*
 * How far the engine may run before the clock must be looked at again: to the deadline if every step were one of the dearest, and what else
 * is charged no more than the other half. So the engine comes to the deadline in ever shorter stretches, and is late by one instruction at
 * most.
 */
void engine_take_limit(struct engine *e)
{
	struct cost *cost = &e->cpu->cost;
	uint64_t steps, left;

	e->limit = e->limit_asked;
	e->charged_limit = ~0ull;
	if (cost->deadline == ~0ull)
		return;
	settle_clock(e);
	left = cost->deadline > *cost->clock ? cost->deadline - *cost->clock : 0;
	if (e->dearest == 1 && !e->mmu->env.caches) {
		steps = left;
	} else {
		e->charged_limit = *cost->clock + left / 2;
		steps = left / 2 / e->dearest;
		steps += left && !steps;
	}
	if (steps < e->limit - e->done && e->done < e->limit)
		e->limit = e->done + steps;
}

/* The instruction under way did not complete: it was fetched, but is not retired. */
void engine_unretire(struct engine *e)
{
	access_begin(&e->access, e->done);
	access_undo(&e->access);
	e->extra_fetches++;
	e->done--;
	e->by_class[e->insn->cls]--;
	e->rep_step = 0;
}
