/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which way of a set is replaced: one 64-bit word a set, for TLBs, paging-structure caches and data caches (the policies that "TLB;DR",
 * USENIX Security 2022, found in Intel's TLBs).
 *
 *     lru              the order of use of the ways, four bits each, the latest lowest; empty ways are last
 *     plru             a binary tree of bits, each pointing to the half that was not used last; 2, 4, 8 or 16 ways
 *     mru3plru4        three groups of four ways: the group after the one used last, and in it plru: (MRU+1)%3 PLRU4; 12 ways
 *
 *     plru and mru3plru4:   63:48 ways in use    10:9 group used last    14:0 or 8:0 the trees, node 1 lowest
 *
 * A use of a way changes fixed bits to fixed values, which is what policy_use gives.
 */
#ifndef MMU_POLICY_H
#define MMU_POLICY_H

#include "mmu/base.h"

enum policy { POLICY_LRU, POLICY_PLRU, POLICY_MRU3_PLRU4, POLICY_COUNT };

enum { POLICY_WAYS_MAX = 16, POLICY_VALID_SHIFT = 48, POLICY_GROUP_SHIFT = 9 };
#define POLICY_EVERY_4TH 0x1111111111111111ull
#define POLICY_LRU_FRESH 0xfedcba9876543210ull

/* What a use of a way does to the word of a tree policy: word & keep | set. */
struct policy_use {
	uint64_t keep, set;
};

static inline bool policy_fits(enum policy policy, unsigned ways)
{
	if (ways < 1 || ways > POLICY_WAYS_MAX)
		return false;
	if (policy == POLICY_PLRU)
		return (ways & (ways - 1)) == 0;
	return policy == POLICY_LRU || (policy == POLICY_MRU3_PLRU4 && ways == 12);
}

/* The word of an empty set. */
static inline uint64_t policy_fresh(enum policy policy)
{
	return policy == POLICY_LRU ? POLICY_LRU_FRESH : 0;
}

/* The bits of one tree of `ways` leaves above bit `at` that a use of leaf `way` writes. */
static inline struct policy_use policy_tree_use(unsigned ways, unsigned way, unsigned at)
{
	struct policy_use use = {~0ull, 0};
	for (unsigned node = 1, half = ways / 2; half; half /= 2) {
		bool right = way & half;
		use.keep &= ~(1ull << (at + node - 1));
		if (!right)
			use.set |= 1ull << (at + node - 1);
		node = 2 * node + right;
	}
	return use;
}

static inline struct policy_use policy_use(enum policy policy, unsigned ways, unsigned way)
{
	struct policy_use use = {~0ull, 0};
	if (policy == POLICY_PLRU)
		use = policy_tree_use(ways, way, 0);
	if (policy == POLICY_MRU3_PLRU4) {
		use = policy_tree_use(4, way % 4, way / 4 * 3);
		use.keep &= ~(3ull << POLICY_GROUP_SHIFT);
		use.set |= (uint64_t)(way / 4) << POLICY_GROUP_SHIFT;
	}
	use.set |= 1ull << (POLICY_VALID_SHIFT + way);
	return use;
}

/* lru: where a way stands in the order */
static inline unsigned policy_lru_position(uint64_t order, unsigned way)
{
	uint64_t x = order ^ way * POLICY_EVERY_4TH;
	return (unsigned)__builtin_ctzll((x - POLICY_EVERY_4TH) & ~x & POLICY_EVERY_4TH << 3) / 4;
}

/* lru: the word after a use of the way */
static inline uint64_t policy_lru_use(uint64_t order, unsigned way)
{
	if ((order & 15) == way)
		return order;
	unsigned at = 4 * policy_lru_position(order, way);
	uint64_t later = order & ((1ull << at) - 1), earlier = order & ~((1ull << at) - 1) & ~(15ull << at);
	return earlier | later << 4 | way;
}

/* lru: the word after the way became empty: last of the order */
static inline uint64_t policy_lru_empty(uint64_t order, unsigned ways, unsigned way)
{
	unsigned end = 4 * ways; /* bits of the order that are in use */
	uint64_t unused = end == 64 ? 0 : order >> end << end;
	unsigned at = 4 * policy_lru_position(order, way);
	uint64_t later = order & ((1ull << at) - 1), earlier = (order & ~unused) >> at >> 4 << at;
	return unused | (uint64_t)way << (end - 4) | earlier | later;
}

static inline unsigned policy_tree_victim(uint64_t word, unsigned ways, unsigned at)
{
	unsigned node = 1;
	while (node < ways)
		node = 2 * node + (word >> (at + node - 1) & 1);
	return node - ways;
}

/* The way that a new entry takes: the lowest empty one, or the policy's choice. */
static inline unsigned policy_victim(enum policy policy, uint64_t word, unsigned ways)
{
	if (policy == POLICY_LRU)
		return (unsigned)(word >> (4 * (ways - 1)) & 15);
	uint64_t empty = ~(word >> POLICY_VALID_SHIFT) & ((1ull << ways) - 1);
	if (unlikely(empty))
		return (unsigned)__builtin_ctzll(empty);
	if (policy == POLICY_PLRU)
		return policy_tree_victim(word, ways, 0);
	unsigned group = (unsigned)((word >> POLICY_GROUP_SHIFT & 3) + 1) % 3;
	return 4 * group + policy_tree_victim(word, 4, 3 * group);
}

#endif
