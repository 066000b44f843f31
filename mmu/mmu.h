/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory management unit: paging mode, TLBs, walks. Every access of the processor, by an instruction or by our C code for
 * one, is translated by mmu_access, which is the only place where TLB look-ups are counted.
 */
#ifndef MMU_MMU_H
#define MMU_MMU_H

#include "mmu/observer.h"
#include "mmu/tlb.h"

struct stale;

struct mmu_config {
	struct tlb_geometry itlb[TLB_PARTS], dtlb[TLB_PARTS], stlb[TLB_PARTS];
	/* Without a 4-KiB part in stlb there is no second level. */
	bool stlb_shared; /* the STLB's 4-KiB part also holds 2-MiB translations */
	struct tlb_rule itlb_rule[TLB_PARTS], dtlb_rule[TLB_PARTS], stlb_rule[TLB_PARTS];
	/* The data TLB of stores, where it is apart from that of loads; no 4-KiB part: there is one for both. Without a 2-MiB part its
	 * 4-KiB part holds those as well. */
	struct tlb_geometry store[TLB_PARTS];
	struct tlb_rule store_rule[TLB_PARTS];
};

/* Skylake's geometry (FIGURES 3.1): the default. */
extern const struct mmu_config mmu_config_default;

struct mmu {
	struct walk_env env; /* memory, counters, second stage, observer */
	struct paging_mode mode;
	struct tlb_context context;    /* pcid follows the mode; vpid and eptrta are set by mmu_set_context */
	uint32_t context_id, group_id; /* numbers of context, and of its global translations */
	uint32_t hit_id, hit_group_id; /* the same for the short path; while translations are observed, numbers that nothing has */
	struct tlb itlb, dtlb, stlb;
	struct tlb store_tlb; /* in use if store points to it */
	struct tlb *store;    /* of stores and read-modify-writes: dtlb, or store_tlb */
	/* set when an entry that the engine may hold, older than the last store to a table, left the TLBs: the engine must flush */
	bool engine_stale;
	/* +1 whenever any entry is invalidated or evicted from a first-level TLB, or the mode changes */
	uint64_t generation;
	struct walk last;		   /* the walk behind the last failing mmu_access; a successful one may overwrite it */
	const uint64_t *permits;	   /* by RIGHT_* bits: the accesses that the mode's rules permit; see permit.h */
	uint64_t key_permits[17];	   /* by protection key, for user-mode pages; the last for supervisor-mode pages: everything */
	uint64_t second_permits[2][2][32]; /* by user-mode page, dirty flag, SECOND_* bits */
	struct contexts contexts;
	struct psc psc;			     /* in use if env.psc points to it */
	struct stale *stale;		     /* looks for uses of stale translations (stale.h); NULL: nobody does */
	const struct mmu_observer *observer; /* NULL: nobody looks; see mmu_observe */
};

/* Returns 0 or -ERR_NOMEM / -ERR_ARG (sets not a power of two, ways 0). config NULL: the default. */
int mmu_init(struct mmu *mmu, struct mem *mem, struct events *ev, const struct mmu_config *config);
void mmu_free(struct mmu *mmu);

/* Paging-structure caches (NULL: none), and data caches that price every reference (NULL: none; owned by the caller). Results as mmu_init.
 */
int mmu_model(struct mmu *mmu, const struct psc_config *pscs, struct caches *caches);

/* Decodes the mode anew and takes over the PCID. Invalidates nothing: see the mmu_flush functions. */
void mmu_set_paging(struct mmu *mmu, const struct paging_regs *regs);
/* VM entry and exit: the tags and the second stage from now on (second NULL: identity). Invalidates nothing. */
void mmu_set_context(struct mmu *mmu, uint16_t vpid, uint64_t eptrta, second_fn *second, void *second_ctx);

/* Agile paging, from now on: see struct walk_env. Invalidates nothing. */
void mmu_set_switch(struct mmu *mmu, uint64_t bit, uint8_t root);

/* From now on the observer, which the caller owns, is told what happens; NULL: nobody. */
void mmu_observe(struct mmu *mmu, const struct mmu_observer *observer);

/*
 * Translates one access within a 4-KiB page: first-level TLB (instruction or data, by ACC_FETCH), STLB, walk; counts; fills.
 * Returns the entry of the first-level TLB that now serves it, valid until the next call of any mmu_ function, or NULL when
 * the access faults: then mmu->last says why.
 * A hit whose rights do not suffice for the access, or a write through an entry that is not dirty, counts a TLB_ASSISTS, drops the
 * entry and walks (CHOICE: SDM 3A, "Recommended Invalidation", lets a spurious #PF happen or not; here none does).
 */
static inline struct tlb_entry *mmu_access(struct mmu *mmu, gla_t gla, unsigned access);

/* The hit that repeats: counts a first-level hit on entry e exactly as mmu_access would have, and marks it used. */
static inline void mmu_hit_again(struct mmu *mmu, struct tlb_entry *e, unsigned access);

/* Several of data, in the TLB of loads or of stores. */
static inline void mmu_hits_again(struct mmu *mmu, struct tlb *tlb, struct tlb_entry *e, unsigned count);

/* true if a first-level entry alone permits the access, with nothing to walk for (rights, dirty, EPT dirty) */
static inline bool mmu_entry_permits(const struct mmu *mmu, const struct tlb_entry *e, unsigned access);

/*
 * true if e, a pointer that mmu_access returned at some time for gla, is (still, or again) the entry that serves gla in the present
 * context: the cheap way to keep a pointer over calls that change the generation. A large page's has to be one that tlb_stays was asked
 * about. Entries never move in host memory. Who uses it in place of mmu_access tells the observer.
 */
static inline bool mmu_entry_serves(const struct mmu *mmu, const struct tlb_entry *e, gla_t gla);

static inline hpa_t tlb_entry_hpa(const struct tlb_entry *e, gla_t gla)
{
	return HPA(e->frame | (gla.u & (BIT(tlb_part_shift[e->part]) - 1)));
}

/* Looks without touching: TLBs are not consulted, nothing is counted, no flag is set. */
struct walk mmu_peek(const struct mmu *mmu, gla_t gla, unsigned access);

/*
 * The translation that an access would find now if it changes nothing: in a TLB, in an entry that the tables still agree with, or in tables
 * whose flags are set already. Nothing is counted or filled; tables that are read get their mark. false: the access faults, or sets flags,
 * or the tables have changed since. *hpa: where the page of gla lies; *allows: bit n: an access of kind n (enum access) is permitted as
 * well.
 */
bool mmu_glance(struct mmu *mmu, gla_t gla, unsigned access, hpa_t *hpa, uint64_t *allows);

/* Where the entries of the guest's tables lie that translate an address, the top one first. */
struct mmu_path {
	unsigned levels;
	hpa_t at[LEVELS_MAX];
	struct psc_entry table; /* levels as many as the mode has: what the entries above the last say of its table */
};

/* Fills *path. false: the address is not translated, or not by tables of 4 or 5 levels, or by agile paging. */
bool mmu_path(const struct mmu *mmu, gla_t gla, struct mmu_path *path);
/* mmu_glance, faster, for a page in the same 2 MiB as one whose path ends in this table, as long as all of that path is as it was. */
bool mmu_glance_near(struct mmu *mmu, const struct psc_entry *table, gla_t gla, unsigned access, hpa_t *hpa, uint64_t *allows);

/*
 * The entry of any TLB, first level before STLB, that would serve a translation of gla for fetch or data; NULL if none.
 * Looks without touching.
 */
const struct tlb_entry *mmu_peek_tlb(const struct mmu *mmu, gla_t gla, bool fetch);
/* What a walk would put into the TLBs, without a count, a flag or a mark. false: the access faults. */
bool mmu_peek_entry(const struct mmu *mmu, gla_t gla, unsigned access, struct tlb_entry *entry);
/* true if that entry permits the access without a walk. */
bool mmu_peek_permits(const struct mmu *mmu, const struct tlb_entry *e, unsigned access);

/*
 * Invalidation (SDM 3A, "Operations that Invalidate TLBs and Paging-Structure Caches"; 3C, "Operations that Invalidate Cached
 * Mappings"). All work on both levels, instruction and data. In 4-KiB pieces of a larger guest page all pieces go.
 */
void mmu_invlpg(struct mmu *mmu, gla_t gla);			  /* current VPID and PCID, and global entries of the VPID */
void mmu_flush_pcid(struct mmu *mmu, uint16_t pcid);		  /* MOV to CR3, INVPCID 1: non-global entries of one PCID, current VPID */
void mmu_flush_nonglobal(struct mmu *mmu);			  /* INVPCID 3: all PCIDs of the current VPID, but global entries */
void mmu_flush_all(struct mmu *mmu);				  /* CR4.PGE, CR0.PG changes, INVPCID 2: all of the current VPID */
void mmu_invpcid_addr(struct mmu *mmu, uint16_t pcid, gla_t gla); /* INVPCID 0: one address of one PCID, not global entries */
void mmu_invvpid_addr(struct mmu *mmu, uint16_t vpid, gla_t gla); /* INVVPID 0 */
void mmu_invvpid(struct mmu *mmu, uint16_t vpid);		  /* INVVPID 1 */
void mmu_invvpid_all(struct mmu *mmu);				  /* INVVPID 2: every VPID but 0 */
void mmu_invvpid_nonglobal(struct mmu *mmu, uint16_t vpid);	  /* INVVPID 3 */
void mmu_invept(struct mmu *mmu, uint64_t eptrta);		  /* INVEPT 1 */
void mmu_invept_all(struct mmu *mmu);				  /* INVEPT 2 */
void mmu_forget_gpa(struct mmu *mmu, gla_t gla);		  /* what an EPT violation invalidates for its linear address */
/* What a page fault invalidates, uncounted: as INVLPG, but of the paging-structure caches only what would be used for the address. */
void mmu_fault(struct mmu *mmu, gla_t gla);

/* Does what an observer was told. */
void mmu_operate(struct mmu *mmu, const struct mmu_operation *op);

/* The second stage translates the address of a table of PDPTEs, for a load of the PDPTE registers; there is a second stage. */
struct second mmu_second(struct mmu *mmu, gpa_t gpa);

/* Without a count: mmu_drop takes what translates gla in the present context out of all TLBs, mmu_empty everything. */
void mmu_drop(struct mmu *mmu, gla_t gla);
void mmu_empty(struct mmu *mmu);

/* what follows is the hit path, inline because every access takes it */

struct tlb_entry *mmu_access_slow(struct mmu *mmu, gla_t gla, unsigned access, int slot);

static inline bool mmu_entry_permits(const struct mmu *mmu, const struct tlb_entry *e, unsigned access)
{
	(void)mmu;
	return e->allows >> (access & 63) & 1;
}

static inline bool mmu_entry_serves(const struct mmu *mmu, const struct tlb_entry *e, gla_t gla)
{
	return (uint16_t)e->tag == (e->global ? mmu->group_id : mmu->context_id) && (gla.u ^ e->gla) >> tlb_part_shift[e->part] == 0 &&
	       e->alone == ALONE;
}

/* The first-level TLB that an access looks into. CHOICE: a read-modify-write looks into that of stores. */
static inline struct tlb *mmu_first(struct mmu *mmu, unsigned access)
{
	struct tlb *data = access & ACC_WRITE ? mmu->store : &mmu->dtlb;
	return access & ACC_FETCH ? &mmu->itlb : data;
}

static inline void mmu_hit_again(struct mmu *mmu, struct tlb_entry *e, unsigned access)
{
	mmu->env.ev->n[(access & ACC_FETCH ? EV_ITLB_HIT_4K : EV_DTLB_HIT_4K) + e->part]++;
	tlb_touch(mmu_first(mmu, access), e);
}

static inline void mmu_hits_again(struct mmu *mmu, struct tlb *tlb, struct tlb_entry *e, unsigned count)
{
	mmu->env.ev->n[EV_DTLB_HIT_4K + e->part] += count;
	tlb_touch(tlb, e);
}

static inline struct tlb_entry *mmu_access(struct mmu *mmu, gla_t gla, unsigned access)
{
	struct tlb *tlb = mmu_first(mmu, access);
	int slot = tlb_find(tlb, gla, mmu->hit_id, mmu->hit_group_id);
	if (likely(slot >= 0)) {
		struct tlb_entry *e = &tlb->entry[slot];
		if (likely(mmu_entry_permits(mmu, e, access))) {
			mmu_hit_again(mmu, e, access);
			return e;
		}
	}
	return mmu_access_slow(mmu, gla, access, slot);
}

#endif
