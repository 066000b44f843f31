/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pipes: 64 KiB between a writer and a reader. */
#ifndef KERNEL_PIPE_H
#define KERNEL_PIPE_H

#include "file.h"

/* A pipe's two ends: end[0] reads, end[1] writes. 0 or -ENOMEM. */
long pipe_new(struct file *end[2], u32 flags);

/* The bytes it holds at most; -EBADF: no pipe. pipe_resize: its new size, a power of 2; -EPERM, -EBUSY, -ENOMEM. */
long pipe_size(const struct file *file);
long pipe_resize(struct file *file, u64 size);
/* For splice and its kin. Bytes that are there (0: the end), or for which there is room, after waiting for the first; or a negative error.
 */
long pipe_filled(struct file *file, bool wait);
long pipe_room(struct file *file, bool wait);
/* Copies n bytes that are there, after the first skip, to user memory; they stay. Then they are taken. */
bool pipe_peek(const struct file *file, u64 skip, u64 to, u64 n);
void pipe_take(struct file *file, u64 n);
extern const struct device pipe_device; /* of a FIFO's inode too */

#endif
