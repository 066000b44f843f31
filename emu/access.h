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
	struct access_pages made;    /* all translations of the step */
	uint64_t fault_page;	     /* whose translation failed in this step, and how; ~0: none */
	bool fault_write;
	struct walk fault;
	struct tlb_entry lost; /* a translation of this step that no TLB holds any more */
	uint64_t lo, hi;       /* pieces in [lo, hi) belong to the access that was counted last */
	bool write;
	uint64_t last_page;	/* the highest page translated for that access */
	unsigned loads, stores; /* counted in this step */
	unsigned pieces;	/* that were priced in this step */
	unsigned priced;	/* of the pieces to come: priced before the step began again */
};

/* Forgets the step before, if this is another. */
static inline void access_begin(struct data_access *a, uint64_t step)
{
	if (a->step == step)
		return;
	a->step = step;
	a->prepaid.count = a->known.count = a->made.count = 0;
	a->fault_page = ~0ull;
	a->lo = a->hi = 0;
	a->loads = a->stores = a->pieces = a->priced = 0;
}

/*
 * A fill: translates the page for this step's instruction, unless that was done. Returns the entry, or NULL for a fault
 * (cpu->mmu.last). access: as for mmu_access.
 */
const struct tlb_entry *access_fill(struct data_access *a, uint64_t page, unsigned access);

/*
 * A piece reported by the engine. access: as for mmu_access, for this instruction. false: its translation fails, which the engine will find
 * out by a fill; the access will not have happened.
 */
bool access_piece(struct data_access *a, const struct insn *insn, uint64_t gla, unsigned size, bool write, unsigned access);

/* What a plan has done for the step (engine_plan.c): a translation, and so many pieces priced; a translation that failed just now. */
void access_was_made(struct data_access *a, uint64_t page, bool write, unsigned pieces);
void access_has_failed(struct data_access *a, uint64_t page, bool write);
/* One of either, that our own code has made just now for a step that has yet to begin. entry NULL: it failed. */
void access_keep(struct data_access *a, uint64_t step, uint64_t page, bool write, const struct tlb_entry *entry);

/* The instruction did not complete: its loads and stores were none. */
void access_undo(struct data_access *a);

/* The step begins again from its start: what it has translated and priced so far is not to be translated and priced once more. */
void access_again(struct data_access *a);

/* true if a piece of the step is to be priced now; to be called for each. */
static inline bool access_price(struct data_access *a)
{
	a->pieces++;
	if (likely(!a->priced))
		return true;
	a->priced--;
	return false;
}

#endif
