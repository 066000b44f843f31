/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that subcommands write; messages go to standard error. */
#ifndef EMU_OUTPUT_H
#define EMU_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

/* "vtxray: what: why" on standard error. Returns false. */
bool output_fail(const char *what, const char *why);

/* path NULL or "-": standard output. Returns NULL, with a message, if it cannot be written. */
FILE *output_open(const char *path);

/* Ends what output_open began. Returns false, with a message (but for a closed pipe), if not all could be written. */
bool output_close(FILE *file, const char *path);

#endif
