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

static void take_context(struct mmu *mmu)
{
	number_context(mmu);
	mmu->env.context = mmu->context_id;
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
	if ((err = tlb_init(&mmu->stlb, config->stlb, config->stlb_rule, config->stlb_shared)) < 0)
		goto free_dtlb;
	mmu_set_paging(mmu, &(struct paging_regs){.cr0 = 0});
	return 0;
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
}

void mmu_set_paging(struct mmu *mmu, const struct paging_regs *regs)
{
	struct paging_mode before = mmu->mode;
	paging_decode(&mmu->mode, regs);
	mmu->context.pcid = mmu->mode.pcid;
	take_context(mmu);
	take_permissions(mmu, &before);
	mmu->generation++;
}

void mmu_set_context(struct mmu *mmu, uint16_t vpid, uint64_t eptrta, second_fn *second, void *second_ctx)
{
	mmu->context.vpid = vpid;
	mmu->context.eptrta = eptrta;
	mmu->env.second = second;
	mmu->env.second_ctx = second_ctx;
	take_context(mmu);
	mmu->generation++;
}

/* An entry leaves a first-level TLB. What the engine made of it may live on as long as the STLB holds the same translation. */
static void leave_first_level(struct mmu *mmu, const struct tlb_entry *e)
{
	if (likely(!e->in_engine || e->epoch == mmu->env.mem->table_epoch))
		return; /* a later store to a table makes the engine flush by itself */
	gla_t gla = GLA(FIELD(e->tag, 60, 16) << tlb_part_shift[e->part]);
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
	struct tlb *const tlbs[] = {&mmu->itlb, &mmu->dtlb, &mmu->stlb};
	for (unsigned i = 0; i < ARRAY_LEN(tlbs); i++)
		for (int slot; (slot = tlb_find(tlbs[i], gla, mmu->context_id, mmu->group_id)) >= 0;) {
			leave_stlb(mmu, &tlbs[i]->entry[slot]);
			tlb_drop(tlbs[i], (uint32_t)slot);
		}
	mmu->generation++;
}

/* Copies a translation of gla into a slot whose tag and part are set: the part of it that the slot's page size covers. */
static inline void copy_translation(struct mmu *mmu, struct tlb_entry *to, const struct tlb_entry *from, gla_t gla)
{
	to->frame = from->frame;
	to->gpa = from->gpa;
	to->epoch = from->epoch;
	to->rights = from->rights;
	to->second = from->second;
	to->pkey = from->pkey;
	to->guest_shift = from->guest_shift;
	to->global = from->global;
	to->dirty = from->dirty;
	to->in_engine = from->in_engine;
	to->allows = allows_of(mmu, to);
	if (unlikely(to->part != from->part)) {
		uint64_t within = gla.u & (BIT(tlb_part_shift[from->part]) - 1) & ~(BIT(tlb_part_shift[to->part]) - 1);
		to->frame += within;
		to->gpa += within;
	}
	if (unlikely(to->guest_shift > tlb_part_shift[to->part]))
		mmu->pieces = true;
}

static inline struct tlb_entry *fill_first(struct mmu *mmu, struct tlb *tlb, const struct tlb_entry *from, gla_t gla)
{
	unsigned part = tlb_part_for(tlb, tlb_part_shift[from->part]);
	uint64_t tag = tlb_tag(part, gla, from->tag & 0xffff);
	uint32_t slot = tlb_victim(tlb, part, tag);
	if (tlb->tag[slot]) {
		leave_first_level(mmu, &tlb->entry[slot]);
		mmu->generation++;
	}
	struct tlb_entry *e = tlb_put(tlb, slot, part, tag);
	copy_translation(mmu, e, from, gla);
	return e;
}

static inline void fill_stlb(struct mmu *mmu, const struct tlb_entry *from, gla_t gla)
{
	struct tlb *tlb = &mmu->stlb;
	unsigned part = tlb_part_for(tlb, tlb_part_shift[from->part]);
	uint64_t tag = tlb_tag(part, gla, from->tag & 0xffff);
	uint32_t slot = tlb_victim(tlb, part, tag);
	if (tlb->tag[slot])
		leave_stlb(mmu, &tlb->entry[slot]);
	copy_translation(mmu, tlb_put(tlb, slot, part, tag), from, gla);
}

static inline void entry_from_walk(const struct mmu *mmu, struct tlb_entry *e, const struct walk *w, gla_t gla)
{
	unsigned part = w->shift >= PAGE_SHIFT_1G ? TLB_1G : w->shift >= PAGE_SHIFT_2M ? TLB_2M : TLB_4K;
	uint64_t offset = BIT(tlb_part_shift[part]) - 1;
	e->tag = tlb_tag(part, gla, w->global ? mmu->group_id : mmu->context_id);
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

static struct tlb_entry *walk_and_fill(struct mmu *mmu, struct tlb *tlb, gla_t gla, unsigned access)
{
	struct tlb_entry e;
	walk_into(&mmu->last, &mmu->env, &mmu->mode, gla, access, 0);
	if (unlikely(mmu->last.status != WALK_OK)) {
		/* a page fault invalidates what is cached for its address; so does an EPT violation, for both addresses (SDM 3C) */
		mmu_drop(mmu, gla);
		if (mmu->env.psc && mmu->last.status == WALK_SECOND)
			psc_strike_ept(mmu->env.psc, mmu->env.eptrta, &mmu->last.fail_gpa);
		return NULL;
	}
	if (unlikely(mmu->env.mem->watch.armed))
		watch_place(mmu, gla);
	entry_from_walk(mmu, &e, &mmu->last, gla);
	fill_stlb(mmu, &e, gla);
	return fill_first(mmu, tlb, &e, gla);
}

/* The rest of mmu_access: slot is the first level's, whose rights do not suffice, or -1. The only place where misses are counted. */
struct tlb_entry *mmu_access_slow(struct mmu *mmu, gla_t gla, unsigned access, int slot)
{
	bool fetch = access & ACC_FETCH;
	struct tlb *tlb = fetch ? &mmu->itlb : &mmu->dtlb;
	uint64_t *n = mmu->env.ev->n;

	access &= 63;
	if (slot >= 0) {
		n[(fetch ? EV_ITLB_HIT_4K : EV_DTLB_HIT_4K) + tlb->entry[slot].part]++;
	} else {
		n[fetch ? EV_ITLB_MISSES : EV_DTLB_MISSES]++;
		int second = tlb_find(&mmu->stlb, gla, mmu->context_id, mmu->group_id);
		if (second < 0) {
			n[EV_STLB_MISSES]++;
			return walk_and_fill(mmu, tlb, gla, access);
		}
		struct tlb_entry *e = &mmu->stlb.entry[second];
		n[EV_STLB_HIT_4K + e->part]++;
		if (mmu->env.caches)
			cost_charge(mmu->env.caches->cost, COST_STLB_HIT);
		tlb_touch(&mmu->stlb, e);
		if (likely(allows_of(mmu, e) >> access & 1))
			return fill_first(mmu, tlb, e, gla);
	}
	n[EV_TLB_ASSISTS]++;
	mmu_drop(mmu, gla);
	return walk_and_fill(mmu, tlb, gla, access);
}

struct walk mmu_peek(const struct mmu *mmu, gla_t gla, unsigned access)
{
	return walk_linear(&mmu->env, &mmu->mode, gla, access, WALK_PEEK);
}

const struct tlb_entry *mmu_peek_tlb(const struct mmu *mmu, gla_t gla, bool fetch)
{
	const struct tlb *const tlbs[] = {fetch ? &mmu->itlb : &mmu->dtlb, &mmu->stlb};
	for (unsigned i = 0; i < ARRAY_LEN(tlbs); i++) {
		int slot = tlb_find(tlbs[i], gla, mmu->context_id, mmu->group_id);
		if (slot >= 0)
			return &tlbs[i]->entry[slot];
	}
	return NULL;
}

bool mmu_peek_permits(const struct mmu *mmu, const struct tlb_entry *e, unsigned access)
{
	return allows_of(mmu, e) >> (access & 63) & 1;
}
