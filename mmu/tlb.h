/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One translation lookaside buffer: parts by page size, set associative, replaced by a policy within a set, tagged with
 * VPID, PCID and EPT root (SDM 3A, "Translation Lookaside Buffers (TLBs)"; 3C, "Caching Translation Information").
 * mmu.h makes three of them into a processor's.
 *
 *     tag:  63   62:61   60:16                        15:0
 *           0    part    page number (of that part)   context number       0: the slot is empty
 *
 * Least recently used is kept in one of two ways, with the same outcome. Narrow sets (and very wide ones): a time of last use for
 * each slot, quick to set, searched at replacement. Sets of HASH_MIN to HASH_MAX ways: one word a set, as policy.h has it; the tree
 * policies have that word whatever the ways. A set of HASH_MIN to HASH_MAX ways also has a 16-bit hash of the page number for each way,
 * four to a word, so that a search compares four ways at a time and then looks at one tag.
 */
#ifndef MMU_TLB_H
#define MMU_TLB_H

#include "mmu/context.h"
#include "mmu/policy.h"
#include "mmu/walk.h"

/* the parts of a TLB, by page size */
enum tlb_part { TLB_4K, TLB_2M, TLB_1G, TLB_PARTS };

/* Of a translation of a large page: does the same TLB hold one of a smaller page in it, which would be used where it is? */
enum tlb_alone { ALONE_UNKNOWN, ALONE, NOT_ALONE };

static const uint8_t tlb_part_shift[TLB_PARTS] = {PAGE_SHIFT, PAGE_SHIFT_2M, PAGE_SHIFT_1G};

struct tlb_entry {
	uint64_t tag;	 /* as in tlb.tag; 0: empty */
	uint64_t allows; /* bit a: an access with enum access bits a needs no walk (rights, key, dirty flags); see mmu.c */
	uint64_t gla;	 /* linear address of the page's first byte */
	uint64_t frame;	 /* host-physical address of it */
	uint64_t gpa;	 /* guest-physical address of it */
	uint64_t epoch;	 /* mem.table_epoch when it was walked */
	uint8_t rights;	 /* RIGHT_* */
	uint8_t second;	 /* SECOND_* */
	uint8_t pkey;
	uint8_t guest_shift; /* log2 of the guest's page: more than the part's when this is a piece of a larger page */
	bool global, dirty;
	bool in_engine; /* the engine's softmmu may hold a translation made from it (set by emu/engine.c) */
	uint8_t part;	/* enum tlb_part */
	uint8_t way;	/* in its set, if that has a word */
	uint8_t policy; /* enum policy of its part */
	uint8_t alone;	/* enum tlb_alone */
	uint32_t order; /* where its set's word lies in tlb.order, or NO_ORDER: times */
} __attribute__((aligned(64)));
static_assert(sizeof(struct tlb_entry) <= 64, "a TLB entry fits in a cache line");

/* Geometry of one part: entries == 0 means the part does not exist. sets = entries / ways, a power of two. */
struct tlb_geometry {
	uint16_t entries, ways;
};

/* How one part finds its sets and replaces. Zero: linear, true LRU. */
struct tlb_rule {
	uint8_t policy; /* enum policy */
	uint8_t fold;	/* the set index is the low bits of page ^ page >> fold (Skylake's XOR-7: 7); 0: of the page number itself */
};

enum { HASH_MIN = 9, HASH_MAX = 16 };
#define NO_ORDER (~0u)

/* Slots first .. first + (set_mask + 1) * ways - 1; ways == 0: no such part. */
struct tlb_array {
	uint32_t first, set_mask, ways;
	uint8_t fold; /* set: page ^ page >> fold; 63: page itself */
	uint8_t policy;
	bool words;			 /* the sets have words in tlb.order: first_order + set */
	uint32_t first_hash, hash_words; /* of a set's hashes in tlb.hash: first_hash + set * hash_words */
	uint32_t first_order;
};

enum { TLB_BUCKETS = 64, TLB_PIECE_BITS = 10 };

struct tlb {
	struct tlb_array array[TLB_PARTS];
	uint32_t live[TLB_PARTS];		 /* slots in use, by part */
	uint16_t large[TLB_PARTS][TLB_BUCKETS];	 /* the same for large pages, by a hash of the page number: seldom more than a few */
	uint16_t pieces[2][1 << TLB_PIECE_BITS]; /* pieces of guest pages of 2 or 4 MiB, of 1 GiB, by a hash of where they lie */
	uint32_t slots;				 /* of all parts */
	uint64_t *hash;
	uint64_t *tag;		 /* by slot */
	uint64_t *taken;	 /* by slot, a bit each: the tag is not 0 */
	struct tlb_entry *entry; /* by slot */
	uint64_t *order;
	struct policy_use use[TLB_PARTS][POLICY_WAYS_MAX]; /* of the tree policies: what a use of a way does to the word */
	uint64_t *used;					   /* by slot: time of last use, for sets without order */
	uint64_t clock;
	uint32_t hashes, orders; /* words of hash and order */
};

/*
 * rule NULL: linear index, true LRU; shared: 2-MiB translations live in the 4-KiB part's slots. Returns 0, -ERR_ARG or -ERR_NOMEM (then
 * nothing is held).
 */
int tlb_init(struct tlb *tlb, const struct tlb_geometry geometry[TLB_PARTS], const struct tlb_rule rule[TLB_PARTS], bool shared);
void tlb_free(struct tlb *tlb);

static inline uint64_t tlb_tag(unsigned part, gla_t gla, uint32_t context)
{
	return (uint64_t)part << 61 | FIELD(gla.u, 56, 0) >> tlb_part_shift[part] << 16 | context;
}

static inline unsigned tlb_bucket(uint64_t page)
{
	return (unsigned)(page ^ page >> 6) % TLB_BUCKETS;
}

/* A guest's map of all its memory takes many: a hash that spreads well, and much room. */
static inline unsigned tlb_piece_bucket(gla_t gla, bool largest)
{
	return (unsigned)((gla.u >> (largest ? PAGE_SHIFT_1G : PAGE_SHIFT_4M)) * 0x9e3779b97f4a7c15ull >> (64 - TLB_PIECE_BITS));
}

/* An entry is there now (1), or is not any more (-1). */
static ALWAYS_INLINE void tlb_count(struct tlb *tlb, const struct tlb_entry *e, int more)
{
	if (unlikely(e->part != TLB_4K)) {
		uint16_t *count = &tlb->large[e->part][tlb_bucket(FIELD(e->tag, 60, 16))];
		*count = (uint16_t)(*count + more);
	}
	if (unlikely(e->guest_shift > tlb_part_shift[e->part])) {
		bool largest = e->guest_shift >= PAGE_SHIFT_1G;
		uint16_t *count = &tlb->pieces[largest][tlb_piece_bucket(GLA(e->gla), largest)];
		*count = (uint16_t)(*count + more);
	}
}

/* Is there a piece of a larger guest page that holds gla? Seldom said in vain. */
static inline bool tlb_has_pieces(const struct tlb *tlb, gla_t gla)
{
	return tlb->pieces[0][tlb_piece_bucket(gla, false)] || tlb->pieces[1][tlb_piece_bucket(gla, true)];
}

#define EVERY_16TH 0x0001000100010001ull

static inline uint64_t tlb_hash(uint64_t tag)
{
	uint64_t page = tag >> 20; /* the page number without the bits that are the set index of the smallest TLBs */
	return (page ^ page >> 16 ^ page >> 32) & 0xffff;
}

static inline uint32_t tlb_set(const struct tlb_array *a, uint64_t tag)
{
	uint64_t page = tag >> 16;
	return (uint32_t)(page ^ page >> a->fold) & a->set_mask;
}

/* The slot of gla in one part, for this context or as a global translation of this group; -1 if none. */
static ALWAYS_INLINE int tlb_find_in(const struct tlb *tlb, unsigned part, gla_t gla, uint32_t context, uint32_t group)
{
	const struct tlb_array *a = &tlb->array[part];
	uint64_t page = tlb_tag(part, gla, 0), own = page | context, global = page | group;
	uint32_t set = tlb_set(a, page), first = a->first + set * a->ways;
	if (a->hash_words == 0) {
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
		if (tlb->live[part] == 0 || (part != TLB_4K && !tlb->large[part][tlb_bucket(FIELD(gla.u, 56, 0) >> tlb_part_shift[part])]))
			continue;
		int slot = tlb_find_in(tlb, part, gla, context, group);
		if (slot >= 0)
			return slot;
	}
	return -1;
}

/* Marks an entry as the one used last. */
static inline void tlb_touch(struct tlb *tlb, const struct tlb_entry *e)
{
	if (likely(e->order == NO_ORDER)) {
		tlb->used[e - tlb->entry] = ++tlb->clock;
		return;
	}
	uint64_t *word = &tlb->order[e->order];
	if (e->policy == POLICY_LRU)
		*word = policy_lru_use(*word, e->way);
	else
		*word = (*word & tlb->use[e->part][e->way].keep) | tlb->use[e->part][e->way].set;
}

/* The slot that a new translation with this tag takes: an empty one of its set, or the one its policy gives up. */
static ALWAYS_INLINE uint32_t tlb_victim(const struct tlb *tlb, unsigned part, uint64_t tag)
{
	const struct tlb_array *a = &tlb->array[part];
	uint32_t set = tlb_set(a, tag), first = a->first + set * a->ways, oldest = first;
	if (a->words)
		return first + policy_victim((enum policy)a->policy, tlb->order[a->first_order + set], a->ways);
	uint64_t least = tlb->used[first];
	for (uint32_t s = first + 1; s < first + a->ways; s++) {
		uint64_t used = tlb->used[s];
		oldest = used < least ? s : oldest;
		least = used < least ? used : least;
	}
	return oldest;
}

/*
 * Puts a copy of a translation, of any part, into a slot of tlb_victim, under its own part and tag there, as the one used last; returns it.
 * The caller has yet to narrow a translation of a larger part.
 */
static ALWAYS_INLINE struct tlb_entry *tlb_put(struct tlb *tlb, uint32_t slot, unsigned part, uint64_t tag, const struct tlb_entry *from)
{
	const struct tlb_array *a = &tlb->array[part];
	struct tlb_entry *e = &tlb->entry[slot];
	uint32_t set = tlb_set(a, tag), way = slot - a->first - set * a->ways;
	if (unlikely(tlb->tag[slot] == 0 || e->part != part)) {
		tlb->live[e->part] -= tlb->tag[slot] != 0;
		tlb->live[part]++;
		tlb->taken[slot / 64] |= BIT(slot % 64);
	}
	if (tlb->tag[slot])
		tlb_count(tlb, e, -1);
	tlb->tag[slot] = tag;
	*e = *from;
	e->tag = tag;
	e->part = (uint8_t)part;
	tlb_count(tlb, e, 1);
	e->alone = part == TLB_4K ? ALONE : ALONE_UNKNOWN;
	e->way = (uint8_t)way;
	e->policy = a->policy;
	e->order = a->words ? a->first_order + set : NO_ORDER;
	if (a->hash_words) {
		uint64_t *hash = &tlb->hash[a->first_hash + set * a->hash_words + way / 4];
		unsigned lane = way % 4 * 16;
		*hash = (*hash & ~(0xffffull << lane)) | tlb_hash(tag) << lane;
	}
	tlb_touch(tlb, e);
	return e;
}

void tlb_drop(struct tlb *tlb, uint32_t slot);

/* Finds out about an entry of this TLB, whatever the contexts of the others; keeps it in the entry. true: it is alone. */
bool tlb_find_alone(const struct tlb *tlb, struct tlb_entry *e);

/*
 * Whether, as long as this entry of the TLB is there, tlb_find gives it for all of its page: nothing smaller is in it now, and nothing
 * smaller comes, since where it is found none is looked for. One that is not global is not found in all contexts that what is global
 * serves.
 */
static inline bool tlb_stays(const struct tlb *tlb, struct tlb_entry *e)
{
	if (likely(e->part == TLB_4K))
		return true;
	return e->global && (e->alone == ALONE || (e->alone == ALONE_UNKNOWN && tlb_find_alone(tlb, e)));
}

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
