/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building EPT paging structures in emulated memory, as a VMM does (SDM 3C, "EPT Translation Mechanism"). All tables lie in frames
 * that the pool gives.
 */
#ifndef EPT_MAP_H
#define EPT_MAP_H

#include "ept/epte.h"
#include "mmu/cache.h"
#include "mmu/mem.h"

/*
 * Host-physical memory that a VMM hands out and never takes back: pages from below, aligned to their size; tables, and pages that do not
 * fill a larger one, from above.
 */
struct ept_pool {
	struct mem *mem;
	struct caches *caches; /* what accesses to tables go through; NULL: none modelled. Set by whoever has them */
	uint64_t low, high;    /* what is left lies in [low, high), but for the device hole */
};

/* Everything from `from` to the end of RAM; from is 4-KiB aligned. */
void ept_pool_init(struct ept_pool *pool, struct mem *mem, uint64_t from);
/* 1 << shift bytes from below; false: no memory left */
bool ept_pool_page(struct ept_pool *pool, unsigned shift, hpa_t *page);
/* A frame from above, all zeros */
bool ept_pool_frame(struct ept_pool *pool, hpa_t *frame);

struct ept_map {
	struct ept_pool *pool;
	hpa_t root;
	uint8_t levels;	 /* 4 or 5 */
	uint64_t tables; /* frames that tables take */
};

/* An empty root table. false: no memory left */
bool ept_map_init(struct ept_map *map, struct ept_pool *pool, unsigned levels);

/*
 * Maps the page of 1 << shift bytes (12, 21, 30) that holds gpa to hpa, aligned alike, with the attributes (rights, memory type, IPAT)
 * of `bits`; replaces what was there, but never a table. false: no memory left, or a table is in the way.
 */
bool ept_map_page(struct ept_map *map, gpa_t gpa, hpa_t hpa, unsigned shift, uint64_t bits);
/* Makes the entry that maps gpa not present. What the processor has cached stays. */
void ept_map_remove(struct ept_map *map, gpa_t gpa);
/* Clears the dirty flag of the entry that maps gpa. What the processor has cached stays. */
void ept_map_clean(struct ept_map *map, gpa_t gpa);
/* The leaf that maps gpa, and its page size; 0 with the level's size where the walk finds nothing present. Sets no flag. */
uint64_t ept_map_find(const struct ept_map *map, gpa_t gpa, unsigned *shift);

/* The EPTP for these tables: memory type WB, and accessed and dirty flags if asked for. */
uint64_t ept_map_eptp(const struct ept_map *map, bool ad);

#endif
