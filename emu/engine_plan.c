/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks that are accounted for by plan (plan.h): at the block's start, in the order in which it makes them, its accesses are translated,
 * counted and priced; then it runs without being watched. That is right only if the whole block then runs, so a plan stops at the first
 * access that would not just load or store: a fault, a device, a store to code, a page split in two, a value that the block itself has yet
 * to store. The block then goes by instruction; what was booked up to there is not booked again.
 *
 * A store to a paging structure changes no translation that the TLBs hold. What the softmmu holds beyond these may be wrong from then on:
 * it is flushed when the modelled TLBs lack a translation again, or the engine stops for another reason. In the same block nothing may be
 * looked up after such a store, which is yet to be made.
 *
 * Its own fills are those of fast-forward (engine_fill.c): they find in TLBs and tables what the plan has just found or put there.
 */
#include "emu/engine_state.h"

#include <string.h>

/* What operands are taken from: a register or temporary, or one of two constants. */
struct operands {
	const uint64_t *row[4];
	uint64_t temp[PLAN_TEMPS];
	uint64_t fixed[2];
};
static_assert(PLAN_TEMP == 16 && PLAN_TEMPS == 32 && PLAN_ZERO == 48 && PLAN_PAGE == 49, "rows of 16");

struct stores {
	unsigned count;
	struct {
		uint64_t hpa;
		unsigned size;
	} at[PLAN_STORES_MAX];
};

static ALWAYS_INLINE uint64_t operand(const struct operands *o, unsigned index)
{
	return o->row[index >> 4][index & 15];
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
		break;
	}
	return op->size == 4 ? (uint32_t)result : result;
}

static ALWAYS_INLINE unsigned access_of(const struct engine *e, const struct plan_op *op)
{
	return op->kind == PLAN_READ ? e->read_access : op->kind == PLAN_WRITE ? e->write_access : e->read_access | ACC_WRITE;
}

/*
 * Whether an access can be translated before those before it in the block have been made: not if that may set a flag which one of them
 * could load, or read an entry which one of them could store, in a frame that is not known yet to hold paging structures. tables: one
 * stores to a frame that is known to.
 */
static bool may_go_ahead(struct engine *e, uint64_t gla, unsigned access, bool tables)
{
	struct mmu *mmu = e->mmu;
	const struct tlb *tlb = mmu_first(mmu, access);
	int slot = tlb_find(tlb, GLA(gla), mmu->context_id, mmu->group_id);
	uint64_t marks = e->mem->marks, allows;
	hpa_t hpa;

	if (slot >= 0 && mmu_entry_permits(mmu, &tlb->entry[slot], access))
		return true;
	return !tables && mmu_glance(mmu, GLA(gla), access, &hpa, &allows) && e->mem->marks == marks;
}

static __attribute__((noinline)) struct tlb_entry *translate_slow(struct engine *e, struct plan_op *op, uint64_t gla, unsigned access)
{
	return engine_look_up(e, &op->hint, gla, access);
}

/* As the pieces of the access are priced: two of 16 bytes, two of a read-modify-write. */
static void price(struct engine *e, const struct plan_op *op, hpa_t hpa)
{
	engine_price_data(e, hpa, op->size > 8 ? 8 : op->size);
	if (op->size > 8)
		engine_price_data(e, HPA(hpa.u + 8), op->size - 8u);
	if (op->kind == PLAN_RMW)
		engine_price_data(e, hpa, op->size);
}

static unsigned pieces_of(const struct plan_op *op)
{
	return op->size > 8 || op->kind == PLAN_RMW ? 2 : 1;
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
		if (op->kind > PLAN_RMW)
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

/* Telling an observer of what a plan does: of each instruction that accesses data as it comes to it. */
struct teller {
	const struct mmu_observer *observer;
	uint64_t page, at;  /* the block's page; where the next instruction is that was not passed */
	uint64_t clock;	    /* with what is not settled, but not what is charged as accesses are made */
	unsigned passed;    /* instructions */
	unsigned told_data; /* accesses of the last one */
};

static void tell_begin(struct teller *t, struct engine *e, uint64_t gla)
{
	engine_book_again(e);
	t->observer = e->mmu->observer;
	t->page = page_base(gla);
	t->at = page_offset(gla);
	t->clock = engine_clock(e) - *e->cpu->cost.clock;
	t->passed = t->told_data = 0;
}

/* The instruction that this operation is of. */
static ALWAYS_INLINE void tell_insn(struct teller *t, struct engine *e, const struct plan_op *op)
{
	const struct cost *cost = &e->cpu->cost;
	uint64_t at = t->at;
	unsigned len = 0;

	if (t->passed > op->insn)
		return;
	for (; t->passed <= op->insn; t->passed++) {
		const struct insn *insn = &e->page->insn[e->page->at[t->at]];
		at = t->at;
		e->ahead += cost->price.of[COST_INSN_ALU + insn->cls];
		t->at += len = insn->len;
	}
	t->told_data = 0;
	t->observer->insn(t->observer->ctx, GLA(t->page | at), len, *cost->clock + t->clock + e->ahead);
}

static ALWAYS_INLINE void tell_data(struct teller *t, const struct plan_op *op, uint64_t gla, unsigned access)
{
	t->told_data++;
	t->observer->data(t->observer->ctx, GLA(gla), op->size, access);
}

static ALWAYS_INLINE enum plan_end run_plan(struct engine *e, const struct code_block *b, uint64_t gla, struct teller *teller)
{
	struct plan_op *first = e->page->plan + b->plan, *end = first + b->plan_ops;
	struct operands o; /* filled as far as it is used: a plan is run for each block */
	struct stores stores;
	uint64_t at[PLAN_OPS_MAX];
	const unsigned width = e->mmu->mode.linear_width;
	bool slowly = false, pending = false; /* accesses before are booked, but not made yet */
	unsigned marks = 0;		      /* of frames that they store to */

	stores.count = 0;
	o.fixed[0] = 0;
	o.fixed[1] = page_base(gla);
	o.row[0] = e->now->reg;
	o.row[1] = o.temp;
	o.row[2] = o.temp + 16;
	o.row[3] = o.fixed;
	for (struct plan_op *op = first; op != end; op++) {
		if (op->kind > PLAN_RMW) {
			o.temp[op->dst - PLAN_TEMP] = arithmetic(&o, op);
			continue;
		}
		uint64_t linear = place(e, &o, op);
		at[op - first] = linear;
		if (unlikely(page_offset(linear) + op->size > PAGE_SIZE || !is_canonical(linear, width) ||
			     ((op->flags & PLAN_ALIGN16) && linear % 16))) {
			stop_plan(e, first, op, at, false, NULL);
			return PLAN_STOPPED;
		}
		unsigned access = access_of(e, op);
		struct tlb_entry *entry = op->hint;
		if (teller)
			tell_insn(teller, e, op);
		if (engine_serves_again(e, entry, linear, access)) {
			mmu_hit_again(e->mmu, entry, access);
			if (teller)
				teller->observer->access(teller->observer->ctx, GLA(linear), access, entry, SERVED_FIRST);
		} else if (pending && !may_go_ahead(e, linear, access, marks)) {
			stop_plan(e, first, op, at, false, NULL);
			e->waits = op->insn;
			return PLAN_WAITS;
		} else {
			entry = translate_slow(e, op, linear, access);
			slowly = true;
		}
		pending = true;
		hpa_t hpa = entry ? tlb_entry_hpa(entry, GLA(linear)) : HPA(~0ull);
		bool plain = mem_is_ram(e->mem, hpa, op->size);
		if (op->kind != PLAN_READ && plain)
			marks |= engine_before_store(e, hpa, op->size);
		if (unlikely(!plain || marks & ~(unsigned)FRAME_TABLE ||
			     ((op->flags & PLAN_GUARD) && overlaps_store(&stores, hpa, op->size)))) {
			stop_plan(e, first, op, at, true, entry);
			return entry ? PLAN_STOPPED : foresee(e, op, linear, access);
		}
		if (op->dst != PLAN_NOWHERE) {
			uint64_t value = 0;
			memcpy(&value, e->mem->host + hpa.u, op->size);
			o.temp[op->dst - PLAN_TEMP] = value;
		}
		if (unlikely(b->guarded) && op->kind != PLAN_READ) {
			stores.at[stores.count].hpa = hpa.u;
			stores.at[stores.count++].size = op->size;
		}
		if (unlikely(op->flags & PLAN_CALL)) {
			e->call_undo_at = hpa.u;
			memcpy(&e->call_undo, e->mem->host + hpa.u, op->size);
		}
		if (e->mmu->env.caches)
			price(e, op, hpa);
		if (teller)
			tell_data(teller, op, linear, access);
	}
	e->cpu->ev.n[EV_LOADS] += b->loads;
	e->cpu->ev.n[EV_STORES] += b->stores;
	return slowly ? PLAN_RAN_SLOWLY : PLAN_RAN;
}

enum plan_end engine_run_plan(struct engine *e, const struct code_block *b, uint64_t gla)
{
	return run_plan(e, b, gla, NULL);
}

enum plan_end engine_run_plan_observed(struct engine *e, const struct code_block *b, uint64_t gla)
{
	struct teller teller;

	tell_begin(&teller, e, gla);
	enum plan_end end = run_plan(e, b, gla, &teller);
	e->ahead = 0;
	if (end >= PLAN_STOPPED) {
		e->told_step = e->done + teller.passed;
		e->told_data = teller.told_data;
	}
	return end;
}
