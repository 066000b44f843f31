/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One translation lookaside buffer: parts by page size, set associative, least recently used within a set, tagged with
 * VPID, PCID and EPT root (SDM 3A, "Translation Lookaside Buffers (TLBs)"; 3C, "Caching Translation Information").
 * mmu.h makes three of them into a processor's.
 *
 *     tag:  63   62:61   60:16                        15:0
 *           0    part    page number (of that part)   context number       0: the slot is empty
 *
 * Least recently used is kept in one of two ways, with the same outcome. Narrow sets (and very wide ones): a time of last use for
 * each slot, quick to set, searched at replacement. Sets of ORDER_MIN to ORDER_MAX ways: one word with the order of use of the ways,
 * four bits each, the latest lowest; empty ways are always last. Such a set also has a 16-bit hash of the page number for each way,
 * four to a word, so that a search compares four ways at a time and then looks at one tag.
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
	uint8_t way;	/* in its set, if that has an order */
	uint32_t order; /* where its set's order lies in tlb.order, or NO_ORDER */
} __attribute__((aligned(64)));
static_assert(sizeof(struct tlb_entry) <= 64, "a TLB entry fits in a cache line");

/* Geometry of one part: entries == 0 means the part does not exist. sets = entries / ways, a power of two. */
struct tlb_geometry {
	uint16_t entries, ways;
};

enum { ORDER_MIN = 9, ORDER_MAX = 16 };
#define NO_ORDER (~0u)

/* Slots first .. first + (set_mask + 1) * ways - 1; ways == 0: no such part. */
struct tlb_array {
	uint32_t first, set_mask, ways;
	uint32_t first_hash, hash_words; /* of a set's hashes in tlb.hash: first_hash + set * hash_words */
	uint32_t first_order;		 /* of a set's order in tlb.order: first_order + set */
};

struct tlb {
	struct tlb_array array[TLB_PARTS];
	uint32_t live[TLB_PARTS]; /* slots in use, by part */
	uint32_t slots;		  /* of all parts */
	uint64_t *hash;
	uint64_t *tag;		 /* by slot */
	struct tlb_entry *entry; /* by slot */
	uint64_t *order;
	uint64_t *used; /* by slot: time of last use, for sets without order */
	uint64_t clock;
	uint32_t hashes, orders; /* words of hash and order */
};

/* shared: 2-MiB translations live in the 4-KiB part's slots. Returns 0, -ERR_ARG or -ERR_NOMEM (then nothing is held). */
int tlb_init(struct tlb *tlb, const struct tlb_geometry geometry[TLB_PARTS], bool shared);
void tlb_free(struct tlb *tlb);

static inline uint64_t tlb_tag(unsigned part, gla_t gla, uint32_t context)
{
	return (uint64_t)part << 61 | FIELD(gla.u, 56, 0) >> tlb_part_shift[part] << 16 | context;
}

#define EVERY_16TH 0x0001000100010001ull
#define EVERY_4TH 0x1111111111111111ull

static inline uint64_t tlb_hash(uint64_t tag)
{
	uint64_t page = tag >> 20; /* the page number without the bits that are the set index of the smallest TLBs */
	return (page ^ page >> 16 ^ page >> 32) & 0xffff;
}

static inline uint32_t tlb_set(const struct tlb_array *a, uint64_t tag)
{
	return (uint32_t)(tag >> 16) & a->set_mask;
}

static inline bool tlb_has_order(const struct tlb_array *a)
{
	return a->hash_words != 0;
}

/* The slot of gla in one part, for this context or as a global translation of this group; -1 if none. */
static ALWAYS_INLINE int tlb_find_in(const struct tlb *tlb, unsigned part, gla_t gla, uint32_t context, uint32_t group)
{
	const struct tlb_array *a = &tlb->array[part];
	uint64_t page = tlb_tag(part, gla, 0), own = page | context, global = page | group;
	uint32_t set = tlb_set(a, page), first = a->first + set * a->ways;
	if (!tlb_has_order(a)) {
		for (uint32_t slot = first; slot < first + a->ways; slot++)
			if (tlb->tag[slot] == own || tlb->tag[slot] == global)
				return (int)slot;
		return -1;
	}
	const uint64_t *hash = &tlb->hash[a->first_hash + set * a->hash_words];
	uint64_t wanted = tlb_hash(page) * EVERY_16TH;
	for (uint32_t w = 0; w < a->hash_words; w++) {
		uint64_t x = hash[w] ^ wanted; /* a way that may match: 16 zero bits */
		for (uint64_t zero = (x - EVERY_16TH) & ~x & EVERY_16TH << 15; zero; zero &= zero - 1) {
			uint32_t slot = first + w * 4 + (uint32_t)__builtin_ctzll(zero) / 16;
			if (likely(tlb->tag[slot] == own || tlb->tag[slot] == global))
				return (int)slot;
		}
	}
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

static inline unsigned tlb_order_position(uint64_t order, unsigned way)
{
	uint64_t x = order ^ way * EVERY_4TH;
	return (unsigned)__builtin_ctzll((x - EVERY_4TH) & ~x & EVERY_4TH << 3) / 4;
}

/* Marks an entry as the one used last. */
static inline void tlb_touch(struct tlb *tlb, const struct tlb_entry *e)
{
	if (likely(e->order == NO_ORDER)) {
		tlb->used[e - tlb->entry] = ++tlb->clock;
		return;
	}
	uint64_t order = tlb->order[e->order];
	if ((order & 15) == e->way)
		return;
	unsigned at = 4 * tlb_order_position(order, e->way);
	uint64_t later = order & (BIT(at) - 1), earlier = order & ~(BIT(at) - 1) & ~(15ull << at);
	tlb->order[e->order] = earlier | later << 4 | e->way;
}

/* The slot that a new translation with this tag takes: an empty one of its set, or the least recently used. */
static ALWAYS_INLINE uint32_t tlb_victim(const struct tlb *tlb, unsigned part, uint64_t tag)
{
	const struct tlb_array *a = &tlb->array[part];
	uint32_t set = tlb_set(a, tag), first = a->first + set * a->ways, oldest = first;
	if (tlb_has_order(a))
		return first + (uint32_t)(tlb->order[a->first_order + set] >> (4 * (a->ways - 1)) & 15);
	uint64_t least = tlb->used[first];
	for (uint32_t s = first + 1; s < first + a->ways; s++) {
		uint64_t used = tlb->used[s];
		oldest = used < least ? s : oldest;
		least = used < least ? used : least;
	}
	return oldest;
}

/* Makes a slot, of tlb_victim, ready for a new entry whose tag and part are given; returns it for the caller to fill in the rest. */
static ALWAYS_INLINE struct tlb_entry *tlb_put(struct tlb *tlb, uint32_t slot, unsigned part, uint64_t tag)
{
	const struct tlb_array *a = &tlb->array[part];
	struct tlb_entry *e = &tlb->entry[slot];
	uint32_t set = tlb_set(a, tag), way = slot - a->first - set * a->ways;
	if (unlikely(tlb->tag[slot] == 0 || e->part != part)) {
		tlb->live[e->part] -= tlb->tag[slot] != 0;
		tlb->live[part]++;
	}
	tlb->tag[slot] = tag;
	e->tag = tag;
	e->part = (uint8_t)part;
	e->way = (uint8_t)way;
	e->order = NO_ORDER;
	if (tlb_has_order(a)) {
		uint64_t *hash = &tlb->hash[a->first_hash + set * a->hash_words + way / 4];
		unsigned lane = way % 4 * 16;
		*hash = (*hash & ~(0xffffull << lane)) | tlb_hash(tag) << lane;
		e->order = a->first_order + set;
	}
	tlb_touch(tlb, e);
	return e;
}

void tlb_drop(struct tlb *tlb, uint32_t slot);

/* The largest part that exists and maps no more than 1 << shift bytes. */
static inline unsigned tlb_part_for(const struct tlb *tlb, unsigned shift)
{
	if (shift >= PAGE_SHIFT_1G && tlb->array[TLB_1G].ways)
		return TLB_1G;
	if (shift >= PAGE_SHIFT_2M && tlb->array[TLB_2M].ways)
		return TLB_2M;
	return TLB_4K;
}

#endif
