/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Storage and replacement of one TLB (see tlb.h). Tags and times lie apart from the entries: a search reads little memory. */
#include "mmu/tlb.h"

#include <stdlib.h>
#include <string.h>

static int array_init(struct tlb *tlb, unsigned part, struct tlb_geometry g, struct tlb_rule rule)
{
	struct tlb_array *a = &tlb->array[part];
	memset(a, 0, sizeof *a);
	if (g.entries == 0)
		return 0;
	if (g.ways == 0 || g.entries % g.ways != 0)
		return -ERR_ARG;
	uint32_t sets = g.entries / g.ways;
	if (sets & (sets - 1) || (rule.policy != POLICY_LRU && !policy_fits((enum policy)rule.policy, g.ways)) || rule.fold > 45)
		return -ERR_ARG;
	*a = (struct tlb_array){
	    .first = tlb->slots, .set_mask = sets - 1, .ways = g.ways, .policy = rule.policy, .fold = rule.fold ? rule.fold : 63};
	tlb->slots += g.entries;
	bool hashed = g.ways >= HASH_MIN && g.ways <= HASH_MAX;
	if (hashed) {
		a->hash_words = (g.ways + 3u) / 4;
		a->first_hash = tlb->hashes;
		tlb->hashes += sets * a->hash_words;
	}
	a->words = hashed || rule.policy != POLICY_LRU;
	if (a->words) {
		a->first_order = tlb->orders;
		tlb->orders += sets;
	}
	for (unsigned way = 0; way < g.ways && way < POLICY_WAYS_MAX; way++)
		tlb->use[part][way] = policy_use((enum policy)rule.policy, g.ways, way);
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

static void orders_init(struct tlb *tlb)
{
	for (unsigned part = 0; part < TLB_PARTS; part++) {
		const struct tlb_array *a = &tlb->array[part];
		for (uint32_t set = 0; a->words && set <= a->set_mask; set++)
			tlb->order[a->first_order + set] = policy_fresh((enum policy)a->policy);
	}
}

int tlb_init(struct tlb *tlb, const struct tlb_geometry geometry[TLB_PARTS], const struct tlb_rule rule[TLB_PARTS], bool shared)
{
	static const struct tlb_rule plain[TLB_PARTS];
	memset(tlb, 0, sizeof *tlb);
	if (!rule)
		rule = plain;
	for (unsigned part = 0; part < TLB_PARTS; part++)
		if (array_init(tlb, part, geometry[part], rule[part]) < 0)
			return -ERR_ARG;
	if (tlb->array[TLB_4K].ways == 0 || (shared && tlb->array[TLB_2M].ways != 0))
		return -ERR_ARG;
	if (shared) {
		tlb->array[TLB_2M] = tlb->array[TLB_4K];
		memcpy(tlb->use[TLB_2M], tlb->use[TLB_4K], sizeof tlb->use[TLB_2M]);
	}
	tlb->tag = lines_alloc(tlb->slots * sizeof *tlb->tag);
	tlb->taken = lines_alloc((tlb->slots + 63) / 64 * sizeof *tlb->taken);
	tlb->used = lines_alloc(tlb->slots * sizeof *tlb->used);
	tlb->entry = lines_alloc(tlb->slots * sizeof *tlb->entry);
	tlb->hash = lines_alloc(tlb->hashes * sizeof *tlb->hash);
	tlb->order = lines_alloc(tlb->orders * sizeof *tlb->order);
	if (!tlb->tag || !tlb->taken || !tlb->used || !tlb->entry || !tlb->hash || !tlb->order) {
		tlb_free(tlb);
		return -ERR_NOMEM;
	}
	orders_init(tlb);
	return 0;
}

void tlb_free(struct tlb *tlb)
{
	free(tlb->tag);
	free(tlb->taken);
	free(tlb->used);
	free(tlb->entry);
	free(tlb->hash);
	free(tlb->order);
	memset(tlb, 0, sizeof *tlb);
}

void tlb_drop(struct tlb *tlb, uint32_t slot)
{
	struct tlb_entry *e = &tlb->entry[slot];
	if (tlb->tag[slot] == 0)
		return;
	tlb->live[e->part]--;
	tlb_count(tlb, e, -1);
	tlb->tag[slot] = 0;
	tlb->taken[slot / 64] &= ~BIT(slot % 64);
	e->tag = 0;
	if (e->order == NO_ORDER) {
		tlb->used[slot] = 0;
		return;
	}
	uint64_t *word = &tlb->order[e->order];
	if (e->policy == POLICY_LRU)
		*word = policy_lru_empty(*word, tlb->array[e->part].ways, e->way);
	else
		*word &= ~BIT(POLICY_VALID_SHIFT + e->way);
}

bool tlb_find_alone(const struct tlb *tlb, struct tlb_entry *e)
{
	unsigned shift = tlb_part_shift[e->part];
	uint64_t page = FIELD(e->tag, 60, 16);

	e->alone = ALONE;
	for (uint32_t slot = 0; slot < tlb->slots; slot++) {
		unsigned part = tlb->entry[slot].part;
		if (tlb->tag[slot] && part < e->part && FIELD(tlb->tag[slot], 60, 16) >> (shift - tlb_part_shift[part]) == page)
			e->alone = NOT_ALONE;
	}
	return e->alone == ALONE;
}
