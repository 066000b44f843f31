/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pipes and FIFOs: a ring of 64 KiB, unless F_SETPIPE_SZ has said otherwise; writes of up to 4096 bytes are not divided. All ends share the
 * inode; the last to go frees the ring.
 */
#include "pipe.h"
#include "errno.h"
#include "heap.h"
#include "process.h"
#include "string.h"
#include "user.h"

enum { RING = 65536, RING_MAX = 1 << 20, ATOMIC = 4096, FIONREAD = 0x541b };

struct pipe {
	u8 *ring;
	u64 size;	   /* a power of 2 */
	u64 read, written; /* counts; their difference is what is in it */
	unsigned readers, writers;
	unsigned read_opens, write_opens; /* so far: who opens one end of a FIFO waits for the other */
	struct wait_queue not_empty, not_full, opened;
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
		u64 at = p->read & (p->size - 1), c = least(n - done, filled(p), p->size - at);
		if (!user_write(to + done, p->ring + at, c))
			return done ? (long)done : -EFAULT;
		p->read += c;
		done += c;
	}
	wake_all(&p->not_full);
	file->inode->left++;
	wake_pollers();
	return (long)done;
}

long pipe_filled(struct file *file, bool wait)
{
	struct pipe *p = pipe_of(file);

	while (!filled(p) && p->writers) {
		if (!wait)
			return -EAGAIN;
		if (wait_on(&p->not_empty, 0))
			return -ERESTART;
	}
	return (long)filled(p);
}

bool pipe_peek(const struct file *file, u64 skip, u64 to, u64 n)
{
	const struct pipe *p = pipe_of(file);

	for (u64 done = 0, c; done < n; done += c) {
		u64 at = (p->read + skip + done) & (p->size - 1);
		c = least(n - done, n - done, p->size - at);
		if (!user_write(to + done, p->ring + at, c))
			return false;
	}
	return true;
}

void pipe_take(struct file *file, u64 n)
{
	struct pipe *p = pipe_of(file);

	p->read += n;
	wake_all(&p->not_full);
	file->inode->left++;
	wake_pollers();
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
		u64 at = p->written & (p->size - 1), room = p->size - filled(p), c = least(n - done, room, p->size - at);
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
		file->inode->came++;
		wake_pollers();
	}
	return (long)done;
}

long pipe_room(struct file *file, bool wait)
{
	struct pipe *p = pipe_of(file);

	for (;;) {
		if (!p->readers)
			return broken();
		if (filled(p) < p->size)
			return (long)(p->size - filled(p));
		if (!wait)
			return -EAGAIN;
		if (wait_on(&p->not_full, 0))
			return -ERESTART;
	}
}

static unsigned pipe_ready(struct file *file)
{
	const struct pipe *p = pipe_of(file);
	unsigned ready = 0;

	if (file_readable(file))
		ready |= (filled(p) ? POLLIN : 0u) | (p->writers ? 0u : POLLHUP);
	if (file_writable(file))
		ready |= (p->size - filled(p) >= ATOMIC ? POLLOUT : 0u) | (p->readers ? 0u : POLLERR);
	return ready;
}

static struct pipe *make(void)
{
	struct pipe *p = heap_alloc(sizeof(*p));

	if (p && !(p->ring = heap_alloc(RING))) {
		heap_free(p);
		return NULL;
	}
	if (p)
		p->size = RING;
	return p;
}

static void leave(struct file *file)
{
	struct pipe *p = pipe_of(file);

	p->writers -= file_writable(file);
	p->readers -= file_readable(file);
	wake_all(&p->not_empty);
	wake_all(&p->not_full);
	file->inode->came++;
	file->inode->left++;
	wake_pollers();
	if (p->readers || p->writers)
		return;
	file->inode->state = NULL;
	heap_free(p->ring);
	heap_free(p);
}

static void enter(struct file *file)
{
	struct pipe *p = pipe_of(file);

	p->writers += file_writable(file);
	p->write_opens += file_writable(file);
	p->readers += file_readable(file);
	p->read_opens += file_readable(file);
	wake_all(&p->opened);
}

/* One end of a FIFO waits for the other; a pipe that is opened once more (/dev/fd) does not. */
static long pipe_open(struct file *file)
{
	bool fifo = file->inode->links, alone = !file_writable(file) || !file_readable(file);
	struct pipe *p = pipe_of(file);

	if (fifo && (file->flags & O_NONBLOCK) && !file_readable(file) && (!p || !p->readers))
		return -ENXIO;
	if (!p && !(p = file->inode->state = make()))
		return -ENOMEM;
	enter(file);
	if (!fifo || !alone || (file->flags & O_NONBLOCK))
		return 0;
	unsigned *other = file_readable(file) ? &p->writers : &p->readers;
	unsigned *opens = file_readable(file) ? &p->write_opens : &p->read_opens, before = *opens;
	while (!*other && *opens == before)
		if (wait_on(&p->opened, 0)) {
			leave(file);
			return -ERESTART;
		}
	return 0;
}

static void pipe_close(struct file *file)
{
	if (pipe_of(file))
		leave(file);
}

static long pipe_control(struct file *file, u64 request, u64 argument)
{
	int n = (int)filled(pipe_of(file));

	if (request != FIONREAD)
		return -ENOTTY;
	return user_write(argument, &n, sizeof(n)) ? 0 : -EFAULT;
}

const struct device pipe_device = {
    .read = pipe_read, .write = pipe_write, .ready = pipe_ready, .control = pipe_control, .open = pipe_open, .close = pipe_close};

long pipe_size(const struct file *file)
{
	return file->inode->device == &pipe_device ? (long)pipe_of(file)->size : -EBADF;
}

long pipe_resize(struct file *file, u64 size)
{
	struct pipe *p = pipe_of(file);
	u64 new = PAGE, n;
	u8 *ring;

	if (file->inode->device != &pipe_device)
		return -EBADF;
	while (new < size &&new <= RING_MAX)
		new *= 2;
	if (new > RING_MAX)
		return -EPERM;
	if (filled(p) > new)
		return -EBUSY;
	ring = heap_alloc(new);
	if (!ring)
		return -ENOMEM;
	for (n = 0; n < filled(p); n++)
		ring[n] = p->ring[(p->read + n) & (p->size - 1)];
	heap_free(p->ring);
	p->ring = ring;
	p->size = new;
	p->read = 0;
	p->written = n;
	wake_all(&p->not_full);
	wake_pollers();
	return (long)new;
}

long pipe_new(struct file *end[2], u32 flags)
{
	struct inode *inode = inode_new(S_IFIFO | 0600);

	end[0] = end[1] = NULL;
	if (!inode || !(inode->state = make()))
		goto bad;
	end[0] = file_new(inode, flags);
	end[1] = file_new(inode, flags | O_WRONLY);
	if (!end[0] || !end[1])
		goto bad;
	inode->device = &pipe_device;
	enter(end[0]);
	enter(end[1]);
	inode_put(inode);
	return 0;
bad:
	if (inode && inode->state) {
		heap_free(((struct pipe *)inode->state)->ring);
		heap_free(inode->state);
	}
	if (end[0])
		file_put(end[0]);
	if (end[1])
		file_put(end[1]);
	inode_put(inode);
	return -ENOMEM;
}
