/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alias windows (alias.h): which linear page an engine page stands for. */
#include "emu/alias.h"

#include <string.h>
#include <sys/mman.h>

enum { WINDOWS_MAX = 8, WINDOWS_MIN = 4 };
#define ENGINE_SPACE BIT(39) /* what the engine's physical addresses were tried with */

static size_t table_bytes(const struct aliases *aliases)
{
	return aliases->stride * aliases->windows * sizeof(alias_t);
}

int alias_init(struct aliases *aliases, uint64_t frames)
{
	aliases->stride = 1;
	while (aliases->stride < frames)
		aliases->stride *= 2;
	uint64_t fit = ENGINE_SPACE / (aliases->stride << PAGE_SHIFT);
	aliases->windows = fit > WINDOWS_MAX ? WINDOWS_MAX : fit < WINDOWS_MIN ? WINDOWS_MIN : (unsigned)fit;
#ifdef ALIAS_WINDOWS /* the stress build: one window, so that every second mapping of a frame flushes */
	aliases->windows = ALIAS_WINDOWS;
#endif
	aliases->generation = 1;
	void *map = mmap(NULL, table_bytes(aliases), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return -ERR_NOMEM;
	aliases->entry = map;
	return 0;
}

void alias_free(struct aliases *aliases)
{
	if (aliases->entry)
		munmap(aliases->entry, table_bytes(aliases));
	aliases->entry = NULL;
}

void alias_reset(struct aliases *aliases)
{
	if (++aliases->generation < ALIAS_GENERATIONS)
		return;
	/* all generations used: start over with an all-zero table */
	madvise(aliases->entry, table_bytes(aliases), MADV_DONTNEED);
	aliases->generation = 1;
}

uint64_t alias_take(struct aliases *aliases, uint64_t gla_page, uint64_t frame)
{
	for (uint64_t page = frame; page < aliases->stride * aliases->windows; page += aliases->stride) {
		uint64_t generation = (aliases->entry[page] >> ALIAS_GENERATION_SHIFT) & (ALIAS_GENERATIONS - 1);
		if (generation != aliases->generation) {
			aliases->entry[page] = gla_page >> PAGE_SHIFT << ALIAS_GLA_SHIFT | (uint64_t)aliases->generation
											       << ALIAS_GENERATION_SHIFT;
			return page;
		}
		if (alias_gla(aliases->entry[page]) == gla_page)
			return page;
	}
	return ~0ull;
}
