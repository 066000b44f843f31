/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files the guest kernel can run, and for the others what to do about it.
 */
#ifndef EMU_PROGRAM_CHECK_H
#define EMU_PROGRAM_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * true: a static ELF program for the x86-64 that is modelled, or a script, whose interpreter's path is then in interpreter (else it is
 * empty). false, with one line in error: what it is, and which option of the compiler helps.
 */
bool program_check(const char *path, char *interpreter, size_t interpreter_size, char *error, size_t error_size);

#endif
