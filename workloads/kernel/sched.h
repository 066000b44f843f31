/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One processor, one run queue: round robin, or by shares where nice values differ. The kernel itself is never preempted: it gives the
 * processor up in wait_on. */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include "x86.h"

struct thread;

/* Threads that wait for one thing, in the order they came. */
struct wait_queue {
	struct thread *first;
};

extern bool sched_wanted;		/* the running thread's time is over */
extern struct wait_queue sched_pollers; /* wait until any file may have become ready */

/* Sleeps until woken: 0; -EINTR if a signal is there or comes; -ETIMEDOUT at the deadline (time_now's; 0: none). */
long wait_on(struct wait_queue *queue, u64 deadline);
void wake_one(struct wait_queue *queue);
void wake_waiting(struct wait_queue *queue); /* of which there is one */
static inline void wake_all(struct wait_queue *queue)
{
	if (queue->first)
		wake_waiting(queue);
}
void wake_thread(struct thread *thread, long result);
/* Some file is ready now: those who poll look again. */
static inline void wake_pollers(void)
{
	wake_all(&sched_pollers);
}
void sched_ready(struct thread *thread);
void sched_yield_now(void);
_Noreturn void sched_gone(void); /* the current thread never runs again */
void sched_tick(void);
bool sched_alone(void); /* no other thread can run until something comes from outside */
_Noreturn void sched_start(void);

#endif
