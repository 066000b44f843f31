/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POSIX message queues, where a process closes a file. */
#ifndef KERNEL_MQUEUE_H
#define KERNEL_MQUEUE_H

struct files;
struct inode;

extern unsigned mqueue_notices; /* so many processes want to be told of a message: with 0 nobody needs to call what follows */

/* A process closes one of its files: if it is a queue, it is no longer told. */
void mqueue_forget(const struct inode *inode, const struct files *files);

#endif
