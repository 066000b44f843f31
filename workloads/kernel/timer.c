/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Armed timers, in one list. */
#include "timer.h"
#include "process.h"
#include "time.h"

static struct timer *armed;

u64 timer_clock(const struct timer *timer)
{
	if (timer->thread)
		return thread_cpu_time(timer->thread);
	return timer->process ? process_cpu_time(timer->process) : time_now();
}

static void disarm(struct timer *timer)
{
	struct timer **link = &armed;

	if (!timer->deadline)
		return;
	while (*link != timer)
		link = &(*link)->next;
	*link = timer->next;
	timer->deadline = 0;
}

void timer_set(struct timer *timer, u64 deadline, u64 interval)
{
	disarm(timer);
	timer->interval = interval;
	if (!deadline)
		return;
	timer->deadline = deadline;
	timer->next = armed;
	armed = timer;
}

u64 timer_left(const struct timer *timer)
{
	u64 now = timer_clock(timer);

	if (!timer->deadline)
		return 0;
	return timer->deadline > now ? timer->deadline - now : 1;
}

/* What expire does may end other timers, so that the search begins anew. */
void timer_run(void)
{
	for (struct timer *t = armed; t;) {
		u64 now = timer_clock(t), times = 1;
		if (now < t->deadline) {
			t = t->next;
			continue;
		}
		if (t->interval) {
			times += (now - t->deadline) / t->interval;
			t->deadline += times * t->interval;
		} else {
			disarm(t);
		}
		t->expire(t, times);
		t = armed;
	}
}

bool timer_any(void)
{
	for (const struct timer *t = armed; t; t = t->next)
		if (!t->process && !t->thread)
			return true;
	return false;
}
