/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks that are accounted for by plan (plan.h): at the block's start, in the order in which it makes them, its accesses are translated,
 * counted and priced; then it runs without being watched. That is right only if the whole block then runs, so a plan stops at the first
 * access that would not just load or store: a fault, a device, a store to code, a page split in two, a value that the block itself has yet
 * to store. The block then goes by instruction; what was booked up to there is not booked again.
 *
 * A store to a paging structure changes no translation that the TLBs hold. What the softmmu holds beyond these may be wrong from then on:
 * that goes (engine_held.c) when the modelled TLBs lack a translation again, or the engine stops for another reason. In the same block
 * nothing may be looked up after such a store, which is yet to be made.
 *
 * Its own fills are those of fast-forward (engine_fill.c): they find in TLBs and tables what the plan has just found or put there.
 */
#include "emu/engine_lines.h"
#include "emu/engine_tell.h"

#include <string.h>

enum { REST = 8 /* times less one that the short form is not tried where it has failed twice running */, SLOT_UNKNOWN = -2 };

/* What operands are taken from: the instance's registers; temporaries, 0, and the block's page. */
struct operands {
	const uint64_t *reg;
	uint64_t other[PLAN_TEMPS + 2];
};
static_assert((int)PLAN_TEMP == (int)GPR_COUNT && PLAN_PAGE == PLAN_TEMP + PLAN_TEMPS + 1, "temporaries, then what is fixed");

struct stores {
	unsigned count;
	struct {
		uint64_t hpa;
		unsigned size;
	} at[PLAN_STORES_MAX];
};

static ALWAYS_INLINE uint64_t operand(const struct operands *o, unsigned index)
{
	return *(index < GPR_COUNT ? o->reg + index : o->other + (index - GPR_COUNT));
}

/* It is filled as far as it is used: a plan is run for each block. */
static ALWAYS_INLINE void operands_begin(struct operands *o, const struct engine *e, uint64_t gla)
{
	o->reg = e->now->reg;
	o->other[PLAN_ZERO - PLAN_TEMP] = 0;
	o->other[PLAN_PAGE - PLAN_TEMP] = page_base(gla);
}

static ALWAYS_INLINE uint64_t place(const struct engine *e, const struct operands *o, const struct plan_op *op)
{
	uint64_t at = operand(o, op->a) + (operand(o, op->b) << op->shift) + (uint64_t)op->imm;

	if (unlikely(op->flags & PLAN_ADDR32))
		at = (uint32_t)at;
	if (unlikely(op->seg))
		at += e->cpu->seg[op->seg].base;
	return at;
}

static uint64_t arithmetic(const struct operands *o, const struct plan_op *op)
{
	uint64_t a = operand(o, op->a), b = operand(o, op->b) + (uint64_t)op->imm, result = 0;
	unsigned up;

	switch ((enum plan_kind)op->kind) {
	case PLAN_ADD:
		result = a + b;
		break;
	case PLAN_SUB:
		result = a - b;
		break;
	case PLAN_AND:
		result = a & b;
		break;
	case PLAN_OR:
		result = a | b;
		break;
	case PLAN_XOR:
		result = a ^ b;
		break;
	case PLAN_MUL:
		result = a * b;
		break;
	case PLAN_SHL:
		result = a << b;
		break;
	case PLAN_SHR:
		result = op->size == 4 ? (uint32_t)a >> b : a >> b;
		break;
	case PLAN_SAR:
		result = op->size == 4 ? (uint64_t)((int32_t)a >> b) : (uint64_t)((int64_t)a >> b);
		break;
	case PLAN_ZERO_EXTEND:
		return a & (BIT(8 * op->imm) - 1);
	case PLAN_SIGN_EXTEND:
		up = 64 - 8 * (unsigned)op->imm;
		result = (uint64_t)((int64_t)(a << up) >> up);
		break;
	case PLAN_READ:
	case PLAN_WRITE:
	case PLAN_RMW:
	case PLAN_GROUP:
	case PLAN_VALUE:
	case PLAN_UNDO:
		break;
	}
	return op->size == 4 ? (uint32_t)result : result;
}

static ALWAYS_INLINE unsigned access_of(const struct engine *e, const struct plan_op *op)
{
	return op->kind == PLAN_READ ? e->read_access : op->kind == PLAN_WRITE ? e->write_access : e->read_access | ACC_WRITE;
}

/*
 * Whether an access that the first TLB does not serve can be translated before those before it in the block have been made: not if that may
 * set a flag which one of them could load, or read an entry which one of them could store, in a frame that is not known yet to hold paging
 * structures. tables: one stores to a frame that is known to.
 */
static bool may_go_ahead(struct engine *e, uint64_t gla, unsigned access, bool tables)
{
	struct mmu *mmu = e->mmu;
	int slot = tlb_find(&mmu->stlb, GLA(gla), mmu->context_id, mmu->group_id);
	uint64_t marks = e->mem->marks, allows;
	hpa_t hpa;

	if (slot >= 0 && mmu_peek_permits(mmu, &mmu->stlb.entry[slot], access))
		return true;
	return !tables && mmu_glance(mmu, GLA(gla), access, &hpa, &allows) && e->mem->marks == marks;
}

/* What is known before an access is looked up: accesses before are yet to be made; some store to tables; what the TLB has of it. */
struct before {
	bool pending, tables;
	int slot;
};

/* Another entry than the last time; NULL: it faults. *waits: it cannot be translated yet. */
static __attribute__((noinline)) struct tlb_entry *look_up(struct engine *e, struct plan_op *op, uint64_t gla, unsigned access,
							   struct before before, bool *waits)
{
	struct mmu *mmu = e->mmu;
	struct tlb *tlb = mmu_first(mmu, access);
	int slot = before.slot == SLOT_UNKNOWN ? tlb_find(tlb, GLA(gla), mmu->context_id, mmu->group_id) : before.slot;
	struct tlb_entry *entry = slot >= 0 ? &tlb->entry[slot] : NULL;
	bool hits = entry && mmu_entry_permits(mmu, entry, access);

	*waits = before.pending && !hits && !may_go_ahead(e, gla, access, before.tables);
	if (*waits)
		return NULL;
	if (!hits || e->observed)
		entry = mmu_access_slow(mmu, GLA(gla), access, slot);
	else
		mmu_hit_again(mmu, entry, access);
	op->hint = entry && tlb_stays(tlb, entry) ? entry : NULL;
	return entry;
}

static __attribute__((noinline)) void price_other_line(struct caches *caches, hpa_t hpa, unsigned size)
{
	caches_data(caches, hpa);
	if (caches_split(hpa, size))
		caches_data(caches, HPA(hpa.u + size - 1));
}

/* No look at the deadline: a block that has room (engine_block.c) does not come near it. */
static ALWAYS_INLINE void price_piece(struct caches *caches, hpa_t hpa, unsigned size)
{
	if (likely(caches_same(caches, hpa) && !caches_split(hpa, size)))
		caches->data[ANSWER_L1]++;
	else
		price_other_line(caches, hpa, size);
}

/* As the pieces of the access are priced: two of 16 bytes, two of a read-modify-write. */
static ALWAYS_INLINE void price(struct engine *e, const struct plan_op *op, hpa_t hpa)
{
	struct caches *caches = e->mmu->env.caches;

	price_piece(caches, hpa, op->size > 8 ? 8 : op->size);
	if (unlikely(op->size > 8))
		price_piece(caches, HPA(hpa.u + 8), op->size - 8u);
	if (op->kind == PLAN_RMW)
		price_piece(caches, hpa, op->size);
}

static unsigned pieces_of(const struct plan_op *op)
{
	return op->size > 8 || op->kind == PLAN_RMW ? 2 : 1;
}

static void keep_for_undo(struct engine *e, hpa_t hpa, unsigned size)
{
	e->call_undo_at = hpa.u;
	memcpy(&e->call_undo, e->mem->host + hpa.u, size);
}

static bool overlaps_store(const struct stores *stores, hpa_t hpa, unsigned size)
{
	for (unsigned i = 0; i < stores->count; i++)
		if (hpa.u - stores->at[i].hpa < stores->at[i].size || stores->at[i].hpa - hpa.u < size)
			return true;
	return false;
}

/*
 * The plan ends before the operation `end`: accesses of the instructions before its own are booked for good; its own instruction's so far,
 * and its translation if that was made, are kept for when it begins. entry NULL: that translation failed.
 */
static __attribute__((noinline)) void stop_plan(struct engine *e, const struct plan_op *first, const struct plan_op *end,
						const uint64_t *at, bool translated, const struct tlb_entry *entry)
{
	uint64_t step = e->done + end->insn + 1;

	e->booked = step - 1;
	access_begin(&e->access, step);
	for (const struct plan_op *op = first; op != end; op++) {
		if (!plan_is_access(op))
			continue;
		if (op->insn == end->insn) {
			access_was_made(&e->access, page_base(at[op - first]), op->kind != PLAN_READ, pieces_of(op));
			continue;
		}
		e->cpu->ev.n[EV_LOADS] += op->kind != PLAN_WRITE;
		e->cpu->ev.n[EV_STORES] += op->kind != PLAN_READ;
	}
	if (translated && entry)
		access_was_made(&e->access, page_base(at[end - first]), end->kind != PLAN_READ, 0);
	else if (translated)
		access_has_failed(&e->access, page_base(at[end - first]), end->kind != PLAN_READ);
	access_again(&e->access);
	e->special_step = step;
}

/*
 * The access faults, so the engine will lack its translation when the block comes to it, if the softmmu needs no flush by now. Then the
 * block runs so far.
 */
static __attribute__((noinline)) enum plan_end foresee(struct engine *e, const struct plan_op *op, uint64_t gla, unsigned access)
{
	if (engine_must_attend(e))
		return PLAN_STOPPED;
	e->foreseen.step = e->done + op->insn + 1;
	e->foreseen.gla = gla;
	e->foreseen.access = access;
	return PLAN_FAULTS;
}

static void pass_insns(struct teller *t, const struct engine *e, unsigned insns)
{
	const struct cost *cost = &e->cpu->cost;

	for (; t->passed < insns; t->passed++) {
		const struct insn *insn = &e->page->insn[e->page->at[t->at]];
		t->ahead += cost->price.of[COST_INSN_ALU + insn->cls];
		t->at += insn->len;
	}
}

/* The instruction that this operation is of. */
static ALWAYS_INLINE void tell_insn(struct teller *t, const struct engine *e, const struct plan_op *op)
{
	if (t->passed > op->insn)
		return;
	if (likely(e->even))
		t->ahead = t->passed = op->insn + 1u;
	else
		pass_insns(t, e, op->insn + 1u);
	tell_next(t, e, t->page | op->at, op->len);
}

/* A group that hits. */
struct hit {
	struct tlb_entry *entry;
	hpa_t hpa;
	unsigned count;
};

/* How far the short form of a plan came. */
struct progress {
	struct operands o;
	struct hit hit[PLAN_GROUPS_MAX];
	unsigned ops; /* booked */
	int slot;     /* what the TLB has for the access after them */
};

/* Where the accesses were that are booked. */
static void take_progress(const struct engine *e, const struct code_block *b, const struct progress *done, uint64_t *at,
			  struct stores *stores)
{
	const struct plan_op *first = e->page->plan + b->plan;

	for (unsigned i = 0; i < done->ops; i++) {
		const struct plan_op *op = first + i;
		const struct hit *hit = &done->hit[op->group];
		if (!plan_is_access(op))
			continue;
		at[i] = place(e, &done->o, op);
		if (!b->guarded || op->kind == PLAN_READ)
			continue;
		stores->at[stores->count].hpa = hit->hpa.u + op->span;
		stores->at[stores->count++].size = op->size;
	}
}

static ALWAYS_INLINE enum plan_end ran(struct engine *e, const struct code_block *b, bool slowly)
{
	e->cpu->ev.n[EV_LOADS] += b->loads;
	e->cpu->ev.n[EV_STORES] += b->stores;
	return slowly ? PLAN_RAN_SLOWLY : PLAN_RAN;
}

/*
 * done: as far as the short form came; NULL: not anywhere. line: the next of those that instructions come from, which go through the cache
 * as it comes to them; NULL: the cache holds them.
 */
static ALWAYS_INLINE enum plan_end run_plan(struct engine *e, const struct code_block *b, uint64_t gla, struct teller *teller,
					    struct progress *done, unsigned *line)
{
	struct plan_op *first = e->page->plan + b->plan, *end = first + b->plan_ops;
	struct operands own, *o = &own;
	struct stores stores;
	uint64_t at[PLAN_OPS_MAX];
	const unsigned width = e->mmu->mode.linear_width;
	bool slowly = false, pending = done && done->ops; /* accesses before are booked, but not made yet */
	unsigned marks = 0;				  /* of frames that they store to */
	int slot = done ? done->slot : SLOT_UNKNOWN;

	stores.count = 0;
	if (done) {
		o = &done->o;
		take_progress(e, b, done, at, &stores);
	} else {
		operands_begin(o, e, gla);
	}
	for (struct plan_op *op = done ? first + done->ops : first; op != end; op++) {
		if (!plan_is_access(op)) {
			o->other[op->dst - PLAN_TEMP] = arithmetic(o, op);
			continue;
		}
		uint64_t linear = place(e, o, op);
		at[op - first] = linear;
		if (line)
			take_lines_to(e, page_base(gla), line, op->at);
		if (unlikely(page_offset(linear) + op->size > PAGE_SIZE || !is_canonical(linear, width) ||
			     ((op->flags & PLAN_ALIGN16) && linear % 16))) {
			stop_plan(e, first, op, at, false, NULL);
			return PLAN_STOPPED;
		}
		unsigned access = access_of(e, op);
		struct tlb_entry *entry = op->hint;
		bool hits = engine_serves_again(e, entry, linear, access);
		if (teller)
			tell_insn(teller, e, op);
		if (hits) {
			mmu_hit_again(e->mmu, entry, access);
		} else {
			bool waits;
			if (teller)
				tell_so_far(teller, e);
			entry = look_up(e, op, linear, access, (struct before){pending, marks, slot}, &waits);
			if (unlikely(waits)) {
				stop_plan(e, first, op, at, false, NULL);
				e->waits = op->insn;
				return PLAN_WAITS;
			}
			slowly = true;
		}
		pending = true;
		slot = SLOT_UNKNOWN;
		hpa_t hpa = entry ? tlb_entry_hpa(entry, GLA(linear)) : HPA(~0ull);
		bool plain = mem_is_ram(e->mem, hpa, op->size);
		if (unlikely(!hits) && plain)
			__builtin_prefetch(e->mem->host + hpa.u); /* the host lacks it, too, where the guest's TLB does */
		if (op->kind != PLAN_READ && plain)
			marks |= engine_before_store(e, hpa, op->size);
		if (unlikely(!plain || marks & ~(unsigned)FRAME_TABLE ||
			     ((op->flags & PLAN_GUARD) && overlaps_store(&stores, hpa, op->size)))) {
			if (teller && hits) {
				tell_so_far(teller, e);
				tell_access(teller, linear, access, entry);
			}
			stop_plan(e, first, op, at, true, entry);
			return entry ? PLAN_STOPPED : foresee(e, op, linear, access);
		}
		if (op->dst != PLAN_NOWHERE) {
			uint64_t value = 0;
			memcpy(&value, e->mem->host + hpa.u, op->size);
			o->other[op->dst - PLAN_TEMP] = value;
		}
		if (unlikely(b->guarded) && op->kind != PLAN_READ) {
			stores.at[stores.count].hpa = hpa.u;
			stores.at[stores.count++].size = op->size;
		}
		if (unlikely(op->flags & PLAN_CALL))
			keep_for_undo(e, hpa, op->size);
		if (e->mmu->env.caches)
			price(e, op, hpa);
		if (teller && hits)
			tell_hit(teller, linear, op->size, access, entry);
		else if (teller)
			tell_data(teller, linear, op->size, access);
	}
	if (line)
		take_lines_to(e, page_base(gla), line, b->last);
	return ran(e, b, slowly);
}

/* ---- the short form ---- */

/* Another entry than the last time. NULL: none, or one that does not permit this: *slot is which, or -1. */
static __attribute__((noinline)) struct tlb_entry *find_again(struct engine *e, struct plan_op *group, uint64_t linear, uint64_t allows,
							      int *slot)
{
	struct tlb *tlb = &e->mmu->dtlb;

	*slot = tlb_find(tlb, GLA(linear), e->mmu->context_id, e->mmu->group_id);
	if (*slot < 0 || (tlb->entry[*slot].allows & allows) != allows)
		return NULL;
	group->hint = tlb_stays(tlb, &tlb->entry[*slot]) ? &tlb->entry[*slot] : NULL;
	return &tlb->entry[*slot];
}

/* Would the group's accesses just load and store, by one entry? false: *slot is what the TLB has there, or SLOT_UNKNOWN. */
static ALWAYS_INLINE bool look_at_group(struct engine *e, const struct operands *o, struct plan_op *group, struct hit *hit, int *slot)
{
	uint64_t linear = group->flags & PLAN_OFFSET ? o->reg[group->a] + (uint64_t)group->imm : place(e, o, group);
	uint64_t allows = e->allows[group->kinds];
	struct tlb_entry *entry = group->hint;

	*slot = SLOT_UNKNOWN;
	if (unlikely(page_offset(linear) + group->span > PAGE_SIZE || ((group->flags & PLAN_ALIGN16) && (linear - group->dst) % 16)))
		return false;
	if (unlikely(!entry || !mmu_entry_serves(e->mmu, entry, GLA(linear)) || (entry->allows & allows) != allows)) {
		if (!is_canonical(linear, e->mmu->mode.linear_width))
			return false;
		entry = find_again(e, group, linear, allows, slot);
		if (!entry)
			return false;
	}
	hpa_t hpa = HPA(entry->frame + (linear - entry->gla));
	if (unlikely(hpa.u >= e->mem->low_top && !mem_is_ram(e->mem, hpa, group->span)))
		return false;
	if (group->kinds != BIT(PLAN_READ) && unlikely(e->mem->frame_flags[hpa.u >> PAGE_SHIFT]))
		return false;
	hit->entry = entry;
	hit->hpa = hpa;
	hit->count = group->count;
	return true;
}

/* Does a group before this load store where it reads, or near there? */
static bool may_be_old(const struct plan_op *first, const struct plan_op *load, const struct hit *hit)
{
	uint64_t hpa = hit[load->group].hpa.u + (uint64_t)load->imm;

	for (const struct plan_op *op = first; op != load; op++) {
		uint64_t before = hpa - hit[op->group].hpa.u;
		if (op->kind == PLAN_GROUP && op->kinds != BIT(PLAN_READ) && op->group != load->group &&
		    (before < op->span || -before < load->size))
			return true;
	}
	return false;
}

static ALWAYS_INLINE uint64_t load(const struct engine *e, hpa_t hpa, unsigned size)
{
	uint64_t value = 0;

	if (likely(size == 8))
		memcpy(&value, e->mem->host + hpa.u, 8);
	else if (size == 4)
		memcpy(&value, e->mem->host + hpa.u, 4);
	else
		memcpy(&value, e->mem->host + hpa.u, size);
	return value;
}

static ALWAYS_INLINE void tell_group_hit(struct teller *t, const struct engine *e, const struct plan_op *op, const struct hit *hit)
{
	uint64_t gla = hit->entry->gla + (hit->hpa.u - hit->entry->frame) + op->span;

	tell_hit(t, gla, op->size, access_of(e, op), hit->entry);
}

/* Groups that hit, of so many accesses and arithmetic of the plan. */
static ALWAYS_INLINE void book_hits(struct engine *e, const struct code_block *b, const struct hit *hit, unsigned groups, unsigned ops,
				    struct teller *teller)
{
	const struct plan_op *first = e->page->plan + b->plan;

	for (unsigned i = 0; i < groups; i++)
		mmu_hits_again(e->mmu, &e->mmu->dtlb, hit[i].entry, hit[i].count);
	if (!teller && likely(!e->mmu->env.caches))
		return;
	for (const struct plan_op *op = first; op != first + ops; op++) {
		if (!plan_is_access(op))
			continue;
		if (teller)
			tell_insn(teller, e, op);
		if (e->mmu->env.caches)
			price(e, op, HPA(hit[op->group].hpa.u + op->span));
		if (teller)
			tell_group_hit(teller, e, op, &hit[op->group]);
	}
}

/* The rest of a plan, from this group on, which does not hit, or would not just load and store. */
static ALWAYS_INLINE enum plan_end go_on(struct engine *e, const struct code_block *b, uint64_t gla, const struct plan_op *group,
					 unsigned groups, struct progress *done, struct teller *teller)
{
	struct plan_op *first = e->page->plan + b->plan - b->steps;

	first->rest = first->rest ? REST : 1;
	if (!(group->flags & PLAN_APART))
		return run_plan(e, b, gla, teller, NULL, NULL);
	done->ops = group->insn;
	book_hits(e, b, done->hit, groups, done->ops, teller);
	return run_plan(e, b, gla, teller, done, NULL);
}

static __attribute__((noinline)) enum plan_end go_on_from(struct engine *e, const struct code_block *b, uint64_t gla,
							  const struct plan_op *group, unsigned groups, struct progress *done)
{
	return go_on(e, b, gla, group, groups, done, NULL);
}

static __attribute__((noinline)) enum plan_end go_on_telling(struct engine *e, const struct code_block *b, uint64_t gla,
							     const struct plan_op *group, unsigned groups, struct progress *done,
							     struct teller *teller)
{
	return go_on(e, b, gla, group, groups, done, teller);
}

static __attribute__((noinline)) enum plan_end run_whole(struct engine *e, const struct code_block *b, uint64_t gla)
{
	return run_plan(e, b, gla, NULL, NULL, NULL);
}

static __attribute__((noinline)) enum plan_end run_whole_telling(struct engine *e, const struct code_block *b, uint64_t gla,
								 struct teller *teller)
{
	return run_plan(e, b, gla, teller, NULL, NULL);
}

/* A plan of nothing but one group. */
static ALWAYS_INLINE enum plan_end run_one(struct engine *e, const struct code_block *b, uint64_t gla, struct plan_op *group,
					   struct teller *teller)
{
	struct progress done;

	operands_begin(&done.o, e, gla);
	if (unlikely(!look_at_group(e, &done.o, group, &done.hit[0], &done.slot)))
		return teller ? go_on_telling(e, b, gla, group, 0, &done, teller) : go_on_from(e, b, gla, group, 0, &done);
	group->rest = 0;
	book_hits(e, b, done.hit, 1, (unsigned)b->plan_ops, teller);
	return ran(e, b, false);
}

static ALWAYS_INLINE enum plan_end run_several(struct engine *e, const struct code_block *b, uint64_t gla, struct plan_op *first,
					       struct teller *teller)
{
	const struct plan_op *end = first + b->steps;
	struct progress done;
	unsigned groups = 0;

	operands_begin(&done.o, e, gla);
	for (struct plan_op *op = first; op != end; op++) {
		if (likely(op->kind == PLAN_GROUP)) {
			if (unlikely(!look_at_group(e, &done.o, op, &done.hit[op->group], &done.slot)))
				return teller ? go_on_telling(e, b, gla, op, groups, &done, teller)
					      : go_on_from(e, b, gla, op, groups, &done);
			groups++;
			continue;
		}
		hpa_t hpa = HPA(done.hit[op->group].hpa.u + (uint64_t)op->imm);
		if (op->kind == PLAN_VALUE) {
			if (unlikely((op->flags & PLAN_GUARD) && may_be_old(first, op, done.hit)))
				return teller ? run_whole_telling(e, b, gla, teller) : run_whole(e, b, gla);
			done.o.other[op->dst - PLAN_TEMP] = load(e, hpa, op->size);
		} else if (op->kind == PLAN_UNDO) {
			keep_for_undo(e, hpa, op->size);
		} else {
			done.o.other[op->dst - PLAN_TEMP] = arithmetic(&done.o, op);
		}
	}
	first->rest = 0;
	book_hits(e, b, done.hit, groups, (unsigned)b->plan_ops, teller);
	return ran(e, b, false);
}

static ALWAYS_INLINE enum plan_end run(struct engine *e, const struct code_block *b, uint64_t gla, struct teller *teller)
{
	struct plan_op *first = e->page->plan + b->plan - b->steps;

	if (unlikely(!b->steps || !e->in_short || first->rest > 1)) {
		if (b->steps && first->rest)
			first->rest--;
		return teller ? run_whole_telling(e, b, gla, teller) : run_whole(e, b, gla);
	}
	return b->steps == 1 ? run_one(e, b, gla, first, teller) : run_several(e, b, gla, first, teller);
}

enum plan_end engine_run_plan(struct engine *e, const struct code_block *b, uint64_t gla)
{
	return run(e, b, gla, NULL);
}

static ALWAYS_INLINE enum plan_end run_observed(struct engine *e, const struct code_block *b, uint64_t gla, unsigned *line)
{
	struct teller teller;

	tell_begin(&teller, e, gla);
	enum plan_end end = line ? run_plan(e, b, gla, &teller, NULL, line) : run(e, b, gla, &teller);
	tell_hits(&teller);
	e->ahead = 0;
	if (end >= PLAN_STOPPED) {
		e->told_step = e->done + teller.passed;
		e->told_data = teller.told_data;
	}
	return end;
}

enum plan_end engine_run_plan_observed(struct engine *e, const struct code_block *b, uint64_t gla)
{
	return run_observed(e, b, gla, NULL);
}

enum plan_end engine_run_plan_fetching(struct engine *e, const struct code_block *b, uint64_t gla)
{
	unsigned line = line_of(gla);

	e->lines_ahead.first = page_base(gla) + line;
	enum plan_end end = e->observed ? run_observed(e, b, gla, &line) : run_plan(e, b, gla, NULL, NULL, &line);
	e->lines_ahead.last = page_base(gla) + line - LINE;
	e->lines_ahead.until = end >= PLAN_STOPPED ? e->special_step : e->done + b->insns;
	return end;
}
