/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paging-structure caches and the nested TLB (SDM 3A, "Caches for Paging Structures"; 3C, "Caching Translation Information"):
 *
 *     linear          upper bits of a linear address -> the table that they lead to        EPT off
 *     combined        the same, with EPT: the host-physical address of the table           EPT on
 *     guest-physical  upper bits of a guest-physical address -> EPT table; page -> frame (the nested TLB)
 *
 * Linear and combined entries live in the same arrays, told apart by their context (VPID, PCID, EPT root); guest-physical ones are tagged
 * with the EPT root alone. Each level has an array: the PDE-cache holds what PDEs say, and so on; a walk begins below the deepest hit.
 *
 * CHOICE: entries are made only by a walk that reached a page, from entries with P = 1, PS = 0, no reserved bit and A = 1. (Those of a walk
 * that did not would be invalidated at once by its page fault or EPT violation.)
 * CHOICE: a walk that began at a cached entry and failed is made again from the top, so stale entries never cause a spurious fault.
 * CHOICE: the nested TLB holds the frames of guest paging structures only, in 4-KiB pieces; the final address has the TLB.
 */
#ifndef MMU_PSC_H
#define MMU_PSC_H

#include "mmu/addr.h"
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

struct psc_entry {
	uint64_t key;	/* the upper address bits that it is for */
	uint64_t owner; /* linear and combined: context number; guest-physical: EPT root; 0: empty (EPT roots have a bit set: EPTRTA_EPT) */
	uint64_t table; /* host-physical address of the table; nested TLB: of the frame */
	uint64_t gpa;	/* linear and combined: guest-physical address of the table; nested TLB: the leaf entry */
	uint64_t all, any; /* bits that are 1 in all, in any of the entries on the way */
	uint64_t epoch;	   /* mem.table_epoch when the oldest of them was read */
	uint8_t second;	   /* SECOND_* of the table's frame */
	uint8_t shift;	   /* nested TLB: log2 of the page size of the EPT mapping */
	uint8_t switched;  /* linear and combined: struct walk's, as far as the walk knew it by then */
};

struct psc_array {
	struct psc_entry *entry; /* by set and way */
	uint64_t *word;		 /* by set */
	uint32_t set_mask, ways; /* ways 0: there is no such cache */
	uint8_t policy;
	struct policy_use use[POLICY_WAYS_MAX];
};

struct psc {
	struct psc_array linear[PSC_LEVELS], ept[PSC_LEVELS], nested;
	uint64_t oldest;		  /* mem.table_epoch of the oldest entry that the walk under way has used, or of its start */
	uint64_t hits[2][LEVELS_MAX + 1]; /* linear or EPT, by level; [1][1]: nested TLB */
};

/* Returns 0, -ERR_ARG or -ERR_NOMEM (then nothing is held). */
int psc_init(struct psc *psc, const struct psc_config *config);
void psc_free(struct psc *psc);

/* The entry of one cache, marked as used, or NULL. */
struct psc_entry *psc_find(struct psc_array *a, uint64_t key, uint64_t owner);
/* The entry for key, present or put in the place of another: the caller fills in the rest. NULL: there is no such cache. */
struct psc_entry *psc_put(struct psc_array *a, uint64_t key, uint64_t owner);
void psc_drop(struct psc_array *a, uint64_t key, uint64_t owner);

/* The deepest entry of an array of levels for an address, and its level in *level; none: NULL. shift2: log2 of what a PDE maps. */
struct psc_entry *psc_deepest(struct psc_array levels[PSC_LEVELS], uint64_t addr, uint64_t owner, unsigned shift2, unsigned *level);

/*
 * Invalidation. doomed: by context number; gla NULL: every entry of those contexts, else those that would be used for the address.
 * Guest-physical: of one root (or of all, with 0), every entry or those that would be used for the address.
 */
void psc_strike(struct psc *psc, const bool *doomed, const gla_t *gla);
void psc_strike_ept(struct psc *psc, uint64_t eptrta, const gpa_t *gpa);

static inline struct psc_array *psc_at(struct psc_array levels[PSC_LEVELS], unsigned level)
{
	return &levels[level - PSC_FIRST_LEVEL];
}

#endif
