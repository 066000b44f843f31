/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A processor in 64-bit mode with page tables of its own, for tests that run code bytes: the first 4 MiB of linear addresses
 * are mapped one to one by 4-KiB pages, user-accessible and writable; tests change entries through guest_pte.
 */
#ifndef TESTS_GUEST_STATE_H
#define TESTS_GUEST_STATE_H

#include "emu/engine.h"
#include "mmu/pte.h"

enum {
	GUEST_RAM = 64 << 20,
	GUEST_CODE = 0x100000,
	GUEST_DATA = 0x200000,
	GUEST_STACK = 0x300000,
	GUEST_TABLES = 0x1000000, /* PML4, PDPT, PD, then two PTs */
};

struct guest {
	struct mem mem;
	struct cpu cpu;
	struct engine *engine;
};

void guest_start(struct guest *g);
void guest_stop(struct guest *g);
/* puts code at GUEST_CODE and points RIP to it */
void guest_code(struct guest *g, const void *code, size_t size);
/* the page-table entry of a linear address below 4 MiB */
uint64_t *guest_pte(struct guest *g, uint64_t gla);
/* an entry was changed behind the processor's back: as after INVLPG */
void guest_invlpg(struct guest *g, uint64_t gla);
#define GUEST_CODE_BYTES(g, ...) guest_code(g, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

#endif
