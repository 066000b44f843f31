/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading the PDPTE registers of PAE paging from memory (SDM 3A, "PDPTE Registers"), through the second stage in use.
 */
#ifndef VMX_PDPTE_H
#define VMX_PDPTE_H

#include "vmx/state.h"

/* true if these registers select PAE paging */
static inline bool pdpte_in_use(uint64_t cr0, uint64_t cr4, uint64_t efer)
{
	return (cr0 & CR0_PG) && (cr4 & CR4_PAE) && !(efer & EFER_LMA);
}

enum pdpte_status {
	PDPTE_OK,
	PDPTE_RESERVED, /* a present entry has a reserved bit set */
	PDPTE_SECOND,	/* the second stage failed: fail and gpa say how */
};

struct pdpte_read {
	enum pdpte_status status;
	uint64_t pdpte[4]; /* PDPTE_OK */
	struct second fail;
	gpa_t gpa; /* PDPTE_SECOND: of the entry that could not be read */
};

/* true if a present entry of the four has a reserved bit set. */
bool pdpte_reserved(const uint64_t pdpte[4]);

/* Reads and checks the four entries that cr3 refers to. Changes nothing but what the second stage changes. */
struct pdpte_read pdpte_read(struct cpu *cpu, uint64_t cr3);

/*
 * What MOV to CR does: reads them into cpu->pdpte. false: cpu->pending holds #GP(0), or the EPT violation or misconfiguration, and the
 * registers are as before.
 */
bool pdpte_load(struct cpu *cpu, uint64_t cr3);

#endif
