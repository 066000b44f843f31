/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A new program in a process. */
#ifndef KERNEL_EXEC_H
#define KERNEL_EXEC_H

#include "trap.h"

enum { EXEC_TEXT = 0x80000, EXEC_STRINGS = 0x8000, EXEC_STRING = 0x20000 }; /* the last: one string's length */

/* Arguments and environment, collected before the old program goes. */
struct exec_strings {
	u32 count, arguments; /* strings in all; the first ones are arguments, the others the environment */
	u32 used;
	u32 at[EXEC_STRINGS];
	char text[EXEC_TEXT];
};

extern struct exec_strings exec_strings; /* one call at a time collects */

bool exec_add(struct exec_strings *strings, const char *text);
long exec_add_user(struct exec_strings *strings, u64 from); /* 0, -E2BIG or -EFAULT */
/* Replaces the current process's program; regs becomes the new one's start. 0, or a negative error and nothing changed. */
long exec_program(const char *path, struct exec_strings *strings, struct trap *regs);

#endif
