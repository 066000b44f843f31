/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program's standard files: a terminal, or plain streams. */
#ifndef KERNEL_TTY_H
#define KERNEL_TTY_H

#include "console.h"

struct inode;

void tty_init(bool terminal);
bool tty_is_terminal(void);
/* A new inode of it; to: where what is written goes, if it is no terminal. */
struct inode *tty_inode(enum console_stream to);
/* Looks for input if somebody waits for it; true: there is some, and who reads has been woken. */
bool tty_input(void);
/* Nothing else can happen: waits on the host for input, if somebody wants any. false: nobody does, or it cannot be waited for. */
bool tty_idle(void);

#endif
