/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's page walk: guest-linear to guest-physical, with a second stage (EPT, or identity) that is asked
 * for the address of every table it reads and for the final address (SDM 3A, "Paging"; 3C, "EPT Overview").
 *
 *     CR3 -> PML5 -> PML4 -> PDPT -> PD -> PT -> page      each arrow: one second-stage translation, then one read
 *
 * The result comes by value. A reference is counted where memory is read, here and in the second stage, only.
 */
#ifndef MMU_WALK_H
#define MMU_WALK_H

#include "mmu/cache.h"
#include "mmu/event.h"
#include "mmu/mem.h"
#include "mmu/paging.h"
#include "mmu/psc.h"
#include "mmu/pte.h"

/* What an access is, as a set of bits. A read-modify-write is ACC_READ | ACC_WRITE. */
enum access {
	ACC_READ = 1,
	ACC_WRITE = 2,
	ACC_FETCH = 4,
	ACC_USER = 8,	   /* user-mode access: CPL = 3 and not implicit */
	ACC_AC = 16,	   /* EFLAGS.AC = 1, which lifts SMAP from explicit supervisor data accesses */
	ACC_IMPLICIT = 32, /* implicit supervisor access (GDT, LDT, IDT, TSS): AC does not lift SMAP */
};

/* A read-modify-write counts as a store. */
static inline enum walk_kind walk_kind(unsigned access)
{
	return access & ACC_FETCH ? WALK_FOR_FETCH : access & ACC_WRITE ? WALK_FOR_STORE : WALK_FOR_LOAD;
}

enum walk_flags {
	WALK_PEEK = 1, /* looking is not touching: no A/D update, no marks, no counts */
	WALK_GLANCE =
	    2, /* with WALK_PEEK: marks the tables it reads, and fails, for no particular reason, where a flag would have to be set */
	/* second_fn only: the guest level whose table is being located is in the bits from here on; 0: the final address */
	WALK_LEVEL_SHIFT = 8,
};

enum walk_status {
	WALK_OK = 0,
	WALK_PAGE_FAULT, /* error has the #PF error code */
	WALK_SECOND,	 /* the second stage failed: see second, fail_gpa, fail_is_table */
};

/* rights of a translation, as the walk accumulated them */
enum rights {
	RIGHT_W = 1,  /* R/W is 1 in all entries */
	RIGHT_U = 2,  /* U/S is 1 in all entries */
	RIGHT_NX = 4, /* XD is 1 in any entry (and EFER.NXE) */
};

/* What the second stage says about one guest-physical address. */
struct second {
	bool ok;
	hpa_t hpa;	 /* of the address asked for */
	uint8_t shift;	 /* log2 of the page size of the second-stage mapping */
	uint8_t rights;	 /* SECOND_*: what accesses it permits (for the TLB entry) */
	uint8_t memtype; /* EPT memory type (bits 2:0) and ignore-PAT (bit 3) of the leaf, for the record */
	/* when not ok: */
	uint32_t exit_reason;	/* basic VM-exit reason: 48 EPT violation, 49 EPT misconfiguration, 62 page-modification log full */
	uint64_t qualification; /* of an EPT violation: the bits that the second stage knows (0-6 and 13..) */
	bool convertible;	/* an EPT violation that may become a #VE: suppress #VE is 0 in the entry */
	uint8_t level;		/* the EPT level at which it failed */
};

enum {
	SECOND_R = 1,
	SECOND_W = 2,	       /* write permitted, and dirty flag already set if A/D flags are on */
	SECOND_X = 4,	       /* execution from supervisor-mode linear addresses */
	SECOND_XU = 8,	       /* execution from user-mode linear addresses */
	SECOND_W_PENDING = 16, /* write is permitted but EPT's dirty flag is not yet set: a write must walk again */
};

struct walk_ref;

/*
 * Translates one guest-physical address. access: ACC_READ, ACC_WRITE, ACC_FETCH bits; is_table: the address is of a
 * guest paging structure that translates a linear address (PDPTEs read by MOV to CR are none); guest_user: the linear address
 * translates to a user-mode page (final address only; for mode-based execute control). flags: WALK_PEEK, and the level.
 */
typedef struct second second_fn(void *ctx, gpa_t gpa, unsigned access, bool is_table, bool guest_user, unsigned flags);

/* One memory reference of a walk, told to an observer as it is made (explain, traces). */
struct walk_ref {
	bool ept;	    /* an EPT entry; else an entry of the guest */
	uint8_t level;	    /* 1..5 */
	uint8_t for_level;  /* EPT: the guest level whose table was being located; 0: the final address */
	uint8_t entry_size; /* 4 or 8 */
	bool peek;	    /* of a walk that only looks */
	gpa_t gpa;	    /* guest entries: its guest-physical address; EPT: the address being translated */
	hpa_t hpa;	    /* where the entry was read */
	uint64_t entry;	    /* as read, before A/D updates */
	uint8_t answer;	    /* enum answer, with data caches */
};
typedef void walk_observer(void *ctx, const struct walk_ref *ref);

/* Everything a walk works with, apart from the paging mode. */
struct walk_env {
	struct mem *mem;
	struct events *ev;
	second_fn *second; /* NULL: identity (guest-physical is host-physical) */
	void *second_ctx;
	walk_observer *observer; /* NULL: nobody looks */
	void *observer_ctx;
	struct psc *psc;       /* NULL: no paging-structure caches */
	uint32_t context;      /* what linear and combined entries are tagged with */
	uint64_t eptrta;       /* what guest-physical entries are tagged with; 0: no EPT */
	struct caches *caches; /* NULL: references take no time */
	/*
	 * Agile paging (Gandhi, Hill, Swift: "Agile Paging: Exceeding the Best of Nested and Shadow Paging", ISCA 2016), for which there is
	 * no hardware. 0: none. Else a bit of shadow entries: a walk begins in shadow tables, which hold host-physical addresses; an entry
	 * with this bit refers to a table of the guest, by its host-physical address, and the rest of the walk is nested.
	 */
	uint64_t switch_bit;
	uint8_t switch_root; /* of CR3: SWITCH_NONE: it refers to a shadow table; its level: to the guest's top table; SWITCH_ALL: the same,
				by guest-physical address */
};

enum { SWITCH_NONE = 0, SWITCH_ALL = LEVELS_MAX + 1 };

/* The only place where a reference of a walk is counted. */
static ALWAYS_INLINE void walk_count_reference(const struct walk_env *env, bool ept, unsigned level)
{
	env->ev->n[(ept ? EV_REF_EPT_PT : EV_REF_PT) + level - 1]++;
}

/*
 * One memory reference of a walk, of the guest's tables or of EPT, counted, marked, priced and told to an observer. ref comes without entry
 * and answer. Outside RAM an entry reads as all ones.
 */
static ALWAYS_INLINE uint64_t walk_reference(const struct walk_env *env, struct walk_ref *ref, unsigned flags)
{
	struct mem *mem = env->mem;
	const unsigned mark = FRAME_TABLE | (ref->ept ? FRAME_EPT : 0u);
	bool ram = likely(mem_is_ram(mem, ref->hpa, ref->entry_size));
	ref->entry = ram ? mem_load_entry(mem, ref->hpa, ref->entry_size) : BITS(8 * ref->entry_size - 1, 0);
	if (!(flags & WALK_PEEK)) {
		walk_count_reference(env, ref->ept, ref->level);
		if (ram && unlikely((mem->frame_flags[ref->hpa.u >> PAGE_SHIFT] & mark) != mark))
			mem_mark(mem, ref->hpa, mark);
		if (env->caches)
			ref->answer = (uint8_t)caches_walk(env->caches, ref->hpa, ref->ept, ref->level, ref->for_level);
	} else if (flags & WALK_GLANCE && ram) {
		mem_mark(mem, ref->hpa, mark);
	}
	if (unlikely(env->observer)) {
		ref->peek = flags & WALK_PEEK;
		env->observer(env->observer_ctx, ref);
	}
	return ref->entry;
}

/* A flag of an entry was set by a walk. */
static inline void walk_flag_set(const struct walk_env *env, enum event event)
{
	env->ev->n[event]++;
	if (env->caches)
		cost_charge(env->caches->cost, COST_AD_UPDATE);
}

/* A paging-structure cache answered. */
static inline void walk_psc_hit(const struct walk_env *env, const struct psc_entry *e, bool ept, unsigned level)
{
	env->psc->hits[ept][level]++;
	if (e->epoch < env->psc->oldest)
		env->psc->oldest = e->epoch;
}

struct walk {
	enum walk_status status;
	/* WALK_OK: */
	gpa_t gpa;	     /* of the byte asked for */
	hpa_t hpa;	     /* of the byte asked for */
	uint8_t guest_shift; /* log2 of the guest's page size: 12, 21, 22, 30 (0 with paging off: no guest page) */
	uint8_t shift;	     /* log2 of the size the TLB may cache: min(guest, second stage); 4 MiB counts as 21 */
	uint8_t rights;	     /* RIGHT_*; paging off: W and U */
	uint8_t second;	     /* SECOND_* of the final address (all set for identity) */
	uint8_t pkey;
	bool global; /* leaf has G = 1 and CR4.PGE = 1 */
	bool dirty;  /* leaf has D = 1 after this walk (paging off: true) */
	/* always, when a leaf was read: */
	uint64_t leaf;	   /* the leaf entry, after A/D updates */
	uint8_t leaf_size; /* bytes of that entry: 4 or 8 */
	hpa_t leaf_hpa;
	/* WALK_PAGE_FAULT: */
	uint32_t error; /* #PF error code (PF_*) */
	uint8_t level;	/* guest level of the entry at which the walk ended */
	/* level of the first table that is not a shadow table; all below it, and the page, go through the second stage */
	uint8_t switched;
	/* WALK_SECOND: */
	struct second fail;
	gpa_t fail_gpa;
	bool fail_is_table;
};

/*
 * Walks for one access that lies within a 4-KiB page. access: enum access bits. Sets A and D as the SDM says (A in every
 * entry used, D in the leaf for a write), unless WALK_PEEK; no A or D flag is set by an access that faults at a
 * translated leaf except as the SDM allows (we set none: CHOICE in walk.c).
 * A 4- or 5-level linear address must be canonical: the caller has raised #GP or #SS otherwise.
 */
struct walk walk_linear(const struct walk_env *env, const struct paging_mode *mode, gla_t gla, unsigned access, unsigned flags);
/* The same into *w, for callers in a hurry: fail, fail_gpa and fail_is_table are only written when status is WALK_SECOND. */
void walk_into(struct walk *w, const struct walk_env *env, const struct paging_mode *mode, gla_t gla, unsigned access, unsigned flags);
/* The same, with WALK_PEEK, from what the entries of known_level and above say of the next table. */
void walk_from(struct walk *w, const struct walk_env *env, const struct paging_mode *mode, gla_t gla, unsigned access, unsigned flags,
	       const struct psc_entry *known, unsigned known_level);

/* Takes what the paging-structure caches hold for gla, in the present context, out of them. */
void walk_forget(const struct walk_env *env, const struct paging_mode *mode, gla_t gla);

/*
 * The flat ladder of access rights (SDM 3A, "Determination of Access Rights" and "Protection Keys") for a translation
 * with these accumulated rights and protection key. Returns true if access is permitted; else *error has the
 * #PF error code's bits P, W, U, I, PK.
 */
bool walk_permits(const struct paging_mode *mode, unsigned rights, unsigned pkey, unsigned access, uint32_t *error);

/* RIGHT_* of a translation whose entries have all these bits, and any of those (SDM 3A, "Access Rights"). */
static ALWAYS_INLINE uint8_t walk_rights(const struct paging_mode *mode, uint64_t all, uint64_t any)
{
	return (uint8_t)((all & PTE_RW ? RIGHT_W : 0) | (all & PTE_US ? RIGHT_U : 0) | (mode->nxe && any & PTE_XD ? RIGHT_NX : 0));
}

#endif
