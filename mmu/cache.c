/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data caches (cache.h). */
#include "mmu/cache.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif
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
		if (i > 0) {
			uint32_t beyond = latency - config->level[0].latency;
			prices->of[COST_DATA_L2 + i - 1] = beyond;
			prices->of[COST_FETCH_L2 + i - 1] = beyond;
			prices->of[COST_VMCS_L2 + i - 1] = beyond;
		}
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
	int err = cache_init(&caches->l1i, &config->l1i);
	for (unsigned i = 0; i < CACHE_LEVELS && !err; i++)
		err = cache_init(&caches->level[i], &config->level[i]);
	if (err)
		caches_free(caches);
	return err;
}

static void cache_free(struct cache *c)
{
	free(c->tag);
	free(c->word);
	free(c->mru);
}

void caches_free(struct caches *caches)
{
	for (unsigned i = 0; i < CACHE_LEVELS; i++)
		cache_free(&caches->level[i]);
	cache_free(&caches->l1i);
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

static inline void place_of(const struct cache *c, uint64_t line, uint32_t *set, uint32_t *tag)
{
	if (likely(c->shift != 0xff)) {
		*set = (uint32_t)line & (c->sets - 1);
		*tag = (uint32_t)(line >> c->shift) + 1;
	} else {
		*set = (uint32_t)(line % c->sets);
		*tag = (uint32_t)(line / c->sets) + 1;
	}
}

#ifdef __SSE2__
/* Which of eight words are the wanted one: a bit each. */
static ALWAYS_INLINE unsigned same_as(const uint32_t *words, __m128i wanted)
{
	__m128i low = _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)words), wanted);
	__m128i high = _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)(words + 4)), wanted);

	return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(_mm_packs_epi32(low, high), _mm_setzero_si128()));
}
#endif

/* The way that has the tag; ways: none has. */
static inline unsigned way_of(const uint32_t *tags, unsigned ways, uint32_t tag)
{
	unsigned found = ways;
#ifdef __SSE2__
	const __m128i wanted = _mm_set1_epi32((int)tag);
	unsigned hits = 0;

	static_assert(POLICY_WAYS_MAX <= 16, "see below");
	if (likely(ways == 16))
		hits = same_as(tags, wanted) | same_as(tags + 8, wanted) << 8;
	else if (likely(ways == 8))
		hits = same_as(tags, wanted);
	for (unsigned way = 0; ways != 16 && ways != 8 && ways % 4 == 0 && way < ways; way += 4) {
		__m128i same = _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)(tags + way)), wanted);
		hits |= (unsigned)_mm_movemask_ps(_mm_castsi128_ps(same)) << way;
	}
	if (likely(ways % 4 == 0))
		return hits ? (unsigned)__builtin_ctz(hits) : ways;
#endif
	for (unsigned way = 0; way < ways; way++)
		found = tags[way] == tag ? way : found;
	return found;
}

/* Finds the line, or puts it in. true: it was there. */
static bool touch(struct cache *c, uint64_t line)
{
	uint32_t set, tag;
	place_of(c, line, &set, &tag);
	uint32_t *tags = &c->tag[(size_t)set * c->ways];
	if (tags[c->mru[set]] == tag)
		return true;
	unsigned found = way_of(tags, c->ways, tag);
	bool hit = found < c->ways;
	if (!hit) {
		found = policy_victim((enum policy)c->policy, c->word[set], c->ways);
		tags[found] = tag;
	}
	use_way(c, set, found);
	return hit;
}

static enum answer access_from(struct caches *caches, uint64_t line, enum answer first)
{
	cache_expect(&caches->level[CACHE_LEVELS - 1], line);
	for (unsigned i = first; i < CACHE_LEVELS; i++)
		if (caches->level[i].sets && touch(&caches->level[i], line))
			return (enum answer)i;
	return ANSWER_MEMORY;
}

enum answer caches_access(struct caches *caches, hpa_t hpa)
{
	return access_from(caches, hpa.u >> CACHE_LINE_SHIFT, ANSWER_L1);
}

bool caches_has_line(const struct caches *caches, hpa_t hpa)
{
	const struct cache *c = &caches->l1i;
	uint64_t line = hpa.u >> CACHE_LINE_SHIFT;
	if (c->sets == 0)
		return false;
	uint32_t set, tag;
	place_of(c, line, &set, &tag);
	const uint32_t *tags = &c->tag[(size_t)set * c->ways];
	if (likely(tags[c->mru[set]] == tag))
		return true;
	for (unsigned way = 0; way < c->ways; way++)
		if (tags[way] == tag)
			return true;
	return false;
}

void caches_fetch(struct caches *caches, hpa_t hpa)
{
	uint64_t line = hpa.u >> CACHE_LINE_SHIFT;
	if (caches->l1i.sets && !touch(&caches->l1i, line))
		cost_charge(caches->cost, (enum cost_cause)(COST_FETCH_L2 + access_from(caches, line, ANSWER_L2) - ANSWER_L2));
}

void caches_vmcs(struct caches *caches, hpa_t hpa, uint64_t size)
{
	uint64_t last = (hpa.u + size - 1) >> CACHE_LINE_SHIFT;
	for (uint64_t line = hpa.u >> CACHE_LINE_SHIFT; line <= last; line++) {
		enum answer answer = access_from(caches, line, ANSWER_L1);
		if (answer != ANSWER_L1)
			cost_charge(caches->cost, (enum cost_cause)(COST_VMCS_L2 + answer - ANSWER_L2));
	}
}

void caches_vmm(struct caches *caches, hpa_t hpa, uint64_t size)
{
	uint64_t last = (hpa.u + size - 1) >> CACHE_LINE_SHIFT;
	for (uint64_t line = hpa.u >> CACHE_LINE_SHIFT; line <= last; line++)
		cost_charge(caches->cost, (enum cost_cause)(COST_VMM_L1 + access_from(caches, line, ANSWER_L1)));
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

struct caches caches_uncounted(const struct caches *caches)
{
	struct caches copy = *caches;
	memset(copy.data, 0, sizeof copy.data);
	memset(copy.walk, 0, sizeof copy.walk);
	return copy;
}

void caches_add_between(struct caches *sum, const struct caches *before, const struct caches *now)
{
	uint64_t *count = &sum->walk[0][0][0][0][0];
	const uint64_t *later = &now->walk[0][0][0][0][0], *earlier = &before->walk[0][0][0][0][0];
	for (unsigned i = 0; i < ANSWERS; i++)
		sum->data[i] += now->data[i] - before->data[i];
	for (size_t i = 0; i < sizeof sum->walk / sizeof *count; i++)
		count[i] += later[i] - earlier[i];
}
