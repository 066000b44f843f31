/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The countable events (event.def), the counters, and the sums that are derived from them.
 */
#ifndef MMU_EVENT_H
#define MMU_EVENT_H

#include "mmu/base.h"

enum event {
#define EVENT(symbol, name, text) EV_##symbol,
#include "mmu/event.def"
#undef EVENT
	EVENT_COUNT
};

struct events {
	uint64_t n[EVENT_COUNT];
};

/* the stable name of an event ("walk_refs_pt"), and what it counts */
const char *event_name(enum event e);
const char *event_text(enum event e);

/* What a translation is for; rows by kind come in this order, and for each by page size: 4 KiB, 2 MiB, 1 GiB. */
enum walk_kind { WALK_FOR_LOAD, WALK_FOR_STORE, WALK_FOR_FETCH, WALK_KINDS };
enum { EVENT_SIZES = 3 };

/* Sums of rows; pure functions of the counters. */
uint64_t event_walks(const struct events *ev);	      /* page walks started */
uint64_t event_walk_refs(const struct events *ev);    /* memory references of page walks: guest entries and EPT entries */
uint64_t event_dtlb_lookups(const struct events *ev); /* hits and misses */
uint64_t event_itlb_lookups(const struct events *ev);
uint64_t event_stlb_lookups(const struct events *ev);
uint64_t event_stlb_hits(const struct events *ev, unsigned size);	/* of all kinds, by page size */
uint64_t event_walks_completed(const struct events *ev, unsigned size); /* the same */

/* The sums by name, and before which row tables show them; ended by a NULL name. */
struct event_sum {
	const char *name;
	uint64_t (*value)(const struct events *ev);
	enum event before;
};
extern const struct event_sum event_sums[];

#endif
