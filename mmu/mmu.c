/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Translation of one access: first-level TLB, STLB, walk (SDM 3A, "Caching Translation Information"). A walk fills both
 * levels; a hit in the STLB fills the first level; nothing is written back downwards; a hit in the first level does not
 * refresh the STLB's entry (see FIGURES' source, TLB;DR: non-inclusive, non-exclusive).
 *
 * CHOICE: with paging off, linear addresses are cached like others, as walks of no reference (natively in 1-GiB pieces).
 * CHOICE: at most CONTEXTS_MAX contexts are cached at a time; one more empties the TLBs.
 */
#include "mmu/mmu.h"

#include <string.h>

#include "mmu/permit.h"
#include "mmu/stale.h"

#ifdef STRESS /* the stress build: TLBs of one entry */
const struct mmu_config mmu_config_default = {
    .itlb = {[TLB_4K] = {1, 1}, [TLB_2M] = {1, 1}},
    .dtlb = {[TLB_4K] = {1, 1}, [TLB_2M] = {1, 1}, [TLB_1G] = {1, 1}},
    .stlb = {[TLB_4K] = {1, 1}, [TLB_1G] = {1, 1}},
    .stlb_shared = true,
};
#else
const struct mmu_config mmu_config_default = {
    .itlb = {[TLB_4K] = {128, 8}, [TLB_2M] = {8, 8}},
    .dtlb = {[TLB_4K] = {64, 4}, [TLB_2M] = {32, 4}, [TLB_1G] = {4, 4}},
    .stlb = {[TLB_4K] = {1536, 12}, [TLB_1G] = {16, 4}},
    .stlb_shared = true,
};
#endif

#define NO_CONTEXT 0xffffu /* a number that no entry has: above CONTEXTS_MAX */

static void number_context(struct mmu *mmu)
{
	struct tlb_context group = mmu->context;
	group.pcid = PCID_ANY;
	mmu->context_id = context_number(&mmu->contexts, &mmu->context);
	mmu->group_id = mmu->context_id ? context_number(&mmu->contexts, &group) : 0;
	if (likely(mmu->group_id))
		return;
	mmu_empty(mmu);
	context_forget_all(&mmu->contexts);
	mmu->context_id = context_number(&mmu->contexts, &mmu->context);
	mmu->group_id = context_number(&mmu->contexts, &group);
}

/* While translations are observed the short path finds none. */
static void take_hit_ids(struct mmu *mmu)
{
	bool observed = mmu->observer && mmu->observer->access;
	mmu->hit_id = observed ? NO_CONTEXT : mmu->context_id;
	mmu->hit_group_id = observed ? NO_CONTEXT : mmu->group_id;
}

void mmu_observe(struct mmu *mmu, const struct mmu_observer *observer)
{
	mmu->observer = observer;
	take_hit_ids(mmu);
}

static void take_context(struct mmu *mmu)
{
	number_context(mmu);
	mmu->env.context = mmu->context_id;
	take_hit_ids(mmu);
	mmu->env.eptrta = mmu->context.eptrta;
}

static void make_second_permits(struct mmu *mmu)
{
	for (unsigned second = 0; second < 32; second++)
		for (unsigned user = 0; user < 2; user++) {
			mmu->second_permits[user][true][second] = permit_second(second, user);
			mmu->second_permits[user][false][second] = permit_second(second, user) & permit_clean();
		}
}

static int init_store_tlb(struct mmu *mmu, const struct mmu_config *config)
{
	const struct tlb_geometry *geometry = config->store;
	bool apart = geometry[TLB_4K].entries, shared = !geometry[TLB_2M].entries;
	mmu->store = apart ? &mmu->store_tlb : &mmu->dtlb;
	return apart ? tlb_init(&mmu->store_tlb, geometry, config->store_rule, shared) : 0;
}

/* One without entries stays all zeros: nothing is found in it. */
static int init_stlb(struct mmu *mmu, const struct mmu_config *config)
{
	const struct tlb_geometry *small = &config->stlb[TLB_4K];

	return small->entries ? tlb_init(&mmu->stlb, config->stlb, config->stlb_rule, config->stlb_shared) : 0;
}

int mmu_init(struct mmu *mmu, struct mem *mem, struct events *ev, const struct mmu_config *config)
{
	int err;
	if (!config)
		config = &mmu_config_default;
	memset(mmu, 0, sizeof *mmu);
	mmu->env.mem = mem;
	mmu->env.ev = ev;
	make_second_permits(mmu);
	if ((err = tlb_init(&mmu->itlb, config->itlb, config->itlb_rule, false)) < 0)
		return err;
	if ((err = tlb_init(&mmu->dtlb, config->dtlb, config->dtlb_rule, false)) < 0)
		goto free_itlb;
	if ((err = init_stlb(mmu, config)) < 0)
		goto free_dtlb;
	if ((err = init_store_tlb(mmu, config)) < 0)
		goto free_stlb;
	mmu_set_paging(mmu, &(struct paging_regs){.cr0 = 0});
	return 0;
free_stlb:
	tlb_free(&mmu->stlb);
free_dtlb:
	tlb_free(&mmu->dtlb);
free_itlb:
	tlb_free(&mmu->itlb);
	return err;
}

int mmu_model(struct mmu *mmu, const struct psc_config *pscs, struct caches *caches)
{
	mmu->env.caches = caches;
	if (!pscs)
		return 0;
	int err = psc_init(&mmu->psc, pscs);
	if (err == 0)
		mmu->env.psc = &mmu->psc;
	return err;
}

void mmu_free(struct mmu *mmu)
{
	if (mmu->env.psc)
		psc_free(mmu->env.psc);
	tlb_free(&mmu->itlb);
	tlb_free(&mmu->dtlb);
	tlb_free(&mmu->stlb);
	tlb_free(&mmu->store_tlb);
}

static inline uint64_t allows_of(const struct mmu *mmu, const struct tlb_entry *e)
{
	bool user = e->rights & RIGHT_U;
	return mmu->permits[e->rights & 7] & mmu->key_permits[user ? e->pkey & 15 : 16] &
	       mmu->second_permits[user][e->dirty][e->second & 31];
}

static void allow_anew(struct mmu *mmu, struct tlb *tlb)
{
	for (uint32_t s = 0; s < tlb->slots; s++)
		if (tlb->tag[s])
			tlb->entry[s].allows = allows_of(mmu, &tlb->entry[s]);
}

/* The masks of permitted accesses follow the mode; the first-level entries hold theirs ready. */
static void take_permissions(struct mmu *mmu, const struct paging_mode *before)
{
	const struct paging_mode *mode = &mmu->mode;
	const uint64_t *permits = permit_rights(mode);
	if (permits == mmu->permits && mode->pke == before->pke && (!mode->pke || (mode->pkru == before->pkru && mode->wp == before->wp)))
		return;
	mmu->permits = permits;
	for (unsigned key = 0; key < 16; key++)
		mmu->key_permits[key] = permit_key(mode, key);
	mmu->key_permits[16] = ~0ull;
	allow_anew(mmu, &mmu->itlb);
	allow_anew(mmu, &mmu->dtlb);
	if (mmu->store != &mmu->dtlb)
		allow_anew(mmu, mmu->store);
}

void mmu_set_paging(struct mmu *mmu, const struct paging_regs *regs)
{
	struct paging_mode before = mmu->mode;
	mmu_tell_observer(mmu->observer, &(struct mmu_operation){.op = MMU_OP_SET_PAGING, .regs = regs});
	paging_decode(&mmu->mode, regs);
	mmu->context.pcid = mmu->mode.pcid;
	take_context(mmu);
	take_permissions(mmu, &before);
	if (unlikely(mmu->stale))
		stale_suspect(mmu);
	mmu->generation++;
}

void mmu_set_context(struct mmu *mmu, uint16_t vpid, uint64_t eptrta, second_fn *second, void *second_ctx)
{
	mmu_tell_observer(
	    mmu->observer,
	    &(struct mmu_operation){.op = MMU_OP_SET_CONTEXT, .vpid = vpid, .eptrta = eptrta, .second = second, .second_ctx = second_ctx});
	mmu->context.vpid = vpid;
	mmu->context.eptrta = eptrta;
	mmu->env.second = second;
	mmu->env.second_ctx = second_ctx;
	take_context(mmu);
	if (unlikely(mmu->stale))
		stale_suspect(mmu);
	mmu->generation++;
}

void mmu_set_switch(struct mmu *mmu, uint64_t bit, uint8_t root)
{
	mmu_tell_observer(mmu->observer, &(struct mmu_operation){.op = MMU_OP_SET_SWITCH, .switch_bit = bit, .switch_root = root});
	mmu->env.switch_bit = bit;
	mmu->env.switch_root = root;
}

/* An entry leaves a first-level TLB. What the engine made of it may live on as long as the STLB holds the same translation. */
static void leave_first_level(struct mmu *mmu, const struct tlb_entry *e)
{
	if (likely(!e->in_engine || e->epoch == mmu->env.mem->table_epoch))
		return; /* a later store to a table makes the engine flush by itself */
	gla_t gla = GLA(e->gla);
	uint32_t id = e->tag & 0xffff;
	int slot = tlb_find(&mmu->stlb, gla, id, id);
	struct tlb_entry *copy = slot < 0 ? NULL : &mmu->stlb.entry[slot];
	if (copy && copy->epoch == e->epoch && tlb_entry_hpa(copy, gla).u == e->frame)
		copy->in_engine = true;
	else
		mmu->engine_stale = true;
}

static void leave_stlb(struct mmu *mmu, const struct tlb_entry *e)
{
	if (unlikely(e->in_engine && e->epoch != mmu->env.mem->table_epoch))
		mmu->engine_stale = true;
}

/* Takes whatever translates gla in the present context out of both levels. */
void mmu_drop(struct mmu *mmu, gla_t gla)
{
	struct tlb *const tlbs[] = {&mmu->itlb, &mmu->dtlb, mmu->store, &mmu->stlb};
	for (unsigned i = 0; i < ARRAY_LEN(tlbs); i++)
		for (int slot; (slot = tlb_find(tlbs[i], gla, mmu->context_id, mmu->group_id)) >= 0;) {
			leave_stlb(mmu, &tlbs[i]->entry[slot]);
			tlb_drop(tlbs[i], (uint32_t)slot);
		}
	mmu->generation++;
}

/* A translation of gla has been copied from a larger part: leaves the part of it that the slot's page size covers. */
static inline void narrow(struct tlb_entry *to, const struct tlb_entry *from, gla_t gla)
{
	if (unlikely(to->part != from->part)) {
		uint64_t within = gla.u & (BIT(tlb_part_shift[from->part]) - 1) & ~(BIT(tlb_part_shift[to->part]) - 1);
		to->gla += within;
		to->frame += within;
		to->gpa += within;
	}
}

/* from->allows is as the mode has it now. */
static inline struct tlb_entry *fill_first(struct mmu *mmu, struct tlb *tlb, const struct tlb_entry *from, gla_t gla)
{
	unsigned part = tlb_part_for(tlb, tlb_part_shift[from->part]);
	uint64_t tag = tlb_tag(part, gla, from->tag & 0xffff);
	uint32_t slot = tlb_victim(tlb, part, tag);
	if (tlb->tag[slot]) {
		leave_first_level(mmu, &tlb->entry[slot]);
		mmu->generation++;
	}
	struct tlb_entry *e = tlb_put(tlb, slot, part, tag, from);
	narrow(e, from, gla);
	return e;
}

/* Where a walk of gla will most likely put its translation; the host fetches it meanwhile. */
static inline uint32_t expect_fill(const struct tlb *tlb, gla_t gla)
{
	uint32_t slot = tlb_victim(tlb, TLB_4K, tlb_tag(TLB_4K, gla, 0));
	__builtin_prefetch(&tlb->entry[slot], 1);
	return slot;
}

/* expected: of expect_fill */
static inline void fill_stlb(struct mmu *mmu, const struct tlb_entry *from, gla_t gla, uint32_t expected)
{
	struct tlb *tlb = &mmu->stlb;
	unsigned part = tlb_part_for(tlb, tlb_part_shift[from->part]);
	uint64_t tag = tlb_tag(part, gla, from->tag & 0xffff);
	uint32_t slot = likely(part == TLB_4K) ? expected : tlb_victim(tlb, part, tag);
	if (tlb->tag[slot])
		leave_stlb(mmu, &tlb->entry[slot]);
	narrow(tlb_put(tlb, slot, part, tag, from), from, gla);
}

static inline void entry_from_walk(const struct mmu *mmu, struct tlb_entry *e, const struct walk *w, gla_t gla)
{
	unsigned part = w->shift >= PAGE_SHIFT_1G ? TLB_1G : w->shift >= PAGE_SHIFT_2M ? TLB_2M : TLB_4K;
	uint64_t offset = BIT(tlb_part_shift[part]) - 1;
	e->tag = tlb_tag(part, gla, w->global ? mmu->group_id : mmu->context_id);
	e->gla = gla.u & ~offset;
	e->frame = w->hpa.u & ~offset;
	e->gpa = w->gpa.u & ~offset;
	e->epoch = mmu->env.psc ? mmu->env.psc->oldest : mmu->env.mem->table_epoch;
	e->rights = w->rights;
	e->second = w->second;
	e->pkey = w->pkey;
	e->guest_shift = w->guest_shift;
	e->global = w->global;
	e->dirty = w->dirty;
	e->in_engine = false;
	e->part = (uint8_t)part;
	e->allows = allows_of(mmu, e);
}

/* The watched address has been translated: stores to where it lies are to be seen. */
static void watch_place(struct mmu *mmu, gla_t gla)
{
	struct mem *mem = mmu->env.mem;
	uint64_t page = ~(BIT(mmu->last.shift) - 1); /* of the translation, which may be a large page's */

	if ((gla.u ^ mem->watch.gla.u) & page)
		return;
	mem->watch.hpa = HPA((mmu->last.hpa.u & page) | (mem->watch.gla.u & ~page));
	mem_mark(mem, mem->watch.hpa, FRAME_WATCH);
}

/* A page fault invalidates what is cached for its address; so does an EPT violation, for both of its addresses (SDM 3C). */
static void invalidate_failed(struct mmu *mmu, gla_t gla)
{
	if (mmu->last.status != WALK_SECOND) {
		mmu_fault(mmu, gla);
		return;
	}
	mmu_drop(mmu, gla);
	if (!mmu->env.psc)
		return;
	walk_forget(&mmu->env, &mmu->mode, gla);
	psc_strike_ept(mmu->env.psc, mmu->env.eptrta, &mmu->last.fail_gpa);
}

static struct tlb_entry *walk_and_fill(struct mmu *mmu, struct tlb *tlb, gla_t gla, unsigned access)
{
	struct tlb_entry e;
	bool stlb = mmu->stlb.slots;
	uint32_t expected = likely(stlb) ? expect_fill(&mmu->stlb, gla) : 0;
	walk_into(&mmu->last, &mmu->env, &mmu->mode, gla, access, 0);
	mem_expect(mmu->env.mem, mmu->last.hpa);
	if (mmu->env.caches)
		caches_expect(mmu->env.caches, mmu->last.hpa);
	if (unlikely(mmu->last.status != WALK_OK)) {
		invalidate_failed(mmu, gla);
		return NULL;
	}
	if (unlikely(mmu->env.mem->watch.armed))
		watch_place(mmu, gla);
	entry_from_walk(mmu, &e, &mmu->last, gla);
	if (likely(stlb))
		fill_stlb(mmu, &e, gla, expected);
	struct tlb_entry *first = fill_first(mmu, tlb, &e, gla);
	if (unlikely(mmu->stale) && mmu->env.psc && !stale_check(mmu->stale, first, gla, access, STALE_PSC))
		first->allows = 0;
	return first;
}

/*
 * A hit in the first level that permits nothing because it is suspect, or that the tables no longer give: looked at, and permitted again if
 * it is as they are. Counted as the hit that it is.
 */
static struct tlb_entry *use_suspect(struct mmu *mmu, struct tlb_entry *e, gla_t gla, unsigned access)
{
	mmu_hit_again(mmu, e, access);
	if (stale_check(mmu->stale, e, gla, access, STALE_TLB))
		e->allows = allows_of(mmu, e);
	return e;
}

/* slot is the first level's, whose rights do not suffice, or -1. The only place where misses are counted. */
static ALWAYS_INLINE struct tlb_entry *access_miss(struct mmu *mmu, gla_t gla, unsigned access, int slot, enum mmu_served *served)
{
	bool fetch = access & ACC_FETCH;
	struct tlb *tlb = mmu_first(mmu, access);
	uint64_t *n = mmu->env.ev->n;

	*served = SERVED_WALK;
	access &= 63;
	if (slot >= 0) {
		if (unlikely(mmu->stale) && allows_of(mmu, &tlb->entry[slot]) >> access & 1) {
			*served = SERVED_FIRST;
			return use_suspect(mmu, &tlb->entry[slot], gla, access);
		}
		n[(fetch ? EV_ITLB_HIT_4K : EV_DTLB_HIT_4K) + tlb->entry[slot].part]++;
	} else {
		n[fetch ? EV_ITLB_MISSES : EV_DTLB_MISSES]++;
		int second = tlb_find(&mmu->stlb, gla, mmu->context_id, mmu->group_id);
		if (second < 0) {
			n[EV_STLB_MISSES]++;
			return walk_and_fill(mmu, tlb, gla, access);
		}
		struct tlb_entry *e = &mmu->stlb.entry[second];
		n[EV_STLB_LOAD_4K + walk_kind(access) * EVENT_SIZES + e->part]++;
		if (mmu->env.caches)
			cost_charge(mmu->env.caches->cost, COST_STLB_HIT);
		tlb_touch(&mmu->stlb, e);
		e->allows = allows_of(mmu, e);
		if (likely(e->allows >> access & 1)) {
			*served = SERVED_STLB;
			struct tlb_entry *first = fill_first(mmu, tlb, e, gla);
			if (unlikely(mmu->stale) && !stale_check(mmu->stale, first, gla, access, STALE_TLB))
				first->allows = 0;
			return first;
		}
	}
	n[EV_TLB_ASSISTS]++;
	mmu_drop(mmu, gla);
	return walk_and_fill(mmu, tlb, gla, access);
}

/* mmu_access when an observer is told: the short path has found nothing (take_hit_ids). */
static __attribute__((noinline)) struct tlb_entry *access_observed(struct mmu *mmu, gla_t gla, unsigned access)
{
	struct tlb *tlb = mmu_first(mmu, access);
	int slot = tlb_find(tlb, gla, mmu->context_id, mmu->group_id);
	struct tlb_entry *e;
	enum mmu_served served = SERVED_FIRST;

	if (slot >= 0 && mmu_entry_permits(mmu, &tlb->entry[slot], access)) {
		e = &tlb->entry[slot];
		mmu_hit_again(mmu, e, access);
	} else {
		e = access_miss(mmu, gla, access, slot, &served);
	}
	mmu->observer->access(mmu->observer->ctx, gla, access, e, served);
	return e;
}

void mmu_tell_each(const struct mmu_observer *observer, const struct mmu_hit *hit, unsigned count)
{
	for (; count--; hit++) {
		if (hit->begins && observer->insn)
			observer->insn(observer->ctx, hit->insn, hit->len, hit->clock);
		if (observer->access)
			observer->access(observer->ctx, hit->gla, hit->access, hit->entry, SERVED_FIRST);
		if (observer->data)
			observer->data(observer->ctx, hit->gla, hit->size, hit->access);
	}
}

/* The rest of mmu_access: slot is the first level's, whose rights do not suffice, or -1. */
struct tlb_entry *mmu_access_slow(struct mmu *mmu, gla_t gla, unsigned access, int slot)
{
	enum mmu_served served;
	if (unlikely(mmu->observer && mmu->observer->access))
		return access_observed(mmu, gla, access);
	return access_miss(mmu, gla, access, slot, &served);
}

struct second mmu_second(struct mmu *mmu, gpa_t gpa)
{
	struct second s = mmu->env.second(mmu->env.second_ctx, gpa, ACC_READ, false, false, 0);
	mmu_tell_observer(mmu->observer, &(struct mmu_operation){.op = MMU_OP_PDPTES, .gpa = gpa});
	return s;
}

struct walk mmu_peek(const struct mmu *mmu, gla_t gla, unsigned access)
{
	return walk_linear(&mmu->env, &mmu->mode, gla, access, WALK_PEEK);
}

const struct tlb_entry *mmu_peek_tlb(const struct mmu *mmu, gla_t gla, bool fetch)
{
	const struct tlb *const tlbs[] = {fetch ? &mmu->itlb : &mmu->dtlb, fetch ? &mmu->itlb : mmu->store, &mmu->stlb};
	for (unsigned i = 0; i < ARRAY_LEN(tlbs); i++) {
		if (i == 1 && tlbs[1] == tlbs[0])
			continue;
		int slot = tlb_find(tlbs[i], gla, mmu->context_id, mmu->group_id);
		if (slot >= 0)
			return &tlbs[i]->entry[slot];
	}
	return NULL;
}

bool mmu_peek_entry(const struct mmu *mmu, gla_t gla, unsigned access, struct tlb_entry *entry)
{
	struct walk walk = mmu_peek(mmu, gla, access);
	if (walk.status != WALK_OK)
		return false;
	entry_from_walk(mmu, entry, &walk, gla);
	return true;
}

static ALWAYS_INLINE bool glance(struct mmu *mmu, const struct psc_entry *table, gla_t gla, unsigned access, hpa_t *hpa, uint64_t *allows)
{
	const struct tlb_entry *entry = mmu_peek_tlb(mmu, gla, access & ACC_FETCH);
	struct tlb_entry made;
	struct walk walk;
	if (!entry || entry->epoch != mmu->env.mem->table_epoch) {
		if (table)
			walk_from(&walk, &mmu->env, &mmu->mode, gla, access, WALK_PEEK | WALK_GLANCE, table, 2);
		else
			walk_into(&walk, &mmu->env, &mmu->mode, gla, access, WALK_PEEK | WALK_GLANCE);
		if (walk.status != WALK_OK)
			return false;
		entry_from_walk(mmu, &made, &walk, gla);
		if (entry && page_base(walk.hpa.u) != page_base(tlb_entry_hpa(entry, gla).u))
			return false;
		entry = entry ? entry : &made;
	}
	*hpa = HPA(page_base(tlb_entry_hpa(entry, gla).u));
	*allows = allows_of(mmu, entry);
	return *allows >> (access & 63) & 1;
}

bool mmu_glance(struct mmu *mmu, gla_t gla, unsigned access, hpa_t *hpa, uint64_t *allows)
{
	return glance(mmu, NULL, gla, access, hpa, allows);
}

bool mmu_glance_near(struct mmu *mmu, const struct psc_entry *table, gla_t gla, unsigned access, hpa_t *hpa, uint64_t *allows)
{
	return glance(mmu, table, gla, access, hpa, allows);
}

/* Where the second stage has a table. false: nowhere. */
static bool place_of_table(const struct mmu *mmu, uint64_t gpa, unsigned level, hpa_t *hpa, uint8_t *rights)
{
	*hpa = HPA(gpa);
	*rights = SECOND_R | SECOND_W | SECOND_X | SECOND_XU;
	if (!mmu->env.second)
		return true;
	struct second s = mmu->env.second(mmu->env.second_ctx, GPA(gpa), ACC_READ, true, false, WALK_PEEK | level << WALK_LEVEL_SHIFT);
	*hpa = s.hpa;
	*rights = s.rights;
	return s.ok;
}

bool mmu_path(const struct mmu *mmu, gla_t gla, struct mmu_path *path)
{
	const struct mem *mem = mmu->env.mem;
	uint64_t table = mmu->mode.root.u, all = ~0ull, any = 0;

	path->levels = 0;
	if (mmu->mode.levels < 4 || mmu->env.switch_bit)
		return false;
	for (unsigned level = mmu->mode.levels; level; level--) {
		hpa_t here;
		uint8_t rights;
		if (!place_of_table(mmu, table + (gla.u >> level_shift(level) & 511) * 8, level, &here, &rights) ||
		    !mem_is_ram(mem, here, 8))
			return false;
		uint64_t entry = mem_load_entry(mem, here, 8);
		if (!(entry & PTE_P))
			return false;
		path->at[path->levels++] = here;
		if (entry & PTE_PS && level > 1 && level <= 3)
			break;
		if (level == 1)
			path->table = (struct psc_entry){
			    .table = page_base(here.u), .gpa = page_base(table), .all = all, .any = any, .second = rights};
		all &= entry;
		any |= entry;
		table = entry & BITS(MAXPHYADDR - 1, 12);
	}
	return true;
}

bool mmu_peek_permits(const struct mmu *mmu, const struct tlb_entry *e, unsigned access)
{
	return allows_of(mmu, e) >> (access & 63) & 1;
}
