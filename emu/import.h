/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces to replay, of whatever kind: ours, or address traces of others, which become instructions and accesses of user mode.
 *
 *     vtxray        emu/trace.h
 *     lackey        valgrind --tool=lackey --trace-mem=yes: "I  addr,size", " L addr,size", " S ...", " M ..."
 *     din           Dinero: "label address", 0 read, 1 write, 2 fetch; 3 and 4 (unknown, flush) are passed over
 *     drmemtrace    what the view tool of DynamoRIO's drmemtrace prints
 *     champsim      records of 64 bytes, as ChampSim's tracers write them
 */
#ifndef EMU_IMPORT_H
#define EMU_IMPORT_H

#include "emu/trace_read.h"

enum import_kind { IMPORT_VTXRAY, IMPORT_LACKEY, IMPORT_DIN, IMPORT_DRMEMTRACE, IMPORT_CHAMPSIM, IMPORT_KINDS };

enum { IMPORT_AT_ONCE = 8 /* what one record of ChampSim can become */ };

struct import {
	struct source source;
	enum import_kind kind;
	struct trace_reader ours;
	struct trace_record next[IMPORT_AT_ONCE]; /* of the record or line read last */
	unsigned count, given;
	uint64_t records;	/* of the file: read so far (champsim) */
	uint64_t number, insns; /* records and instructions given so far: a cycle is an instruction */
	uint64_t rip;		/* of the last instruction */
	char error[TRACE_MESSAGE];
	char why[192]; /* a reader of text: what is wrong with a line */
};

/* "lackey", ... */
const char *import_kind_name(enum import_kind kind);
/* false: no kind has this name */
bool import_kind_parse(const char *name, enum import_kind *kind);

/*
 * Opens a trace and recognises its kind, unless kind says it. false: error has one line (file, what). import_close is to be called in any
 * case.
 */
bool import_open(struct import *import, const char *path, const enum import_kind *kind);
void import_close(struct import *import);

bool import_next_slow(struct import *import, struct trace_record *r);

/* The next record; false at the end (error is empty) or when something is wrong (error: file, line or record, what). */
static inline bool import_next(struct import *import, struct trace_record *r)
{
	return likely(import->kind == IMPORT_VTXRAY && trace_next(&import->ours, r)) || import_next_slow(import, r);
}

/* ---- one reader for each kind of text: fills next and count from a line; NULL, or what is wrong with it ---- */

const char *import_lackey(struct import *import, const char *line);
const char *import_din(struct import *import, const char *line);
const char *import_drmemtrace(struct import *import, const char *line);
/* One record of IMPORT_CHAMPSIM_SIZE bytes. */
enum { IMPORT_CHAMPSIM_SIZE = 64 };
void import_champsim(struct import *import, const uint8_t record[IMPORT_CHAMPSIM_SIZE]);

/* true if a line (the first that means anything) is of this kind */
bool import_is_lackey(const char *line);
bool import_is_din(const char *line);
bool import_is_drmemtrace(const char *line);

void import_add_insn(struct import *import, uint64_t address, unsigned size);
void import_add_data(struct import *import, uint64_t address, unsigned size, unsigned access);

#endif
