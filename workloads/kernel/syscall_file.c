/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls on open files. */
#include "errno.h"
#include "file_owner.h"
#include "pipe.h"
#include "process.h"
#include "record.h"
#include "syscall.h"
#include "user.h"

enum { IOV_MAX = 1024, SEEK_SET = 0, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE };
enum { F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC = 1030, F_SETPIPE_SZ, F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS };
enum { FIONREAD = 0x541b, FIONBIO = 0x5421, FIONCLEX = 0x5450, FIOCLEX };

#define HERE (~0ull)

struct iovec {
	u64 base, size;
};

static struct file *find(u64 fd)
{
	return files_find(process_current->files, fd);
}

/* The file stays while the call runs, even if another thread closes it. */
static long transfer(u64 fd, u64 address, u64 n, long (*move)(struct file *, u64, u64))
{
	struct file *file = find(fd);
	long rc;

	if (!file)
		return -EBADF;
	if (n > 0x7ffff000)
		n = 0x7ffff000;
	if (!user_range(address, n))
		return -EFAULT;
	file_get(file);
	rc = move(file, address, n);
	file_put(file);
	return rc;
}

long sys_read(u64 fd, u64 to, u64 n)
{
	return transfer(fd, to, n, file_read);
}

long sys_write(u64 fd, u64 from, u64 n)
{
	return transfer(fd, from, n, file_write);
}

static long at_offset(u64 fd, u64 address, u64 n, u64 offset, bool write)
{
	struct file *file = find(fd);

	if ((long)offset < 0)
		return -EINVAL;
	if (!file)
		return -EBADF;
	if (file->inode->device)
		return (file->inode->mode & S_IFMT) == S_IFCHR ? transfer(fd, address, n, write ? file_write : file_read) : -ESPIPE;
	if (!(write ? file_writable(file) : file_readable(file)))
		return -EBADF;
	if ((file->inode->mode & S_IFMT) == S_IFDIR)
		return -EISDIR;
	if (!user_range(address, n))
		return -EFAULT;
	if (write && (file->flags & O_APPEND))
		offset = file->inode->size;
	return write ? inode_write(file->inode, offset, address, n) : inode_read(file->inode, offset, address, n);
}

long sys_pread64(u64 fd, u64 to, u64 n, u64 offset)
{
	return at_offset(fd, to, n, offset, false);
}

long sys_pwrite64(u64 fd, u64 from, u64 n, u64 offset)
{
	return at_offset(fd, from, n, offset, true);
}

/* offset HERE: at the file's position */
static long vector(u64 fd, u64 list, u64 count, bool write, u64 offset)
{
	struct iovec v;
	u64 total = 0;
	long done = 0;

	if (!find(fd) || !(write ? file_writable(find(fd)) : file_readable(find(fd))))
		return -EBADF;
	if (count > IOV_MAX)
		return -EINVAL;
	for (u64 i = 0; i < count; i++) {
		if (!user_read(&v, list + i * sizeof(v), sizeof(v)))
			return -EFAULT;
		total += v.size;
		if ((long)v.size < 0 || (long)total < 0)
			return -EINVAL;
	}
	for (u64 i = 0; i < count; i++) {
		if (!user_read(&v, list + i * sizeof(v), sizeof(v)))
			return done ? done : -EFAULT;
		if (!v.size)
			continue;
		long rc = offset == HERE ? transfer(fd, v.base, v.size, write ? file_write : file_read)
					 : at_offset(fd, v.base, v.size, offset + (u64)done, write);
		if (rc < 0)
			return done ? done : rc;
		done += rc;
		if ((u64)rc < v.size)
			break;
	}
	return done;
}

long sys_readv(u64 fd, u64 list, u64 count)
{
	return vector(fd, list, count, false, HERE);
}

long sys_writev(u64 fd, u64 list, u64 count)
{
	return vector(fd, list, count, true, HERE);
}

static long vector_at(u64 fd, u64 list, u64 count, u64 offset, bool write)
{
	struct file *file = find(fd);

	if ((long)offset < 0)
		return -EINVAL;
	if (file && file->inode->device && (file->inode->mode & S_IFMT) != S_IFCHR)
		return -ESPIPE;
	return vector(fd, list, count, write, offset);
}

long sys_preadv(u64 fd, u64 list, u64 count, u64 offset)
{
	return vector_at(fd, list, count, offset, false);
}

long sys_pwritev(u64 fd, u64 list, u64 count, u64 offset)
{
	return vector_at(fd, list, count, offset, true);
}

/* Of the flags, those that only ask for haste are accepted: everything is in memory. */
static long vector_flags(u64 fd, u64 list, u64 count, u64 offset, u64 flags, bool write)
{
	enum { HIPRI = 1, DSYNC = 2, SYNC = 4, NOWAIT = 8 };

	if (flags & ~(u64)(HIPRI | DSYNC | SYNC | NOWAIT))
		return -ENOTSUP;
	return offset == ~0ull ? vector(fd, list, count, write, HERE) : vector_at(fd, list, count, offset, write);
}

long sys_preadv2(u64 fd, u64 list, u64 count, u64 offset, u64 high, u64 flags)
{
	(void)high;
	return vector_flags(fd, list, count, offset, flags, false);
}

long sys_pwritev2(u64 fd, u64 list, u64 count, u64 offset, u64 high, u64 flags)
{
	(void)high;
	return vector_flags(fd, list, count, offset, flags, true);
}

long sys_lseek(u64 fd, u64 offset, u64 whence)
{
	struct file *file = find(fd);
	u64 at;

	if (!file)
		return -EBADF;
	if (file->inode->device)
		return (file->inode->mode & S_IFMT) == S_IFCHR ? 0 : -ESPIPE;
	switch (whence) {
	case SEEK_SET:
		at = offset;
		break;
	case SEEK_CUR:
		at = file->position + offset;
		break;
	case SEEK_END:
		at = file->inode->size + offset;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		if (offset >= file->inode->size)
			return -ENXIO;
		at = inode_next(file->inode, offset, whence == SEEK_HOLE);
		if (whence == SEEK_DATA && at == file->inode->size)
			return -ENXIO;
		break;
	default:
		return -EINVAL;
	}
	if ((long)at < 0)
		return -EINVAL;
	file->position = at;
	return (long)at;
}

long sys_close(u64 fd)
{
	return files_close(process_current->files, fd);
}

static long duplicate(u64 fd, u64 low, bool close_on_exec)
{
	struct file *file = find(fd);

	if (!file)
		return -EBADF;
	if (low >= process_current->files->limit)
		return -EINVAL;
	file_get(file);
	return files_add(process_current->files, file, low, close_on_exec);
}

long sys_dup(u64 fd)
{
	return duplicate(fd, 0, false);
}

static long onto(u64 from, u64 to, bool close_on_exec)
{
	struct file *file = find(from);
	long rc;

	if (!file)
		return -EBADF;
	file_get(file);
	rc = files_set(process_current->files, file, (u32)to, close_on_exec);
	return rc ? rc : (long)(u32)to;
}

long sys_dup2(u64 from, u64 to)
{
	if (from == to)
		return find(from) ? (long)to : -EBADF;
	return onto(from, to, false);
}

long sys_dup3(u64 from, u64 to, u64 flags)
{
	return from == to || (flags & ~(u64)O_CLOEXEC) ? -EINVAL : onto(from, to, flags & O_CLOEXEC);
}

static long add_seals(struct file *file, u32 seals)
{
	struct inode *inode = file->inode;

	if (!file_writable(file))
		return -EPERM;
	if (!(inode->seals & SEALED) || (seals & ~63u))
		return -EINVAL;
	if (inode->seals & SEAL_SEAL)
		return -EPERM;
	inode->seals |= seals;
	return 0;
}

/* If another thread closes the descriptor meanwhile, nothing stays locked. */
static long lock(u64 fd, struct file *file, u64 command, u64 argument)
{
	long rc;

	file_get(file);
	rc = record_control(file, command, argument);
	if (rc == 0 && find(fd) != file) {
		record_drop(file->inode, process_current->files);
		rc = -EBADF;
	}
	file_put(file);
	return rc;
}

long sys_fcntl(u64 fd, u64 command, u64 argument)
{
	enum { CHANGE = O_APPEND | O_NONBLOCK };
	struct files *files = process_current->files;
	struct file *file = find(fd);

	if (!file || ((file->flags & O_PATH) && command > F_GETFL && command != F_DUPFD_CLOEXEC))
		return -EBADF;
	switch (command) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return duplicate(fd, argument, command == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return files->slot[(u32)fd].close_on_exec;
	case F_SETFD:
		files->slot[(u32)fd].close_on_exec = argument & 1;
		return 0;
	case F_GETFL:
		return file->flags | 0100000; /* O_LARGEFILE */
	case F_SETFL:
		file->flags = (file->flags & ~(u32)CHANGE) | ((u32)argument & CHANGE);
		return 0;
	case F_SETPIPE_SZ:
		return pipe_resize(file, (u32)argument);
	case F_GETPIPE_SZ:
		return pipe_size(file);
	case F_ADD_SEALS:
		return add_seals(file, (u32)argument);
	case F_GET_SEALS:
		return file->inode->seals & SEALED ? (long)(file->inode->seals & ~SEALED) : -EINVAL;
	case F_SETOWN:
	case F_GETOWN:
	case F_SETSIG:
	case F_GETSIG:
	case F_SETOWN_EX:
	case F_GETOWN_EX:
		return file_owner_control(file, command, argument);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return lock(fd, file, command, argument);
	}
	return -EINVAL;
}

long sys_ioctl(u64 fd, u64 request, u64 argument)
{
	struct file *file = find(fd);
	int on;

	if (!file)
		return -EBADF;
	request = (u32)request;
	if (request == FIOCLEX || request == FIONCLEX)
		return sys_fcntl(fd, F_SETFD, request == FIOCLEX);
	if (request == FIONBIO) {
		if (!user_read(&on, argument, sizeof(on)))
			return -EFAULT;
		file->flags = (file->flags & ~(u32)O_NONBLOCK) | (on ? O_NONBLOCK : 0);
		return 0;
	}
	if (request == FIONREAD && !file->inode->device && (file->inode->mode & S_IFMT) == S_IFREG) {
		on = (int)(file->inode->size - file->position);
		return user_write(argument, &on, sizeof(on)) ? 0 : -EFAULT;
	}
	return file->inode->device && file->inode->device->control ? file->inode->device->control(file, request, argument) : -ENOTTY;
}

long sys_pipe2(u64 to, u64 flags)
{
	struct files *files = process_current->files;
	struct file *end[2];
	long rc;
	int fd[2];

	if (flags & ~(u64)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	rc = pipe_new(end, (u32)flags & O_NONBLOCK);
	if (rc)
		return rc;
	fd[0] = (int)files_add(files, end[0], 0, flags & O_CLOEXEC);
	fd[1] = (int)files_add(files, end[1], 0, flags & O_CLOEXEC);
	rc = fd[0] < 0 || fd[1] < 0 ? -EMFILE : user_write(to, fd, sizeof(fd)) ? 0 : -EFAULT;
	if (rc && fd[0] >= 0)
		files_close(files, (u64)fd[0]);
	if (rc && fd[1] >= 0)
		files_close(files, (u64)fd[1]);
	return rc;
}

long sys_pipe(u64 to)
{
	return sys_pipe2(to, 0);
}

long sys_ftruncate(u64 fd, u64 size)
{
	struct file *file = find(fd);

	if (!file)
		return -EBADF;
	if (!file_writable(file) || (file->inode->mode & S_IFMT) != S_IFREG)
		return -EINVAL;
	return inode_truncate(file->inode, size);
}

static long nothing_to_do(u64 fd)
{
	return find(fd) ? 0 : -EBADF;
}

long sys_fsync(u64 fd)
{
	const struct file *file = find(fd);
	u32 kind = file ? file->inode->mode & S_IFMT : 0;

	return kind == S_IFIFO || kind == S_IFSOCK ? -EINVAL : nothing_to_do(fd);
}

long sys_fdatasync(u64 fd)
{
	return sys_fsync(fd);
}

long sys_fadvise64(u64 fd, u64 offset, u64 n, u64 advice)
{
	(void)offset;
	(void)n;
	(void)advice;
	return nothing_to_do(fd);
}

long sys_sync(void)
{
	return 0;
}

long sys_sync_file_range(u64 fd, u64 offset, u64 n, u64 flags)
{
	(void)offset;
	(void)n;
	(void)flags;
	return nothing_to_do(fd);
}

long sys_syncfs(u64 fd)
{
	return nothing_to_do(fd);
}

long sys_readahead(u64 fd, u64 offset, u64 n)
{
	(void)offset;
	(void)n;
	return nothing_to_do(fd);
}

long sys_close_range(u64 first, u64 last, u64 flags)
{
	enum { UNSHARE = 2, CLOEXEC = 4 };
	struct files *files = process_current->files;

	if ((flags & ~(u64)(UNSHARE | CLOEXEC)) || (u32)first > (u32)last)
		return -EINVAL;
	for (u64 fd = (u32)first; fd <= (u32)last && fd < files->end; fd++)
		if (flags & CLOEXEC)
			files->slot[fd].close_on_exec = true;
		else
			files_close(files, fd);
	return 0;
}
