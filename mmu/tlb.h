/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Translation lookaside buffers: an instruction TLB, a data TLB and a shared second level (STLB), each with parts by page
 * size, set associative, tagged with VPID, PCID and EPT root (SDM 3A, "Translation Lookaside Buffers (TLBs)"; 3C, "Caching
 * Translation Information"). A walk fills both levels; an STLB hit fills the first level; nothing is written back downwards.
 */
#ifndef MMU_TLB_H
#define MMU_TLB_H

#include "mmu/walk.h"

/* the parts of a TLB, by page size */
enum tlb_part { TLB_4K, TLB_2M, TLB_1G, TLB_PARTS };

/* What a translation is tagged with besides its page: same context means equal, but for the PCID of global ones. */
struct tlb_context {
	uint16_t pcid;
	uint16_t vpid;	 /* 0 outside non-root operation, or with VPIDs off */
	uint64_t eptrta; /* EPTP bits 51:12; 0: no EPT in use */
};

struct tlb_entry {
	uint64_t page;	  /* linear address >> shift of its part, plus 1; 0: empty. */
	uint32_t context; /* small number standing for (vpid, eptrta, pcid); see mmu.c */
	uint32_t group;	  /* small number standing for (vpid, eptrta): what a global entry must match */
	uint64_t frame;	  /* host-physical address of the page's first byte */
	uint64_t gpa;	  /* guest-physical address of the page's first byte */
	uint8_t rights;	  /* RIGHT_* */
	uint8_t second;	  /* SECOND_* */
	uint8_t pkey;
	uint8_t guest_shift;
	bool global, dirty;
	bool in_engine; /* the engine's softmmu may hold a translation made from it (owned by emu/engine.c) */
	uint8_t part;	/* enum tlb_part */
	uint64_t epoch; /* mem.table_epoch when it was walked */
	uint64_t used;	/* replacement: time of last use */
};

/* Geometry of one part: entries == 0 means the part does not exist. sets = entries / ways, a power of two. */
struct tlb_geometry {
	uint16_t entries, ways;
};

struct tlb {
	struct tlb_geometry geometry[TLB_PARTS];
	struct tlb_entry *entry[TLB_PARTS]; /* sets x ways */
	uint64_t clock;
	/* STLB: 4-KiB and 2-MiB translations share part TLB_4K when shared is set (geometry[TLB_2M].entries is then 0) */
	bool shared;
};

#endif
