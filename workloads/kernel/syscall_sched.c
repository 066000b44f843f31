/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies, priorities, affinity. LIMIT: policies are kept and shown; all threads are scheduled as SCHED_OTHER. */
#include "errno.h"
#include "process.h"
#include "share.h"
#include "syscall.h"
#include "time.h"
#include "user.h"

enum { SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE = 5, SCHED_DEADLINE, RESET_ON_FORK = 0x40000000 };
enum { PRIO_PROCESS, PRIO_PGRP, PRIO_USER };

long sys_sched_yield(void)
{
	sched_yield_now();
	return 0;
}

static struct thread *find(u64 tid)
{
	struct thread *t = tid ? thread_find((int)tid) : thread_current;

	return t && t->state != THREAD_GONE ? t : NULL;
}

long sys_sched_getaffinity(u64 tid, u64 size, u64 to)
{
	u64 mask = 1;

	if (size < 8 || size % 8)
		return -EINVAL;
	if (!find(tid))
		return -ESRCH;
	return user_write(to, &mask, sizeof(mask)) ? 8 : -EFAULT;
}

long sys_sched_setaffinity(u64 tid, u64 size, u64 from)
{
	u64 mask = 0;

	if (!user_read(&mask, from, size < 8 ? size : 8))
		return -EFAULT;
	if (!find(tid))
		return -ESRCH;
	return mask & 1 ? 0 : -EINVAL;
}

long sys_getcpu(u64 cpu, u64 node)
{
	u32 zero = 0;

	return (!cpu || user_write(cpu, &zero, sizeof(zero))) && (!node || user_write(node, &zero, sizeof(zero))) ? 0 : -EFAULT;
}

static long most(u64 policy)
{
	switch ((int)policy) {
	case SCHED_FIFO:
	case SCHED_RR:
		return 99;
	case SCHED_OTHER:
	case SCHED_BATCH:
	case SCHED_IDLE:
	case SCHED_DEADLINE:
		return 0;
	}
	return -EINVAL;
}

long sys_sched_get_priority_max(u64 policy)
{
	return most(policy);
}

long sys_sched_get_priority_min(u64 policy)
{
	return most(policy) > 0 ? 1 : most(policy);
}

static long set(u64 tid, u32 policy, u64 from)
{
	struct thread *t = find(tid);
	int priority;
	u32 kind = policy & ~(u32)RESET_ON_FORK;

	if ((int)tid < 0 || !from)
		return -EINVAL;
	if (!user_read(&priority, from, sizeof(priority)))
		return -EFAULT;
	if (!t)
		return -ESRCH;
	if (kind == SCHED_DEADLINE || most(kind) < 0 || priority < (most(kind) > 0) || priority > most(kind))
		return -EINVAL;
	t->policy = policy;
	t->priority = (u32)priority;
	return 0;
}

long sys_sched_setscheduler(u64 tid, u64 policy, u64 from)
{
	return (int)policy < 0 ? -EINVAL : set(tid, (u32)policy, from);
}

long sys_sched_setparam(u64 tid, u64 from)
{
	const struct thread *t = find(tid);

	return set(tid, t ? t->policy : 0, from);
}

long sys_sched_getscheduler(u64 tid)
{
	const struct thread *t = find(tid);

	return (int)tid < 0 ? -EINVAL : t ? (long)t->policy : -ESRCH;
}

long sys_sched_getparam(u64 tid, u64 to)
{
	const struct thread *t = find(tid);

	if ((int)tid < 0 || !to)
		return -EINVAL;
	return !t ? -ESRCH : user_write(to, &t->priority, sizeof(t->priority)) ? 0 : -EFAULT;
}

/* Who runs goes on until the next timer interrupt. */
long sys_sched_rr_get_interval(u64 tid, u64 to)
{
	if ((int)tid < 0)
		return -EINVAL;
	return !find(tid) ? -ESRCH : time_write(to, SECOND / 100) ? 0 : -EFAULT;
}

static bool meant(const struct thread *t, u64 which, int who)
{
	if (t->state == THREAD_GONE || t->process->zombie)
		return false;
	switch (which) {
	case PRIO_PROCESS: /* one thread, in truth */
		return t->tid == (who ? who : thread_current->tid);
	case PRIO_PGRP:
		return t->process->group == (who ? who : process_current->group);
	default:
		return who == 0; /* there is one user */
	}
}

/* The best of all that are meant, as 20 - nice. */
long sys_getpriority(u64 which, u64 who)
{
	long best = -ESRCH;

	if (which > PRIO_USER)
		return -EINVAL;
	for (const struct thread *t = thread_list; t; t = t->next)
		if (meant(t, which, (int)who) && 20 - t->nice > best)
			best = 20 - t->nice;
	return best;
}

long sys_setpriority(u64 which, u64 who, u64 nice)
{
	int value = (int)nice < NICE_LEAST ? NICE_LEAST : (int)nice > NICE_MOST ? NICE_MOST : (int)nice;
	long rc = -ESRCH;

	if (which > PRIO_USER)
		return -EINVAL;
	for (struct thread *t = thread_list; t; t = t->next)
		if (meant(t, which, (int)who)) {
			share_set(t, value);
			rc = 0;
		}
	return rc;
}
