/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pipes: 64 KiB between a writer and a reader. */
#ifndef KERNEL_PIPE_H
#define KERNEL_PIPE_H

#include "file.h"

/* A pipe's two ends: end[0] reads, end[1] writes. 0 or -ENOMEM. */
long pipe_new(struct file *end[2], u32 flags);

#endif
