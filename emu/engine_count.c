/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine counts only as steps, by instruction class, while plain code runs, and when that is booked: instructions, fetches, the
 * clock.
 */
#include "emu/engine_state.h"

/* Is there a step, or one taken back, that the clock does not have? */
static bool is_unsettled(const struct engine *e)
{
	uint64_t any = 0;

	for (unsigned i = 0; i < LANES; i++)
		any |= e->by_block.lane[i];
	for (unsigned i = 0; i < CLASS_COUNT; i++)
		any |= e->by_class[i];
	return any;
}

/* Brings the clock up to the steps done. */
static void settle_clock(struct engine *e)
{
	struct cost *cost = &e->cpu->cost;

	if (!is_unsettled(e))
		return;
	for (unsigned i = 0; i < CLASS_COUNT; i++) {
		uint64_t n = e->by_class[i] + class_count(&e->by_block, i);
		e->by_class[i] = 0;
		if (!n)
			continue;
		cost_charge_n(cost, (enum cost_cause)(COST_INSN_ALU + i), n);
		cost->steps += n;
	}
	e->by_block = (struct class_counts){{0}};
}

/* All counts together, which is less than LANE_STEPS_MAX. */
static uint64_t steps_of(const struct class_counts *counts)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < LANES; i++)
		sum += counts->lane[i];
	sum += sum >> 32;
	return (sum + (sum >> LANE_BITS)) & (LANE_STEPS_MAX - 1);
}

uint64_t engine_clock(const struct engine *e)
{
	const struct cost *cost = &e->cpu->cost;
	uint64_t clock = *cost->clock + e->ahead;

	if (likely(e->even)) {
		for (unsigned i = 0; i < CLASS_COUNT; i++)
			clock += e->by_class[i];
		return clock + steps_of(&e->by_block);
	}
	for (unsigned i = 0; i < CLASS_COUNT; i++)
		clock += (e->by_class[i] + class_count(&e->by_block, i)) * cost->price.of[COST_INSN_ALU + i];
	return clock;
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

	settle_clock(e);
	e->limit = e->limit_asked - e->done >= LANE_STEPS_MAX && e->limit_asked > e->done ? e->done + LANE_STEPS_MAX - 1 : e->limit_asked;
	if (e->stretch > e->done && e->stretch < e->limit)
		e->limit = e->stretch;
	e->charged_limit = ~0ull;
	if (cost->deadline == ~0ull)
		return;
	left = cost->deadline > *cost->clock ? cost->deadline - *cost->clock : 0;
	if (e->dearest == 1 && !e->mmu->env.caches) {
		steps = left;
	} else {
		e->charged_limit = *cost->clock + left / 2;
		steps = left / 2 / e->dearest;
		steps += left && !steps;
	}
	if (e->owed == e->done && !steps)
		steps = 1;
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
	if (e->booked > e->done) /* what a plan booked beyond it does not come; of an instruction that only the engine finds at fault it
				    booked nothing */
		e->booked = e->done;
	if (e->told_step > e->done) /* nor what it told */
		e->told_step = 0;
	e->by_class[e->insn->cls]--;
	e->rep_step = 0;
}

void engine_begin_again(struct engine *e)
{
	access_begin(&e->access, e->done);
	access_again(&e->access);
	e->special_step = e->done;
	e->done--;
	e->by_class[e->insn->cls]--;
	e->rep_step = 0;
	e->owed = e->done;
}
