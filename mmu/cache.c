/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data caches (cache.h). */
#include "mmu/cache.h"

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
