/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way out and in: vtxray's stream port (README.md), a block at a time, with standard error apart; where there is none (QEMU, Bochs),
 * COM1, whose carrier (DCD) says whether more input may come.
 */
#ifndef KERNEL_CONSOLE_H
#define KERNEL_CONSOLE_H

#include "x86.h"

enum console_stream { CONSOLE_OUTPUT = 1, CONSOLE_ERROR };
enum { CONSOLE_END = -1, CONSOLE_BLOCK = 4096 };

void console_init(void);
void console_finish(void); /* returns when all that was written is out */
void console_write(enum console_stream to, const char *text, u64 n);
/*
 * At most n (of them CONSOLE_BLOCK) bytes that are there; 0: none now; CONSOLE_END. wait: nothing else can happen in the guest until there
 * are some, so that the host may wait, if it can; no time passes then.
 */
long console_read(char *to, u64 n, bool wait);
bool console_ready(bool wait); /* a read would give bytes, or the end */

#endif
