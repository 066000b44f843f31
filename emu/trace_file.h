/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of a trace file, as they lie in it (emu/README.md, "Traces"); all numbers are little endian.
 *
 *     head, description (JSON)  block  block ...  index  tail       with .zst: head, each block and index a frame, the tail a skippable one
 *
 * Each block stands for itself: it can be decoded without those before it. A file without index and tail was cut.
 */
#ifndef EMU_TRACE_FILE_H
#define EMU_TRACE_FILE_H

#include "mmu/base.h"

enum {
	TRACE_VERSION = 2,
	TRACE_BLOCK_SIZE = 256 << 10,	 /* bytes of a block's records, at most */
	TRACE_DESCRIPTION_MAX = 1 << 20, /* bytes of the description */
	TRACE_INDEX_MAX = 65536,	 /* blocks that the index names: when there are more, every second is left out, again and again */
	TRACE_SKIPPABLE_MAGIC = 0x184d2a50, /* of zstd's format */
};
#define TRACE_HEAD_MAGIC "VTXTRACE"
#define TRACE_BLOCK_MAGIC "VTXBLOCK"
#define TRACE_INDEX_MAGIC "VTXINDEX"
#define TRACE_TAIL_MAGIC "VTXEND\r\n"

struct trace_head {
	char magic[8];
	uint32_t version, length; /* of the description */
	uint32_t crc;		  /* of the description */
	uint32_t zero;
};
static_assert(sizeof(struct trace_head) == 24, "as in the file");

struct trace_block {
	char magic[8];
	uint32_t length, records;
	uint64_t number, insn, cycle; /* of its first record */
	uint32_t crc;		      /* of the records */
	uint32_t own_crc;	      /* of all before it in this struct */
};
static_assert(sizeof(struct trace_block) == 48, "as in the file");

struct trace_index {
	char magic[8];
	uint32_t entries, crc;	 /* of the entries */
	uint64_t records, insns; /* of the trace */
};
static_assert(sizeof(struct trace_index) == 32, "as in the file");

struct trace_index_entry {
	uint64_t offset; /* of the block (its frame) in the file */
	uint64_t number, insn, cycle;
};

struct trace_tail {
	char magic[8];
	uint64_t offset; /* of the index (its frame) in the file */
	uint64_t zero;
	uint32_t version, crc; /* of all before it in this struct */
};
static_assert(sizeof(struct trace_tail) == 32, "as in the file");

#endif
