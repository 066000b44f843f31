/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Futexes: what threads sleep on. */
#ifndef KERNEL_FUTEX_H
#define KERNEL_FUTEX_H

#include "x86.h"

/* Wakes up to n threads that wait at this address; how many. */
long futex_wake(u64 address, u64 n);
/* The current thread ends: the locks of its robust list say so. */
void futex_exit(void);

#endif
