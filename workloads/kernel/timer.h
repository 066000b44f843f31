/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timers of processes (alarm, setitimer, timer_create) and of timerfd: looked at with each timer interrupt. */
#ifndef KERNEL_TIMER_H
#define KERNEL_TIMER_H

#include "x86.h"

struct process;
struct thread;

struct timer {
	struct timer *next;	 /* of those that are armed */
	u64 deadline, interval;	 /* of its clock, in nanoseconds; deadline 0: not armed */
	struct process *process; /* its processor time is the clock; both NULL: time_now */
	struct thread *thread;	 /* this thread's is */
	void (*expire)(struct timer *timer, u64 times);
};

/* deadline 0: disarms it. A deadline that has passed expires at the next interrupt. */
void timer_set(struct timer *timer, u64 deadline, u64 interval);
u64 timer_left(const struct timer *timer); /* nanoseconds; 0: not armed */
u64 timer_clock(const struct timer *timer);
void timer_run(void);
bool timer_any(void); /* one is armed that expires even if nothing runs */

#endif
