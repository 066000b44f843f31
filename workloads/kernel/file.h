/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open files and a process's table of them. */
#ifndef KERNEL_FILE_H
#define KERNEL_FILE_H

#include "inode.h"

enum { FILES = 256 };
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
	O_NOFOLLOW = 0400000,
	O_CLOEXEC = 02000000,
	O_PATH = 010000000,
};
enum { POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32 };

struct file {
	u32 refs, flags;
	struct inode *inode;
	u64 position;
	void *state; /* a pipe's end */
};

struct files {
	u32 refs;
	struct file *file[FILES];
	bool close_on_exec[FILES];
};

struct file *file_new(struct inode *inode, u32 flags); /* takes a reference of the inode; NULL: no memory */
void file_get(struct file *file);
void file_put(struct file *file);
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
struct file *files_find(const struct files *files, u64 fd); /* NULL: EBADF; no reference is taken */
long files_close(struct files *files, u64 fd);
void files_exec(struct files *files); /* closes what is to be closed by execve */

#endif
