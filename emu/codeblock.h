/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks: the stretches of instructions that the engine translates and runs as one. What they add up to is worked out once, when a block is
 * first met, so that a block can be accounted for at its start: instructions by class, and the callbacks that its accesses will make, in
 * order, with the instruction that each belongs to.
 *
 * An instruction that cannot be accounted for with others (one that our own code executes, a REP string, one that goes on in the next
 * page), or not with those before it (INSN_FLAGS), or that their plan does not reach, cuts its block: the block ends before it, and another
 * begins with it.
 */
#ifndef EMU_CODEBLOCK_H
#define EMU_CODEBLOCK_H

#include "emu/plan.h"

struct codecache;
struct code_page;

/* one callback for a data access */
struct code_piece {
	uint16_t ordinal; /* of its instruction in the block, from 0 */
	uint16_t insn;	  /* index into the page's insn */
	bool simple;	  /* the instruction's only one, at most 8 bytes */
};

enum {
	LANES = 3,
	LANE_BITS = 16,
	LANES_EACH = 64 / LANE_BITS,
	LANE_STEPS_MAX = 1 << LANE_BITS,
	BLOCKS_MAX = 512,
	BLOCK_PIECES_MAX = 8192,
	BLOCK_PLANS_MAX = 16384
};
static_assert((int)CLASS_COUNT <= LANES * LANES_EACH, "a counter for each class");

/* Counts by class, of at most LANE_STEPS_MAX - 1 steps together: 16 bits each, so that few additions add them all. */
struct class_counts {
	uint64_t lane[LANES];
};

static inline uint64_t class_count(const struct class_counts *counts, unsigned cls)
{
	return counts->lane[cls / LANES_EACH] >> cls % LANES_EACH * LANE_BITS & (LANE_STEPS_MAX - 1);
}

struct code_block {
	struct class_counts by_class;
	uint32_t flags; /* INSN_* of all its instructions together; INSN_SYSTEM too if it cannot be accounted for as a whole */
	uint16_t size;	/* bytes, as the engine says; 0: no block */
	uint16_t insns; /* instructions; those before the first that cannot be decoded */
	uint16_t last;	/* offset in the page of the last one */
	uint16_t cut;	/* offset in the page at which the instructions of the block end before its bytes do; 0: they do not */
	uint16_t first; /* its first piece in the page's */
	uint16_t pieces;
	uint16_t plan;		/* the first operation of its plan in the page's */
	int16_t plan_ops;	/* -1: it has none */
	uint16_t steps;		/* of its short form, which lies before it; 0: it has none */
	uint16_t loads, stores; /* that the plan makes */
	bool guarded;		/* some operation has PLAN_GUARD */
};

/* How many callbacks the accesses of a plain instruction make if none splits a page; -1: that varies, or is not known. */
int codeblock_pieces(const struct insn *insn);

/* The block of this size at this offset of the page, worked out now if it was not known. NULL: no memory. May drop the page's blocks. */
const struct code_block *codeblock_get(struct codecache *cache, struct code_page *page, unsigned offset, unsigned size, unsigned width);

/* From now on that block ends after so many instructions, at least 1. May drop the page's blocks. */
void codeblock_cut(struct codecache *cache, struct code_page *page, unsigned offset, unsigned width, unsigned insns);

/* For codecache.c: a fresh page's blocks; forgetting all blocks of a page; before the page is freed. */
void codeblock_init(struct code_page *page);
void codeblock_drop(struct code_page *page);
void codeblock_free(struct code_page *page);

#endif
