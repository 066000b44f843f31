/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks of a page of decoded code (codeblock.h). A hostile guest can make a page hold few of them only: then they start afresh. */
#include "emu/codecache.h"

#include <stdlib.h>
#include <string.h>

enum { BYTES_MAX = 8 /* of a callback */ };

static struct code_block no_block; /* of size 0 */

void codeblock_init(struct code_page *page)
{
	page->block = &no_block;
	page->blocks = 1;
}

void codeblock_drop(struct code_page *page)
{
	if (page->blocks == 1)
		return;
	memset(page->block_at, 0, sizeof page->block_at);
	page->blocks = 1;
	page->pieces = page->plans = 0;
}

void codeblock_free(struct code_page *page)
{
	if (page->block != &no_block)
		free(page->block);
	free(page->piece);
	free(page->plan);
}

/* PUSH m, POP m, CALL m: an operand in memory and the stack */
static int stack_pieces(const struct insn *insn)
{
	bool operand = (insn->flags & INSN_MEM) && insn->memsize;

	return insn->memsize > BYTES_MAX || insn->opsize > BYTES_MAX ? -1 : operand ? 2 : 1;
}

int codeblock_pieces(const struct insn *insn)
{
	bool string = insn->cls == CLASS_STRING && !(insn->flags & INSN_MEM), both;

	if (insn->flags & INSN_REP)
		return -1;
	if (!(insn->flags & (INSN_READ | INSN_WRITE)))
		return 0;
	if (insn->flags & INSN_STACK) {
		bool several = insn->flags & INSN_MULTI && !(insn->flags & (INSN_MEM | INSN_BRANCH)); /* not CALL by a register */
		return several ? -1 : stack_pieces(insn);
	}
	if (string) {
		both = (insn->opcode & 0xfc) == 0xa4; /* MOVS, CMPS */
		return both ? 2 : 1;
	}
	if (insn->flags & INSN_RMW)
		return insn->memsize > BYTES_MAX || insn->flags & INSN_MULTI ? -1 : 2;
	if (insn->memsize == 16)
		return 2;
	return insn->memsize == 0 || insn->memsize > BYTES_MAX || insn->flags & INSN_MULTI ? -1 : 1;
}

/* Room for so many more elements in an array, by doubling; false: no memory. */
static bool grow(void **array, uint16_t *room, unsigned used, unsigned more, size_t size)
{
	unsigned wanted = *room;

	while (wanted < used + more)
		wanted = wanted ? wanted * 2u : 32;
	if (wanted == *room)
		return true;
	void *larger = realloc(*array, wanted * size);
	if (!larger)
		return false;
	*array = larger;
	*room = (uint16_t)wanted;
	return true;
}

/* Room for one block more, with so many pieces and operations of a plan. */
static bool reserve(struct code_page *page, unsigned pieces, unsigned plans)
{
	if (page->blocks == BLOCKS_MAX || page->pieces + pieces > BLOCK_PIECES_MAX || page->plans + plans > BLOCK_PLANS_MAX)
		codeblock_drop(page);
	void *block = page->block == &no_block ? NULL : page->block;
	uint16_t room = block ? page->blocks_room : 0;
	if (!grow(&block, &room, page->blocks, 1, sizeof *page->block))
		return false;
	page->block = block;
	page->block[0] = no_block;
	page->blocks_room = room;
	return grow((void **)&page->piece, &page->pieces_room, page->pieces, pieces, sizeof *page->piece) &&
	       grow((void **)&page->plan, &page->plans_room, page->plans, plans, sizeof *page->plan);
}

/* Has to go by itself: it goes on in the next page, is our own code's, or has accesses or faults that need to be looked at. */
static bool stands_alone(const struct insn *insn)
{
	return !insn || (insn->flags & (INSN_SYSTEM | INSN_REP)) || codeblock_pieces(insn) < 0;
}

/* Decodes the block: no more than its bytes, no more than so many instructions. What cannot be accounted for as a whole is marked. */
static void add_up(struct codecache *cache, struct code_page *page, unsigned offset, unsigned width, unsigned most, struct code_block *b)
{
	unsigned at = offset;
	bool alone = false;

	while (at < offset + b->size && !alone) {
		const struct insn *insn = at < PAGE_SIZE ? codecache_insn(cache, page, at, (enum code_width)width) : NULL;
		alone = stands_alone(insn);
		bool first = alone || insn->flags & INSN_FLAGS; /* the flags are known where a block begins */
		if (b->insns && (first || b->insns == most)) {
			b->cut = (uint16_t)at;
			return;
		}
		if (alone)
			b->flags |= INSN_SYSTEM;
		if (!insn)
			return;
		b->flags |= insn->flags;
		b->by_class.lane[insn->cls / LANES_EACH] += BIT(insn->cls % LANES_EACH * LANE_BITS);
		b->pieces = (uint16_t)(b->pieces + (alone ? 0 : codeblock_pieces(insn)));
		b->last = (uint16_t)at;
		b->insns++;
		at += insn->len;
	}
	if (alone && at < offset + b->size)
		b->cut = (uint16_t)at;
	else if (at != offset + b->size)
		b->flags |= INSN_SYSTEM;
}

/* Its pieces, now that there is room for them and all instructions are decoded. */
static void list_pieces(struct code_page *page, unsigned offset, struct code_block *b)
{
	b->first = page->pieces;
	for (unsigned i = 0, at = offset; i < b->insns; i++) {
		const struct insn *insn = &page->insn[page->at[at]];
		int pieces = codeblock_pieces(insn);
		bool simple = pieces == 1 && !(insn->flags & (INSN_MULTI | INSN_RMW));
		for (int k = 0; k < pieces; k++)
			page->piece[page->pieces++] = (struct code_piece){.ordinal = (uint16_t)i, .insn = page->at[at], .simple = simple};
		at += insn->len;
	}
	b->pieces = (uint16_t)(page->pieces - b->first);
	page->piece[page->pieces++] = (struct code_piece){.simple = false}; /* beyond the last: none is expected */
}

/* The plan of the block, all of whose instructions are decoded; -1: there is none for the instruction after so many. */
static int make_plan(struct plan *plan, const struct code_page *page, unsigned offset, const struct code_block *b, struct plan_op **op)
{
	plan_begin(plan, offset);
	for (unsigned i = 0, at = offset; i < b->insns && !plan->failed; i++) {
		const struct insn *insn = &page->insn[page->at[at]];
		plan_insn(plan, insn);
		at += insn->len;
	}
	return plan_end(plan, op);
}

/* The block up to where it can be planned, if that is beyond its first instruction; else all of it. */
static void plan_block(struct codecache *cache, struct code_page *page, unsigned offset, struct code_block *b, struct plan_op **op)
{
	const struct code_block fresh = {.size = b->size, .plan_ops = -1};
	struct plan *plan = &cache->plan;

	b->plan_ops = (int16_t)make_plan(plan, page, offset, b, op);
	unsigned reached = plan->insn - 1u;
	if (b->plan_ops >= 0 || !reached)
		return;
	*b = fresh;
	add_up(cache, page, offset, WIDTH_64, reached, b);
	b->plan_ops = (int16_t)make_plan(plan, page, offset, b, op);
}

/* What plan_shorten may write, and the plan itself. */
static unsigned plan_room(const struct code_block *b)
{
	return b->plan_ops > 0 ? 3 * (unsigned)b->plan_ops : 0;
}

static void keep_plan(struct code_page *page, struct code_block *b, struct plan_op *op)
{
	const struct plan_op *end = op + b->plan_ops;

	b->steps = (uint16_t)plan_shorten(op, (unsigned)b->plan_ops, &page->plan[page->plans]);
	page->plans = (uint16_t)(page->plans + b->steps);
	b->plan = page->plans;
	for (; op != end; op++) {
		b->loads = (uint16_t)(b->loads + (op->kind == PLAN_READ || op->kind == PLAN_RMW));
		b->stores = (uint16_t)(b->stores + (op->kind == PLAN_WRITE || op->kind == PLAN_RMW));
		b->guarded |= op->flags & PLAN_GUARD;
		page->plan[page->plans++] = *op;
	}
}

/* The block of this size at this offset, of no more than so many instructions. */
static const struct code_block *make_block(struct codecache *cache, struct code_page *page, unsigned offset, unsigned size, unsigned width,
					   unsigned most)
{
	struct code_block b = {.size = (uint16_t)size, .plan_ops = -1};
	struct plan_op *op = NULL;

	codecache_reserve(page, size);
	add_up(cache, page, offset, width, most, &b);
	bool whole = !(b.flags & INSN_SYSTEM);
	if (whole && width == WIDTH_64)
		plan_block(cache, page, offset, &b, &op);
	if (!reserve(page, whole ? b.pieces + 1u : 0, plan_room(&b)))
		return NULL;
	if (whole)
		list_pieces(page, offset, &b);
	else
		b.pieces = 0;
	if (b.plan_ops > 0)
		keep_plan(page, &b, op);
	page->block_at[offset] = page->blocks;
	page->block[page->blocks] = b;
	return &page->block[page->blocks++];
}

const struct code_block *codeblock_get(struct codecache *cache, struct code_page *page, unsigned offset, unsigned size, unsigned width)
{
	if (page->block_at[offset] && page->block[page->block_at[offset]].size == size)
		return &page->block[page->block_at[offset]];
	return make_block(cache, page, offset, size, width, PAGE_SIZE);
}

void codeblock_cut(struct codecache *cache, struct code_page *page, unsigned offset, unsigned width, unsigned insns)
{
	if (page->block_at[offset])
		make_block(cache, page, offset, page->block[page->block_at[offset]].size, width, insns);
}
