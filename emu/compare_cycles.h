/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the cycles of compared runs went: the causes of mmu/cost.def in a few groups, each with a share. The groups are disjoint and hold
 * every cause, so the shares of a run add up to 100%.
 */
#ifndef EMU_COMPARE_CYCLES_H
#define EMU_COMPARE_CYCLES_H

#include "emu/compare.h"

enum cycle_group {
	CYCLES_INSTRUCTIONS,
	CYCLES_SYSTEM, /* system instructions beyond that, exceptions, interrupts */
	CYCLES_DATA,   /* waiting for data beyond L1 hits */
	CYCLES_FETCH,  /* waiting for instructions beyond L1 hits */
	CYCLES_STLB,   /* first-level TLB misses that the STLB answered */
	CYCLES_WALK,   /* page walks: starts, references to guest entries (or shadow tables), accessed and dirty flags */
	CYCLES_EPT,    /* page walks: references to EPT entries */
	CYCLES_EXITS,  /* VM exits and VM entries themselves */
	CYCLES_VMM,    /* VMX instructions, waiting for VMX structures, the handlers of the built-in VMMs and their memory accesses */
	CYCLES_IDLE,
	CYCLES_GROUPS
};

/* stable names: "instructions", "system" .. */
const char *cycle_group_name(enum cycle_group group);
uint64_t cycle_group_sum(const struct cost *cost, enum cycle_group group);

/* The share of page walks in the cycles, in percent: guest entries and EPT entries. */
double compare_walk_share(const struct compare_run *run);

/* A row a run: the shares of the groups. */
void compare_cycles_table(FILE *out, const struct comparison *comparison);
/* Columns cycles_GROUP, one a group, each with a comma before it: their names, and a run's. */
void compare_cycles_csv_names(FILE *out);
void compare_cycles_csv(FILE *out, const struct compare_run *run);
/* A new reference: cycles by group, and by cause as report.h has it. */
json_t *compare_cycles_json(const struct compare_run *run);

#endif
