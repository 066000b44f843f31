/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a trace of ours. Nothing in the file is believed: a file of another version is refused, a damaged block is found by its check
 * sum, a cut file is read up to where it ends and that is said.
 */
#ifndef EMU_TRACE_READ_H
#define EMU_TRACE_READ_H

#include "emu/source.h"
#include "emu/trace.h"
#include "emu/trace_file.h"

#include <jansson.h>

enum { TRACE_MESSAGE = 512 };

struct trace_reader {
	struct source *source; /* the caller's */
	json_t *description;
	struct trace_state state;
	struct trace_block block;
	const uint8_t *at, *end;
	uint8_t *bytes;
	size_t room;		   /* in bytes */
	bool ended;		   /* the index came: the trace is whole */
	char error[TRACE_MESSAGE]; /* "": none */
};

/* true if the source begins as a trace of ours (of any version) does. */
bool trace_is_ours(struct source *source);

/* Reads head and description. false: error says what is wrong (file, what); trace_reader_free is to be called in any case. */
bool trace_reader_init(struct trace_reader *t, struct source *source);
void trace_reader_free(struct trace_reader *t);

/* The next record; false at the end (error is empty), or when something is wrong (error: file, record, what). */
bool trace_next(struct trace_reader *t, struct trace_record *r);

/* Goes on at the last indexed block that does not begin after this instruction; does nothing if the file has no index. */
void trace_skip_to(struct trace_reader *t, uint64_t insn);

#endif
