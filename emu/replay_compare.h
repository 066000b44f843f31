/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a replay came to what the recorded run came to: a trace ends with the run's counters. */
#ifndef EMU_REPLAY_COMPARE_H
#define EMU_REPLAY_COMPARE_H

#include "emu/trace.h"

struct replay_comparison {
	unsigned same, different; /* counters */
	char first[160];	  /* that differs */
};

/* One counter of the recorded run (TRACE_COUNTER); those that a replay does not repeat are passed over. */
void replay_compare(struct replay_comparison *c, const struct events *ev, const struct trace_record *r);

/* On standard output; nothing if the trace had no counters. */
void replay_say_comparison(const struct replay_comparison *c);

#endif
