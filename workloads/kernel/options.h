/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's command line: NAME=VALUE words, then init=PROGRAM and the program's arguments. README.md lists them. */
#ifndef KERNEL_OPTIONS_H
#define KERNEL_OPTIONS_H

#include "x86.h"

enum { OPTIONS_SIZE = 65536 };

/* Keeps a copy of the line; everything below is about that copy. */
void options_init(const char *line);
/* The first word that means nothing, or has a value that it cannot have; NULL: all is well. */
const char *options_wrong(void);
/* true if NAME=VALUE is there */
bool options_is(const char *name, const char *value);
/* A word of the line, or of a module's string, up to its end or a blank, with its escapes undone. */
void options_decode(const char *word, char *to, size_t size);
/* the decimal number after NAME=, else otherwise */
u64 options_number(const char *name, u64 otherwise);
/* Walks the words NAME=...: *at is NULL at first; copies what follows "=", decoded. false: no more. */
bool options_next(const char *name, const char **at, char *to, size_t size);
/* Walks the words after "init=", the first included; *at is NULL at first. */
bool options_argument(const char **at, char *to, size_t size);

#endif
