/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data caches (cache.h). */
#include "mmu/cache.h"

#include <stdlib.h>
#include <string.h>

enum { SETS_MIN = 16 };

bool cache_geometry_fits(const struct cache_geometry *g)
{
	if (g->size == 0)
		return true;
	if (!policy_fits((enum policy)g->policy, g->ways) || g->size >> 32)
		return false;
	uint64_t line = (uint64_t)g->ways << CACHE_LINE_SHIFT;
	return g->size % line == 0 && g->size / line >= SETS_MIN;
}

void cache_prices(const struct cache_config *config, struct prices *prices)
{
	for (unsigned i = 0; i < ANSWERS; i++) {
		uint32_t latency = i < CACHE_LEVELS ? config->level[i].latency : config->memory_latency;
		prices->of[COST_WALK_L1 + i] = latency;
		prices->of[COST_EPT_L1 + i] = latency;
		prices->of[COST_VMM_L1 + i] = latency;
		if (i > 0)
			prices->of[COST_DATA_L2 + i - 1] = latency - config->level[0].latency;
	}
	prices->of[COST_IDLE] = 1;
}

static int cache_init(struct cache *c, const struct cache_geometry *g)
{
	if (!cache_geometry_fits(g))
		return -ERR_ARG;
	if (g->size == 0)
		return 0;
	c->ways = g->ways;
	c->sets = (uint32_t)(g->size / ((uint64_t)g->ways << CACHE_LINE_SHIFT));
	c->shift = c->sets & (c->sets - 1) ? 0xff : (uint8_t)__builtin_ctz(c->sets);
	c->policy = g->policy;
	c->tag = calloc((size_t)c->sets * c->ways, sizeof *c->tag);
	c->word = calloc(c->sets, sizeof *c->word);
	c->mru = calloc(c->sets, sizeof *c->mru);
	if (!c->tag || !c->word || !c->mru)
		return -ERR_NOMEM;
	for (uint32_t set = 0; set < c->sets; set++)
		c->word[set] = policy_fresh((enum policy)g->policy);
	for (unsigned way = 0; way < c->ways; way++)
		c->use[way] = policy_use((enum policy)g->policy, c->ways, way);
	return 0;
}

int caches_init(struct caches *caches, const struct cache_config *config, struct cost *cost)
{
	memset(caches, 0, sizeof *caches);
	caches->cost = cost;
	for (unsigned i = 0; i < CACHE_LEVELS; i++) {
		int err = cache_init(&caches->level[i], &config->level[i]);
		if (err < 0) {
			caches_free(caches);
			return err;
		}
	}
	return 0;
}

void caches_free(struct caches *caches)
{
	for (unsigned i = 0; i < CACHE_LEVELS; i++) {
		free(caches->level[i].tag);
		free(caches->level[i].word);
		free(caches->level[i].mru);
	}
	memset(caches, 0, sizeof *caches);
}

static inline void use_way(struct cache *c, uint32_t set, unsigned way)
{
	c->mru[set] = (uint8_t)way;
	if (c->policy == POLICY_LRU)
		c->word[set] = policy_lru_use(c->word[set], way);
	else
		c->word[set] = (c->word[set] & c->use[way].keep) | c->use[way].set;
}

/* Finds the line, or puts it in. true: it was there. */
static bool touch(struct cache *c, uint64_t line)
{
	uint32_t set, tag;
	if (likely(c->shift != 0xff)) {
		set = (uint32_t)line & (c->sets - 1);
		tag = (uint32_t)(line >> c->shift) + 1;
	} else {
		set = (uint32_t)(line % c->sets);
		tag = (uint32_t)(line / c->sets) + 1;
	}
	uint32_t *tags = &c->tag[(size_t)set * c->ways];
	if (tags[c->mru[set]] == tag)
		return true;
	unsigned found = c->ways;
	for (unsigned way = 0; way < c->ways; way++)
		found = tags[way] == tag ? way : found;
	bool hit = found < c->ways;
	if (!hit) {
		found = policy_victim((enum policy)c->policy, c->word[set], c->ways);
		tags[found] = tag;
	}
	use_way(c, set, found);
	return hit;
}

enum answer caches_access(struct caches *caches, hpa_t hpa)
{
	uint64_t line = hpa.u >> CACHE_LINE_SHIFT;
	for (unsigned i = 0; i < CACHE_LEVELS; i++)
		if (caches->level[i].sets && touch(&caches->level[i], line))
			return (enum answer)i;
	return ANSWER_MEMORY;
}

uint64_t caches_walk_refs(const struct caches *caches, enum walk_kind kind, bool ept, enum answer answer)
{
	uint64_t sum = 0;
	for (unsigned level = 0; level <= LEVELS_MAX; level++)
		for (unsigned served = 0; served <= LEVELS_MAX; served++)
			sum += caches->walk[kind][ept][level][served][answer];
	return sum;
}

uint64_t caches_walk_cycles(const struct caches *caches, enum walk_kind kind, bool ept)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < ANSWERS; i++)
		sum += caches_walk_refs(caches, kind, ept, (enum answer)i) * caches->cost->price.of[(ept ? COST_EPT_L1 : COST_WALK_L1) + i];
	return sum;
}
