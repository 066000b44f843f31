/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unicorn alone, for tests of the facts that emu/engine.c is built on: virtual TLB, all hooks installed, what they are told kept as
 * text. RAM is seen by the engine through BARE_WINDOWS windows; bits 31:28 of a linear address choose the window.
 */
#ifndef TESTS_BARE_ENGINE_H
#define TESTS_BARE_ENGINE_H

#include "mmu/base.h"

#include <unicorn/unicorn.h>

#define BARE_RAM 0x1000000ull
#define BARE_CODE 0x400000ull
#define BARE_DATA 0x500000ull
#define BARE_STACK 0x600000ull
#define BARE_WINDOW(n) ((uint64_t)(n) << 28) /* linear addresses that go through window n */
#define BARE_PRIVATE 0xf0000000ull	     /* linear address of the private page */
#define BARE_ELSEWHERE 0x8000000000000000ull /* not canonical: an `until` that is never reached */
#define BARE_NOWHERE 0x123456789000ull	     /* a page that no test touches */

enum {
	BARE_WINDOWS = 4,
	BARE_TRAP = BARE_WINDOWS, /* engine-physical, in units of RAM's size: a page that permits nothing, */
	BARE_READ_ONLY,		  /* RAM that cannot be written, */
	BARE_PRIVATE_AT,	  /* a page for the instance's own GDT, */
	BARE_DEVICE,		  /* and device memory */
	BARE_TEXT = 8192,
	/* what is kept */
	LOG_FILL = 1,
	LOG_CODE = 2,
	LOG_BLOCK = 4,
	LOG_ACCESS = 8, /* reads, writes, those that a region does not permit, device accesses */
	LOG_INTR = 16,
};

struct bare {
	uc_engine *uc;
	uint8_t *ram, *private_page;
	bool narrow; /* not 64-bit */
	unsigned log;
	char text[BARE_TEXT]; /* words, each followed by a blank */
	size_t used;
	unsigned codes; /* calls of the code hook */
	/* linear pages that are given something else than RAM; BARE_NOWHERE: none */
	uint64_t fail, trap, read_only, device, poison;
	/* where hooks stop the engine; BARE_NOWHERE: never */
	uint64_t stop_code, stop_block, stop_access;
	uint64_t rip, flags; /* as the code hook saw them */
	uint32_t size;	     /* of the last instruction, as told to the code hook */
};

/* An instance of a mode (UC_MODE_64 ..) as emu/engine.c opens it. */
void bare_open(struct bare *b, uc_mode mode);
void bare_close(struct bare *b);

uc_err bare_run(struct bare *b, uint64_t from, uint64_t until);
void bare_forget(struct bare *b);
void bare_put(struct bare *b, uint64_t at, const void *bytes, size_t size);
uint64_t bare_reg(struct bare *b, int reg);
void bare_set(struct bare *b, int reg, uint64_t value);
/* Writes a descriptor of the private GDT and loads the segment register with it. d: 32-bit default size. */
void bare_segment(struct bare *b, int reg, unsigned index, uint32_t base, uint32_t limit, bool code, bool d);
#define BARE_PUT(b, at, ...) bare_put(b, at, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

#endif
