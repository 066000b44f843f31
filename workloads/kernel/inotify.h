/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens to files, for those who want to be told. */
#ifndef KERNEL_INOTIFY_H
#define KERNEL_INOTIFY_H

#include "file.h"

extern unsigned inotify_watches; /* there are so many: with 0 nobody needs to call what follows */

enum {
	IN_MODIFY = 2,
	IN_ATTRIB = 4,
	IN_CLOSE_WRITE = 8,
	IN_CLOSE_NOWRITE = 16,
	IN_OPEN = 32,
	IN_MOVED_FROM = 64,
	IN_MOVED_TO = 128,
	IN_CREATE = 256,
	IN_DELETE = 512,
	IN_DELETE_SELF = 1024,
	IN_MOVE_SELF = 2048
};

/* To a file by whatever name: who watches a directory that it is in is told, and then who watches the file. */
void inotify_file(struct inode *inode, u32 event);
/* To the file alone. */
void inotify_self(struct inode *inode, u32 event);
/* To a name in a directory, which means, or meant, this inode. cookie: the same for both sides of a move; else 0. */
void inotify_name(struct inode *directory, const char *name, size_t n, const struct inode *inode, u32 event, u32 cookie);
u32 inotify_cookie(void);
/* The file is about to be freed. */
void inotify_gone(struct inode *inode);

#endif
