/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a processor's own performance counters would say, under Intel's event names (as in Linux, pmu-events), and where every reference of
 * a page walk went. Nothing is counted here.
 */
#ifndef EMU_REPORT_INTEL_H
#define EMU_REPORT_INTEL_H

#include "emu/report.h"

/* Calls row for each of Intel's events that follows from the counters; nothing without report->caches. */
void report_intel(const struct report *report, report_row *row, void *ctx);

/* The references of page walks: the entry read, the guest level whose table or page was being located, and what answered. */
void report_references(FILE *out, const struct caches *caches);

/* A new reference: an array with an object for each kind of walk, entry and level served that has references. */
json_t *report_references_json(const struct caches *caches);

#endif
