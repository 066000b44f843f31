/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc: the few files that libc and shells read. */
#ifndef KERNEL_PROC_H
#define KERNEL_PROC_H

#include "x86.h"

bool proc_install(void);

#endif
