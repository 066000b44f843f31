/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A processor's memory system and what things cost on it: the contents of a profile file (emu/profiles/), as the model takes it.
 */
#ifndef MMU_PROFILE_H
#define MMU_PROFILE_H

#include "mmu/cache.h"
#include "mmu/mmu.h"
#include "mmu/psc.h"

enum { PROFILE_TEXT = 96 };

struct profile {
	char name[32];		 /* "skylake" */
	char text[PROFILE_TEXT]; /* one line about it */
	struct mmu_config tlbs;
	struct psc_config pscs;
	struct cache_config caches;
	struct prices prices;
	uint32_t vm_exit; /* what a VM exit costs whose reason has no price of its own; prices has all of them */
	uint32_t walkers; /* page walks at a time: noted, not overlapped */
};

#endif
