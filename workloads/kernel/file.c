/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open files. */
#include "file.h"
#include "errno.h"
#include "heap.h"

struct file *file_new(struct inode *inode, u32 flags)
{
	struct file *file = heap_alloc(sizeof(*file));

	if (!file)
		return NULL;
	*file = (struct file){.refs = 1, .flags = flags, .inode = inode};
	inode_get(inode);
	return file;
}

void file_get(struct file *file)
{
	file->refs++;
}

void file_put(struct file *file)
{
	if (--file->refs)
		return;
	if (file->inode->device && file->inode->device->close)
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

struct files *files_new(void)
{
	struct files *files = heap_alloc(sizeof(*files));

	if (files)
		files->refs = 1;
	return files;
}

struct files *files_fork(const struct files *files)
{
	struct files *copy = heap_alloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *files;
	copy->refs = 1;
	for (unsigned i = 0; i < FILES; i++)
		if (copy->file[i])
			file_get(copy->file[i]);
	return copy;
}

void files_put(struct files *files)
{
	if (!files || --files->refs)
		return;
	for (unsigned i = 0; i < FILES; i++)
		if (files->file[i])
			file_put(files->file[i]);
	heap_free(files);
}

long files_add(struct files *files, struct file *file, u64 low, bool close_on_exec)
{
	for (u64 i = low; i < FILES; i++)
		if (!files->file[i]) {
			files->file[i] = file;
			files->close_on_exec[i] = close_on_exec;
			return (long)i;
		}
	file_put(file);
	return -EMFILE;
}

struct file *files_find(const struct files *files, u64 fd)
{
	return fd < FILES ? files->file[fd] : NULL;
}

long files_close(struct files *files, u64 fd)
{
	struct file *file = files_find(files, fd);

	if (!file)
		return -EBADF;
	files->file[fd] = NULL;
	file_put(file);
	return 0;
}

void files_exec(struct files *files)
{
	for (unsigned i = 0; i < FILES; i++)
		if (files->file[i] && files->close_on_exec[i])
			files_close(files, i);
}
