/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data caches, which price a memory reference: three levels, physically addressed, set associative, lines of 64 bytes. They hold
 * addresses only; data is always in struct mem. The guest's data accesses, page walks and the VMMs' accesses all go through them.
 *
 *     reference -> L1D -> L2 -> last-level cache -> memory        a miss fills every level on the way
 *
 * LIMIT: instruction bytes do not go through the caches; writebacks, prefetchers and the snoop filter are not modelled; levels are
 * neither inclusive nor exclusive.
 */
#ifndef MMU_CACHE_H
#define MMU_CACHE_H

#include "mmu/addr.h"
#include "mmu/cost.h"
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
	uint16_t memory_latency;
};

/* false: the ways do not divide the size into sets, or do not go with the policy */
bool cache_geometry_fits(const struct cache_geometry *geometry);

/* What is in a price list by the latencies of the caches. A data access pays what it waits beyond an L1 hit. */
void cache_prices(const struct cache_config *config, struct prices *prices);

#endif
