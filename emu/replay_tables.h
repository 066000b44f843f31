/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paging structures for a trace that brings none, built as its pages are first touched: the guest's by its operating system, on page
 * faults; EPT's, or shadow ones, by the VMM, on VM exits.
 *
 *     native   page fault -> page and entries
 *     EPT      page fault -> page and entries; EPT violation -> frame and EPT entries (of a new table of the guest at once: it is written)
 *     shadow   page fault -> VM exit, reflected -> page and entries; page fault -> VM exit -> shadow entries
 *
 * LIMIT: what operating system and VMM execute is not in the trace, so their instructions, accesses and TLB entries are missing; under
 * shadow paging, so are the VM exits of stores to the guest's tables.
 */
#ifndef EMU_REPLAY_TABLES_H
#define EMU_REPLAY_TABLES_H

#include "emu/machine.h"
#include "ept/map.h"

struct replay_config {
	enum paging_kind paging;
	unsigned guest_shift, ept_shift; /* page sizes: 12, 21 or 30 */
	const struct profile *profile;	 /* the processor; NULL: the plain model */
	bool recorded;			 /* the tables are those of the trace, which has all that takes */
	uint64_t memory;		 /* recorded: bytes of RAM; else 0 */
	bool insns;			 /* instructions are in the trace: they make the fetches, when tables are built */
};

struct replay_tables {
	struct cpu *cpu;
	enum paging_kind paging;
	unsigned guest_shift;				   /* the guest's page size: 12, 21 or 30 */
	unsigned ept_shift;				   /* the largest EPT page */
	struct ept_pool pool;				   /* host-physical memory; natively and under shadow paging the guest's as well */
	struct ept_map map;				   /* EPT */
	uint64_t guest_root, shadow_root;		   /* guest-physical; host-physical */
	uint64_t next_page, next_table;			   /* EPT: guest-physical memory not yet used, for pages and for tables */
	uint64_t guest_pages, guest_tables, shadow_tables; /* made so far */
};

/* Makes the roots and sets the mode of the MMU. false: memory does not suffice. */
bool replay_tables_init(struct replay_tables *t, struct cpu *cpu, struct ept *ept, const struct replay_config *config);

/* After a walk that failed (cpu->mmu.last): what operating system or VMM do about it. false: the host-physical memory is used up. */
bool replay_tables_fault(struct replay_tables *t, gla_t gla, unsigned access);

#endif
