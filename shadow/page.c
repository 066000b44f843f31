/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pool of shadow pages: found by (frame, role) in a hash table, evicted least recently used first; and the writing of slots, which
 * keeps the lists of writable mappings and of parents. What is in use by the instruction that cannot yet complete is not evicted: for it
 * the pool grows, by at most RESERVE pages, until the guest has got on.
 */
#include "shadow/shadow.h"

#include <stdlib.h>
#include <string.h>

int page_init(struct shadow *s)
{
	size_t slots = (size_t)(s->total + 1) * SLOTS, frames = s->mem->top >> PAGE_SHIFT;
	for (s->buckets = 64; s->buckets < 2 * s->total; s->buckets *= 2)
		continue;
	s->page = calloc(s->total + 1, sizeof(*s->page));
	s->next = calloc(slots, sizeof(*s->next));
	s->prev = calloc(slots, sizeof(*s->prev));
	s->saved = calloc(slots, sizeof(*s->saved));
	s->bucket = calloc(s->buckets, sizeof(*s->bucket));
	s->frame = calloc(frames, sizeof(*s->frame));
	s->mid = calloc((frames >> 9) + 1, sizeof(*s->mid));
	s->large = calloc((frames >> 18) + 1, sizeof(*s->large));
	if (!s->page || !s->next || !s->prev || !s->saved || !s->bucket || !s->frame || !s->mid || !s->large)
		return -ERR_NOMEM;
	for (uint32_t p = s->total; p > PAGE_ROOT; p--) {
		s->page[p].chain = s->free;
		s->free = p;
	}
	s->page[PAGE_ROOT] = (struct shadow_page){.used = true, .role = 3};
	return 0;
}

void page_free(struct shadow *s)
{
	free(s->page);
	free(s->next);
	free(s->prev);
	free(s->saved);
	free(s->bucket);
	free(s->frame);
	free(s->mid);
	free(s->large);
}

static uint32_t *bucket_of(const struct shadow *s, uint64_t gfn)
{
	return &s->bucket[(gfn * 0x9e3779b97f4a7c15ull >> 32) & (s->buckets - 1)];
}

/* ---- slots ---- */

static hpa_t slot_hpa(const struct shadow *s, uint32_t slot)
{
	return HPA(s->pool.u - PAGE_SIZE + (uint64_t)slot * 8);
}

uint64_t slot_read(const struct shadow *s, uint32_t slot)
{
	vmm_touch(s->cpu, slot_hpa(s, slot), 8);
	return mem_load_entry(s->mem, slot_hpa(s, slot), 8);
}

/* The list that a present slot hangs in, or NULL. */
static uint32_t *list_of(struct shadow *s, uint32_t slot, uint64_t value)
{
	uint64_t address = value & BITS(MAXPHYADDR - 1, 12), gfn = address >> PAGE_SHIFT;
	if (value & SPTE_SWITCH)
		return &s->frame[gfn].switches;
	if (!(value & SPTE_LEAF))
		return &s->page[page_number(s, value)].parents;
	if (!(value & PTE_RW))
		return NULL;
	switch (role_level(s->page[slot / SLOTS].role)) {
	case 1:
		return frame_is_ram(s, gfn) ? &s->frame[gfn].maps : NULL;
	case 2:
		return address < s->mem->top ? &s->mid[gfn >> 9].maps : NULL;
	default:
		return address < s->mem->top ? &s->large[gfn >> 18].maps : NULL;
	}
}

static void unhang(struct shadow *s, uint32_t slot, uint64_t value)
{
	uint32_t *head = list_of(s, slot, value);
	if (!head)
		return;
	if (s->prev[slot])
		s->next[s->prev[slot]] = s->next[slot];
	else
		*head = s->next[slot];
	if (s->next[slot])
		s->prev[s->next[slot]] = s->prev[slot];
}

static void hang(struct shadow *s, uint32_t slot, uint64_t value)
{
	uint32_t *head = list_of(s, slot, value);
	if (!head)
		return;
	s->prev[slot] = 0;
	s->next[slot] = *head;
	if (*head)
		s->prev[*head] = slot;
	*head = slot;
}

void slot_write(struct shadow *s, uint32_t slot, uint64_t value, uint64_t saved)
{
	uint64_t old = slot_read(s, slot);
	s->saved[slot] = saved;
	if (old == value)
		return;
	s->changes++;
	if (old & PTE_P)
		unhang(s, slot, old);
	vmm_touch(s->cpu, slot_hpa(s, slot), 8);
	mem_write(s->mem, slot_hpa(s, slot), value, 8);
	if (value & PTE_P)
		hang(s, slot, value);
}

/* ---- pages ---- */

uint32_t page_of_table(const struct shadow *s, uint64_t gfn, uint32_t page)
{
	page = page ? s->page[page].chain : *bucket_of(s, gfn);
	while (page && (s->page[page].gfn != gfn || s->page[page].role & ROLE_DIRECT))
		page = s->page[page].chain;
	return page;
}

static void unchain(struct shadow *s, uint32_t page)
{
	uint32_t *at = bucket_of(s, s->page[page].gfn);
	while (*at != page)
		at = &s->page[*at].chain;
	*at = s->page[page].chain;
}

/* The processor may still cache the page's entries, and it will soon hold others: hence the flush. */
void page_zap(struct shadow *s, uint32_t page)
{
	struct shadow_page *p = &s->page[page];
	for (uint32_t slot = page * SLOTS; slot < (page + 1) * SLOTS; slot++)
		if (s->saved[slot])
			slot_write(s, slot, 0, 0);
	while (p->parents)
		slot_write(s, p->parents, 0, 0);
	unchain(s, page);
	if (!(p->role & ROLE_DIRECT))
		frame_count_table(s, p->gfn, -1);
	shadow_note(s, SHADOW_ZAP, p->gfn << PAGE_SHIFT, p->role, 0);
	s->cpu->ev.n[EV_SHADOW_ZAPPED]++;
	p->used = false;
	p->chain = s->free;
	s->free = page;
	s->used--;
	s->flush = true;
}

/* The least recently used page that neither the fill under way nor CR3 needs. */
static uint32_t victim(const struct shadow *s)
{
	uint32_t best = 0;
	for (uint32_t p = PAGE_ROOT + 1; p <= s->total; p++) {
		const struct shadow_page *page = &s->page[p];
		if (page->used && page->fill != s->fills && p != s->root && (!best || page->stamp < s->page[best].stamp))
			best = p;
	}
	return best;
}

static void make_room(struct shadow *s)
{
	while (s->used >= s->limit) {
		uint32_t p = victim(s);
		bool needed = !p || s->page[p].stamp == s->tick;
		if (needed && s->free)
			return;
		CHECK(p);
		page_zap(s, p);
	}
}

static uint32_t page_new(struct shadow *s, uint64_t gfn, uint32_t role)
{
	make_room(s);
	uint32_t page = s->free, *bucket = bucket_of(s, gfn);
	CHECK(page);
	s->free = s->page[page].chain;
	s->used++;
	s->page[page] = (struct shadow_page){.gfn = gfn, .role = role, .chain = *bucket, .used = true};
	*bucket = page;
	if (!(role & ROLE_DIRECT))
		frame_count_table(s, gfn, 1);
	s->cpu->ev.n[EV_SHADOW_ALLOCATED]++;
	shadow_note(s, SHADOW_ALLOCATE, gfn << PAGE_SHIFT, 0, role);
	return page;
}

void page_note_link(struct shadow *s, uint32_t page)
{
	struct shadow_page *p = &s->page[page];
	if (p->linked) {
		s->cpu->ev.n[EV_SHADOW_REUSED]++;
		shadow_note(s, SHADOW_REUSE, p->gfn << PAGE_SHIFT, p->role, p->role);
	}
	p->linked = true;
}

uint32_t page_get(struct shadow *s, uint64_t gfn, uint32_t role)
{
	uint32_t page = *bucket_of(s, gfn);
	while (page && (s->page[page].gfn != gfn || s->page[page].role != role))
		page = s->page[page].chain;
	if (!page)
		page = page_new(s, gfn, role);
	s->page[page].stamp = s->tick;
	s->page[page].fill = s->fills;
	return page;
}
