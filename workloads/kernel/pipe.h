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
extern const struct device pipe_device; /* of a FIFO's inode too */

#endif
