/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Storage and replacement of one TLB (see tlb.h). Tags and times lie apart from the entries: a search reads little memory. */
#include "mmu/tlb.h"

#include <stdlib.h>
#include <string.h>

static int array_init(struct tlb *tlb, struct tlb_array *a, struct tlb_geometry g)
{
	memset(a, 0, sizeof *a);
	if (g.entries == 0)
		return 0;
	if (g.ways == 0 || g.entries % g.ways != 0)
		return -ERR_ARG;
	uint32_t sets = g.entries / g.ways;
	if (sets & (sets - 1))
		return -ERR_ARG;
	*a = (struct tlb_array){.first = tlb->slots, .set_mask = sets - 1, .ways = g.ways};
	tlb->slots += g.entries;
	if (g.ways < ORDER_MIN || g.ways > ORDER_MAX)
		return 0;
	a->hash_words = (g.ways + 3u) / 4;
	a->first_hash = tlb->hashes;
	a->first_order = tlb->orders;
	tlb->hashes += sets * a->hash_words;
	tlb->orders += sets;
	return 0;
}

/* zeroed, on a cache line's boundary; of size 0 too */
static void *lines_alloc(size_t size)
{
	size_t rounded = (size / 64 + 1) * 64;
	void *p = aligned_alloc(64, rounded);
	if (p)
		memset(p, 0, rounded);
	return p;
}

int tlb_init(struct tlb *tlb, const struct tlb_geometry geometry[TLB_PARTS], bool shared)
{
	memset(tlb, 0, sizeof *tlb);
	for (unsigned part = 0; part < TLB_PARTS; part++)
		if (array_init(tlb, &tlb->array[part], geometry[part]) < 0)
			return -ERR_ARG;
	if (tlb->array[TLB_4K].ways == 0 || (shared && tlb->array[TLB_2M].ways != 0))
		return -ERR_ARG;
	if (shared)
		tlb->array[TLB_2M] = tlb->array[TLB_4K];
	tlb->tag = lines_alloc(tlb->slots * sizeof *tlb->tag);
	tlb->used = lines_alloc(tlb->slots * sizeof *tlb->used);
	tlb->entry = lines_alloc(tlb->slots * sizeof *tlb->entry);
	tlb->hash = lines_alloc(tlb->hashes * sizeof *tlb->hash);
	tlb->order = lines_alloc(tlb->orders * sizeof *tlb->order);
	if (!tlb->tag || !tlb->used || !tlb->entry || !tlb->hash || !tlb->order) {
		tlb_free(tlb);
		return -ERR_NOMEM;
	}
	for (uint32_t i = 0; i < tlb->orders; i++)
		tlb->order[i] = 0xfedcba9876543210;
	return 0;
}

void tlb_free(struct tlb *tlb)
{
	free(tlb->tag);
	free(tlb->used);
	free(tlb->entry);
	free(tlb->hash);
	free(tlb->order);
	memset(tlb, 0, sizeof *tlb);
}

/* The way becomes the last of its set's order, as empty ways are. */
static void put_last(struct tlb *tlb, const struct tlb_entry *e)
{
	unsigned end = 4 * tlb->array[e->part].ways; /* bits of the order that are in use */
	uint64_t order = tlb->order[e->order], unused = end == 64 ? 0 : order >> end << end;
	unsigned at = 4 * tlb_order_position(order, e->way);
	uint64_t later = order & (BIT(at) - 1), earlier = (order & ~unused) >> at >> 4 << at;
	tlb->order[e->order] = unused | (uint64_t)e->way << (end - 4) | earlier | later;
}

void tlb_drop(struct tlb *tlb, uint32_t slot)
{
	struct tlb_entry *e = &tlb->entry[slot];
	if (tlb->tag[slot] == 0)
		return;
	tlb->live[e->part]--;
	tlb->tag[slot] = 0;
	e->tag = 0;
	if (e->order == NO_ORDER)
		tlb->used[slot] = 0;
	else
		put_last(tlb, e);
}
