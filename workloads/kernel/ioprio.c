/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Priorities of a thread's input and output: kept only, as there is no disk. */
#include "errno.h"
#include "process.h"
#include "syscall.h"

enum { WHO_PROCESS = 1, WHO_GROUP, WHO_USER };
enum { CLASS_NONE, CLASS_REAL_TIME, CLASS_BEST_EFFORT, CLASS_IDLE, CLASS_SHIFT = 13, LEVELS = 8 };

static bool meant(const struct thread *t, u64 which, int who)
{
	if (t->state == THREAD_GONE || t->process->zombie)
		return false;
	switch (which) {
	case WHO_PROCESS: /* one thread, in truth */
		return t->tid == (who ? who : thread_current->tid);
	case WHO_GROUP:
		return t->process->group == (who ? who : process_current->group);
	}
	return who == 0; /* there is one user */
}

static bool good(u32 priority)
{
	switch (priority >> CLASS_SHIFT) {
	case CLASS_NONE:
		return priority == 0;
	case CLASS_REAL_TIME:
	case CLASS_BEST_EFFORT:
		return (priority & ((1 << CLASS_SHIFT) - 1)) < LEVELS;
	case CLASS_IDLE:
		return true;
	}
	return false;
}

long sys_ioprio_set(u64 which, u64 who, u64 priority)
{
	long rc = -ESRCH;

	if (!good((u32)priority) || (u32)which < WHO_PROCESS || (u32)which > WHO_USER)
		return -EINVAL;
	for (struct thread *t = thread_list; t; t = t->next)
		if (meant(t, (u32)which, (int)who)) {
			t->io_priority = (u32)priority;
			rc = 0;
		}
	return rc;
}

/* Where none was set it follows from the nice value. */
static long priority_of(const struct thread *t)
{
	return t->io_priority ? (long)t->io_priority : CLASS_BEST_EFFORT << CLASS_SHIFT | (t->nice + 20) / 5;
}

/* The best of all that are meant. */
long sys_ioprio_get(u64 which, u64 who)
{
	long best = -ESRCH;

	if ((u32)which < WHO_PROCESS || (u32)which > WHO_USER)
		return -EINVAL;
	for (const struct thread *t = thread_list; t; t = t->next)
		if (meant(t, (u32)which, (int)who) && (best < 0 || priority_of(t) < best))
			best = priority_of(t);
	return best;
}
