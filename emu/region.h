/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which part of a run is counted. What comes before it is gone through in fast-forward (engine.h): faults, VM exits, devices and memory are
 * exact, time passes with the instructions by their classes, TLBs and caches see next to nothing. Then, if asked for, a warm-up: everything
 * is modelled, nothing is counted yet. Then the count, which is a life's (life.h).
 *
 *     fast-forward -> [warm-up ->] count          with a region of interest: its end marker leads back to fast-forward
 *
 * A marker is CPUID with EAX = REGION_LEAF_BEGIN or REGION_LEAF_END, at any privilege level: leaves that no processor gives a meaning to
 * (SDM 2A, "CPUID"). Counting begins after the first, once a VMM has dealt with it, and ends before the second.
 */
#ifndef EMU_REGION_H
#define EMU_REGION_H

#include "vmx/state.h"

enum { REGION_LEAF_BEGIN = 0x4fff0001, REGION_LEAF_END = 0x4fff0002 };

enum region_from {
	REGION_ALL,    /* there is no region: all is counted */
	REGION_AFTER,  /* after so many steps */
	REGION_MARKER, /* after the begin marker */
	REGION_USER,   /* from the first instruction at CPL 3 */
};

struct region_config {
	enum region_from from;
	bool interest;	/* REGION_MARKER: the end marker ends it; it may begin again */
	uint64_t steps; /* REGION_AFTER: as the machine's max_insns counts them */
	uint64_t warm;	/* data accesses to warm up with, before each count */
};

enum region_phase { REGION_FORWARD, REGION_WARM, REGION_COUNT };

struct region {
	struct region_config config;
	enum region_phase phase;
	bool marked;		    /* the begin marker is being executed .. */
	uint8_t operation;	    /* .. in this VMX operation */
	uint64_t warm_end;	    /* REGION_WARM: of loads and stores */
	uint64_t since;		    /* instructions retired when the phase began */
	uint64_t forwarded, warmed; /* instructions of these phases that are over */
	unsigned times;		    /* that counting has begun */
};

struct machine;

/* At the machine's start; the account of its engine follows the phase. Nothing to be done for REGION_ALL. */
void region_start(struct machine *machine);

/* Before the engine goes on: enters the next phase if it is due. */
void region_step(struct machine *machine);

/* Before a CPUID instruction executes. */
void region_cpuid(struct machine *machine);

/* How many steps at most until the phase may end. */
uint64_t region_limit(const struct machine *machine, uint64_t max);

/* The run stops here, for good or for now: forwarded and warmed are complete. */
void region_close(struct machine *machine);

/* "", or what was not counted, for the title of a table of counters: valid until the next call. */
const char *region_text(const struct region *region);

#endif
