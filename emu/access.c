/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces become accesses (access.h). */
#include "emu/access.h"

static bool pages_take(struct access_pages *p, uint64_t page, bool write)
{
	for (unsigned i = 0; i < p->count; i++) {
		if (p->page[i] != page || p->write[i] != write)
			continue;
		p->count--;
		p->page[i] = p->page[p->count];
		p->write[i] = p->write[p->count];
		return true;
	}
	return false;
}

static void pages_add(struct access_pages *p, uint64_t page, bool write)
{
	if (p->count == ACCESS_PAGES)
		return; /* more than an instruction's pages: only FXSAVE-like ones, which are merged anyway */
	p->page[p->count] = page;
	p->write[p->count++] = write;
}

/* The translation that this step has made already; NULL if the TLBs have lost it since. */
static const struct tlb_entry *seen(struct data_access *a, uint64_t page)
{
	return mmu_peek_tlb(&a->cpu->mmu, GLA(page), false);
}

const struct tlb_entry *access_fill(struct data_access *a, uint64_t page, unsigned access)
{
	bool write = access & ACC_WRITE;
	const struct tlb_entry *entry;

	if (pages_take(&a->known, page, write) && (entry = seen(a, page)))
		return entry;
	for (unsigned i = 0; i < a->prepaid.count; i++) /* asked twice for one page */
		if (a->prepaid.page[i] == page && a->prepaid.write[i] == write && (entry = seen(a, page)))
			return entry;
	entry = mmu_access(&a->cpu->mmu, GLA(page), access);
	if (entry)
		pages_add(&a->prepaid, page, write);
	return entry;
}

/* false: faults, which the engine's own fill of that page will find again */
static bool translate(struct data_access *a, uint64_t page, unsigned access)
{
	bool write = access & ACC_WRITE;

	if (pages_take(&a->prepaid, page, write))
		return true;
	if (!mmu_access(&a->cpu->mmu, GLA(page), access))
		return false;
	pages_add(&a->known, page, write);
	return true;
}

static void count(struct data_access *a, bool write)
{
	if (write) {
		a->cpu->ev.n[EV_STORES]++;
		a->stores++;
	} else {
		a->cpu->ev.n[EV_LOADS]++;
		a->loads++;
	}
}

void access_piece(struct data_access *a, const struct insn *insn, uint64_t gla, unsigned size, bool write, unsigned access)
{
	uint64_t first = page_base(gla), last = page_base(gla + size - 1);
	bool second_half = (insn->flags & INSN_RMW) && write; /* translated by the read, with write intent */

	if (a->write == write && gla >= a->lo && gla < a->hi) {
		if (last > a->last_page && !second_half && translate(a, last, access))
			a->last_page = last;
		return;
	}
	count(a, write);
	a->write = write;
	a->last_page = last;
	a->lo = a->hi = 0;
	if (first != last) { /* a load that splits comes again as two aligned parts */
		a->lo = gla & ~(uint64_t)(size - 1);
		a->hi = a->lo + 2 * size;
	}
	if (insn->memsize > size) {
		a->lo = first != last ? a->lo : gla;
		a->hi = gla + insn->memsize;
	}
	if (second_half)
		return;
	translate(a, first, access);
	if (first != last)
		translate(a, last, access);
}

void access_undo(struct data_access *a)
{
	a->cpu->ev.n[EV_LOADS] -= a->loads;
	a->cpu->ev.n[EV_STORES] -= a->stores;
	a->loads = a->stores = 0;
}
