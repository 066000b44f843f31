/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linux's clocks, by number: of the system, of a process's and a thread's processor time. */
#ifndef KERNEL_CLOCK_H
#define KERNEL_CLOCK_H

#include "x86.h"

struct process;
struct thread;

enum {
	CLOCK_REALTIME,
	CLOCK_MONOTONIC,
	CLOCK_PROCESS,
	CLOCK_THREAD,
	CLOCK_RAW,
	CLOCK_REAL_COARSE,
	CLOCK_MONO_COARSE,
	CLOCK_BOOT,
	CLOCK_TAI = 11, /* the same as CLOCK_REALTIME until somebody sets the difference */
};

/* The clock's time in nanoseconds; false: there is no such clock. */
bool clock_now(u64 clock, u64 *ns);
/* Whose processor time it is; both NULL: nobody's. */
void clock_of_timer(u64 clock, struct process **process, struct thread **thread);
/* A time of this clock as a timer's deadline; it is not 0. */
u64 clock_deadline(u64 clock, u64 ns);
/* Seconds and nanoseconds as nanoseconds, bounded so that sums do not overflow. */
u64 clock_clamp(u64 seconds, u64 ns);

#endif
