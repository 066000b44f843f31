/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers for TLB tags: an open-addressed table from (VPID, EPT root, PCID). */
#include "mmu/context.h"

#include <string.h>

static unsigned hash(const struct tlb_context *c)
{
	uint64_t x = (c->eptrta ^ (uint64_t)c->vpid << 20 ^ (uint64_t)c->pcid << 40) * 0x9e3779b97f4a7c15ull;
	return (unsigned)(x >> 40) % CONTEXT_SLOTS;
}

uint32_t context_number(struct contexts *all, const struct tlb_context *c)
{
	unsigned at = hash(c);
	while (all->slot[at]) {
		const struct tlb_context *have = &all->of[all->slot[at]];
		if (have->pcid == c->pcid && have->vpid == c->vpid && have->eptrta == c->eptrta)
			return all->slot[at];
		at = (at + 1) % CONTEXT_SLOTS;
	}
	if (all->count == CONTEXTS_MAX)
		return 0;
	all->slot[at] = ++all->count;
	all->of[all->count] = *c;
	return all->count;
}

void context_forget_all(struct contexts *all)
{
	memset(all->slot, 0, sizeof all->slot);
	all->count = 0;
}
