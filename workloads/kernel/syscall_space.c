/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The room that files take (fallocate, statfs), files in memory (memfd_create), copies from file to file, and locks of whole files. */
#include "errno.h"
#include "heap.h"
#include "lock.h"
#include "page.h"
#include "process.h"
#include "string.h"
#include "syscall.h"
#include "syscall_path.h"
#include "user.h"

enum {
	FALLOC_KEEP_SIZE = 1,
	FALLOC_PUNCH_HOLE = 2,
	FALLOC_ZERO_RANGE = 16,
	MFD_CLOEXEC = 1,
	MFD_ALLOW_SEALING = 2,
	MFD_NOEXEC = 8,
	MFD_EXEC = 16
};
enum { LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8 };
#define FILE_LIMIT (1ull << 31)

static unsigned type(const struct file *file)
{
	return file->inode->mode & S_IFMT;
}

static struct file *find(u64 fd)
{
	return files_find(process_current->files, fd);
}

static long reserve(struct inode *inode, u64 offset, u64 n, bool keep_size)
{
	if (!keep_size && offset + n > inode->size && (inode->seals & SEAL_GROW))
		return -EPERM;
	for (u64 page = offset / PAGE; page < page_round(offset + n) / PAGE; page++)
		if (!inode_frame(inode, page, true))
			return -ENOSPC;
	if (!keep_size && offset + n > inode->size)
		inode->size = offset + n;
	inode_changed(inode);
	return 0;
}

long sys_fallocate(u64 fd, u64 mode, u64 offset, u64 n)
{
	struct file *file = find(fd);
	bool punch = mode == (FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE);

	if (!file)
		return -EBADF;
	if ((long)offset < 0 || (long)n <= 0)
		return -EINVAL;
	if ((mode & ~(u64)FALLOC_KEEP_SIZE) && !punch)
		return -ENOTSUP;
	if (!file_writable(file))
		return -EBADF;
	if (type(file) == S_IFIFO)
		return -ESPIPE;
	if (type(file) != S_IFREG)
		return type(file) == S_IFDIR ? -EISDIR : -ENODEV;
	if (offset > FILE_LIMIT || n > FILE_LIMIT - offset)
		return -EFBIG;
	if (!punch)
		return reserve(file->inode, offset, n, mode & FALLOC_KEEP_SIZE);
	if (file->inode->seals & (SEAL_WRITE | SEAL_FUTURE_WRITE))
		return -EPERM;
	inode_punch(file->inode, offset, n);
	return 0;
}

struct statfs {
	u64 type, block_size, blocks, blocks_free, blocks_available, files, files_free, id, name_length, fragment_size, flags, spare[4];
};

_Static_assert(sizeof(struct statfs) == 120, "struct statfs of x86-64");

static long write_statfs(u64 to)
{
	const struct statfs s = {.type = 0x01021994, /* tmpfs */
				 .block_size = PAGE,
				 .blocks = page_total,
				 .blocks_free = page_free_count,
				 .blocks_available = page_free_count,
				 .files = page_total,
				 .files_free = page_free_count,
				 .name_length = 255,
				 .fragment_size = PAGE,
				 .flags = 0x20 /* valid */};

	return user_write(to, &s, sizeof(s)) ? 0 : -EFAULT;
}

long sys_statfs(u64 name, u64 to)
{
	const struct inode *inode;
	long rc = syscall_look(AT_FDCWD, name, true, &inode);

	return rc ? rc : write_statfs(to);
}

long sys_fstatfs(u64 fd, u64 to)
{
	return find(fd) ? write_statfs(to) : -EBADF;
}

long sys_memfd_create(u64 name, u64 flags)
{
	enum { NAME_MAX = 249 };
	char text[NAME_MAX + 1];
	struct inode *inode;
	struct file *file;
	long n;

	if ((flags & ~(u64)(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC | MFD_EXEC)) ||
	    (flags & (MFD_NOEXEC | MFD_EXEC)) == (MFD_NOEXEC | MFD_EXEC))
		return -EINVAL;
	n = user_string(text, name, sizeof(text));
	if (n < 0)
		return n == -ENAMETOOLONG ? -EINVAL : n;
	inode = inode_new(S_IFREG | (flags & MFD_NOEXEC ? 0666 : 0777));
	file = inode ? file_new(inode, O_RDWR) : NULL;
	if (inode)
		inode->seals = SEALED | (flags & MFD_NOEXEC ? SEAL_EXEC : flags & MFD_ALLOW_SEALING ? 0 : SEAL_SEAL);
	inode_put(inode);
	return file ? files_add(process_current->files, file, 0, flags & MFD_CLOEXEC) : -ENOMEM;
}

/* ---- copies ---- */

/* Between two regular files. Bytes, or a negative error. */
static long copy(struct inode *from, u64 at, struct inode *to, u64 offset, u64 n)
{
	u8 *page = heap_alloc(PAGE);
	u64 done = 0;
	long rc = page ? 0 : -ENOMEM;

	n = at >= from->size ? 0 : n < from->size - at ? n : from->size - at;
	for (u64 c; done < n && rc == 0; done += rc ? 0 : c) {
		c = n - done < PAGE ? n - done : PAGE;
		inode_copy(from, at + done, page, c);
		rc = inode_store(to, offset + done, page, c);
	}
	heap_free(page);
	inode_accessed(from);
	if (done)
		inode_modified(to);
	return done ? (long)done : rc;
}

/* An offset that the caller keeps (pointer) or the file's own. */
static bool read_offset(u64 pointer, const struct file *file, u64 *offset)
{
	*offset = file->position;
	return !pointer || user_read(offset, pointer, 8);
}

static bool write_offset(u64 pointer, struct file *file, u64 offset)
{
	if (!pointer)
		file->position = offset;
	return !pointer || user_write(pointer, &offset, 8);
}

long sys_copy_file_range(u64 in, u64 in_offset, u64 out, u64 out_offset, u64 n, u64 flags)
{
	struct file *from = find(in), *to = find(out);
	u64 at, offset;
	long rc;

	if (!from || !to)
		return -EBADF;
	if (!read_offset(in_offset, from, &at) || !read_offset(out_offset, to, &offset))
		return -EFAULT;
	if (flags)
		return -EINVAL;
	if (type(from) == S_IFDIR || type(to) == S_IFDIR)
		return -EISDIR;
	if (type(from) != S_IFREG || type(to) != S_IFREG)
		return -EINVAL;
	if (!file_readable(from) || !file_writable(to) || (to->flags & O_APPEND))
		return -EBADF;
	if ((long)at < 0 || (long)offset < 0 || (from->inode == to->inode && at < offset + n && offset < at + n))
		return -EINVAL;
	if (n > FILE_LIMIT)
		n = FILE_LIMIT;
	if (offset > FILE_LIMIT || (at < from->inode->size && n > FILE_LIMIT - offset && from->inode->size - at > FILE_LIMIT - offset))
		return -EFBIG;
	rc = copy(from->inode, at, to->inode, offset, n);
	if (rc > 0 && (!write_offset(in_offset, from, at + (u64)rc) || !write_offset(out_offset, to, offset + (u64)rc)))
		return -EFAULT;
	return rc;
}

/*
 * From a regular file to anything that can be written. What writes takes user memory, so the pages lie, for that long, in a piece of the
 * caller's address space that nobody else sees.
 */
static long send_page(struct file *to, struct inode *from, u64 at, u64 n)
{
	struct vm *vm = process_current->vm;
	u64 window = vm_find(vm, PAGE, false);
	u8 *page = heap_alloc(PAGE);
	long rc = -ENOMEM;

	if (page && window && vm_map(vm, window, PAGE, PROT_READ | PROT_WRITE, 0, NULL, 0) == 0) {
		inode_copy(from, at, page, n);
		rc = user_write(window, page, n) ? file_write(to, window, n) : -ENOMEM;
		vm_unmap(vm, window, PAGE);
	}
	heap_free(page);
	return rc;
}

long sys_sendfile(u64 out, u64 in, u64 offset, u64 n)
{
	struct file *from = find(in), *to = find(out);
	u64 at, done = 0;
	long rc = 0;

	if (!from || !to || !file_readable(from) || !file_writable(to))
		return -EBADF;
	if (type(from) != S_IFREG || (to->flags & O_APPEND))
		return -EINVAL;
	if (!read_offset(offset, from, &at))
		return -EFAULT;
	if ((long)at < 0 || (long)n < 0)
		return -EINVAL;
	file_get(from);
	file_get(to);
	while (done < n && at + done < from->inode->size) {
		u64 left = from->inode->size - at - done, c = n - done < left ? n - done : left;
		c = c < PAGE ? c : PAGE;
		rc = send_page(to, from->inode, at + done, c);
		if (rc <= 0)
			break;
		done += (u64)rc;
		if ((u64)rc < c)
			break;
	}
	if (done)
		rc = write_offset(offset, from, at + done) ? (long)done : -EFAULT;
	file_put(from);
	file_put(to);
	return rc;
}

/* ---- flock ---- */

long sys_flock(u64 fd, u64 operation)
{
	struct file *file = find(fd);
	u64 kind = operation & ~(u64)LOCK_NB;
	long rc;

	if (kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN)
		return -EINVAL;
	if (!file || (file->flags & O_PATH))
		return -EBADF;
	file_get(file);
	rc = lock_set(file, kind == LOCK_SH ? LOCK_SHARED : kind == LOCK_EX ? LOCK_EXCLUSIVE : LOCK_NONE, !(operation & LOCK_NB));
	file_put(file);
	return rc;
}
