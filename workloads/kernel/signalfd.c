/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals that are read from a file instead of being handled. LIMIT: epoll with EPOLLET tells of the first one only. */
#include "signalfd.h"
#include "errno.h"
#include "process.h"
#include "syscall.h"
#include "user.h"

struct record { /* struct signalfd_siginfo */
	u32 signal, error, code, pid, uid, fd, timer, band, overrun, trap;
	int status, value;
	u64 pointer, user_time, system_time, address;
	u8 unused[48];
};

_Static_assert(sizeof(struct record) == 128, "struct signalfd_siginfo");

unsigned signalfd_open;

/* Which ones: in place of an object of its own. */
static u64 set_of(const struct file *file)
{
	return (u64)file->inode->state;
}

static struct record record_of(const struct siginfo *info)
{
	struct record r = {.signal = (u32)info->signal, .error = (u32)info->error, .code = (u32)info->code};

	if (info->code == SI_TIMER) {
		r.timer = (u32)info->timer;
		r.overrun = (u32)info->overrun;
	} else {
		r.pid = (u32)info->pid;
		r.uid = (u32)info->uid;
	}
	if (info->signal == SIGCHLD && info->code > 0) {
		r.status = info->status;
	} else if (info->code < 0) {
		r.value = (int)info->value;
		r.pointer = info->value;
	}
	return r;
}

/* Sleeps until one of them is there: 0, -EAGAIN or -ERESTART. */
static long wait_for(const struct file *file)
{
	static struct wait_queue nothing;
	struct thread *t = thread_current;
	long rc;

	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	t->wanted = set_of(file);
	rc = wait_on(&nothing, 0);
	t->wanted = 0;
	if ((t->pending.set | t->process->pending.set) & set_of(file))
		return 0;
	return rc ? -ERESTART : 0;
}

static long signalfd_read(struct file *file, u64 to, u64 n)
{
	struct siginfo info;
	u64 done = 0;

	if (n < sizeof(struct record))
		return -EINVAL;
	while (done + sizeof(struct record) <= n) {
		if (!signal_take(thread_current, set_of(file), &info)) {
			long rc = done ? -EAGAIN : wait_for(file);
			if (rc)
				return done ? (long)done : rc;
			continue;
		}
		struct record r = record_of(&info);
		if (!user_write(to + done, &r, sizeof(r)))
			return -EFAULT;
		done += sizeof(r);
	}
	return (long)done;
}

static unsigned signalfd_ready(struct file *file)
{
	return (thread_current->pending.set | process_current->pending.set) & set_of(file) ? POLLIN : 0;
}

static void signalfd_close(struct file *file)
{
	(void)file;
	signalfd_open--;
}

static const struct device signalfd_device = {.read = signalfd_read, .ready = signalfd_ready, .close = signalfd_close};

static long open_new(u64 set, u64 flags)
{
	struct inode *inode = inode_new(0600);
	struct file *file = inode ? file_new(inode, O_RDWR | ((u32)flags & O_NONBLOCK)) : NULL;

	inode_put(inode);
	if (!file)
		return -ENOMEM;
	inode->state = (void *)set;
	inode->device = &signalfd_device;
	signalfd_open++;
	return files_add(process_current->files, file, 0, flags & O_CLOEXEC);
}

long sys_signalfd4(u64 fd, u64 from, u64 size, u64 flags)
{
	const struct file *file = files_find(process_current->files, fd);
	u64 set;

	if (size != 8 || (flags & ~(u64)(O_NONBLOCK | O_CLOEXEC)))
		return -EINVAL;
	if (!user_read(&set, from, 8))
		return -EFAULT;
	set &= ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
	if ((int)fd == -1)
		return open_new(set, flags);
	if (!file || file->inode->device != &signalfd_device)
		return file ? -EINVAL : -EBADF;
	file->inode->state = (void *)set;
	wake_pollers();
	return (long)(u32)fd;
}

long sys_signalfd(u64 fd, u64 from, u64 size)
{
	return sys_signalfd4(fd, from, size, 0);
}
