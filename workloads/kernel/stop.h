/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that are stopped, and go on (SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU; SIGCONT). */
#ifndef KERNEL_STOP_H
#define KERNEL_STOP_H

#include "x86.h"

struct process;

#define STOP_SIGNALS (SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))

/* Stops the process, whose parent is told. Its threads wait when they next leave the kernel; those that sleep sleep on. */
void stop_process(struct process *process, int signal);
void stop_continue(struct process *process);
/* Nobody would continue this group. */
bool stop_orphaned(int group);
/* Returns when the current thread's process is not stopped, or ends. */
void stop_wait(void);

#endif
