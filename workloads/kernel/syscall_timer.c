/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timers that send signals: alarm, setitimer and its kin, timer_create and its kin. */
#include "clock.h"
#include "errno.h"
#include "heap.h"
#include "process.h"
#include "syscall.h"
#include "time.h"
#include "user.h"

enum { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF, TIMER_ABSTIME = 1, SIGEV_SIGNAL = 0, SIGEV_NONE, SIGEV_THREAD, SIGEV_THREAD_ID = 4 };

/* ---- setitimer ---- */

static void itimer_expire(struct timer *timer, u64 times)
{
	static const u8 signal[ITIMERS] = {SIGALRM, SIGVTALRM, SIGPROF};
	struct process *p = CONTAINER(timer, struct itimer, timer)->process;

	(void)times;
	signal_send(p, &(struct siginfo){.signal = signal[CONTAINER(timer, struct itimer, timer) - p->itimer], .code = SI_KERNEL});
}

static struct timer *itimer(u64 which)
{
	struct itimer *i = &process_current->itimer[which];

	i->process = process_current;
	i->timer.expire = itimer_expire;
	i->timer.process = which == ITIMER_REAL ? NULL : process_current;
	return &i->timer;
}

static bool write_setting(u64 to, const struct timer *timer)
{
	u64 left = (timer_left(timer) + 999) / 1000, interval = timer->interval / 1000;
	u64 value[4] = {interval / 1000000, interval % 1000000, left / 1000000, left % 1000000};

	return user_write(to, value, sizeof(value));
}

long sys_getitimer(u64 which, u64 to)
{
	if (which >= ITIMERS)
		return -EINVAL;
	return write_setting(to, itimer(which)) ? 0 : -EFAULT;
}

long sys_setitimer(u64 which, u64 new, u64 old)
{
	u64 value[4] = {0, 0, 0, 0}, first;
	struct timer *timer;

	if (new && !user_read(value, new, sizeof(value)))
		return -EFAULT;
	if (which >= ITIMERS || value[1] >= 1000000 || value[3] >= 1000000 || (long)value[0] < 0 || (long)value[2] < 0)
		return -EINVAL;
	timer = itimer(which);
	if (old && !write_setting(old, timer))
		return -EFAULT;
	first = clock_clamp(value[2], value[3] * 1000);
	timer_set(timer, first ? timer_clock(timer) + first : 0, clock_clamp(value[0], value[1] * 1000));
	return 0;
}

long sys_alarm(u64 seconds)
{
	struct timer *timer = itimer(ITIMER_REAL);
	u64 left = timer_left(timer), rounded = (left + SECOND / 2) / SECOND;

	timer_set(timer, (u32)seconds ? time_now() + (u32)seconds * SECOND : 0, 0);
	return left ? (rounded ? (long)rounded : 1) : 0;
}

/* ---- timer_create ---- */

struct sigevent {
	u64 value;
	int signal, notify, tid;
};

static struct posix_timer *find(u64 id)
{
	struct posix_timer *t = process_current->timers;

	while (t && t->id != (int)id)
		t = t->next;
	return t;
}

static void posix_expire(struct timer *timer, u64 times)
{
	struct posix_timer *t = CONTAINER(timer, struct posix_timer, timer);
	struct siginfo info = {.signal = t->signal, .code = SI_TIMER, .timer = t->id, .value = t->value};
	struct thread *thread = t->tid ? thread_find(t->tid) : NULL;
	int *pending = signal_timer_overrun(t->process, thread, t->id);

	if (!t->signal || (t->tid && (!thread || thread->state == THREAD_GONE)))
		return;
	if (pending) {
		*pending += (int)times;
		t->overrun = *pending;
		return;
	}
	info.overrun = t->overrun = (int)times - 1;
	if (thread)
		signal_send_thread(thread, &info);
	else
		signal_send(t->process, &info);
}

static bool good_event(const struct sigevent *e)
{
	struct thread *t;

	switch (e->notify) {
	case SIGEV_NONE:
		return true;
	case SIGEV_THREAD_ID:
		t = thread_find(e->tid);
		if (!t || t->process != process_current)
			return false;
		/* fall through */
	case SIGEV_SIGNAL:
	case SIGEV_THREAD:
		return e->signal > 0 && e->signal <= SIGNALS;
	}
	return false;
}

long sys_timer_create(u64 clock, u64 event, u64 to)
{
	struct sigevent e = {.signal = SIGALRM};
	struct process *p = process_current;
	struct posix_timer *t;
	u64 now;

	if (!clock_now(clock, &now) || (int)clock == CLOCK_RAW || (int)clock == CLOCK_REAL_COARSE || (int)clock == CLOCK_MONO_COARSE)
		return (int)clock == CLOCK_RAW || (int)clock == CLOCK_REAL_COARSE || (int)clock == CLOCK_MONO_COARSE ? -ENOTSUP : -EINVAL;
	if (event && !user_read(&e, event, sizeof(e)))
		return -EFAULT;
	if (!good_event(&e))
		return -EINVAL;
	t = heap_alloc(sizeof(*t));
	if (!t)
		return -EAGAIN;
	*t = (struct posix_timer){.next = p->timers, .process = p, .id = p->next_timer++, .clock = clock, .value = e.value};
	t->timer.expire = posix_expire;
	clock_of_timer(clock, &t->timer.process, &t->timer.thread);
	t->signal = e.notify == SIGEV_NONE ? 0 : e.signal;
	t->tid = e.notify == SIGEV_THREAD_ID ? e.tid : 0;
	if (!event)
		t->value = (u64)t->id;
	if (!user_write(to, &t->id, sizeof(t->id))) {
		heap_free(t);
		return -EFAULT;
	}
	p->timers = t;
	return 0;
}

long sys_timer_settime(u64 id, u64 flags, u64 new, u64 old)
{
	struct posix_timer *t = find(id);
	u64 first, interval;
	long rc = new ? time_read(new, &interval) : -EINVAL;

	if (rc == 0)
		rc = time_read(new + 16, &first);
	if (rc || !t)
		return rc ? rc : -EINVAL;
	if (old && !time_write_setting(old, &t->timer))
		return -EFAULT;
	if (first && (flags & TIMER_ABSTIME))
		first = clock_deadline(t->clock, first);
	else if (first)
		first += timer_clock(&t->timer);
	timer_set(&t->timer, first, interval);
	return 0;
}

long sys_timer_gettime(u64 id, u64 to)
{
	struct posix_timer *t = find(id);

	if (!t)
		return -EINVAL;
	return time_write_setting(to, &t->timer) ? 0 : -EFAULT;
}

long sys_timer_getoverrun(u64 id)
{
	struct posix_timer *t = find(id);

	return t ? t->overrun : -EINVAL;
}

static void drop(struct posix_timer *t)
{
	struct posix_timer **link = &t->process->timers;

	while (*link != t)
		link = &(*link)->next;
	*link = t->next;
	timer_set(&t->timer, 0, 0);
	heap_free(t);
}

long sys_timer_delete(u64 id)
{
	struct posix_timer *t = find(id);

	if (!t)
		return -EINVAL;
	drop(t);
	return 0;
}

void process_drop_timers(struct process *p, bool itimers)
{
	while (p->timers)
		drop(p->timers);
	for (unsigned i = 0; itimers && i < ITIMERS; i++)
		timer_set(&p->itimer[i].timer, 0, 0);
}
