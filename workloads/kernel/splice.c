/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From pipes and to pipes (splice, tee, vmsplice). Bytes are copied, by way of a piece of the caller's address space that it does not know
 * of, as what reads and writes files takes user memory. What is not written stays in the pipe.
 */
#include "errno.h"
#include "heap.h"
#include "pipe.h"
#include "process.h"
#include "syscall.h"
#include "user.h"

enum { SPLICE_MOVE = 1, SPLICE_NONBLOCK = 2, SPLICE_MORE = 4, SPLICE_GIFT = 8, SPLICE_ALL = 15, WINDOW = 65536 };

/* A file, and where in it: at the caller's offset (pointer not 0), which moves, or the file's own. */
struct place {
	struct file *file;
	u64 pointer, offset;
};

static bool is_pipe(const struct file *file)
{
	return file->inode->device == &pipe_device;
}

static u64 least(u64 a, u64 b)
{
	return a < b ? a : b;
}

static long read_at(struct place *from, u64 to, u64 n)
{
	long rc = from->pointer ? inode_read(from->file->inode, from->offset, to, n) : file_read(from->file, to, n);

	from->offset += rc > 0 ? (u64)rc : 0;
	return rc;
}

static long write_at(struct place *to, u64 from, u64 n)
{
	long rc = to->pointer ? inode_write(to->file->inode, to->offset, from, n) : file_write(to->file, from, n);

	to->offset += rc > 0 ? (u64)rc : 0;
	return rc;
}

/* From a pipe to what is none, until nothing is left in it. */
static long drain(struct file *pipe, struct place *to, u64 n, bool wait, u64 window)
{
	u64 done = 0;
	long rc = 0;

	while (done < n) {
		u64 c;
		rc = pipe_filled(pipe, wait && !done);
		if (rc <= 0)
			break;
		c = least(least((u64)rc, n - done), WINDOW);
		rc = pipe_peek(pipe, 0, window, c) ? write_at(to, window, c) : -EFAULT;
		if (rc <= 0)
			break;
		pipe_take(pipe, (u64)rc);
		done += (u64)rc;
	}
	return done ? (long)done : rc;
}

/* Into a pipe, as much as it has room for. */
static long feed(struct place *from, struct file *pipe, u64 n, bool wait, u64 window)
{
	long rc = pipe_room(pipe, wait);

	if (rc > 0)
		rc = read_at(from, window, least(least((u64)rc, n), WINDOW));
	return rc > 0 ? file_write(pipe, window, (u64)rc) : rc;
}

/* From pipe to pipe, once there is something in one and room in the other. keep: it stays where it was, too. */
static long pour(struct file *from, struct file *to, u64 n, bool wait, bool keep, u64 window)
{
	long there = pipe_filled(from, wait), room = there > 0 ? pipe_room(to, wait) : there;
	u64 done = 0, c;

	if (room <= 0)
		return room;
	there = pipe_filled(from, false);
	n = least(n, least(there > 0 ? (u64)there : 0, (u64)room));
	for (; done < n; done += c) {
		c = least(n - done, WINDOW);
		if (!pipe_peek(from, keep ? done : 0, window, c) || file_write(to, window, c) != (long)c)
			break;
		if (!keep)
			pipe_take(from, c);
	}
	return done || !n ? (long)done : -EFAULT;
}

/* 0, or -ENOMEM; to be closed. */
static long window_open(u64 *window)
{
	struct vm *vm = process_current->vm;

	*window = vm_find(vm, WINDOW, false);
	return *window ? vm_map(vm, *window, WINDOW, PROT_READ | PROT_WRITE, AREA_NOT_FORKED, NULL, 0) : -ENOMEM;
}

static void window_close(u64 window)
{
	vm_unmap(process_current->vm, window, WINDOW);
}

static long move(struct place *from, struct place *to, u64 n, bool wait)
{
	u64 window;
	long rc = window_open(&window);

	if (rc)
		return rc;
	file_get(from->file);
	file_get(to->file);
	if (is_pipe(from->file) && is_pipe(to->file))
		rc = pour(from->file, to->file, n, wait, false, window);
	else if (is_pipe(from->file))
		rc = drain(from->file, to, n, wait, window);
	else
		rc = feed(from, to->file, n, wait, window);
	file_put(from->file);
	file_put(to->file);
	window_close(window);
	return rc;
}

/* What can be a pipe's other side, with this offset? */
static long check(struct place *p)
{
	const struct inode *inode = p->file->inode;
	bool regular = (inode->mode & S_IFMT) == S_IFREG && !inode->device;

	if (is_pipe(p->file))
		return p->pointer ? -ESPIPE : 0;
	if (p->pointer && !user_read(&p->offset, p->pointer, 8))
		return -EFAULT;
	if (!(inode->mode & S_IFMT) || (inode->mode & S_IFMT) == S_IFDIR || (p->pointer && !regular))
		return -EINVAL;
	return p->pointer && (long)p->offset < 0 ? -EINVAL : 0;
}

static bool waits(const struct file *in, const struct file *out, u64 flags)
{
	return !(flags & SPLICE_NONBLOCK) && !((in->flags | out->flags) & O_NONBLOCK);
}

long sys_splice(u64 in, u64 in_offset, u64 out, u64 out_offset, u64 n, u64 flags)
{
	struct place from = {.file = files_find(process_current->files, in), .pointer = in_offset},
		     to = {.file = files_find(process_current->files, out), .pointer = out_offset};
	long rc;

	if (!n)
		return 0;
	if (flags & ~(u64)SPLICE_ALL)
		return -EINVAL;
	if (!from.file || !to.file)
		return -EBADF;
	if ((is_pipe(from.file) && in_offset) || (is_pipe(to.file) && out_offset))
		return -ESPIPE;
	if (!file_readable(from.file) || !file_writable(to.file))
		return -EBADF;
	if ((!is_pipe(from.file) && !is_pipe(to.file)) || (is_pipe(from.file) && from.file->inode == to.file->inode))
		return -EINVAL;
	rc = check(&from);
	if (rc == 0)
		rc = !is_pipe(to.file) && (to.file->flags & O_APPEND) ? -EINVAL : check(&to);
	if (rc == 0)
		rc = move(&from, &to, n, waits(from.file, to.file, flags));
	if (rc > 0 && ((in_offset && !user_write(in_offset, &from.offset, 8)) || (out_offset && !user_write(out_offset, &to.offset, 8))))
		return -EFAULT;
	return rc;
}

long sys_tee(u64 in, u64 out, u64 n, u64 flags)
{
	struct file *from = files_find(process_current->files, in), *to = files_find(process_current->files, out);
	u64 window;
	long rc;

	if (flags & ~(u64)SPLICE_ALL)
		return -EINVAL;
	if (!n)
		return 0;
	if (!from || !to || !file_readable(from) || !file_writable(to))
		return -EBADF;
	if (!is_pipe(from) || !is_pipe(to) || from->inode == to->inode)
		return -EINVAL;
	rc = window_open(&window);
	if (rc)
		return rc;
	file_get(from);
	file_get(to);
	rc = pour(from, to, n, waits(from, to, flags), true, window);
	file_put(from);
	file_put(to);
	window_close(window);
	return rc;
}

/* Waits for the first byte, or room for it; after that, only what is possible at once. */
long sys_vmsplice(u64 fd, u64 list, u64 count, u64 flags)
{
	struct file *file = files_find(process_current->files, fd);
	u32 before;
	long rc;

	if (flags & ~(u64)SPLICE_ALL)
		return -EINVAL;
	if (!file || !is_pipe(file))
		return -EBADF;
	if (!count)
		return 0;
	file_get(file);
	rc = file_writable(file) ? pipe_room(file, waits(file, file, flags)) : pipe_filled(file, waits(file, file, flags));
	before = file->flags & O_NONBLOCK;
	file->flags |= O_NONBLOCK;
	if (rc > 0)
		rc = file_writable(file) ? sys_writev(fd, list, count) : sys_readv(fd, list, count);
	file->flags = (file->flags & ~(u32)O_NONBLOCK) | before;
	file_put(file);
	return rc;
}
