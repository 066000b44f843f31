/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paging-structure caches (psc.h): storage, and who goes when something is invalidated. */
#include "mmu/psc.h"

#include <stdlib.h>
#include <string.h>

static int array_init(struct psc_array *a, const struct psc_geometry *g)
{
	memset(a, 0, sizeof *a);
	if (g->entries == 0)
		return 0;
	if (!policy_fits((enum policy)g->policy, g->ways) || g->entries % g->ways)
		return -ERR_ARG;
	uint32_t sets = g->entries / g->ways;
	if (sets & (sets - 1))
		return -ERR_ARG;
	a->entry = calloc(g->entries, sizeof *a->entry);
	a->word = calloc(sets, sizeof *a->word);
	if (!a->entry || !a->word)
		return -ERR_NOMEM;
	a->set_mask = sets - 1;
	a->ways = g->ways;
	a->policy = g->policy;
	for (uint32_t set = 0; set < sets; set++)
		a->word[set] = policy_fresh((enum policy)g->policy);
	for (unsigned way = 0; way < g->ways; way++)
		a->use[way] = policy_use((enum policy)g->policy, g->ways, way);
	return 0;
}

static void array_free(struct psc_array *a)
{
	free(a->entry);
	free(a->word);
}

int psc_init(struct psc *psc, const struct psc_config *config)
{
	memset(psc, 0, sizeof *psc);
	int err = array_init(&psc->nested, &config->nested);
	for (unsigned i = 0; i < PSC_LEVELS && !err; i++) {
		err = array_init(&psc->linear[i], &config->linear[i]);
		if (!err)
			err = array_init(&psc->ept[i], &config->ept[i]);
	}
	if (err)
		psc_free(psc);
	return err;
}

void psc_free(struct psc *psc)
{
	for (unsigned i = 0; i < PSC_LEVELS; i++) {
		array_free(&psc->linear[i]);
		array_free(&psc->ept[i]);
	}
	array_free(&psc->nested);
	memset(psc, 0, sizeof *psc);
}

static void use_way(struct psc_array *a, uint32_t set, unsigned way)
{
	uint64_t word = a->word[set];
	a->word[set] = a->policy == POLICY_LRU ? policy_lru_use(word, way) : (word & a->use[way].keep) | a->use[way].set;
}

static int way_of(const struct psc_array *a, uint64_t key, uint64_t owner)
{
	const struct psc_entry *e = &a->entry[((uint32_t)key & a->set_mask) * a->ways];
	for (unsigned way = 0; way < a->ways; way++)
		if (e[way].key == key && e[way].owner == owner)
			return (int)way;
	return -1;
}

struct psc_entry *psc_find(struct psc_array *a, uint64_t key, uint64_t owner)
{
	uint32_t set = (uint32_t)key & a->set_mask;
	int way = a->ways ? way_of(a, key, owner) : -1;
	if (way < 0)
		return NULL;
	use_way(a, set, (unsigned)way);
	return &a->entry[set * a->ways + (unsigned)way];
}

struct psc_entry *psc_put(struct psc_array *a, uint64_t key, uint64_t owner)
{
	if (a->ways == 0)
		return NULL;
	uint32_t set = (uint32_t)key & a->set_mask;
	int found = way_of(a, key, owner);
	unsigned way = found >= 0 ? (unsigned)found : policy_victim((enum policy)a->policy, a->word[set], a->ways);
	struct psc_entry *e = &a->entry[set * a->ways + way];
	use_way(a, set, way);
	e->key = key;
	e->owner = owner;
	return e;
}

static void empty(struct psc_array *a, uint32_t slot)
{
	uint32_t set = slot / a->ways;
	unsigned way = slot % a->ways;
	a->entry[slot].owner = 0;
	a->entry[slot].key = 0;
	if (a->policy == POLICY_LRU)
		a->word[set] = policy_lru_empty(a->word[set], a->ways, way);
	else
		a->word[set] &= ~(1ull << (POLICY_VALID_SHIFT + way));
}

void psc_drop(struct psc_array *a, uint64_t key, uint64_t owner)
{
	int way = a->ways ? way_of(a, key, owner) : -1;
	if (way >= 0)
		empty(a, ((uint32_t)key & a->set_mask) * a->ways + (unsigned)way);
}

struct psc_entry *psc_deepest(struct psc_array levels[PSC_LEVELS], uint64_t addr, uint64_t owner, unsigned shift2, unsigned *level)
{
	for (unsigned l = PSC_FIRST_LEVEL; l <= LEVELS_MAX; l++) {
		struct psc_entry *e = psc_find(psc_at(levels, l), addr >> (l == 2 ? shift2 : level_shift(l)), owner);
		if (e) {
			*level = l;
			return e;
		}
	}
	return NULL;
}

static uint32_t slots(const struct psc_array *a)
{
	return a->ways ? (a->set_mask + 1) * a->ways : 0;
}

/* A PDE of 32-bit paging maps 4 MiB: its key is taken with that shift, so an address can match under either. */
static bool covers(const struct psc_entry *e, unsigned level, uint64_t addr)
{
	return e->key == addr >> level_shift(level) || (level == 2 && e->key == addr >> PAGE_SHIFT_4M);
}

void psc_strike(struct psc *psc, const bool *doomed, const gla_t *gla)
{
	for (unsigned level = PSC_FIRST_LEVEL; level <= LEVELS_MAX; level++) {
		struct psc_array *a = psc_at(psc->linear, level);
		for (uint32_t s = 0; s < slots(a); s++) {
			const struct psc_entry *e = &a->entry[s];
			if (e->owner && doomed[e->owner] && (!gla || covers(e, level, FIELD(gla->u, 56, 0))))
				empty(a, s);
		}
	}
}

static void strike_ept(struct psc_array *a, uint64_t eptrta, const gpa_t *gpa, unsigned shift)
{
	for (uint32_t s = 0; s < slots(a); s++) {
		const struct psc_entry *e = &a->entry[s];
		if (e->owner && (eptrta == 0 || e->owner == eptrta) && (!gpa || e->key == gpa->u >> shift))
			empty(a, s);
	}
}

void psc_strike_ept(struct psc *psc, uint64_t eptrta, const gpa_t *gpa)
{
	for (unsigned level = PSC_FIRST_LEVEL; level <= LEVELS_MAX; level++)
		strike_ept(psc_at(psc->ept, level), eptrta, gpa, level_shift(level));
	strike_ept(&psc->nested, eptrta, gpa, PAGE_SHIFT);
}
