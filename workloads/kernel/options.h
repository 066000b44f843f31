/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's command line: NAME=VALUE words, then init=PROGRAM and the program's arguments. README.md lists them. */
#ifndef KERNEL_OPTIONS_H
#define KERNEL_OPTIONS_H

#include "x86.h"

enum { OPTIONS_SIZE = 65536 };

/* Keeps a copy of the line; everything below is about that copy. */
void options_init(const char *line);
/* true if NAME=VALUE is there */
bool options_is(const char *name, const char *value);
/* the decimal number after NAME=, else otherwise */
u64 options_number(const char *name, u64 otherwise);
/* Walks the words NAME=...: *at is NULL at first; copies what follows "=", decoded. false: no more. */
bool options_next(const char *name, const char **at, char *to, size_t size);
/* Walks the words after "init=", the first included; *at is NULL at first. */
bool options_argument(const char **at, char *to, size_t size);

#endif
