/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pipes: a ring of 64 KiB; writes of up to 4096 bytes are not divided. Both ends share the inode; the last to go frees the ring. */
#include "pipe.h"
#include "errno.h"
#include "heap.h"
#include "process.h"
#include "string.h"
#include "user.h"

enum { RING = 65536, ATOMIC = 4096 };

struct pipe {
	u8 *ring;
	u64 read, written; /* counts; their difference is what is in it */
	unsigned readers, writers;
	struct wait_queue not_empty, not_full;
};

static struct pipe *pipe_of(const struct file *file)
{
	return file->inode->state;
}

static u64 filled(const struct pipe *p)
{
	return p->written - p->read;
}

static u64 least(u64 a, u64 b, u64 c)
{
	u64 m = a < b ? a : b;

	return m < c ? m : c;
}

static long pipe_read(struct file *file, u64 to, u64 n)
{
	struct pipe *p = pipe_of(file);
	u64 done = 0;

	while (!filled(p) && n) {
		if (!p->writers)
			return 0;
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_on(&p->not_empty, 0))
			return -ERESTART;
	}
	while (done < n && filled(p)) {
		u64 at = p->read % RING, c = least(n - done, filled(p), RING - at);
		if (!user_write(to + done, p->ring + at, c))
			return done ? (long)done : -EFAULT;
		p->read += c;
		done += c;
	}
	wake_all(&p->not_full);
	wake_pollers();
	return (long)done;
}

static long broken(void)
{
	signal_send_thread(thread_current, &(struct siginfo){.signal = SIGPIPE});
	return -EPIPE;
}

static long pipe_write(struct file *file, u64 from, u64 n)
{
	struct pipe *p = pipe_of(file);
	u64 done = 0;

	while (done < n) {
		u64 at = p->written % RING, room = RING - filled(p), c = least(n - done, room, RING - at);
		if (!p->readers)
			return done ? (long)done : broken();
		if (!room || (n <= ATOMIC && room < n - done)) {
			if (file->flags & O_NONBLOCK)
				return done ? (long)done : -EAGAIN;
			if (wait_on(&p->not_full, 0))
				return done ? (long)done : -ERESTART;
			continue;
		}
		if (!user_read(p->ring + at, from + done, c))
			return done ? (long)done : -EFAULT;
		p->written += c;
		done += c;
		wake_all(&p->not_empty);
		wake_pollers();
	}
	return (long)done;
}

static unsigned pipe_ready(struct file *file)
{
	const struct pipe *p = pipe_of(file);
	unsigned ready = 0;

	if (file_readable(file))
		ready |= (filled(p) ? POLLIN : 0u) | (p->writers ? 0u : POLLHUP);
	if (file_writable(file))
		ready |= (RING - filled(p) >= ATOMIC ? POLLOUT : 0u) | (p->readers ? 0u : POLLERR);
	return ready;
}

static void pipe_close(struct file *file)
{
	struct pipe *p = pipe_of(file);

	if (file_writable(file))
		p->writers--;
	if (file_readable(file))
		p->readers--;
	wake_all(&p->not_empty);
	wake_all(&p->not_full);
	wake_pollers();
	if (!p->readers && !p->writers) {
		heap_free(p->ring);
		heap_free(p);
	}
}

static const struct device pipe_device = {.read = pipe_read, .write = pipe_write, .ready = pipe_ready, .close = pipe_close};

long pipe_new(struct file *end[2], u32 flags)
{
	struct pipe *p = heap_alloc(sizeof(*p));
	struct inode *inode = inode_new(S_IFIFO | 0600);

	end[0] = end[1] = NULL;
	if (p)
		p->ring = heap_alloc(RING);
	if (!inode || !p || !p->ring)
		goto bad;
	inode->state = p;
	end[0] = file_new(inode, flags);
	end[1] = file_new(inode, flags | O_WRONLY);
	if (!end[0] || !end[1])
		goto bad;
	inode->device = &pipe_device;
	p->readers = p->writers = 1;
	inode_put(inode);
	return 0;
bad:
	if (end[0])
		file_put(end[0]);
	if (end[1])
		file_put(end[1]);
	inode_put(inode);
	if (p)
		heap_free(p->ring);
	heap_free(p);
	return -ENOMEM;
}
