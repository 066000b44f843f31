/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System V semaphores, where a process ends. */
#ifndef KERNEL_SYSV_SEM_H
#define KERNEL_SYSV_SEM_H

struct process;

/* Undoes what the current process has done with SEM_UNDO. */
void sem_exit(struct process *process);

#endif
