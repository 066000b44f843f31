/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One translation lookaside buffer: parts by page size, set associative, least recently used within a set, tagged with
 * VPID, PCID and EPT root (SDM 3A, "Translation Lookaside Buffers (TLBs)"; 3C, "Caching Translation Information").
 * mmu.h makes three of them into a processor's.
 *
 *     tag:  63   62:61   60:16                        15:0
 *           0    part    page number (of that part)   context number       0: the slot is empty
 *
 * LIMIT: the set index is the page number's low bits (Skylake's STLB hashes), and replacement is true LRU, not a tree.
 */
#ifndef MMU_TLB_H
#define MMU_TLB_H

#include "mmu/context.h"
#include "mmu/walk.h"

/* the parts of a TLB, by page size */
enum tlb_part { TLB_4K, TLB_2M, TLB_1G, TLB_PARTS };

static const uint8_t tlb_part_shift[TLB_PARTS] = {PAGE_SHIFT, PAGE_SHIFT_2M, PAGE_SHIFT_1G};

struct tlb_entry {
	uint64_t tag;	 /* as in tlb.tag; 0: empty */
	uint64_t allows; /* bit a: an access with enum access bits a needs no walk (rights, key, dirty flags); see mmu.c */
	uint64_t frame;	 /* host-physical address of the page's first byte */
	uint64_t gpa;	 /* guest-physical address of the page's first byte */
	uint64_t epoch;	 /* mem.table_epoch when it was walked */
	uint8_t rights;	 /* RIGHT_* */
	uint8_t second;	 /* SECOND_* */
	uint8_t pkey;
	uint8_t guest_shift; /* log2 of the guest's page: more than the part's when this is a piece of a larger page */
	bool global, dirty;
	bool in_engine; /* the engine's softmmu may hold a translation made from it (set by emu/engine.c) */
	uint8_t part;	/* enum tlb_part */
};
static_assert(sizeof(struct tlb_entry) <= 64, "a TLB entry fits in a cache line");

/* Geometry of one part: entries == 0 means the part does not exist. sets = entries / ways, a power of two. */
struct tlb_geometry {
	uint16_t entries, ways;
};

/* Slots first .. first + (set_mask + 1) * ways - 1; ways == 0: no such part. */
struct tlb_array {
	uint32_t first, set_mask, ways;
};

struct tlb {
	struct tlb_array array[TLB_PARTS];
	uint32_t slots;		  /* of all parts */
	uint32_t live[TLB_PARTS]; /* slots in use, by part */
	uint64_t *tag;		  /* by slot */
	uint64_t *used;		  /* by slot: time of last use */
	struct tlb_entry *entry;  /* by slot */
	uint64_t clock;
};

/* shared: 2-MiB translations live in the 4-KiB part's slots. Returns 0, -ERR_ARG or -ERR_NOMEM (then nothing is held). */
int tlb_init(struct tlb *tlb, const struct tlb_geometry geometry[TLB_PARTS], bool shared);
void tlb_free(struct tlb *tlb);

static inline uint64_t tlb_tag(unsigned part, gla_t gla, uint32_t context)
{
	return (uint64_t)part << 61 | FIELD(gla.u, 56, 0) >> tlb_part_shift[part] << 16 | context;
}

static inline uint32_t tlb_first_slot(const struct tlb_array *a, uint64_t tag)
{
	return a->first + ((uint32_t)(tag >> 16) & a->set_mask) * a->ways;
}

/* The slot of gla in one part, for this context or as a global translation of this group; -1 if none. */
static inline int tlb_find_in(const struct tlb *tlb, unsigned part, gla_t gla, uint32_t context, uint32_t group)
{
	const struct tlb_array *a = &tlb->array[part];
	uint64_t own = tlb_tag(part, gla, context), global = tlb_tag(part, gla, group);
	uint32_t first = tlb_first_slot(a, own);
	for (uint32_t s = first; s < first + a->ways; s++)
		if (tlb->tag[s] == own || tlb->tag[s] == global)
			return (int)s;
	return -1;
}

/*
 * The slot that serves gla; -1 if none. CHOICE: when translations of several page sizes cover gla (stale ones among them), the
 * smallest page's is used.
 */
static inline int tlb_find(const struct tlb *tlb, gla_t gla, uint32_t context, uint32_t group)
{
	for (unsigned part = 0; part < TLB_PARTS; part++) {
		if (tlb->live[part] == 0)
			continue;
		int slot = tlb_find_in(tlb, part, gla, context, group);
		if (slot >= 0)
			return slot;
	}
	return -1;
}

static inline void tlb_touch(struct tlb *tlb, uint32_t slot)
{
	tlb->used[slot] = ++tlb->clock;
}

/* The slot that a new translation with this tag takes: an empty one of its set, or the least recently used. */
uint32_t tlb_victim(const struct tlb *tlb, unsigned part, uint64_t tag);
/* Puts an entry (its tag and part set) into a slot. */
void tlb_put(struct tlb *tlb, uint32_t slot, const struct tlb_entry *e);
void tlb_drop(struct tlb *tlb, uint32_t slot);

/* The largest part that exists and maps no more than 1 << shift bytes. */
unsigned tlb_part_for(const struct tlb *tlb, unsigned shift);

#endif
