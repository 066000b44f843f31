/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that make plans share: values, the operations and registers that they come from, and accesses. */
#ifndef EMU_PLAN_VALUE_H
#define EMU_PLAN_VALUE_H

#include "emu/plan.h"

#define PLAN_UNKNOWN ((struct plan_value){.base = PLAN_NOWHERE})

static inline bool plan_known(struct plan_value v)
{
	return v.base != PLAN_NOWHERE;
}

static inline struct plan_value plan_constant(uint64_t value)
{
	return (struct plan_value){.base = PLAN_ZERO, .plus = value};
}

static inline struct plan_value plan_plus(struct plan_value v, uint64_t more)
{
	v.plus += more;
	return v;
}

static inline uint64_t plan_signed(uint64_t value, unsigned bytes)
{
	unsigned shift = 64 - 8 * bytes;

	return (uint64_t)((int64_t)(value << shift) >> shift);
}

/* One more operation, or temporary; too many: the plan fails. */
struct plan_op *plan_add_op(struct plan *p);
uint8_t plan_new_temp(struct plan *p);

/* The value a OP b, in size bytes; PLAN_UNKNOWN if either is. */
struct plan_value plan_operate(struct plan *p, enum plan_kind kind, struct plan_value a, struct plan_value b, unsigned size);
/* The low `bytes` of a value, the rest cleared or with its sign to size bytes. */
struct plan_value plan_extend(struct plan *p, enum plan_kind kind, struct plan_value v, unsigned bytes, unsigned size);

/* What a write of opsize bytes leaves in a register; a register (or none: GPR_COUNT and above) is not followed any more. */
void plan_set_reg(struct plan *p, unsigned reg, struct plan_value v, unsigned opsize);
void plan_lose(struct plan *p, unsigned reg);

/* An address: at + (index << shift), with a segment base, or of 32 bits only. */
struct plan_place {
	struct plan_value at, index;
	unsigned shift, seg;
	bool addr32;
};

static inline struct plan_place plan_place_at(struct plan_value at)
{
	return (struct plan_place){.at = at, .index = plan_constant(0)};
}

/* One access; value: what a store writes. Returns what a load of at most 8 bytes reads, zero-extended. */
struct plan_value plan_access(struct plan *p, const struct insn *insn, enum plan_kind kind, struct plan_place place, unsigned size,
			      struct plan_value value);
/* The explicit memory operand: its base and displacement; an access to it; pushes and pops. */
struct plan_value plan_operand(const struct plan *p, const struct insn *insn);
struct plan_value plan_access_operand(struct plan *p, const struct insn *insn, enum plan_kind kind, struct plan_value value);
void plan_push(struct plan *p, const struct insn *insn, struct plan_value value);
struct plan_value plan_pop(struct plan *p, const struct insn *insn);

#endif
