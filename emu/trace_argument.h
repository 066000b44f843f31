/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one argument of the subcommands that read a trace, and the trace. */
#ifndef EMU_TRACE_ARGUMENT_H
#define EMU_TRACE_ARGUMENT_H

#include "emu/import.h"

#include <argp.h>

/* What a parser does with keys that are none of its options': takes the trace's path, and insists on one. Results as a parser's. */
error_t trace_argument(const char **path, int key, char *text, struct argp_state *state);

/* Opens the trace, of this kind (NULL: recognised), and returns what use does with it; STATUS_USAGE, with a message, if it cannot be read.
 */
int trace_use(const char *path, const enum import_kind *kind, int (*use)(void *options, struct import *import), void *options);

#endif
