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

static bool pages_have(const struct access_pages *p, uint64_t page, bool write)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->page[i] == page && p->write[i] == write)
			return true;
	return false;
}

static void pages_add(struct access_pages *p, uint64_t page, bool write)
{
	if (p->count == ACCESS_PAGES)
		return; /* more than an instruction's pages: only FXSAVE-like ones, which are merged anyway */
	p->page[p->count] = page;
	p->write[p->count++] = write;
}

/*
 * The translation that this step has made already. If the TLBs have lost it since (to another of the step, or to its fault), it is what the
 * tables say; NULL: nothing.
 */
static const struct tlb_entry *seen(struct data_access *a, uint64_t page, unsigned access)
{
	const struct tlb_entry *entry = mmu_peek_tlb(&a->cpu->mmu, GLA(page), false);

	if (entry)
		return entry;
	return mmu_peek_entry(&a->cpu->mmu, GLA(page), access, &a->lost) ? &a->lost : NULL;
}

void access_was_made(struct data_access *a, uint64_t page, bool write, unsigned pieces)
{
	pages_add(&a->made, page, write);
	a->pieces += pieces;
}

void access_has_failed(struct data_access *a, uint64_t page, bool write)
{
	a->fault_page = page;
	a->fault_write = write;
	a->fault = a->cpu->mmu.last;
}

void access_keep(struct data_access *a, uint64_t step, uint64_t page, bool write, const struct tlb_entry *entry)
{
	access_begin(a, step);
	if (entry)
		access_was_made(a, page, write, 0);
	else
		access_has_failed(a, page, write);
}

/* Translates, and remembers how that failed: whoever asks again in this step gets the same answer. */
static const struct tlb_entry *access_page(struct data_access *a, uint64_t page, unsigned access)
{
	struct mmu *mmu = &a->cpu->mmu;
	bool write = access & ACC_WRITE;

	if (unlikely(a->fault_page == page && a->fault_write == write)) {
		mmu->last = a->fault;
		return NULL;
	}
	const struct tlb_entry *entry = mmu_access(mmu, GLA(page), access);
	if (entry) {
		pages_add(&a->made, page, write);
		return entry;
	}
	access_has_failed(a, page, write);
	return NULL;
}

const struct tlb_entry *access_fill(struct data_access *a, uint64_t page, unsigned access)
{
	bool write = access & ACC_WRITE, rmw = write && (access & ACC_READ);
	const struct tlb_entry *entry;

	if (rmw && pages_have(&a->made, page, true) && (entry = seen(a, page, access))) /* the write of a read-modify-write */
		return entry;
	if (pages_take(&a->known, page, write) && (entry = seen(a, page, access)))
		return entry;
	if (pages_have(&a->prepaid, page, write) && (entry = seen(a, page, access))) /* asked twice for one page */
		return entry;
	entry = access_page(a, page, access);
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
	if (!access_page(a, page, access))
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

bool access_piece(struct data_access *a, const struct insn *insn, uint64_t gla, unsigned size, bool write, unsigned access)
{
	uint64_t first = page_base(gla), last = page_base(gla + size - 1);
	bool second_half = (insn->flags & INSN_RMW) && write; /* translated by the read, with write intent */

	if (a->write == write && gla >= a->lo && gla < a->hi) {
		if (last <= a->last_page || second_half)
			return true;
		if (!translate(a, last, access))
			return false;
		a->last_page = last;
		return true;
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
		return true;
	return translate(a, first, access) && (first == last || translate(a, last, access));
}

void access_undo(struct data_access *a)
{
	a->cpu->ev.n[EV_LOADS] -= a->loads;
	a->cpu->ev.n[EV_STORES] -= a->stores;
	a->loads = a->stores = 0;
}

void access_again(struct data_access *a)
{
	access_undo(a);
	a->prepaid = a->known = a->made; /* for the callbacks to come, and for the fills, which come before or after them */
	a->lo = a->hi = 0;
	a->priced = a->pieces;
	a->pieces = 0;
}
