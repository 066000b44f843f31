/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accesses of a plan: where each goes, and what a load reads if a store of the block before it says so. An address that is unknown ends
 * the plan.
 */
#include "emu/plan_value.h"

static bool overlap(uint64_t a, unsigned a_size, uint64_t b, unsigned b_size)
{
	return a - b < b_size || b - a < a_size;
}

/* Can it be told whether it overlaps another with the same operand? */
static bool is_simple(const struct plan_place *place)
{
	return place->index.base == PLAN_ZERO && !place->seg && !place->addr32;
}

/*
 * Looks for the value at a place among the stores before it. *found: a store that overlaps it; *value: what it says. Returns whether
 * another may overlap it, of which only the addresses will tell.
 */
static bool look_among_stores(const struct plan *p, const struct plan_place *place, unsigned size, bool *found, struct plan_value *value)
{
	bool unsure = false;

	*found = false;
	for (unsigned i = p->stores; i-- > 0;) {
		struct plan_value at = p->store[i].at;
		if (!is_simple(place) || p->store[i].opaque || at.base != place->at.base) {
			unsure = true;
			continue;
		}
		if (!overlap(place->at.plus, size, at.plus, p->store[i].size))
			continue;
		*found = true;
		*value = !unsure && at.plus == place->at.plus && p->store[i].size == size ? p->store[i].value : PLAN_UNKNOWN;
		return unsure;
	}
	return unsure;
}

static void note_store(struct plan *p, const struct plan_place *place, unsigned size, struct plan_value value)
{
	if (p->stores == PLAN_STORES_MAX) {
		p->failed = true;
		return;
	}
	p->store[p->stores].at = place->at;
	p->store[p->stores].opaque = !is_simple(place);
	p->store[p->stores].size = (uint8_t)size;
	p->store[p->stores++].value = size == 8 ? value : PLAN_UNKNOWN;
}

/* One access; value: what a store writes. Returns what a load of at most 8 bytes reads, zero-extended. */
struct plan_value plan_access(struct plan *p, const struct insn *insn, enum plan_kind kind, struct plan_place place, unsigned size,
			      struct plan_value value)
{
	struct plan_value loaded = PLAN_UNKNOWN;
	bool found = false;

	if (!plan_known(place.at) || !plan_known(place.index) || p->may_fault) {
		p->failed = true;
		return PLAN_UNKNOWN;
	}
	place.at.plus += place.index.plus << place.shift;
	place.index.plus = 0;
	struct plan_op *op = plan_add_op(p);
	*op = (struct plan_op){.kind = (uint8_t)kind,
			       .flags = (uint8_t)((insn->flags & INSN_ALIGN16 ? PLAN_ALIGN16 : 0) | (place.addr32 ? PLAN_ADDR32 : 0)),
			       .dst = PLAN_NOWHERE,
			       .a = place.at.base,
			       .b = place.index.base,
			       .shift = (uint8_t)place.shift,
			       .size = (uint8_t)size,
			       .seg = (uint8_t)place.seg,
			       .insn = p->insn,
			       .len = insn->len,
			       .at = (uint16_t)p->offset,
			       .imm = (int64_t)place.at.plus};
	if (kind != PLAN_READ) {
		note_store(p, &place, size, value);
		return PLAN_UNKNOWN;
	}
	if (size > 8)
		return PLAN_UNKNOWN;
	if (look_among_stores(p, &place, size, &found, &loaded))
		op->flags |= PLAN_GUARD;
	if (found)
		return loaded;
	op->dst = plan_new_temp(p);
	return (struct plan_value){.base = op->dst};
}

struct plan_value plan_operand(const struct plan *p, const struct insn *insn)
{
	if (insn->base == REG_RIP)
		return (struct plan_value){.base = PLAN_PAGE, .plus = p->offset + insn->len + (uint64_t)insn->disp};
	return insn->base < GPR_COUNT ? plan_plus(p->reg[insn->base], (uint64_t)insn->disp) : plan_constant((uint64_t)insn->disp);
}

/* The explicit memory operand. */
struct plan_value plan_access_operand(struct plan *p, const struct insn *insn, enum plan_kind kind, struct plan_value value)
{
	struct plan_place place = {.at = plan_operand(p, insn),
				   .index = insn->index < GPR_COUNT ? p->reg[insn->index] : plan_constant(0),
				   .shift = (unsigned)__builtin_ctz(insn->scale),
				   .seg = insn->seg == SEG_FS || insn->seg == SEG_GS ? insn->seg : 0,
				   .addr32 = insn->addrsize == 4};

	return plan_access(p, insn, kind, place, insn->memsize, value);
}

void plan_push(struct plan *p, const struct insn *insn, struct plan_value value)
{
	p->reg[RSP] = plan_plus(p->reg[RSP], -(uint64_t)insn->opsize);
	plan_access(p, insn, PLAN_WRITE, plan_place_at(p->reg[RSP]), insn->opsize, value);
}

struct plan_value plan_pop(struct plan *p, const struct insn *insn)
{
	struct plan_value value = plan_access(p, insn, PLAN_READ, plan_place_at(p->reg[RSP]), insn->opsize, PLAN_UNKNOWN);

	p->reg[RSP] = plan_plus(p->reg[RSP], insn->opsize);
	return value;
}
