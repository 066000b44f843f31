/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a plan follows (plan_value.h): operations on values, and what registers hold. */
#include "emu/plan_value.h"

/* ---- operations ---- */

struct plan_op *plan_add_op(struct plan *p)
{
	static struct plan_op nowhere;

	if (p->ops < PLAN_OPS_MAX)
		return &p->op[p->ops++];
	p->failed = true;
	return &nowhere;
}

uint8_t plan_new_temp(struct plan *p)
{
	if (p->temps < PLAN_TEMPS)
		return (uint8_t)(PLAN_TEMP + p->temps++);
	p->failed = true;
	return PLAN_TEMP;
}

/* dst = a OP (b + imm), in size bytes */
struct plan_value plan_operate(struct plan *p, enum plan_kind kind, struct plan_value a, struct plan_value b, unsigned size)
{
	if (!plan_known(a) || !plan_known(b))
		return PLAN_UNKNOWN;
	if (kind == PLAN_ADD && size == 8 && b.base == PLAN_ZERO)
		return plan_plus(a, b.plus);
	if (kind == PLAN_SUB && size == 8 && b.base == PLAN_ZERO)
		return plan_plus(a, -b.plus);
	if (a.plus && kind != PLAN_ADD) {
		uint8_t sum = plan_new_temp(p);
		*plan_add_op(p) =
		    (struct plan_op){.kind = PLAN_ADD, .dst = sum, .a = a.base, .b = PLAN_ZERO, .size = 8, .imm = (int64_t)a.plus};
		a = (struct plan_value){.base = sum};
	}
	uint8_t dst = plan_new_temp(p);
	*plan_add_op(p) = (struct plan_op){.kind = (uint8_t)kind,
					   .dst = dst,
					   .a = a.base,
					   .b = b.base,
					   .size = (uint8_t)size,
					   .imm = (int64_t)(kind == PLAN_ADD ? a.plus + b.plus : b.plus)};
	return (struct plan_value){.base = dst};
}

/* The low `bytes` of a value, the rest cleared or with its sign to size bytes. */
struct plan_value plan_extend(struct plan *p, enum plan_kind kind, struct plan_value v, unsigned bytes, unsigned size)
{
	if (!plan_known(v))
		return v;
	if (v.base == PLAN_ZERO && kind == PLAN_ZERO_EXTEND)
		return plan_constant(v.plus & (BIT(8 * bytes) - 1));
	if (kind == PLAN_ZERO_EXTEND && bytes == 4)
		return plan_operate(p, PLAN_ADD, v, plan_constant(0), 4);
	return plan_operate(p, kind, v, plan_constant(bytes), size);
}

/* ---- registers ---- */

/* What a write of opsize bytes leaves in a register: four bytes clear the upper half; smaller parts are not followed. */
void plan_set_reg(struct plan *p, unsigned reg, struct plan_value v, unsigned opsize)
{
	if (opsize == 8)
		p->reg[reg] = v;
	else
		p->reg[reg] = opsize == 4 ? plan_extend(p, PLAN_ZERO_EXTEND, v, 4, 8) : PLAN_UNKNOWN;
}

void plan_lose(struct plan *p, unsigned reg)
{
	if (reg < GPR_COUNT)
		p->reg[reg] = PLAN_UNKNOWN;
}
