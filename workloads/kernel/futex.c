/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * futex(2): wait, wake, requeue, by address space and address or, in shared mappings, by file and offset. The kernel is not preempted, so
 * that comparing and sleeping are one step. LIMIT: no priority inheritance; robust lists are stored only.
 */
#include "futex.h"
#include "errno.h"
#include "process.h"
#include "syscall.h"
#include "time.h"
#include "user.h"

enum { WAIT, WAKE, FD, REQUEUE, CMP_REQUEUE, WAKE_OP, WAIT_BITSET = 9, WAKE_BITSET, PRIVATE = 128, REALTIME = 256 };

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

	if (timeout && !time_read(timeout, &time))
		return -EFAULT;
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
	case WAKE_OP:
		return wake_op(address, value, address2, timeout, (u32)value3);
	}
	return -ENOSYS;
}

long sys_set_robust_list(u64 head, u64 size)
{
	(void)size;
	thread_current->robust_list = head;
	return 0;
}
