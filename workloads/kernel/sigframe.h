/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a signal handler finds on its stack. */
#ifndef KERNEL_SIGFRAME_H
#define KERNEL_SIGFRAME_H

#include "signal.h"
#include "trap.h"

/* Saves the interrupted state on the user's stack and enters the handler; false if the stack is not there. */
bool sigframe_push(struct trap *regs, const struct sigaction *action, const struct siginfo *info);

/* Writes a whole siginfo to user memory. */
bool sigframe_info(u64 to, const struct siginfo *info);

#endif
