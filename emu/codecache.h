/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoded instructions, once per physical code location and code width: a page of decoded code for each (frame, width),
 * with the instruction that starts at each of its bytes. A store to the frame drops the instructions that it touches.
 * Instructions that cross into the next page are not kept: what follows depends on the linear address.
 * Beside them the blocks that the engine has translated of the page (codeblock.h); they go with the first instruction that goes.
 */
#ifndef EMU_CODECACHE_H
#define EMU_CODECACHE_H

#include "emu/codeblock.h"
#include "emu/decode.h"

enum { CODE_PAGES_MAX = 8192 }; /* beyond that all are dropped, so that a hostile guest cannot fill the host's memory */

struct code_page {
	struct insn *insn;	      /* in order of first execution; [0] unused */
	struct code_block *block;     /* [0]: no block; never NULL */
	uint16_t at[PAGE_SIZE];	      /* index into insn of the instruction that starts here; 0: not decoded */
	uint16_t block_at[PAGE_SIZE]; /* index into block of the block that starts here; 0: none known */
	struct code_piece *piece;     /* of all blocks */
	struct plan_op *plan;	      /* likewise */
	uint16_t used, room;
	uint16_t blocks, blocks_room, pieces, pieces_room, plans, plans_room;
	uint64_t frame;
	struct code_page *next; /* all pages */
};

enum code_width { WIDTH_16, WIDTH_32, WIDTH_64, WIDTHS };

struct codecache {
	struct mem *mem;
	struct decoder *decoder;
	struct code_page **page[WIDTHS]; /* by frame number; lazily populated */
	struct code_page *all;
	uint64_t frames;
	unsigned pages;
	unsigned drops;	  /* how often all pages were dropped */
	struct plan plan; /* the one being made */
};

/* Returns 0 or -ERR_NOMEM / -ERR_ENGINE. */
int codecache_init(struct codecache *cache, struct mem *mem);
void codecache_free(struct codecache *cache);

/* The page of decoded code of a RAM frame; marks it FRAME_CODE. NULL: no memory. May drop all other pages first. */
struct code_page *codecache_page(struct codecache *cache, hpa_t frame, enum code_width width);

/*
 * The instruction that starts at offset of the page, decoded now if it was not. NULL: its bytes reach beyond the page (decode
 * it with codecache_decode_across), or there is no memory. Valid until the page is dropped or another instruction of it is decoded.
 */
const struct insn *codecache_insn(struct codecache *cache, struct code_page *page, unsigned offset, enum code_width width);

/* An empty page of decoded code that belongs to no frame yet, and is not among those dropped; NULL: no memory. */
struct code_page *codecache_new_page(void);
void codecache_free_page(struct code_page *page); /* or NULL */
/* Decodes 15 bytes as what begins at offset of such a page, in place of what did; false: no memory. */
bool codecache_put(struct codecache *cache, struct code_page *page, unsigned offset, const uint8_t *bytes, enum code_width width);

/* Makes sure that so many instructions can be decoded before any is dropped to make room. */
void codecache_reserve(struct code_page *page, unsigned insns);

/* Decodes an instruction of which the first `first` bytes are given, with the bytes that follow in bytes[]. */
void codecache_decode(struct codecache *cache, const uint8_t *bytes, unsigned available, enum code_width width, struct insn *insn);

/* A store of size bytes at addr (within one frame): drops the instructions it overlaps, in all widths. */
void codecache_store(struct codecache *cache, hpa_t addr, unsigned size);
/* Drops all instructions of a frame. */
void codecache_drop(struct codecache *cache, hpa_t frame);
void codecache_drop_all(struct codecache *cache);

#endif
