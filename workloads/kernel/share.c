/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shares of the processor. A thread's virtual time is its time on the processor, divided by its weight; who has the least is next, and
 * among equals who is ready longest. Who slept does not save up: it starts where the others are. Who is ready for LONGEST is next in any
 * case.
 */
#include "share.h"
#include "process.h"
#include "time.h"

#define LONGEST SECOND

enum { VALUES = NICE_MOST - NICE_LEAST + 1, WEIGHT_0 = 1024 };

unsigned share_values;

static unsigned threads_of[VALUES];
static u64 clock; /* virtual time of who was chosen last */

/* As Linux's: each step is a factor of 1.25. */
static u64 weight(int nice)
{
	static const u32 of[VALUES] = {
	    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904,
	    3906,  3121,  2501,	 1991,	1586,  1277,  1024,  820,   655,   526,	  423,	335,  272,  215,
	    172,   137,	  110,	 87,	70,    56,    45,    36,    29,	   23,	  18,	15,
	};

	return of[nice - NICE_LEAST];
}

static u64 virtual_time(const struct thread *t)
{
	return t->share_time + (thread_cpu_time(t) - t->share_cpu) * WEIGHT_0 / weight(t->nice);
}

static void count_from(struct thread *t, u64 time)
{
	t->share_time = time;
	t->share_cpu = thread_cpu_time(t);
}

void share_join(struct thread *thread)
{
	thread->share_time = clock;
	if (!threads_of[thread->nice - NICE_LEAST]++)
		share_values++;
}

void share_leave(const struct thread *thread)
{
	if (!--threads_of[thread->nice - NICE_LEAST])
		share_values--;
}

void share_set(struct thread *thread, int nice)
{
	bool equal = share_values == 1;

	count_from(thread, virtual_time(thread));
	share_leave(thread);
	thread->nice = nice;
	if (!threads_of[nice - NICE_LEAST]++)
		share_values++;
	if (!equal || share_values == 1)
		return;
	for (struct thread *t = thread_list; t; t = t->next) {
		count_from(t, clock);
		t->ready_since = time_now();
	}
}

void share_ready(struct thread *thread)
{
	if (virtual_time(thread) < clock)
		count_from(thread, clock);
	thread->ready_since = time_now();
}

struct thread *share_choose(struct thread *ready, const struct thread *but)
{
	struct thread *best = NULL;
	u64 least = ~0ull;

	if (ready != but && time_now() - ready->ready_since >= LONGEST)
		return ready;
	for (struct thread *t = ready; t; t = t->run_next) {
		u64 time = virtual_time(t);
		if (t != but && time < least) {
			best = t;
			least = time;
		}
	}
	if (!best)
		return ready;
	if (least > clock)
		clock = least;
	return best;
}
