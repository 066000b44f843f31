/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results and flags of the read-modify-writes that the VMM carries out (SDM 1, "EFLAGS Cross-Reference"; 2, each instruction). */
#include "shadow/store.h"

#define FLAGS_LOGIC (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

/* The bit that decides about a sign, of an operand of so many bytes. */
static uint64_t top_bit(unsigned size)
{
	return BIT(8 * size - 1);
}

/* SF, ZF and PF of a result. */
static uint64_t flags_of(uint64_t result, unsigned size)
{
	uint64_t value = result & BITS(8 * size - 1, 0);
	return (value & top_bit(size) ? FLAG_SF : 0) | (value ? 0 : FLAG_ZF) | (__builtin_parityll(value & 0xff) ? 0 : FLAG_PF);
}

/* carries: out of each bit (of a subtraction: borrows); overflow: at the top bit */
static uint64_t arithmetic_flags(uint64_t result, uint64_t carries, uint64_t overflow, unsigned size)
{
	uint64_t top = top_bit(size);
	return flags_of(result, size) | (carries & top ? FLAG_CF : 0) | (carries & 8 ? FLAG_AF : 0) | (overflow & top ? FLAG_OF : 0);
}

static uint64_t add(uint64_t a, uint64_t b, uint64_t carry, unsigned size, uint64_t *flags)
{
	uint64_t r = a + b + carry;
	*flags = (*flags & ~FLAGS_LOGIC) | arithmetic_flags(r, (a & b) | ((a | b) & ~r), (a ^ r) & (b ^ r), size);
	return r;
}

static uint64_t subtract(uint64_t a, uint64_t b, uint64_t borrow, unsigned size, uint64_t *flags)
{
	uint64_t r = a - b - borrow;
	*flags = (*flags & ~FLAGS_LOGIC) | arithmetic_flags(r, (~a & b) | (~(a ^ b) & r), (a ^ b) & (a ^ r), size);
	return r;
}

static uint64_t logic(uint64_t result, unsigned size, uint64_t *flags)
{
	*flags = (*flags & ~FLAGS_LOGIC) | flags_of(result, size);
	return result;
}

/* INC and DEC leave CF alone. */
static uint64_t by_one(uint64_t a, bool up, unsigned size, uint64_t *flags)
{
	uint64_t carry = *flags & FLAG_CF, r = up ? add(a, 1, 0, size, flags) : subtract(a, 1, 0, size, flags);
	*flags = (*flags & ~FLAG_CF) | carry;
	return r;
}

static uint64_t one_bit(unsigned op, uint64_t a, uint64_t bit, uint64_t *flags)
{
	*flags = (*flags & ~FLAG_CF) | (a & bit ? FLAG_CF : 0);
	return op == STORE_BTS ? a | bit : op == STORE_BTR ? a & ~bit : a ^ bit;
}

uint64_t store_alu(const struct store *st, uint64_t a, uint64_t b, uint64_t *flags)
{
	uint64_t carry = *flags & FLAG_CF ? 1 : 0;
	switch (st->op) {
	case STORE_ADD:
	case STORE_XADD:
		return add(a, b, 0, st->size, flags);
	case STORE_ADC:
		return add(a, b, carry, st->size, flags);
	case STORE_SUB:
		return subtract(a, b, 0, st->size, flags);
	case STORE_SBB:
		return subtract(a, b, carry, st->size, flags);
	case STORE_NEG:
		return subtract(0, a, 0, st->size, flags);
	case STORE_OR:
		return logic(a | b, st->size, flags);
	case STORE_AND:
		return logic(a & b, st->size, flags);
	case STORE_XOR:
		return logic(a ^ b, st->size, flags);
	case STORE_INC:
	case STORE_DEC:
		return by_one(a, st->op == STORE_INC, st->size, flags);
	case STORE_NOT:
		return ~a;
	case STORE_BTS:
	case STORE_BTR:
	case STORE_BTC:
		return one_bit(st->op, a, BIT(b & (8 * st->size - 1)), flags);
	default: /* MOV, XCHG */
		return b;
	}
}
