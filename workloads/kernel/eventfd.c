/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are counters: eventfd, and timerfd, whose counter its timer moves. */
#include "clock.h"
#include "errno.h"
#include "heap.h"
#include "process.h"
#include "syscall.h"
#include "time.h"
#include "user.h"

enum { EFD_SEMAPHORE = 1, TFD_ABSTIME = 1, TFD_CANCEL_ON_SET = 2 };

struct counter {
	u64 value;
	bool semaphore;
	struct wait_queue readers, writers;
	u64 clock; /* a timerfd's */
	struct timer timer;
	struct inode *inode;
};

static struct counter *counter_of(const struct file *file)
{
	return file->inode->state;
}

static void changed(struct counter *c)
{
	wake_all(&c->readers);
	wake_all(&c->writers);
	wake_pollers();
}

static long counter_read(struct file *file, u64 to, u64 n)
{
	struct counter *c = counter_of(file);
	u64 got;

	if (n < 8)
		return -EINVAL;
	while (!c->value) {
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_on(&c->readers, 0))
			return -ERESTART;
	}
	got = c->semaphore ? 1 : c->value;
	c->value -= got;
	file->inode->left++;
	changed(c);
	return user_write(to, &got, 8) ? 8 : -EFAULT;
}

static long counter_write(struct file *file, u64 from, u64 n)
{
	struct counter *c = counter_of(file);
	u64 more;

	if (n < 8)
		return -EINVAL;
	if (!user_read(&more, from, 8))
		return -EFAULT;
	if (more == ~0ull)
		return -EINVAL;
	while (more > ~1ull - c->value) {
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_on(&c->writers, 0))
			return -ERESTART;
	}
	c->value += more;
	file->inode->came++;
	changed(c);
	return 8;
}

static unsigned event_ready(struct file *file)
{
	const struct counter *c = counter_of(file);

	return (c->value ? POLLIN : 0u) | (c->value < ~1ull ? POLLOUT : 0u);
}

static unsigned timer_ready(struct file *file)
{
	return counter_of(file)->value ? POLLIN : 0;
}

static void counter_close(struct file *file)
{
	struct counter *c = counter_of(file);

	timer_set(&c->timer, 0, 0);
	file->inode->state = NULL;
	heap_free(c);
}

static const struct device event_device = {.read = counter_read, .write = counter_write, .ready = event_ready, .close = counter_close};
static const struct device timer_device = {.read = counter_read, .ready = timer_ready, .close = counter_close};

/* A new file with a counter; its number, or a negative error. */
static long open_counter(const struct device *device, u64 flags, struct counter **counter)
{
	struct counter *c = heap_alloc(sizeof(*c));
	struct inode *inode = c ? inode_new(0600) : NULL;
	struct file *file = inode ? file_new(inode, O_RDWR | ((u32)flags & O_NONBLOCK)) : NULL;

	inode_put(inode);
	if (!file) {
		heap_free(c);
		return -ENOMEM;
	}
	inode->state = c;
	inode->device = device;
	c->inode = inode;
	*counter = c;
	return files_add(process_current->files, file, 0, flags & O_CLOEXEC);
}

long sys_eventfd2(u64 first, u64 flags)
{
	struct counter *c;
	long fd;

	if (flags & ~(u64)(EFD_SEMAPHORE | O_NONBLOCK | O_CLOEXEC))
		return -EINVAL;
	fd = open_counter(&event_device, flags, &c);
	if (fd >= 0) {
		c->value = (u32)first;
		c->semaphore = flags & EFD_SEMAPHORE;
	}
	return fd;
}

long sys_eventfd(u64 first)
{
	return sys_eventfd2(first, 0);
}

/* ---- timerfd ---- */

static void expire(struct timer *timer, u64 times)
{
	struct counter *c = CONTAINER(timer, struct counter, timer);

	c->value += times;
	c->inode->came++;
	changed(c);
}

long sys_timerfd_create(u64 clock, u64 flags)
{
	struct counter *c;
	long fd;

	if ((flags & ~(u64)(O_NONBLOCK | O_CLOEXEC)) || (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOT))
		return -EINVAL;
	fd = open_counter(&timer_device, flags, &c);
	if (fd >= 0) {
		c->clock = clock;
		c->timer.expire = expire;
	}
	return fd;
}

static long find_timer(u64 fd, struct counter **c)
{
	struct file *file = files_find(process_current->files, fd);

	if (!file || file->inode->device != &timer_device)
		return file ? -EINVAL : -EBADF;
	*c = counter_of(file);
	return 0;
}

long sys_timerfd_settime(u64 fd, u64 flags, u64 new, u64 old)
{
	struct counter *c;
	u64 first, interval;
	long rc = time_read(new, &interval);

	if (rc == 0)
		rc = time_read(new + 16, &first);
	if (rc == 0 && (flags & ~(u64)(TFD_ABSTIME | TFD_CANCEL_ON_SET)))
		rc = -EINVAL;
	if (rc == 0)
		rc = find_timer(fd, &c);
	if (rc)
		return rc;
	if (old && !time_write_setting(old, &c->timer))
		return -EFAULT;
	if (first)
		first = flags & TFD_ABSTIME ? clock_deadline(c->clock, first) : time_now() + first;
	c->value = 0;
	timer_set(&c->timer, first, interval);
	return 0;
}

long sys_timerfd_gettime(u64 fd, u64 to)
{
	struct counter *c;
	long rc = find_timer(fd, &c);

	return rc ? rc : time_write_setting(to, &c->timer) ? 0 : -EFAULT;
}
