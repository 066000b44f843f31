/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trace in the formats of others: one struct trace_format each. */
#ifndef EMU_TRACE_EXPORT_H
#define EMU_TRACE_EXPORT_H

#include "emu/trace.h"

#include <stdio.h>

struct trace_export {
	FILE *out;
	void *state; /* of the format: begin makes it, end frees it */
};

struct trace_format {
	const char *name, *text;
	bool (*begin)(struct trace_export *x); /* false: the host has no memory left; NULL: nothing to begin */
	void (*put)(struct trace_export *x, const struct trace_record *r);
	void (*end)(struct trace_export *x); /* NULL: nothing to end */
};

/* one file each */
extern const struct trace_format trace_as_text, trace_as_csv, trace_as_lackey, trace_as_din, trace_as_champsim, trace_as_ftrace;
extern const struct trace_format trace_as_perfetto;

/* "R", "W", "RW", "F": the access proper */
const char *trace_access_name(unsigned access);
/* "invlpg", "set_paging", ...: what an operation is called in text */
const char *trace_operation_name(unsigned op);

#endif
