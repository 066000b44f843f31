/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counters of a run as a person reads them (the layout of `perf stat`) and as a program does (JSON). Both show the rows of
 * mmu/event.def and the sums of mmu/event.h under the same names; nothing is counted here.
 */
#ifndef EMU_REPORT_H
#define EMU_REPORT_H

#include "mmu/cache.h"
#include "mmu/event.h"

#include <jansson.h>
#include <stdio.h>

struct report {
	const struct events *ev;
	uint64_t cycles;	     /* model time of the run */
	const struct cost *cost;     /* NULL: no account of cycles is shown */
	const struct caches *caches; /* NULL: none modelled */
	double host_seconds;	     /* the host's time; only for reading: it is not in the JSON, which is the same in every run */
};

/* title: what was run, for the head line */
void report_table(FILE *out, const char *title, const struct report *report);

/* Where the cycles went, and the VM exits as `perf kvm stat` lays them out; nothing without report->cost. */
void report_cycles(FILE *out, const struct report *report);

/* By cause: count and price; VM exits by reason under "vm_exits". */
json_t *report_cost_json(const struct cost *cost);

/*
 * What other tables are made of. Each row: the cycles, the events and their sums, and, Intel's names for the same (emu/report_intel.h);
 * in one order. report_name: a row's name, and what it is a share of, to the line's end. report_always: shown even when it is 0.
 */
typedef void report_row(void *ctx, const struct report *report, const char *name, uint64_t value);
void report_each(const struct report *report, report_row *row, void *ctx);
void report_name(FILE *out, const struct report *report, const char *name, uint64_t value);
bool report_always(const char *name);
/* 1234567 as "1,234,567"; text holds the 20 digits and 6 commas of any value */
enum { REPORT_GROUPED = 27 };
const char *report_grouped(uint64_t value, char text[REPORT_GROUPED]);
/* The last line: the host's time, and so many instructions in it. */
void report_host(FILE *out, uint64_t instructions, double seconds);

/* A new reference to an object from stable names to integers; NULL if the host has no memory left. */
json_t *report_json(const struct report *report);

#endif
