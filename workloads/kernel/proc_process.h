/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc's directories of processes and threads: made when somebody looks, gone with who they are of. */
#ifndef KERNEL_PROC_PROCESS_H
#define KERNEL_PROC_PROCESS_H

#include "inode.h"

extern const struct names proc_names; /* /proc's own: numbers of processes, beside what is in it */
extern struct inode *proc_root;	      /* /proc; who sets it has it always */
/* What /proc/self and /proc/thread-self lead to. */
size_t proc_self(const struct inode *inode, char *text, size_t size);
size_t proc_thread_self(const struct inode *inode, char *text, size_t size);
/* The directory's process or thread is gone; NULL: nobody looked. */
void proc_forget(struct inode *directory);

#endif
