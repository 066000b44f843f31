/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open files. */
#include "file.h"
#include "epoll.h"
#include "errno.h"
#include "heap.h"
#include "inotify.h"
#include "lock.h"
#include "mqueue.h"
#include "record.h"
#include "string.h"
#include "time.h"

struct file *file_new(struct inode *inode, u32 flags)
{
	struct file *file = heap_alloc(sizeof(*file));

	if (!file)
		return NULL;
	*file = (struct file){.refs = 1, .flags = flags, .inode = inode};
	inode_get(inode);
	return file;
}

long file_open(struct file *file)
{
	const struct device *device = file->inode->device;

	return device && device->open ? device->open(file) : 0;
}

void file_free(struct file *file)
{
	if (inotify_watches && !(file->flags & O_PATH))
		inotify_file(file->inode, file_writable(file) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
	lock_drop(file);
	record_drop(file->inode, file);
	epoll_forget(file);
	if (file->inode->device && file->inode->device->close && !(file->flags & O_PATH))
		file->inode->device->close(file);
	inode_put(file->inode);
	heap_free(file);
}

bool file_readable(const struct file *file)
{
	return (file->flags & O_ACCMODE) != O_WRONLY && !(file->flags & O_PATH);
}

bool file_writable(const struct file *file)
{
	return (file->flags & O_ACCMODE) != 0 && !(file->flags & O_PATH);
}

long file_read(struct file *file, u64 to, u64 n)
{
	struct inode *inode = file->inode;
	long done;

	if (!file_readable(file))
		return -EBADF;
	if (inode->device)
		return inode->device->read ? inode->device->read(file, to, n) : -EINVAL;
	if ((inode->mode & S_IFMT) == S_IFDIR)
		return -EISDIR;
	done = inode_read(inode, file->position, to, n);
	if (done > 0)
		file->position += (u64)done;
	inode_accessed(inode);
	return done;
}

long file_write(struct file *file, u64 from, u64 n)
{
	struct inode *inode = file->inode;
	long done;

	if (!file_writable(file))
		return -EBADF;
	if (inode->device)
		return inode->device->write ? inode->device->write(file, from, n) : -EINVAL;
	if (file->flags & O_APPEND)
		file->position = inode->size;
	done = inode_write(inode, file->position, from, n);
	if (done > 0)
		file->position += (u64)done;
	return done;
}

unsigned file_ready(struct file *file)
{
	const struct device *device = file->inode->device;

	return device && device->ready ? device->ready(file) : POLLIN | POLLOUT;
}

/* ---- a process's table ---- */

enum { ROOM_FIRST = 16, LIMIT_FIRST = 1024 };

static bool make_room(struct files *files, u64 fd)
{
	u32 room = files->room ? files->room : ROOM_FIRST;
	struct slot *slot;

	if (fd < files->room)
		return true;
	while (room <= fd)
		room *= 2;
	slot = heap_alloc(room * sizeof(*slot));
	if (!slot)
		return false;
	if (files->end)
		memcpy(slot, files->slot, files->end * sizeof(*slot));
	heap_free(files->slot);
	files->slot = slot;
	files->room = room;
	return true;
}

struct files *files_new(void)
{
	struct files *files = heap_alloc(sizeof(*files));

	if (files)
		*files = (struct files){.refs = 1, .limit = LIMIT_FIRST};
	return files;
}

struct files *files_fork(const struct files *files)
{
	struct files *copy = files_new();

	if (!copy)
		return NULL;
	copy->limit = files->limit;
	if (files->end && !make_room(copy, files->end - 1)) {
		files_put(copy);
		return NULL;
	}
	copy->end = files->end;
	for (u32 i = 0; i < files->end; i++) {
		copy->slot[i] = files->slot[i];
		if (copy->slot[i].file)
			file_get(copy->slot[i].file);
	}
	return copy;
}

/* Any close of a file gives up the record locks that the process has on it, and being told of messages. */
static void drop(const struct files *files, struct file *file)
{
	if (mqueue_notices)
		mqueue_forget(file->inode, files);
	record_drop(file->inode, files);
	file_put(file);
}

void files_put(struct files *files)
{
	if (!files || --files->refs)
		return;
	for (u32 i = 0; i < files->end; i++)
		if (files->slot[i].file)
			drop(files, files->slot[i].file);
	heap_free(files->slot);
	heap_free(files);
}

static void fill(struct files *files, struct file *file, u64 fd, bool close_on_exec)
{
	files->slot[fd] = (struct slot){file, close_on_exec};
	if (fd >= files->end)
		files->end = (u32)fd + 1;
}

static u64 limit(const struct files *files)
{
	return files->limit < FILES ? files->limit : FILES;
}

long files_add(struct files *files, struct file *file, u64 low, bool close_on_exec)
{
	u64 fd = low;

	while (fd < files->end && files->slot[fd].file)
		fd++;
	if (fd < limit(files) && make_room(files, fd)) {
		fill(files, file, fd, close_on_exec);
		return (long)fd;
	}
	file_put(file);
	return -EMFILE;
}

long files_set(struct files *files, struct file *file, u64 fd, bool close_on_exec)
{
	struct file *old = files_find(files, fd);

	if (fd >= limit(files) || !make_room(files, fd)) {
		file_put(file);
		return fd >= limit(files) ? -EBADF : -ENOMEM;
	}
	fill(files, file, fd, close_on_exec);
	if (old)
		drop(files, old);
	return 0;
}

long files_close(struct files *files, u64 fd)
{
	struct file *file = files_find(files, fd);

	if (!file)
		return -EBADF;
	files->slot[(u32)fd].file = NULL;
	while (files->end && !files->slot[files->end - 1].file)
		files->end--;
	drop(files, file);
	return 0;
}

void files_exec(struct files *files)
{
	for (u32 i = 0; i < files->end; i++)
		if (files->slot[i].file && files->slot[i].close_on_exec)
			files_close(files, i);
}
