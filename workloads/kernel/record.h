/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Record locks (fcntl): ranges of a file, held by a table of open files (a process's, F_SETLK) or by one open file (F_OFD_SETLK). */
#ifndef KERNEL_RECORD_H
#define KERNEL_RECORD_H

#include "file.h"

enum { F_GETLK = 5, F_SETLK, F_SETLKW, F_OFD_GETLK = 36, F_OFD_SETLK, F_OFD_SETLKW };

/* What fcntl does with the struct flock at user: 0 or a negative error; -ERESTART while waiting. The caller holds the file. */
long record_control(struct file *file, u64 command, u64 user);

void record_release(struct inode *inode, const void *owner);
/* Gives up what this table, or this open file, holds on the file. */
static inline void record_drop(struct inode *inode, const void *owner)
{
	if (inode->records)
		record_release(inode, owner);
}

#endif
