/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeping shadow pages in step with the guest's tables: after an emulated store, at once; for leaf tables out of sync, when the guest
 * asks for it (INVLPG, MOV to CR3 and the like). A slot whose guest entry has changed is emptied; the next access fills it anew.
 *
 * The TLB is left alone: what it may still hold is what a processor may hold until the guest invalidates. Two things are remembered: that
 * it may hold writable translations that no slot knows (a frame that becomes a table must be rid of them), and that one page of the guest
 * may be there in pieces (INVLPG must strike them all).
 */
#include "shadow/shadow.h"

static unsigned entry_size(uint32_t role)
{
	return FIELD(role, 5, ROLE_FORMAT_SHIFT) == 2 ? 4 : 8;
}

/* Which entry of the guest's table a slot is made from. 32-bit paging: see ROLE_QUADRANT_SHIFT; two slots map one 4-MiB entry. */
static unsigned guest_index(uint32_t role, unsigned index)
{
	unsigned quadrant = (unsigned)FIELD(role, 7, ROLE_QUADRANT_SHIFT);
	if (entry_size(role) == 8)
		return index;
	return role_level(role) == 2 ? quadrant * 256 + index / 2 : quadrant * SLOTS + index;
}

static void forget(struct shadow *s, uint32_t slot)
{
	uint64_t old = slot_read(s, slot);
	uint32_t role = s->page[slot / SLOTS].role;
	if (!(old & SPTE_LEAF) || entry_size(role) == 4 || role_level(role) > 1)
		s->stale_pieces |= role_level(role) > 1;
	if (old & SPTE_LEAF && old & PTE_RW)
		s->stale_writable = true;
	slot_write(s, slot, 0, 0);
}

static void sync_slot(struct shadow *s, uint32_t slot)
{
	const struct shadow_page *p = &s->page[slot / SLOTS];
	unsigned size = entry_size(p->role), index = guest_index(p->role, slot % SLOTS);
	if (!s->saved[slot])
		return;
	hpa_t entry = HPA((p->gfn << PAGE_SHIFT) + index * size);
	vmm_touch(s->cpu, entry, size);
	if (mem_read_entry(s->mem, entry, size) != s->saved[slot])
		forget(s, slot);
}

void sync_page(struct shadow *s, uint32_t page)
{
	for (uint32_t slot = page * SLOTS; slot < (page + 1) * SLOTS; slot++)
		sync_slot(s, slot);
}

void sync_address(struct shadow *s, gla_t gla)
{
	uint32_t slot = s->unsyncs ? fill_leaf(s, gla) : 0;
	const struct shadow_page *p = &s->page[slot / SLOTS];
	if (slot && !(p->role & ROLE_DIRECT) && role_level(p->role) == 1)
		sync_slot(s, slot);
}

/* The slots of a page that bytes [from, to) of its table go into. */
static void sync_part(struct shadow *s, uint32_t page, unsigned from, unsigned to)
{
	uint32_t role = s->page[page].role;
	unsigned size = entry_size(role), per = size == 4 && role_level(role) == 2 ? 2 : 1;
	int first = (int)(from / size), last = (int)((to - 1) / size), base = (int)guest_index(role, 0), count = (int)(SLOTS / per);
	first = first < base ? base : first;
	last = last >= base + count ? base + count - 1 : last;
	for (int i = first; i <= last; i++)
		for (unsigned k = 0; k < per; k++)
			sync_slot(s, page * SLOTS + (unsigned)(i - base) * per + k);
}

void sync_range(struct shadow *s, uint64_t gfn, unsigned from, unsigned to)
{
	for (uint32_t p = page_of_table(s, gfn, 0); p; p = page_of_table(s, gfn, p))
		sync_part(s, p, from, to);
}

/* ---- out of sync ---- */

bool sync_may_unsync(const struct shadow *s, uint64_t gfn)
{
	if (s->config.no_unsync)
		return false;
	for (uint32_t p = page_of_table(s, gfn, 0); p; p = page_of_table(s, gfn, p))
		if (role_level(s->page[p].role) != 1)
			return false;
	return true;
}

void sync_unsync(struct shadow *s, uint64_t gfn)
{
	if (s->unsyncs == UNSYNC_MAX)
		sync_resync(s, s->unsync[0]);
	s->unsync[s->unsyncs++] = gfn;
	s->frame[gfn].unsync = true;
	s->cpu->ev.n[EV_SHADOW_UNSYNCS]++;
	shadow_note(s, SHADOW_UNSYNC, gfn << PAGE_SHIFT, 0, 0);
}

void sync_resync(struct shadow *s, uint64_t gfn)
{
	for (unsigned i = 0; i < s->unsyncs; i++)
		if (s->unsync[i] == gfn)
			s->unsync[i--] = s->unsync[--s->unsyncs];
	s->frame[gfn].unsync = false;
	if (!s->frame[gfn].tables)
		return;
	frame_protect(s, gfn);
	for (uint32_t p = page_of_table(s, gfn, 0); p; p = page_of_table(s, gfn, p))
		sync_page(s, p);
	s->cpu->ev.n[EV_SHADOW_RESYNCS]++;
	shadow_note(s, SHADOW_RESYNC, gfn << PAGE_SHIFT, 0, 0);
}

void sync_resync_all(struct shadow *s)
{
	while (s->unsyncs)
		sync_resync(s, s->unsync[s->unsyncs - 1]);
}

void sync_all(struct shadow *s)
{
	for (unsigned i = 0; i < s->unsyncs; i++)
		for (uint32_t p = page_of_table(s, s->unsync[i], 0); p; p = page_of_table(s, s->unsync[i], p))
			sync_page(s, p);
}
