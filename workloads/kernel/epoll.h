/* SPDX-License-Identifier: GPL-2.0-or-later */
/* epoll: sets of files that are waited for together. */
#ifndef KERNEL_EPOLL_H
#define KERNEL_EPOLL_H

struct file;

/* The file is closed: no set holds it any more. */
void epoll_forget(const struct file *file);

#endif
