/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time from the time-stamp counter, in nanoseconds; the timer interrupt. */
#ifndef KERNEL_TIME_H
#define KERNEL_TIME_H

#include "x86.h"

enum { TIMER_VECTOR = 0x40, SPURIOUS_VECTOR = 0xff };
#define SECOND 1000000000ull

/* hz: timer interrupts a second, 0 for none */
void time_init(u64 hz);
u64 time_now(void);  /* since the kernel began */
u64 time_real(void); /* since 1970; the kernel begins at a fixed date */
/* From now on it is that late. What waits for a time waits as long as it would have. false: that is before the kernel began. */
bool time_set_real(u64 ns);

#endif
