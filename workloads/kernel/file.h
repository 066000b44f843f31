/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open files and a process's table of them. */
#ifndef KERNEL_FILE_H
#define KERNEL_FILE_H

#include "inode.h"

enum { FILES = 4096 }; /* at most in one process, whatever its limit */
enum {
	O_ACCMODE = 3,
	O_WRONLY = 1,
	O_RDWR = 2,
	O_CREAT = 0100,
	O_EXCL = 0200,
	O_NOCTTY = 0400,
	O_TRUNC = 01000,
	O_APPEND = 02000,
	O_NONBLOCK = 04000,
	O_DIRECTORY = 0200000,
	O_TMPFILE = 020200000,
	O_NOFOLLOW = 0400000,
	O_CLOEXEC = 02000000,
	O_PATH = 010000000,
};
enum { POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32, POLLRDHUP = 0x2000 };

enum { LOCK_NONE, LOCK_SHARED, LOCK_EXCLUSIVE };

struct file {
	u32 refs, flags;
	u32 locked; /* by flock */
	struct inode *inode;
	u64 position;
	void *state; /* a pipe's end */
	int owner;   /* F_SETOWN's: 0: none */
	u8 owner_type, owner_signal;
};

struct files {
	u32 refs;
	u32 room, end; /* of the table; all numbers in use are below end */
	u64 limit;     /* RLIMIT_NOFILE */
	struct slot {
		struct file *file;
		bool close_on_exec;
	} * slot;
};

/* What open does beyond file_new: rights to read and write a pipe are counted, and so on. 0 or a negative error. */
long file_open(struct file *file);
struct file *file_new(struct inode *inode, u32 flags); /* takes a reference of the inode; NULL: no memory */
void file_free(struct file *file);		       /* the last reference is gone */
static inline void file_get(struct file *file)
{
	file->refs++;
}
static inline void file_put(struct file *file)
{
	if (--file->refs == 0)
		file_free(file);
}
bool file_readable(const struct file *file);
bool file_writable(const struct file *file);
/* At the file's position, which moves. Bytes, or a negative error. */
long file_read(struct file *file, u64 to, u64 n);
long file_write(struct file *file, u64 from, u64 n);
unsigned file_ready(struct file *file);

struct files *files_new(void);
struct files *files_fork(const struct files *files);
void files_put(struct files *files);
/* Puts the file (its reference goes over) at the first free number from low on. The number, or -EMFILE, which drops the reference. */
long files_add(struct files *files, struct file *file, u64 low, bool close_on_exec);
/* NULL: EBADF; no reference is taken */
static inline struct file *files_find(const struct files *files, u64 fd)
{
	fd = (u32)fd;
	return fd < files->end ? files->slot[fd].file : NULL;
}
/* Puts a file (its reference goes over) at this number, whose file is closed. 0, -EBADF or -ENOMEM, which drop the reference. */
long files_set(struct files *files, struct file *file, u64 fd, bool close_on_exec);
long files_close(struct files *files, u64 fd);
void files_exec(struct files *files); /* closes what is to be closed by execve */

#endif
