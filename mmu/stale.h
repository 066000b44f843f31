/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The missing-invalidation finder: uses of cached translations that end otherwise than the paging structures now say, where the SDM asks
 * software to invalidate (SDM 3A, "Recommended Invalidation", "Optional Invalidation", "Delayed Invalidation"; 3C, "Guidelines for Use of
 * the INVVPID Instruction", "Guidelines for Use of the INVEPT Instruction").
 *
 * A use is wrong if the access is permitted by what is cached, and by the tables is denied, or goes elsewhere, or (EPT with accessed and
 * dirty flags) would have to set a dirty flag. What the SDM makes optional is none of these: P or rights that were added, accessed flags,
 * the guest's dirty flags. An entry that is stale but not used, or used as the tables would have it, may still be waiting for a delayed
 * invalidation, and is no report.
 *
 * Each store to a paging structure, and each change of the context, makes the first-level TLBs' entries suspect: they permit nothing, so
 * their next use comes to mmu_access_slow, which asks here; a good one is permitted again. Without a finder the hit path knows of nothing.
 */
#ifndef MMU_STALE_H
#define MMU_STALE_H

#include "mmu/mmu.h"

enum {
	STALE_REPORTS = 64,    /* kept; further ones are counted */
	STALE_STORES = 1 << 16 /* the last stores to paging structures that are remembered */
};

/* Where something was done: filled in by who runs the processor. */
struct stale_place {
	uint64_t rip, insns; /* insns: instructions retired before */
	bool vmm;	     /* by a built-in VMM; RIP is the guest's at the VM exit */
	bool root;	     /* in VMX root operation, or by a built-in VMM */
};

enum stale_cache { STALE_TLB, STALE_PSC };
enum stale_why { STALE_DENIED, STALE_ELSEWHERE, STALE_CLEAN /* the dirty flag of EPT is not set */ };

/* What software should have executed; see stale_due_text. */
enum stale_due { DUE_INVLPG, DUE_INVLPG_TABLE, DUE_INVLPG_GLOBAL, DUE_INVPCID, DUE_INVVPID, DUE_INVEPT, DUE_GUEST };

struct stale_report {
	struct stale_place use;
	gla_t page;	 /* linear address of the page used */
	unsigned access; /* ACC_* */
	enum stale_cache cache;
	enum stale_why why;
	hpa_t went, should; /* host-physical addresses of the page; should: STALE_ELSEWHERE only */
	/* The entry that has changed; found false: no store to an entry of the present walk is known since the translation was cached. */
	bool found;
	struct walk_ref ref; /* with the entry as it is now */
	uint64_t before;     /* the entry that was cached */
	struct stale_place store;
	enum stale_due due;
	uint64_t count; /* uses by this instruction of this page */
};

struct stale_store {
	uint64_t hpa, before, epoch;
	struct stale_place place;
	uint16_t pcid;
};

struct stale {
	struct mmu *mmu;
	void (*where)(void *ctx, bool fetch, gla_t gla, struct stale_place *place);
	void *where_ctx;
	/*
	 * With shadow paging the processor's tables are a VMM's copy, of which it may take back what the guest's own tables still give.
	 * true: they let this access go to this page. NULL: the processor's tables are all there is.
	 */
	bool (*given)(void *ctx, gla_t gla, unsigned access, hpa_t page);
	void *given_ctx;
	struct stale_report report[STALE_REPORTS];
	unsigned reports;
	uint64_t further;	   /* uses that found the table of reports full */
	struct stale_store *store; /* [STALE_STORES], a ring */
	uint64_t stores;	   /* since the start */
};

/*
 * Looks on from now; *stale is zero but for given and given_ctx. where says which instruction is under way (fetch: it is being fetched from
 * gla). Returns 0 or -ERR_NOMEM; stale_free undoes it. The MMU and its memory must outlive it.
 */
int stale_init(struct stale *stale, struct mmu *mmu, void (*where)(void *ctx, bool fetch, gla_t gla, struct stale_place *place),
	       void *where_ctx);
void stale_free(struct stale *stale);

/* Uses found, all in all. */
uint64_t stale_count(const struct stale *stale);
/* "INVEPT (single-context)" .. */
const char *stale_due_text(enum stale_due due);

/* For the MMU: entries of the first-level TLBs are to be looked at before they are used again. */
void stale_suspect(struct mmu *mmu);
/* For the MMU: an access that e permits uses it. true: as the tables have it. */
bool stale_check(struct stale *stale, const struct tlb_entry *e, gla_t gla, unsigned access, enum stale_cache cache);

#endif
