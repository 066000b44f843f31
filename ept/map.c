/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EPT paging structures in emulated memory, and the pool of frames they and the guest's pages come from. */
#include "ept/map.h"

#define FRAME_ADDR BITS(51, 12)

void ept_pool_init(struct ept_pool *pool, struct mem *mem, uint64_t from)
{
	*pool = (struct ept_pool){.mem = mem, .low = from, .high = mem->top};
}

bool ept_pool_page(struct ept_pool *pool, unsigned shift, hpa_t *page)
{
	uint64_t size = BIT(shift), at = (pool->low + size - 1) & ~(size - 1);
	if (!mem_is_ram(pool->mem, HPA(at), size) && at < MEM_HIGH_BASE)
		at = MEM_HIGH_BASE; /* past the device hole */
	if (at >= pool->high || size > pool->high - at || !mem_is_ram(pool->mem, HPA(at), size))
		return false;
	pool->low = at + size;
	*page = HPA(at);
	return true;
}

static void touch(const struct ept_pool *pool, hpa_t at, uint64_t size)
{
	if (pool->caches)
		caches_vmm(pool->caches, at, size);
}

bool ept_pool_frame(struct ept_pool *pool, hpa_t *frame)
{
	static const uint8_t zero[PAGE_SIZE];
	if (pool->high == MEM_HIGH_BASE)
		pool->high = pool->mem->low_top;
	if (pool->high < PAGE_SIZE || pool->high - PAGE_SIZE < pool->low)
		return false;
	*frame = HPA(pool->high - PAGE_SIZE);
	if (!mem_write_bytes(pool->mem, *frame, zero, PAGE_SIZE))
		return false;
	touch(pool, *frame, PAGE_SIZE);
	pool->high -= PAGE_SIZE;
	return true;
}

bool ept_map_init(struct ept_map *map, struct ept_pool *pool, unsigned levels)
{
	*map = (struct ept_map){.pool = pool, .levels = (uint8_t)levels, .tables = 1};
	return ept_pool_frame(pool, &map->root);
}

static hpa_t entry_at(hpa_t table, gpa_t gpa, unsigned level)
{
	return HPA(table.u + 8 * (gpa.u >> level_shift(level) & 511));
}

static uint64_t read_entry(const struct ept_map *map, hpa_t at)
{
	touch(map->pool, at, 8);
	return mem_read(map->pool->mem, at, 8);
}

static void write_entry(const struct ept_map *map, hpa_t at, uint64_t entry)
{
	touch(map->pool, at, 8);
	mem_write(map->pool->mem, at, entry, 8);
}

static bool maps_page(uint64_t entry, unsigned level)
{
	return level == 1 || (level <= 3 && entry & EPTE_PS);
}

/* The table that an entry refers to, made if there is none. */
static bool descend(struct ept_map *map, hpa_t at, unsigned level, hpa_t *table)
{
	uint64_t entry = read_entry(map, at);
	if (entry & EPTE_RWX) {
		*table = HPA(entry & FRAME_ADDR);
		return !maps_page(entry, level);
	}
	if (!ept_pool_frame(map->pool, table))
		return false;
	map->tables++;
	write_entry(map, at, table->u | EPTE_RWX);
	return true;
}

bool ept_map_page(struct ept_map *map, gpa_t gpa, hpa_t hpa, unsigned shift, uint64_t bits)
{
	unsigned leaf = (shift - PAGE_SHIFT) / 9 + 1;
	hpa_t table = map->root;
	for (unsigned level = map->levels; level > leaf; level--)
		if (!descend(map, entry_at(table, gpa, level), level, &table))
			return false;
	hpa_t at = entry_at(table, gpa, leaf);
	uint64_t old = read_entry(map, at), page = hpa.u & ~(BIT(shift) - 1);
	if (old & EPTE_RWX && !maps_page(old, leaf))
		return false;
	write_entry(map, at, page | bits | (leaf > 1 ? EPTE_PS : 0));
	return true;
}

/* Where the walk for gpa ends: at the leaf, or at an entry that is not present. */
static hpa_t last_entry(const struct ept_map *map, gpa_t gpa, unsigned *level)
{
	hpa_t table = map->root;
	for (*level = map->levels;; (*level)--) {
		hpa_t at = entry_at(table, gpa, *level);
		uint64_t entry = read_entry(map, at);
		if (!(entry & EPTE_RWX) || maps_page(entry, *level))
			return at;
		table = HPA(entry & FRAME_ADDR);
	}
}

void ept_map_remove(struct ept_map *map, gpa_t gpa)
{
	unsigned level;
	hpa_t at = last_entry(map, gpa, &level);
	write_entry(map, at, 0);
}

void ept_map_clean(struct ept_map *map, gpa_t gpa)
{
	unsigned level;
	hpa_t at = last_entry(map, gpa, &level);
	write_entry(map, at, mem_read(map->pool->mem, at, 8) & ~EPTE_D);
}

uint64_t ept_map_find(const struct ept_map *map, gpa_t gpa, unsigned *shift)
{
	unsigned level;
	uint64_t entry = mem_read(map->pool->mem, last_entry(map, gpa, &level), 8);
	*shift = level_shift(level);
	return entry & EPTE_RWX ? entry : 0;
}

uint64_t ept_map_eptp(const struct ept_map *map, bool ad)
{
	return map->root.u | (uint64_t)(map->levels - 1) << EPTP_WALK_SHIFT | MEMTYPE_WB | (ad ? EPTP_AD : 0);
}
