/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Storage and replacement of one TLB (see tlb.h). Tags and times lie apart from the entries: a search reads little memory. */
#include "mmu/tlb.h"

#include <stdlib.h>
#include <string.h>

static int array_init(struct tlb_array *a, struct tlb_geometry g, uint32_t *slots)
{
	memset(a, 0, sizeof *a);
	if (g.entries == 0)
		return 0;
	if (g.ways == 0 || g.entries % g.ways != 0)
		return -ERR_ARG;
	uint32_t sets = g.entries / g.ways;
	if (sets & (sets - 1))
		return -ERR_ARG;
	*a = (struct tlb_array){.first = *slots, .set_mask = sets - 1, .ways = g.ways};
	*slots += g.entries;
	return 0;
}

/* zeroed, on a cache line's boundary */
static void *lines_alloc(size_t size)
{
	size_t rounded = (size + 63) / 64 * 64;
	void *p = aligned_alloc(64, rounded);
	if (p)
		memset(p, 0, rounded);
	return p;
}

int tlb_init(struct tlb *tlb, const struct tlb_geometry geometry[TLB_PARTS], bool shared)
{
	memset(tlb, 0, sizeof *tlb);
	for (unsigned part = 0; part < TLB_PARTS; part++)
		if (array_init(&tlb->array[part], geometry[part], &tlb->slots) < 0)
			return -ERR_ARG;
	if (tlb->array[TLB_4K].ways == 0 || (shared && tlb->array[TLB_2M].ways != 0))
		return -ERR_ARG;
	if (shared)
		tlb->array[TLB_2M] = tlb->array[TLB_4K];
	tlb->tag = lines_alloc(tlb->slots * sizeof *tlb->tag);
	tlb->used = lines_alloc(tlb->slots * sizeof *tlb->used);
	tlb->entry = lines_alloc(tlb->slots * sizeof *tlb->entry);
	if (!tlb->tag || !tlb->used || !tlb->entry) {
		tlb_free(tlb);
		return -ERR_NOMEM;
	}
	return 0;
}

void tlb_free(struct tlb *tlb)
{
	free(tlb->tag);
	free(tlb->used);
	free(tlb->entry);
	memset(tlb, 0, sizeof *tlb);
}

uint32_t tlb_victim(const struct tlb *tlb, unsigned part, uint64_t tag)
{
	const struct tlb_array *a = &tlb->array[part];
	uint32_t first = tlb_first_slot(a, tag), oldest = first;
	for (uint32_t s = first; s < first + a->ways; s++) {
		if (tlb->tag[s] == 0)
			return s;
		if (tlb->used[s] < tlb->used[oldest])
			oldest = s;
	}
	return oldest;
}

void tlb_put(struct tlb *tlb, uint32_t slot, const struct tlb_entry *e)
{
	if (tlb->tag[slot])
		tlb->live[tlb->entry[slot].part]--;
	tlb->live[e->part]++;
	tlb->tag[slot] = e->tag;
	tlb->entry[slot] = *e;
	tlb_touch(tlb, slot);
}

void tlb_drop(struct tlb *tlb, uint32_t slot)
{
	if (tlb->tag[slot] == 0)
		return;
	tlb->live[tlb->entry[slot].part]--;
	tlb->tag[slot] = 0;
	tlb->entry[slot].tag = 0;
}

unsigned tlb_part_for(const struct tlb *tlb, unsigned shift)
{
	if (shift >= PAGE_SHIFT_1G && tlb->array[TLB_1G].ways)
		return TLB_1G;
	if (shift >= PAGE_SHIFT_2M && tlb->array[TLB_2M].ways)
		return TLB_2M;
	return TLB_4K;
}
