/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cycle account (cost.h). */
#include "mmu/cost.h"

#include <string.h>

static const struct {
	const char *name, *text;
} rows[COST_COUNT] = {
#define COST(symbol, name, section, key, plain, text) {name, text},
#include "mmu/cost.def"
#undef COST
};

static_assert(COST_DATA_MEMORY == COST_DATA_L2 + 2 && COST_FETCH_MEMORY == COST_FETCH_L2 + 2, "rows of data accesses and fetches");
static_assert(COST_VMCS_MEMORY == COST_VMCS_L2 + 2, "rows of the processor's accesses to VMX structures");
static_assert(COST_WALK_MEMORY == COST_WALK_L1 + 3 && COST_EPT_MEMORY == COST_EPT_L1 + 3, "rows of walk references");
static_assert(COST_VMM_MEMORY == COST_VMM_L1 + 3, "rows of VMM accesses");

/* A VM exit, as a delivered event, takes a cycle of the plain model. */
const struct prices prices_plain = {
    .of =
	{
#define COST(symbol, name, section, key, plain, text) plain,
#include "mmu/cost.def"
#undef COST
	},
    .exit = {[0 ... COST_REASONS - 1] = 1},
};

const char *cost_name(enum cost_cause cause)
{
	CHECK(cause < COST_COUNT);
	return rows[cause].name;
}

const char *cost_text(enum cost_cause cause)
{
	CHECK(cause < COST_COUNT);
	return rows[cause].text;
}

void cost_init(struct cost *cost, uint64_t *clock, const struct prices *prices)
{
	memset(cost, 0, sizeof *cost);
	cost->clock = clock;
	cost->price = prices ? *prices : prices_plain;
	cost->deadline = ~0ull;
	*clock = 0;
}

uint64_t cost_sum(const struct cost *cost)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < COST_COUNT; i++)
		sum += cost->n[i] * cost->price.of[i];
	for (unsigned i = 0; i < COST_REASONS; i++)
		sum += cost->exit[i].count * cost->price.exit[i];
	return sum;
}

void cost_vm_exit(struct cost *cost, unsigned reason)
{
	CHECK(reason < COST_REASONS);
	cost->left_at = *cost->clock;
	cost->left_for = (uint16_t)(reason + 1);
	cost->steps++;
	cost->exit[reason].count++;
	*cost->clock += cost->price.exit[reason];
}

void cost_vm_entry(struct cost *cost)
{
	cost_charge(cost, COST_VM_ENTRY);
	cost->entered_at = *cost->clock;
	if (!cost->left_for)
		return;
	struct cost_exit *e = &cost->exit[cost->left_for - 1];
	uint64_t time = *cost->clock - cost->left_at;
	if (e->handled == 0 || time < e->min)
		e->min = time;
	if (time > e->max)
		e->max = time;
	e->time += time;
	e->handled++;
	cost->left_for = 0;
}
