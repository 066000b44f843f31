/* SPDX-License-Identifier: GPL-2.0-or-later */
/* poll and select: all waiters sleep on one queue and look again when any file may have become ready. */
#include "errno.h"
#include "heap.h"
#include "process.h"
#include "string.h"
#include "syscall.h"
#include "time.h"
#include "user.h"

struct pollfd {
	int fd;
	u16 wanted, seen;
};

struct sets {
	u64 bits[3][FILES / 64]; /* read, write, exceptions */
};

static long poll_once(struct pollfd *p, u64 n)
{
	long hits = 0;

	for (u64 i = 0; i < n; i++) {
		struct file *file = p[i].fd < 0 ? NULL : files_find(process_current->files, (u64)p[i].fd);
		p[i].seen = 0;
		if (file)
			p[i].seen = (u16)(file_ready(file) & (p[i].wanted | POLLERR | POLLHUP));
		else if (p[i].fd >= 0)
			p[i].seen = POLLNVAL;
		hits += p[i].seen != 0;
	}
	return hits;
}

/* ns: how long at most; ~0: for ever */
static long poll_until(u64 list, u64 n, u64 ns)
{
	u64 deadline = ns == ~0ull ? 0 : time_now() + ns, size = n * sizeof(struct pollfd);
	struct pollfd *p;
	long hits = 0, rc = 0;

	if (n > process_current->files->limit)
		return -EINVAL;
	p = heap_alloc(size + 1);
	if (!p)
		return -ENOMEM;
	if (!user_read(p, list, size))
		rc = -EFAULT;
	while (rc == 0 && !(hits = poll_once(p, n)) && ns)
		rc = wait_on(&sched_pollers, deadline);
	if (rc == -ETIMEDOUT)
		rc = 0;
	if (rc == 0)
		rc = user_write(list, p, size) ? hits : -EFAULT;
	heap_free(p);
	return rc;
}

long sys_poll(u64 list, u64 n, u64 ms)
{
	return poll_until(list, n, (int)ms < 0 ? ~0ull : ms * 1000000);
}

bool syscall_set_mask(u64 from)
{
	struct thread *t = thread_current;
	u64 mask;

	if (!from)
		return true;
	if (!user_read(&mask, from, 8))
		return false;
	t->saved_mask = t->mask;
	t->on_leaving |= LEAVING_MASK;
	t->mask = mask & ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
	return true;
}

long sys_ppoll(u64 list, u64 n, u64 timeout, u64 mask)
{
	u64 ns = ~0ull;

	long rc = timeout ? time_read(timeout, &ns) : 0;

	if (rc || !syscall_set_mask(mask))
		return rc ? rc : -EFAULT;
	return poll_until(list, n, ns);
}

/* Leaves in seen those of wanted that are ready; how many, or -EBADF. */
static long select_once(u64 n, const struct sets *wanted, struct sets *seen)
{
	static const unsigned means[3] = {POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, 0};
	long hits = 0;

	memset(seen, 0, sizeof(*seen));
	for (u64 fd = 0; fd < n; fd++)
		for (unsigned i = 0; i < 3; i++) {
			struct file *file = files_find(process_current->files, fd);
			if (!(wanted->bits[i][fd / 64] >> fd % 64 & 1))
				continue;
			if (!file)
				return -EBADF;
			if (!(file_ready(file) & means[i]))
				continue;
			seen->bits[i][fd / 64] |= 1ull << fd % 64;
			hits++;
		}
	return hits;
}

static long select_until(u64 n, const u64 set[3], u64 ns)
{
	struct sets wanted = {}, seen;
	u64 bytes, deadline = ns == ~0ull ? 0 : time_now() + ns;
	long hits, rc = 0;

	if ((int)n < 0)
		return -EINVAL;
	if (n > FILES)
		n = FILES;
	if (n > process_current->files->room && n > 64) /* no such file can be open */
		n = process_current->files->room > 64 ? process_current->files->room : 64;
	bytes = (n + 63) / 64 * 8;
	for (unsigned i = 0; i < 3; i++)
		if (set[i] && !user_read(wanted.bits[i], set[i], bytes))
			return -EFAULT;
	while (!(hits = select_once(n, &wanted, &seen)) && ns && !rc)
		rc = wait_on(&sched_pollers, deadline);
	if (hits < 0 || (!hits && rc == -EINTR))
		return hits < 0 ? hits : -EINTR;
	for (unsigned i = 0; i < 3; i++)
		if (set[i] && !user_write(set[i], seen.bits[i], bytes))
			return -EFAULT;
	return hits;
}

long sys_select(u64 n, u64 read, u64 write, u64 except, u64 timeout)
{
	u64 time[2], ns = ~0ull;

	if (timeout && !user_read(time, timeout, sizeof(time)))
		return -EFAULT;
	if (timeout && ((long)time[0] < 0 || (long)time[1] < 0))
		return -EINVAL;
	if (timeout)
		ns = time[0] * SECOND + time[1] * 1000;
	return select_until(n, (u64[3]){read, write, except}, ns);
}

long sys_pselect6(u64 n, u64 read, u64 write, u64 except, u64 timeout, u64 mask)
{
	u64 ns = ~0ull, set = 0;
	long rc = timeout ? time_read(timeout, &ns) : 0;

	if (rc)
		return rc;
	if ((mask && !user_read(&set, mask, 8)) || !syscall_set_mask(set))
		return -EFAULT;
	return select_until(n, (u64[3]){read, write, except}, ns);
}
