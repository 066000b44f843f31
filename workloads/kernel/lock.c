/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flock, which knows nothing of fcntl's locks (record.c): an inode counts the shared locks on it, or has one exclusive one. */
#include "lock.h"
#include "errno.h"
#include "process.h"

#define ALONE (~0u) /* inode->locks: an exclusive one */

static struct wait_queue waiters;

void lock_drop(struct file *file)
{
	if (file->locked == LOCK_NONE)
		return;
	file->inode->locks = file->locked == LOCK_EXCLUSIVE ? 0 : file->inode->locks - 1;
	file->locked = LOCK_NONE;
	wake_all(&waiters);
}

static bool take(struct file *file, u32 kind)
{
	struct inode *inode = file->inode;

	if (kind == LOCK_EXCLUSIVE ? inode->locks : inode->locks == ALONE)
		return false;
	inode->locks = kind == LOCK_EXCLUSIVE ? ALONE : inode->locks + 1;
	file->locked = kind;
	return true;
}

/* A lock that is held already is given up first, as Linux does: changing it is not one step. */
long lock_set(struct file *file, u32 kind, bool wait)
{
	if (kind == file->locked)
		return 0;
	lock_drop(file);
	while (kind != LOCK_NONE && !take(file, kind)) {
		if (!wait)
			return -EAGAIN;
		if (wait_on(&waiters, 0))
			return -ERESTART;
	}
	return 0;
}
