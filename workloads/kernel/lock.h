/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks of whole files (flock): held by an open file, shared or alone. */
#ifndef KERNEL_LOCK_H
#define KERNEL_LOCK_H

#include "x86.h"

struct file;

/* kind: LOCK_NONE.. of file.h. 0; -EAGAIN: it would have to wait and may not; -ERESTART. */
long lock_set(struct file *file, u32 kind, bool wait);
void lock_drop(struct file *file);

#endif
