/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paging-structure caches (SDM 3A, "Caches for Paging Structures"; 3C, "Caching Translation Information").
 */
#ifndef MMU_PSC_H
#define MMU_PSC_H

#include "mmu/policy.h"

/* The caches of one kind, by the level of the entries that they hold: PDE-cache 2, PDPTE-cache 3, PML4-cache 4, PML5-cache 5. */
enum { PSC_FIRST_LEVEL = 2, PSC_LEVELS = 4 };

struct psc_geometry {
	uint16_t entries, ways; /* entries 0: there is none */
	uint8_t policy;		/* enum policy */
};

struct psc_config {
	struct psc_geometry linear[PSC_LEVELS]; /* linear and combined mappings */
	struct psc_geometry ept[PSC_LEVELS];	/* guest-physical mappings */
	struct psc_geometry nested;		/* guest-physical translations: the nested TLB */
};

#endif
