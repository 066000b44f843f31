/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The argument of trace, replay and exits (trace_argument.h). */
#include "emu/trace_argument.h"

#include "emu/command.h"

#include <stdio.h>

error_t trace_argument(const char **path, int key, char *text, struct argp_state *state)
{
	if (key == ARGP_KEY_NO_ARGS)
		argp_error(state, "no trace given");
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (*path)
		argp_error(state, "'%s': one trace at a time", text);
	*path = text;
	return 0;
}

int trace_use(const char *path, const enum import_kind *kind, int (*use)(void *options, struct import *import), void *options)
{
	static struct import import;
	int status = STATUS_USAGE;

	if (import_open(&import, path, kind))
		status = use(options, &import);
	else
		fprintf(stderr, "vtxray: %s\n", import.error);
	import_close(&import);
	return status;
}
