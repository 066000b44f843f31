/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one argument of the subcommands that read a trace. */
#ifndef EMU_TRACE_ARGUMENT_H
#define EMU_TRACE_ARGUMENT_H

#include <argp.h>

/* What a parser does with keys that are none of its options': takes the trace's path, and insists on one. Results as a parser's. */
error_t trace_argument(const char **path, int key, char *text, struct argp_state *state);

#endif
