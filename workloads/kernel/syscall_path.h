/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What calls that take a directory's descriptor and a name share. */
#ifndef KERNEL_SYSCALL_PATH_H
#define KERNEL_SYSCALL_PATH_H

#include "inode.h"

enum { AT_REMOVEDIR = 0x200, AT_SYMLINK_FOLLOW = 0x400, AT_SYMLINK_NOFOLLOW = 0x100, AT_EMPTY_PATH = 0x1000 };
#define AT_FDCWD ((u64)-100)

/* The inode that name means, from fd's directory; it must exist. 0 or a negative error; no reference is taken. */
long syscall_look(u64 fd, u64 name, bool follow, const struct inode **inode);

#endif
