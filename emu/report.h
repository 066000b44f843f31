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

/* A new reference to an object from stable names to integers; NULL if the host has no memory left. */
json_t *report_json(const struct report *report);

#endif
