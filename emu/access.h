/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data accesses of one instruction, as the processor makes them, from what the engine reports: it asks for translations
 * page by page (fills) and reports pieces (two callbacks for 16 bytes, three for a load that splits a page, a read and a write for a
 * read-modify-write). Here pieces become accesses; each access is one load or store, and one translation a page.
 * The engine's common case (one piece, one page) does not come here.
 */
#ifndef EMU_ACCESS_H
#define EMU_ACCESS_H

#include "vmx/instruction.h"

enum { ACCESS_PAGES = 4 };

struct access_pages {
	uint64_t page[ACCESS_PAGES];
	bool write[ACCESS_PAGES];
	unsigned count;
};

struct data_access {
	struct cpu *cpu;
	uint64_t step;		     /* the instruction (or REP iteration) that all of this is about */
	struct access_pages prepaid; /* translated at a fill; the callback is still to come */
	struct access_pages known;   /* translated at a callback; a fill may still come */
	uint64_t lo, hi;	     /* pieces in [lo, hi) belong to the access that was counted last */
	bool write;
	uint64_t last_page;	/* the highest page translated for that access */
	unsigned loads, stores; /* counted in this step */
};

/* Forgets the step before, if this is another. */
static inline void access_begin(struct data_access *a, uint64_t step)
{
	if (a->step == step)
		return;
	a->step = step;
	a->prepaid.count = a->known.count = 0;
	a->lo = a->hi = 0;
	a->loads = a->stores = 0;
}

/*
 * A fill: translates the page for this step's instruction, unless that was done. Returns the entry, or NULL for a fault
 * (cpu->mmu.last). access: as for mmu_access.
 */
const struct tlb_entry *access_fill(struct data_access *a, uint64_t page, unsigned access);

/* A piece reported by the engine. read_access and write_access: as for mmu_access, for this instruction. */
void access_piece(struct data_access *a, const struct insn *insn, uint64_t gla, unsigned size, bool write, unsigned access);

/* The instruction did not complete: its loads and stores were none. */
void access_undo(struct data_access *a);

#endif
