/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * futex(2): wait, wake, requeue, by address space and address or, in shared mappings, by file and offset. The kernel is not preempted, so
 * that comparing and sleeping are one step. Locks with an owner (the PI operations) are handed over in the order in which they were asked
 * for. LIMIT: priorities are not inherited, as there are none; no requeueing to such a lock, which glibc did until 2.24 and musl never.
 */
#include "futex.h"
#include "clock.h"
#include "errno.h"
#include "process.h"
#include "syscall.h"
#include "time.h"
#include "user.h"

enum {
	WAIT,
	WAKE,
	FD,
	REQUEUE,
	CMP_REQUEUE,
	WAKE_OP,
	LOCK_PI,
	UNLOCK_PI,
	TRYLOCK_PI,
	WAIT_BITSET,
	WAKE_BITSET,
	LOCK_PI2 = 13,
	PRIVATE = 128,
	REALTIME = 256
};
#define WAITERS 0x80000000u /* a lock's word: there are some, its owner has died, the owner's thread number */
#define OWNER_DIED 0x40000000u
#define OWNER 0x3fffffffu
#define LOCK_BITS 0 /* futex_bits of who waits for a lock: nothing but handing over wakes it */

static struct wait_queue sleepers;

static void key_of(u64 address, u64 key[2])
{
	const struct area *area = vm_area(process_current->vm, address);

	key[0] = (u64)process_current->vm;
	key[1] = address;
	if (area && (area->flags & AREA_SHARED) && area->inode) {
		key[0] = (u64)area->inode;
		key[1] = address - area->start + area->offset;
	}
}

static u64 wake(u64 address, u64 n, u32 bits)
{
	u64 key[2], woken = 0;

	key_of(address, key);
	for (struct thread *t = sleepers.first, *next; t && woken < n; t = next) {
		next = t->run_next;
		if (t->futex_key[0] == key[0] && t->futex_key[1] == key[1] && (t->futex_bits & bits)) {
			wake_thread(t, 0);
			woken++;
		}
	}
	return woken;
}

long futex_wake(u64 address, u64 n)
{
	return (long)wake(address, n, ~0u);
}

static long requeue(u64 from, u64 to, u64 n)
{
	u64 key[2], target[2];
	long moved = 0;

	key_of(from, key);
	key_of(to, target);
	for (struct thread *t = sleepers.first; t && n; t = t->run_next)
		if (t->futex_key[0] == key[0] && t->futex_key[1] == key[1]) {
			t->futex_key[0] = target[0];
			t->futex_key[1] = target[1];
			moved++;
			n--;
		}
	return moved;
}

static long wait(u64 address, u32 expected, u64 deadline, u32 bits)
{
	u32 value;
	long rc;

	if (!user_read(&value, address, sizeof(value)))
		return -EFAULT;
	if (value != expected)
		return -EAGAIN;
	if (!bits)
		return -EINVAL;
	key_of(address, thread_current->futex_key);
	thread_current->futex_bits = bits;
	rc = wait_on(&sleepers, deadline);
	return rc == -EINTR && !deadline ? -ERESTART : rc;
}

static long wait_until(u64 address, u64 op, u32 expected, u64 timeout, u32 bits)
{
	u64 time = 0;
	long rc = timeout ? time_read(timeout, &time) : 0;

	if (rc)
		return rc;
	if (timeout && (op & 127) == WAIT)
		time += time_now();
	else if (timeout && (op & REALTIME))
		time = time > time_real() - time_now() ? time - (time_real() - time_now()) : 1;
	return wait(address, expected, timeout && !time ? 1 : time, bits);
}

/* FUTEX_WAKE_OP: changes the second word, wakes the first's sleepers, and the second's if its old value compares. */
static long wake_op(u64 first, u64 n, u64 second, u64 n2, u32 op)
{
	int argument = (int)(op << 8) >> 20, compare = (int)(op << 20) >> 20, old, value;
	bool hit;
	long woken;

	if (!user_read(&old, second, sizeof(old)))
		return -EFAULT;
	if (op & 0x80000000)
		argument = 1 << (argument & 31);
	switch (op >> 28 & 7) {
	case 0:
		value = argument;
		break;
	case 1:
		value = (int)((u32)old + (u32)argument);
		break;
	case 2:
		value = old | argument;
		break;
	case 3:
		value = old & ~argument;
		break;
	case 4:
		value = old ^ argument;
		break;
	default:
		return -ENOSYS;
	}
	if (!user_write(second, &value, sizeof(value)))
		return -EFAULT;
	switch (op >> 24 & 15) {
	case 0:
		hit = old == compare;
		break;
	case 1:
		hit = old != compare;
		break;
	case 2:
		hit = old < compare;
		break;
	case 3:
		hit = old <= compare;
		break;
	case 4:
		hit = old > compare;
		break;
	case 5:
		hit = old >= compare;
		break;
	default:
		return -ENOSYS;
	}
	woken = futex_wake(first, n);
	return woken + (hit ? futex_wake(second, n2) : 0);
}

/* ---- locks with an owner ---- */

static struct thread *first_waiter(const u64 key[2])
{
	for (struct thread *t = sleepers.first; t; t = t->run_next)
		if (t->futex_key[0] == key[0] && t->futex_key[1] == key[1] && t->futex_bits == LOCK_BITS)
			return t;
	return NULL;
}

/* The first that waits for the lock with this key is the owner now; nobody: it is free. more: bits that the word has. */
static bool hand_over(const u64 key[2], u64 address, u32 more)
{
	struct thread *next = first_waiter(key);
	u32 word = more;

	if (next) {
		wake_thread(next, 0);
		word = (u32)next->tid | more | (first_waiter(key) ? WAITERS : 0);
		for (struct thread *t = sleepers.first; t; t = t->run_next)
			if (t->futex_key[0] == key[0] && t->futex_key[1] == key[1])
				t->futex_owner = next->tid;
	}
	return user_write(address, &word, sizeof(word));
}

static long lock_pi(u64 address, u64 deadline, bool wait)
{
	u32 word, tid = (u32)thread_current->tid;
	struct thread *owner;
	long rc;

	if (!user_read(&word, address, sizeof(word)))
		return -EFAULT;
	if ((word & OWNER) == tid)
		return -EDEADLK;
	if (!(word & OWNER)) {
		word = tid | (word & OWNER_DIED);
		return user_write(address, &word, sizeof(word)) ? 0 : -EFAULT;
	}
	if (!wait)
		return -EAGAIN;
	owner = thread_find((int)(word & OWNER));
	if (!owner || owner->state == THREAD_GONE)
		return -ESRCH;
	word |= WAITERS;
	if (!user_write(address, &word, sizeof(word)))
		return -EFAULT;
	key_of(address, thread_current->futex_key);
	thread_current->futex_bits = LOCK_BITS;
	thread_current->futex_owner = owner->tid;
	thread_current->futex_address = address;
	rc = wait_on(&sleepers, deadline);
	if (rc && !first_waiter(thread_current->futex_key) && user_read(&word, address, sizeof(word))) {
		word &= ~WAITERS; /* nobody waits any more */
		user_write(address, &word, sizeof(word));
	}
	return rc == -EINTR ? -ERESTART : rc;
}

static long lock_until(u64 address, u64 timeout, bool real)
{
	u64 time = 0;
	long rc = timeout ? time_read(timeout, &time) : 0;

	if (timeout)
		time = clock_deadline(real ? CLOCK_REALTIME : CLOCK_MONOTONIC, time);
	return rc ? rc : lock_pi(address, time, true);
}

static long unlock_pi(u64 address)
{
	u64 key[2];
	u32 word;

	if (!user_read(&word, address, sizeof(word)))
		return -EFAULT;
	if ((word & OWNER) != (u32)thread_current->tid)
		return -EPERM;
	key_of(address, key);
	return hand_over(key, address, 0) ? 0 : -EFAULT;
}

/* ---- robust lists: what a thread holds when it ends ---- */

enum { ROBUST_HEAD = 24, ENTRIES_MAX = 2048 };

/* The word says that its owner died, and one who waits is told. */
static bool release(u64 address, bool pi)
{
	u64 key[2];
	u32 word;

	if (address % 4 || !user_read(&word, address, sizeof(word)))
		return false;
	if ((word & OWNER) != (u32)thread_current->tid)
		return true;
	if (pi) {
		key_of(address, key);
		return hand_over(key, address, OWNER_DIED);
	}
	u32 died = (word & WAITERS) | OWNER_DIED;
	if (!user_write(address, &died, sizeof(died)))
		return false;
	if (word & WAITERS)
		futex_wake(address, 1);
	return true;
}

/* Pointers of the list have bit 0 set for locks with an owner. */
static void release_list(u64 list)
{
	u64 head[3], entry;

	if (!list || !user_read(head, list, sizeof(head)))
		return;
	entry = head[0];
	for (unsigned n = 0; (entry & ~1ull) != list && n < ENTRIES_MAX; n++) {
		u64 next;
		bool more = user_read(&next, entry & ~1ull, sizeof(next));
		if (entry != head[2] && !release((entry & ~1ull) + head[1], entry & 1))
			return;
		if (!more)
			return;
		entry = next;
	}
	if (head[2] & ~1ull) /* it was being locked or unlocked */
		release((head[2] & ~1ull) + head[1], head[2] & 1);
}

/* Locks that others wait for, whatever the list says; the word is written where the waiter knows it. */
static void release_waited(void)
{
	struct vm *own = vm_current();

	for (struct thread *t = sleepers.first; t;) {
		if (t->futex_bits != LOCK_BITS || t->futex_owner != thread_current->tid) {
			t = t->run_next;
			continue;
		}
		u64 key[2] = {t->futex_key[0], t->futex_key[1]};
		vm_switch(t->process->vm);
		hand_over(key, t->futex_address, OWNER_DIED);
		t = sleepers.first;
	}
	vm_switch(own);
}

void futex_exit(void)
{
	release_list(thread_current->robust_list);
	release_waited();
}

long sys_futex(u64 address, u64 op, u64 value, u64 timeout, u64 address2, u64 value3)
{
	u32 now;
	long woken;

	if (address % 4)
		return -EINVAL;
	switch (op & 127) {
	case WAIT:
		return wait_until(address, op, (u32)value, timeout, ~0u);
	case WAIT_BITSET:
		return wait_until(address, op, (u32)value, timeout, (u32)value3);
	case WAKE:
		return futex_wake(address, value);
	case WAKE_BITSET:
		return (long)wake(address, value, (u32)value3);
	case CMP_REQUEUE:
		if (!user_read(&now, address, sizeof(now)))
			return -EFAULT;
		if (now != (u32)value3)
			return -EAGAIN;
		/* fall through */
	case REQUEUE:
		woken = futex_wake(address, value);
		return woken + requeue(address, address2, timeout);
	case LOCK_PI:
		return lock_until(address, timeout, true);
	case LOCK_PI2:
		return lock_until(address, timeout, op & REALTIME);
	case TRYLOCK_PI:
		return lock_pi(address, 0, false);
	case UNLOCK_PI:
		return unlock_pi(address);
	case WAKE_OP:
		return wake_op(address, value, address2, timeout, (u32)value3);
	}
	return -ENOSYS;
}

long sys_set_robust_list(u64 head, u64 size)
{
	if (size != ROBUST_HEAD)
		return -EINVAL;
	thread_current->robust_list = head;
	return 0;
}

long sys_get_robust_list(u64 tid, u64 to, u64 size_to)
{
	const struct thread *t = tid ? thread_find((int)tid) : thread_current;
	u64 size = ROBUST_HEAD;

	if (!t)
		return -ESRCH;
	return user_write(size_to, &size, sizeof(size)) && user_write(to, &t->robust_list, sizeof(t->robust_list)) ? 0 : -EFAULT;
}
