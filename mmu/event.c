/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the events, and the sums derived from the counters. */
#include "mmu/event.h"

static const struct {
	const char *name, *text;
} rows[EVENT_COUNT] = {
#define EVENT(symbol, name, text) {name, text},
#include "mmu/event.def"
#undef EVENT
};

const char *event_name(enum event e)
{
	CHECK(e < EVENT_COUNT);
	return rows[e].name;
}

const char *event_text(enum event e)
{
	CHECK(e < EVENT_COUNT);
	return rows[e].text;
}

static uint64_t sum(const struct events *ev, enum event first, enum event last)
{
	uint64_t total = 0;
	for (unsigned e = first; e <= last; e++)
		total += ev->n[e];
	return total;
}

/* the sums below rely on the order of the rows */
static_assert(EV_DTLB_MISSES == EV_DTLB_HIT_4K + 3 && EV_ITLB_MISSES == EV_ITLB_HIT_4K + 3, "rows of the first-level TLBs");
static_assert(EV_STLB_MISSES == EV_STLB_HIT_4K + 3 && EV_WALKS_FETCH == EV_WALKS_LOAD + 2, "rows of the STLB and of walks");
static_assert(EV_REF_EPT_PML5 == EV_REF_PT + 9 && EV_REF_EPT_PT == EV_REF_PT + 5, "rows of the references");

uint64_t event_walks(const struct events *ev)
{
	return sum(ev, EV_WALKS_LOAD, EV_WALKS_FETCH);
}

uint64_t event_walk_refs(const struct events *ev)
{
	return sum(ev, EV_REF_PT, EV_REF_EPT_PML5);
}

uint64_t event_dtlb_lookups(const struct events *ev)
{
	return sum(ev, EV_DTLB_HIT_4K, EV_DTLB_MISSES);
}

uint64_t event_itlb_lookups(const struct events *ev)
{
	return sum(ev, EV_ITLB_HIT_4K, EV_ITLB_MISSES);
}

uint64_t event_stlb_lookups(const struct events *ev)
{
	return sum(ev, EV_STLB_HIT_4K, EV_STLB_MISSES);
}
