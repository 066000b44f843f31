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
static_assert(EV_STLB_MISSES == EV_STLB_LOAD_4K + WALK_KINDS * EVENT_SIZES, "rows of the STLB");
static_assert(EV_WALKS_FETCH == EV_WALKS_LOAD + WALK_FOR_FETCH && EV_WALKS_FAULT == EV_WALKS_LOAD_4K + WALK_KINDS * EVENT_SIZES,
	      "rows of walks");
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
	return sum(ev, EV_STLB_LOAD_4K, EV_STLB_MISSES);
}

static uint64_t of_size(const struct events *ev, enum event first, unsigned size)
{
	uint64_t total = 0;
	for (unsigned kind = 0; kind < WALK_KINDS; kind++)
		total += ev->n[first + kind * EVENT_SIZES + size];
	return total;
}

uint64_t event_stlb_hits(const struct events *ev, unsigned size)
{
	return of_size(ev, EV_STLB_LOAD_4K, size);
}

uint64_t event_walks_completed(const struct events *ev, unsigned size)
{
	return of_size(ev, EV_WALKS_LOAD_4K, size);
}

/* the sums by size, for the table below */
#define SUM_OF_SIZE(name, of, size)                                                                                                        \
	static uint64_t name(const struct events *ev)                                                                                      \
	{                                                                                                                                  \
		return of(ev, size);                                                                                                       \
	}
SUM_OF_SIZE(stlb_hits_4k, event_stlb_hits, 0)
SUM_OF_SIZE(stlb_hits_2m, event_stlb_hits, 1)
SUM_OF_SIZE(stlb_hits_1g, event_stlb_hits, 2)
SUM_OF_SIZE(walks_completed_4k, event_walks_completed, 0)
SUM_OF_SIZE(walks_completed_2m, event_walks_completed, 1)
SUM_OF_SIZE(walks_completed_1g, event_walks_completed, 2)

const struct event_sum event_sums[] = {
    {"dtlb_lookups", event_dtlb_lookups, EV_DTLB_HIT_4K},
    {"itlb_lookups", event_itlb_lookups, EV_ITLB_HIT_4K},
    {"stlb_lookups", event_stlb_lookups, EV_STLB_LOAD_4K},
    {"stlb_hits_4k", stlb_hits_4k, EV_STLB_LOAD_4K},
    {"stlb_hits_2m", stlb_hits_2m, EV_STLB_LOAD_4K},
    {"stlb_hits_1g", stlb_hits_1g, EV_STLB_LOAD_4K},
    {"walks", event_walks, EV_WALKS_LOAD},
    {"walks_completed_4k", walks_completed_4k, EV_WALKS_LOAD_4K},
    {"walks_completed_2m", walks_completed_2m, EV_WALKS_LOAD_4K},
    {"walks_completed_1g", walks_completed_1g, EV_WALKS_LOAD_4K},
    {"walk_refs", event_walk_refs, EV_REF_PT},
    {NULL, NULL, EVENT_COUNT},
};
