/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose turn at the terminal it is: its session, and in it the group in the foreground. */
#ifndef KERNEL_TTY_JOBS_H
#define KERNEL_TTY_JOBS_H

#include "x86.h"

/* To all in the foreground. */
void tty_jobs_signal(int signal);
/* May the current process read, or change the terminal (or write, where that is not for everybody)? 0; -ERESTART: it is in the background,
 * and its group has been sent SIGTTIN or SIGTTOU; -EIO: so it is, but nothing would stop it. */
long tty_jobs_read(void);
long tty_jobs_change(void);
/* Requests of ioctl about sessions and groups; -ENOTTY: it is none of them. */
long tty_jobs_control(u64 request, u64 argument);

#endif
