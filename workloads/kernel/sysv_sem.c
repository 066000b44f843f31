/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System V semaphores. Operations that cannot be done wait in a list of the set; whoever changes the set does those that have become
 * possible, for who waits: first those that wait for zeros, then the others, as they came.
 */
#include "sysv_sem.h"
#include "errno.h"
#include "heap.h"
#include "ipc.h"
#include "process.h"
#include "syscall.h"
#include "time.h"
#include "user.h"

enum { GETPID = 11, GETVAL, GETALL, GETNCNT, GETZCNT, SETVAL, SETALL, SEM_STAT, SEM_INFO, SEM_STAT_ANY };
enum { SEM_UNDO = 0x1000, SEMMSL = 32000, SEMMNI = 32000, SEMMNS = SEMMSL * SEMMNI, SEMOPM = 500, SEMVMX = 32767, SEMUSZ = 20 };

struct operation { /* struct sembuf */
	u16 number;
	short change;
	u16 flags;
};

struct semaphore {
	int value, pid;
};

struct sem_set {
	struct ipc ipc;
	u64 operated;
	u32 count;
	struct waiter *waiters, **last;
	struct semaphore semaphore[];
};

/* One semop that sleeps. */
struct waiter {
	struct waiter *next;
	struct thread *thread;
	const struct operation *operation, *blocking;
	u64 count;
	bool alters, done;
	long result;
};

/* What a process's end adds to each semaphore of a set. */
struct sem_undo {
	struct sem_undo *next;
	struct sem_set *set;
	short change[];
};

struct semid { /* struct semid64_ds */
	struct ipc_perm perm;
	u64 operated, unused, changed, unused2, count, unused3[2];
};

_Static_assert(sizeof(struct semid) == 104, "struct semid64_ds of x86-64");

static bool fits(const struct ipc *ipc, u64 size)
{
	return size <= ((const struct sem_set *)ipc)->count;
}

static bool good(u64 size)
{
	return size;
}

static struct ipc *make(u64 size, u64 flags)
{
	struct sem_set *set = heap_alloc(sizeof(*set) + size * sizeof(set->semaphore[0]));

	(void)flags;
	if (!set)
		return NULL;
	set->count = (u32)size;
	set->last = &set->waiters;
	return &set->ipc;
}

static struct ipc_table sets = {.most = SEMMNI, .fits = fits, .good = good, .make = make};

static struct sem_set *find(u64 id)
{
	return (struct sem_set *)ipc_find(&sets, id);
}

long sys_semget(u64 key, u64 count, u64 flags)
{
	count = (u32)count;
	return count > SEMMSL ? -EINVAL : ipc_get(&sets, key, count, flags);
}

/* ---- undoing ---- */

static struct sem_undo *undo_of(const struct process *p, const struct sem_set *set)
{
	struct sem_undo *u = p->undo;

	while (u && u->set != set)
		u = u->next;
	return u;
}

/* There is a record of it; false: no memory. */
static bool undo_make(struct process *p, struct sem_set *set)
{
	struct sem_undo *u = undo_of(p, set);

	if (u)
		return true;
	u = heap_alloc(sizeof(*u) + set->count * sizeof(u->change[0]));
	if (!u)
		return false;
	u->set = set;
	u->next = p->undo;
	p->undo = u;
	return true;
}

/* The set is gone. */
static void undo_drop(const struct sem_set *set)
{
	for (struct process *p = process_list; p; p = p->next)
		for (struct sem_undo **link = &p->undo, *u; (u = *link);) {
			if (u->set != set) {
				link = &u->next;
				continue;
			}
			*link = u->next;
			heap_free(u);
		}
}

/* These semaphores got a value, whatever anybody did before. */
static void undo_forget(const struct sem_set *set, u32 first, u32 count)
{
	for (struct process *p = process_list; p; p = p->next) {
		struct sem_undo *u = undo_of(p, set);
		for (u32 i = first; u && i < first + count; i++)
			u->change[i] = 0;
	}
}

/* ---- operations ---- */

/* 0; 1: it would have to wait; or a negative error */
static long apply(struct sem_set *set, const struct operation *o, struct sem_undo *u, int sign)
{
	struct semaphore *s = &set->semaphore[o->number];
	int value = s->value + sign * o->change, undo = o->flags & SEM_UNDO ? u->change[o->number] - sign * o->change : 0;

	if (sign > 0 && ((!o->change && s->value) || value < 0))
		return o->flags & IPC_NOWAIT ? -EAGAIN : 1;
	if (sign > 0 && (value > SEMVMX || undo < -SEMVMX - 1 || undo > SEMVMX))
		return -ERANGE;
	s->value = value;
	if (o->flags & SEM_UNDO)
		u->change[o->number] = (short)undo;
	return 0;
}

/* All of it or nothing; as apply. */
static long perform(struct sem_set *set, struct waiter *w)
{
	struct sem_undo *u = undo_of(w->thread->process, set);
	u64 done = 0;
	long rc = 0;

	while (done < w->count && (rc = apply(set, &w->operation[done], u, 1)) == 0)
		done++;
	if (rc) {
		w->blocking = &w->operation[done];
		while (done)
			apply(set, &w->operation[--done], u, -1);
		return rc;
	}
	for (u64 i = 0; i < w->count; i++)
		set->semaphore[w->operation[i].number].pid = w->thread->process->pid;
	set->operated = ipc_time();
	return 0;
}

static void leave(struct sem_set *set, struct waiter *w)
{
	struct waiter **link = &set->waiters;

	while (*link != w)
		link = &(*link)->next;
	*link = w->next;
	if (set->last == &w->next)
		set->last = link;
}

static void finish(struct sem_set *set, struct waiter *w, long result)
{
	leave(set, w);
	w->result = result;
	w->done = true;
	wake_thread(w->thread, 0);
}

/* Of those that wait, does the ones that can be done. true: one of them changed something. */
static bool perform_waiting(struct sem_set *set, bool alters)
{
	for (struct waiter *w = set->waiters, *next; w; w = next) {
		long rc = w->alters == alters ? perform(set, w) : 1;
		next = w->next;
		if (rc > 0)
			continue;
		finish(set, w, rc);
		if (rc == 0 && alters)
			return true;
	}
	return false;
}

static void changed(struct sem_set *set)
{
	do
		perform_waiting(set, false);
	while (perform_waiting(set, true));
}

static long sleep(struct sem_set *set, struct waiter *w, u64 deadline)
{
	static struct wait_queue sleepers;
	long rc = 0;

	*set->last = w;
	set->last = &w->next;
	set->ipc.refs++;
	while (!w->done && rc == 0)
		rc = wait_on(&sleepers, deadline);
	if (!w->done)
		leave(set, w);
	ipc_put(&set->ipc);
	return w->done ? w->result : rc == -ETIMEDOUT ? -EAGAIN : rc;
}

static long operate(u64 id, const struct operation *o, u64 count, u64 deadline)
{
	struct sem_set *set = find(id);
	struct waiter w = {.thread = thread_current, .operation = o, .count = count};
	bool undo = false;
	long rc;

	if (!set)
		return -EINVAL;
	for (u64 i = 0; i < count; i++) {
		if (o[i].number >= set->count)
			return -EFBIG;
		undo |= o[i].flags & SEM_UNDO;
		w.alters |= o[i].change != 0;
	}
	if (undo && !undo_make(process_current, set))
		return -ENOMEM;
	rc = perform(set, &w);
	if (rc == 0 && w.alters)
		changed(set);
	return rc <= 0 ? rc : sleep(set, &w, deadline);
}

long sys_semtimedop(u64 id, u64 from, u64 count, u64 timeout)
{
	struct operation *o;
	u64 ns = 0;
	long rc = timeout ? time_read(timeout, &ns) : 0;

	if (rc)
		return rc;
	if ((u32)count > SEMOPM)
		return -E2BIG;
	if (!(u32)count || (int)id < 0)
		return -EINVAL;
	count = (u32)count;
	o = heap_alloc(count * sizeof(*o));
	if (!o)
		return -ENOMEM;
	rc = user_read(o, from, count * sizeof(*o)) ? operate(id, o, count, timeout ? time_now() + ns : 0) : -EFAULT;
	heap_free(o);
	return rc;
}

long sys_semop(u64 id, u64 from, u64 count)
{
	return sys_semtimedop(id, from, count, 0);
}

void sem_exit(struct process *p)
{
	for (struct sem_undo *u; (u = p->undo);) {
		struct sem_set *set = u->set;
		p->undo = u->next;
		for (u32 i = 0; i < set->count; i++) {
			struct semaphore *s = &set->semaphore[i];
			int value = s->value + u->change[i];
			if (!u->change[i])
				continue;
			s->value = value < 0 ? 0 : value > SEMVMX ? SEMVMX : value;
			s->pid = p->pid;
		}
		heap_free(u);
		set->operated = ipc_time();
		changed(set);
	}
}

/* ---- semctl ---- */

/* How many wait for this semaphore: to become zero, or to grow. */
static long waiting(const struct sem_set *set, u64 number, bool zero)
{
	long n = 0;

	for (const struct waiter *w = set->waiters; w; w = w->next)
		n += w->blocking->number == number && (w->blocking->change == 0) == zero;
	return n;
}

static long set_value(struct sem_set *set, u64 number, int value)
{
	if (value < 0 || value > SEMVMX)
		return -ERANGE;
	if (!set || number >= set->count)
		return -EINVAL;
	undo_forget(set, (u32)number, 1);
	set->semaphore[number] = (struct semaphore){value, process_current->pid};
	set->ipc.changed = ipc_time();
	changed(set);
	return 0;
}

static long set_values(struct sem_set *set, const u16 *value)
{
	for (u32 i = 0; i < set->count; i++)
		if (value[i] > SEMVMX)
			return -ERANGE;
	for (u32 i = 0; i < set->count; i++)
		set->semaphore[i] = (struct semaphore){value[i], process_current->pid};
	undo_forget(set, 0, set->count);
	set->ipc.changed = ipc_time();
	changed(set);
	return 0;
}

/* GETALL and SETALL */
static long all(struct sem_set *set, bool write, u64 array)
{
	u64 size = set->count * sizeof(u16);
	u16 *value = heap_alloc(size);
	long rc;

	if (!value)
		return -ENOMEM;
	for (u32 i = 0; i < set->count; i++)
		value[i] = (u16)set->semaphore[i].value;
	if (write)
		rc = user_read(value, array, size) ? set_values(set, value) : -EFAULT;
	else
		rc = user_write(array, value, size) ? 0 : -EFAULT;
	heap_free(value);
	return rc;
}

static void destroy(struct sem_set *set)
{
	undo_drop(set);
	while (set->waiters)
		finish(set, set->waiters, -EIDRM);
	ipc_remove(&sets, &set->ipc);
}

static long write_state(const struct sem_set *set, u64 to, long result)
{
	struct semid d = {.perm = ipc_perm(&set->ipc), .operated = set->operated, .changed = set->ipc.changed, .count = set->count};

	return user_write(to, &d, sizeof(d)) ? result : -EFAULT;
}

/* use: instead of two of the limits, how many sets and semaphores there are */
static long write_limits(u64 to, bool use)
{
	u32 info[10] = {SEMMNS, SEMMNI, SEMMNS, SEMMNS, SEMMSL, SEMOPM, SEMOPM, SEMUSZ, SEMVMX, SEMVMX};

	if (use) {
		info[7] = sets.used;
		info[9] = 0;
		for (u32 i = 0; i < sets.room; i++)
			info[9] += sets.object[i] ? ((const struct sem_set *)sets.object[i])->count : 0;
	}
	return user_write(to, info, sizeof(info)) ? ipc_highest(&sets) : -EFAULT;
}

static long set_state(u64 id, u64 from)
{
	struct sem_set *set = find(id);
	struct semid d;

	if (!user_read(&d, from, sizeof(d)))
		return -EFAULT;
	return set ? ipc_set(&set->ipc, &d.perm) : -EINVAL;
}

static long of_one(const struct sem_set *set, u64 number, u64 command)
{
	if (number >= set->count)
		return -EINVAL;
	switch ((u32)command) {
	case GETVAL:
		return set->semaphore[number].value;
	case GETPID:
		return set->semaphore[number].pid;
	}
	return waiting(set, number, (u32)command == GETZCNT);
}

long sys_semctl(u64 id, u64 number, u64 command, u64 argument)
{
	struct sem_set *set = find(id);

	if ((int)id < 0)
		return -EINVAL;
	number = (u32)number;
	switch ((u32)command) {
	case IPC_INFO:
	case SEM_INFO:
		return write_limits(argument, (u32)command == SEM_INFO);
	case SEM_STAT:
	case SEM_STAT_ANY:
		set = (struct sem_set *)ipc_at(&sets, id & 0x7fff);
		return set ? write_state(set, argument, set->ipc.id) : -EINVAL;
	case IPC_SET:
		return set_state(id, argument);
	case SETVAL:
		return set_value(set, number, (int)argument);
	}
	if (!set)
		return -EINVAL;
	switch ((u32)command) {
	case IPC_STAT:
		return write_state(set, argument, 0);
	case IPC_RMID:
		destroy(set);
		return 0;
	case GETALL:
	case SETALL:
		return all(set, (u32)command == SETALL, argument);
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
		return of_one(set, number, command);
	}
	return -EINVAL;
}
