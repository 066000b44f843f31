/* SPDX-License-Identifier: GPL-2.0-or-later */
/* COM1 as the program's standard files: a terminal, or plain streams. */
#ifndef KERNEL_TTY_H
#define KERNEL_TTY_H

#include "inode.h"

/* terminal: with line editing, echo and the ioctls of a terminal; else bytes pass unchanged, and it says that it is none. */
void tty_init(bool terminal);
/* The inode of /dev/console; with a reference. */
struct inode *tty_inode(void);
/* Takes what has arrived; true if somebody may want it. */
bool tty_input(void);

#endif
