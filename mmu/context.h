/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cached translations are tagged with (SDM 3A, "Process-Context Identifiers (PCIDs)"; 3C, "Caching Translation
 * Information"): VPID, EPT root and PCID, each combination in use standing for a small number that fits in a TLB tag.
 * A global translation has the number of its VPID and EPT root with PCID_ANY.
 */
#ifndef MMU_CONTEXT_H
#define MMU_CONTEXT_H

#include "mmu/base.h"

struct tlb_context {
	uint16_t pcid;
	uint16_t vpid;	 /* 0 outside non-root operation, or with VPIDs off */
	uint64_t eptrta; /* EPTP bits 51:12 and EPTRTA_EPT; 0: no EPT in use */
};

#define EPTRTA_EPT BIT(0) /* makes EPT tables at address 0 differ from none */

enum {
	PCID_ANY = 0xffff,
	CONTEXTS_MAX = 1023, /* numbers are 1..CONTEXTS_MAX */
	CONTEXT_SLOTS = 2048,
};

struct contexts {
	struct tlb_context of[CONTEXTS_MAX + 1];
	uint16_t count;
	uint16_t slot[CONTEXT_SLOTS]; /* open addressing; 0: free */
};

/* The number of a context, given on first use; 0 when all numbers are taken: forget everything and begin anew. */
uint32_t context_number(struct contexts *all, const struct tlb_context *c);
void context_forget_all(struct contexts *all);

#endif
