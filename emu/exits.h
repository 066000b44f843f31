/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VM exits of a trace, added up by what they have in common. The time of one is from the exit to the VM entry that follows it, as in
 * the table at the end of a run.
 */
#ifndef EMU_EXITS_H
#define EMU_EXITS_H

#include "emu/report_exits.h"
#include "emu/trace.h"

enum exits_by {
	EXITS_BY_REASON, /* basic exit reason */
	EXITS_BY_PORT,	 /* I/O instructions: port and direction */
	EXITS_BY_MSR,	 /* RDMSR and WRMSR: index and direction */
	EXITS_BY_CR,	 /* accesses to control registers: register and kind */
	EXITS_BY_RIP,	 /* where the guest was */
	EXITS_BY_PAGE,	 /* EPT violations and misconfigurations: guest-physical page */
	EXITS_BYS
};

struct exits_row {
	uint64_t key;
	uint8_t kind; /* of access; what it says depends on exits_by */
	struct report_exit sum;
};

struct exits {
	enum exits_by by;
	struct exits_row *row; /* a hash table; sorted rows without gaps after exits_sort */
	size_t rows, room;     /* used; there is room for, a power of two */
	uint64_t unanswered;   /* VM exits that no VM entry followed: a VMM's last, or an entry that failed */
	bool open;	       /* last is a VM exit that waits for its VM entry */
	struct trace_record last;
};

/* "vmexit", "ioport" ...: what --event takes; NULL: there is no such number. exits_head: of the table's first column. */
const char *exits_event_name(enum exits_by by);
const char *exits_head(enum exits_by by);

/* false: the host has no memory left (exits_free is to be called then as well). */
bool exits_init(struct exits *x, enum exits_by by);
bool exits_put(struct exits *x, const struct trace_record *r);
void exits_free(struct exits *x);

/* At the end: rows[0..rows) by falling number of VM exits, or time, then by key. */
void exits_sort(struct exits *x, bool by_time);

#endif
