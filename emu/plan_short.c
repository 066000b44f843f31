/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The short form of a plan (plan.h). What a TLB is left with after hits depends on which entries were used, how often, and on the order of
 * their last uses alone: so accesses with one base can be looked at together, and used in the order of the last of each.
 */
#include "emu/plan.h"

struct group {
	struct plan_op step;
	int64_t end;
	unsigned first, last; /* its accesses' numbers */
};

struct groups {
	struct group group[PLAN_GROUPS_MAX];
	unsigned count;
};

static bool is_fixed(const struct plan_op *op)
{
	return (op->a == PLAN_ZERO || op->a == PLAN_PAGE) && op->b == PLAN_ZERO && !op->seg;
}

/* As far as the base is not looked at: what wraps around joins nothing. */
static int64_t end_of(const struct plan_op *op)
{
	return (int64_t)((uint64_t)op->imm + op->size);
}

static bool same_base(const struct plan_op *a, const struct plan_op *b)
{
	return a->a == b->a && a->b == b->b && a->shift == b->shift && a->seg == b->seg;
}

/* Does this access take the group to another page, or too far, or to another alignment? */
static bool joins(const struct group *g, const struct plan_op *op)
{
	int64_t imm = op->imm < g->step.imm ? op->imm : g->step.imm, end = end_of(op) > g->end ? end_of(op) : g->end;
	uint64_t aligned = (uint64_t)g->step.imm - g->step.dst;

	if (!same_base(&g->step, op))
		return false;
	if ((op->flags & g->step.flags & PLAN_ALIGN16) && ((uint64_t)op->imm - aligned) % 16)
		return false;
	if (is_fixed(op))
		return page_base((uint64_t)op->imm) == page_base((uint64_t)g->step.imm);
	return end_of(op) > op->imm && g->end > g->step.imm && (uint64_t)end - (uint64_t)imm <= PLAN_SPAN_MAX;
}

static void join(struct group *g, struct plan_op *op, unsigned at)
{
	uint64_t aligned = op->flags & PLAN_ALIGN16 ? (uint64_t)op->imm : (uint64_t)g->step.imm - g->step.dst;

	g->step.flags |= op->flags & PLAN_ALIGN16;
	g->step.imm = op->imm < g->step.imm ? op->imm : g->step.imm;
	g->step.dst = (uint8_t)(((uint64_t)g->step.imm - aligned) % 16);
	g->end = end_of(op) > g->end ? end_of(op) : g->end;
	g->step.count++;
	g->step.kinds |= (uint8_t)BIT(op->kind);
	g->last = at;
}

static bool find_group(struct groups *all, struct plan_op *op, unsigned at)
{
	for (op->group = 0; op->group < all->count; op->group++)
		if (joins(&all->group[op->group], op))
			break;
	if (op->group == PLAN_GROUPS_MAX)
		return false;
	struct group *g = &all->group[op->group];
	if (op->group == all->count) {
		all->count++;
		*g = (struct group){.step = *op, .end = end_of(op), .first = at};
		g->step.kind = PLAN_GROUP;
		g->step.flags = g->step.rest = g->step.count = g->step.kinds = g->step.dst = 0;
	}
	join(g, op, at);
	return true;
}

/* Does it read what another access of its group, before it, has yet to store? */
static bool reads_own_store(const struct plan_op *first, const struct plan_op *load)
{
	for (const struct plan_op *op = first; op != load; op++) {
		uint64_t before = (uint64_t)load->imm - (uint64_t)op->imm;
		if (plan_is_access(op) && op->kind != PLAN_READ && op->group == load->group && (before < op->size || -before < load->size))
			return true;
	}
	return false;
}

static bool gather(struct groups *all, struct plan_op *op, unsigned ops)
{
	all->count = 0;
	for (unsigned i = 0; i < ops; i++) {
		if (!plan_is_access(&op[i]))
			continue;
		if (op[i].flags & PLAN_ADDR32 || (op[i].flags & PLAN_CALL && i + 1 != ops) || !find_group(all, &op[i], i))
			return false;
		if (op[i].flags & PLAN_GUARD && reads_own_store(op, &op[i]))
			return false;
	}
	return true;
}

static void number(struct groups *all)
{
	for (unsigned i = 0; i < all->count; i++) {
		struct group *g = &all->group[i];
		g->step.span = (uint16_t)((uint64_t)g->end - (uint64_t)g->step.imm);
		unsigned before = 0;
		bool apart = true;
		for (unsigned k = 0; k < all->count; k++) {
			before += all->group[k].last < g->last;
			apart &= k >= i || all->group[k].last < g->first;
		}
		g->step.group = (uint8_t)before;
		bool offset = g->step.a < GPR_COUNT && g->step.b == PLAN_ZERO && !g->step.seg;
		g->step.flags |= (uint8_t)((apart ? PLAN_APART : 0) | (offset ? PLAN_OFFSET : 0));
		g->step.insn = (uint16_t)g->first;
	}
}

unsigned plan_shorten(struct plan_op *op, unsigned ops, struct plan_op *steps)
{
	struct groups all;
	bool begun[PLAN_GROUPS_MAX] = {false};
	unsigned count = 0;

	if (!gather(&all, op, ops))
		return 0;
	number(&all);
	for (struct plan_op *o = op; o != op + ops; o++) {
		if (!plan_is_access(o)) {
			steps[count++] = *o;
			continue;
		}
		const struct group *g = &all.group[o->group];
		if (!begun[o->group])
			steps[count++] = g->step;
		begun[o->group] = true;
		o->group = g->step.group;
		o->span = (uint16_t)((uint64_t)o->imm - (uint64_t)g->step.imm);
		bool undo = o->flags & PLAN_CALL;
		if (o->dst == PLAN_NOWHERE && !undo)
			continue;
		steps[count] = *o;
		steps[count].kind = undo ? PLAN_UNDO : PLAN_VALUE;
		steps[count].rest = 0;
		steps[count++].imm = o->span;
	}
	return count;
}
