/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The caches that price a memory reference: three levels, physically addressed, set associative, lines of 64 bytes. They hold
 * addresses only; data is always in struct mem. Everything that the processor or a built-in VMM does with memory goes through them.
 *
 *     data of the guest, page walks,   -> L1D \
 *     VMX structures, VMMs                      > L2 -> last-level cache -> memory        a miss fills every level on the way
 *     instructions                     -> L1I /
 *
 * LIMIT: writebacks, prefetchers and the snoop filter are not modelled; levels are neither inclusive nor exclusive.
 * CHOICE: a line of instructions is fetched when execution comes to an instruction that begins in it, from another line.
 */
#ifndef MMU_CACHE_H
#define MMU_CACHE_H

#include "mmu/addr.h"
#include "mmu/cost.h"
#include "mmu/event.h"
#include "mmu/policy.h"

enum { CACHE_LEVELS = 3, CACHE_LINE_SHIFT = 6 };

struct cache_geometry {
	uint64_t size;	  /* bytes; 0: there is none */
	uint16_t ways;	  /* 1 to 16 */
	uint16_t latency; /* cycles from the access to the data when this level answers; of the L1 also when there is none */
	uint8_t policy;	  /* enum policy */
};

struct cache_config {
	struct cache_geometry level[CACHE_LEVELS]; /* L1D, L2, last level */
	struct cache_geometry l1i;		   /* instructions; its latency is in their prices. None: fetches take no time */
	uint16_t memory_latency;
};

/* false: the ways do not divide the size into sets, or do not go with the policy */
bool cache_geometry_fits(const struct cache_geometry *geometry);

struct cache {
	uint32_t *tag;	/* by set and way: the line number / sets + 1; 0: empty */
	uint64_t *word; /* by set: of the policy */
	uint8_t *mru;	/* by set: the way used last */
	uint32_t sets;	/* 0: there is no such cache */
	uint32_t ways;
	uint8_t shift; /* sets == 1 << shift; or 0xff */
	uint8_t policy;
	struct policy_use use[POLICY_WAYS_MAX];
};

struct caches {
	struct cache level[CACHE_LEVELS], l1i;
	struct cost *cost;
	uint64_t data[ANSWERS]; /* data accesses by what answered */
	/* walk references: by the walk's kind, guest entry or EPT entry, its level, the guest level that it was for (EPT only; 0: the final
	 * address), and what answered */
	uint64_t walk[WALK_KINDS][2][LEVELS_MAX + 1][LEVELS_MAX + 1][ANSWERS];
	enum walk_kind kind; /* of the walk under way */
};

/* Returns 0, -ERR_ARG or -ERR_NOMEM (then nothing is held). cost: where accesses are charged. */
int caches_init(struct caches *caches, const struct cache_config *config, struct cost *cost);
void caches_free(struct caches *caches);

/* The host fetches what a look-up will need, while other things are done. */
static inline void cache_expect(const struct cache *c, uint64_t line)
{
	uint32_t set = (uint32_t)line & (c->sets - 1);

	if (c->shift == 0xff || !c->sets)
		return;
	__builtin_prefetch(&c->mru[set], 1);
	__builtin_prefetch(&c->tag[(size_t)set * c->ways], 1);
	__builtin_prefetch(&c->word[set], 1);
}

/* The line at hpa will be accessed soon. */
static inline void caches_expect(const struct caches *caches, hpa_t hpa)
{
	for (unsigned i = 1; i < CACHE_LEVELS; i++)
		cache_expect(&caches->level[i], hpa.u >> CACHE_LINE_SHIFT);
}

/* One access: finds and fills. */
enum answer caches_access(struct caches *caches, hpa_t hpa);

/* The sum of a kind's references to guest or EPT entries that one level answered. */
uint64_t caches_walk_refs(const struct caches *caches, enum walk_kind kind, bool ept, enum answer answer);
/* Cycles of a kind's walks: their starts apart, their references to guest entries or to EPT entries. */
uint64_t caches_walk_cycles(const struct caches *caches, enum walk_kind kind, bool ept);

/* A copy, to look at and not to use or to free, whose counters are 0. */
struct caches caches_uncounted(const struct caches *caches);
/* Adds to the counters of sum what was counted between before, a copy made earlier, and now. */
void caches_add_between(struct caches *sum, const struct caches *before, const struct caches *now);

/* What is in a price list by the latencies of the caches. A data access pays what it waits beyond an L1 hit. */
void cache_prices(const struct cache_config *config, struct prices *prices);

/* true if the line is the one its L1 set used last: nothing to find, to fill or to charge */
static inline bool caches_same(const struct caches *caches, hpa_t hpa)
{
	const struct cache *c = &caches->level[0];
	uint64_t line = hpa.u >> CACHE_LINE_SHIFT;
	if (unlikely(c->shift == 0xff || c->sets == 0))
		return false;
	uint32_t set = (uint32_t)line & (c->sets - 1);
	return c->tag[set * c->ways + c->mru[set]] == (uint32_t)(line >> c->shift) + 1;
}

/* true if the bytes lie in two lines */
static inline bool caches_split(hpa_t hpa, unsigned size)
{
	return (hpa.u & (BIT(CACHE_LINE_SHIFT) - 1)) + size > BIT(CACHE_LINE_SHIFT);
}

/* The line of an instruction: finds and fills. */
void caches_fetch(struct caches *caches, hpa_t hpa);
/* true if the L1 instruction cache has the line; looks without touching. */
bool caches_has_line(const struct caches *caches, hpa_t hpa);
/* Each line of [hpa, hpa + size): what the processor reads and writes of a VMX structure, and what a built-in VMM does of memory. */
void caches_vmcs(struct caches *caches, hpa_t hpa, uint64_t size);
void caches_vmm(struct caches *caches, hpa_t hpa, uint64_t size);

/* A data access of the guest, within one line. Returns true if it was charged for. */
static inline bool caches_data(struct caches *caches, hpa_t hpa)
{
	if (likely(caches_same(caches, hpa))) {
		caches->data[ANSWER_L1]++;
		return false;
	}
	enum answer answer = caches_access(caches, hpa);
	caches->data[answer]++;
	if (answer == ANSWER_L1)
		return false;
	cost_charge(caches->cost, (enum cost_cause)(COST_DATA_L2 + answer - ANSWER_L2));
	return true;
}

/* A reference of a page walk. */
static inline enum answer caches_walk(struct caches *caches, hpa_t hpa, bool ept, unsigned level, unsigned for_level)
{
	enum answer answer = caches_access(caches, hpa);
	caches->walk[caches->kind][ept][level][for_level][answer]++;
	cost_charge(caches->cost, (enum cost_cause)((ept ? COST_EPT_L1 : COST_WALK_L1) + answer));
	return answer;
}

#endif
