/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VM exits as `perf kvm stat report` lays them out: how many of each kind, and the time from the exit to the next VM entry. */
#ifndef EMU_REPORT_EXITS_H
#define EMU_REPORT_EXITS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct report_exit {
	char name[32];
	uint64_t handled, time, min, max; /* VM exits that a VM entry followed, and their cycles */
};

/* One more VM exit, which took so many cycles. */
void report_exit_add(struct report_exit *row, uint64_t time);

/* The rows that have handled VM exits, in their order; head: of the column of names. Nothing if there are none. */
void report_exits(FILE *out, const char *head, const struct report_exit *row, size_t rows);

#endif
