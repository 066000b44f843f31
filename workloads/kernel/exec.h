/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A new program in a process. */
#ifndef KERNEL_EXEC_H
#define KERNEL_EXEC_H

#include "trap.h"

enum { EXEC_TEXT = 0x40000, EXEC_STRINGS = 8192 };

/* Arguments and environment, collected before the old program goes. */
struct exec_strings {
	u32 count, arguments; /* strings in all; the first ones are arguments, the others the environment */
	u32 used;
	u32 at[EXEC_STRINGS];
	char text[EXEC_TEXT];
};

bool exec_add(struct exec_strings *strings, const char *text);
/* Replaces the current process's program; regs becomes the new one's start. 0, or a negative error and nothing changed. */
long exec_program(const char *path, struct exec_strings *strings, struct trap *regs);

#endif
