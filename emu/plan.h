/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans: where the data accesses of a block will go, as functions of what the general registers hold when it begins. With a plan a block
 * can be accounted for without being watched: its accesses are translated, counted and priced at its start, in their order. A plan is a
 * short program: the accesses, and the arithmetic that their addresses depend on; a value that an address depends on may itself be loaded.
 * A block without memory operands whose addresses can be told so has no plan, and is watched.
 */
#ifndef EMU_PLAN_H
#define EMU_PLAN_H

#include "vmx/instruction.h"

enum plan_kind {
	/* accesses, at the address a + (b << shift) + imm + segment base */
	PLAN_READ,
	PLAN_WRITE,
	PLAN_RMW,
	/* arithmetic: dst = a OP (b + imm), in size bytes, the rest cleared */
	PLAN_ADD,
	PLAN_SUB,
	PLAN_AND,
	PLAN_OR,
	PLAN_XOR,
	PLAN_MUL,
	PLAN_SHL,
	PLAN_SHR,
	PLAN_SAR,
	PLAN_ZERO_EXTEND, /* dst = the low imm bytes of a */
	PLAN_SIGN_EXTEND, /* the same, with its sign, to size bytes */
	/* only in the short form: see plan_shorten */
	PLAN_GROUP, /* accesses whose addresses differ by constants: of span bytes from a + (b << shift) + imm + segment base on */
	PLAN_VALUE, /* dst = what a load of the group reads, imm bytes from where that begins */
	PLAN_UNDO,  /* the store of an indirect CALL, likewise */
};

enum plan_flags {
	PLAN_ALIGN16 = 1, /* #GP unless the address is a multiple of 16 */
	PLAN_CALL = 2,	  /* the store of an indirect CALL, which may have to be undone */
	PLAN_GUARD = 4,	  /* the value loaded is an old one if an earlier store of the block overlaps it */
	PLAN_ADDR32 = 8,  /* addresses have 32 bits, before the segment base */
	PLAN_APART = 16,  /* of a group: those that begin before it are over when it begins */
	PLAN_OFFSET = 32, /* of a group: it is at a + imm, where a is a register at the block's start */
};

enum {
	PLAN_TEMPS = 32,
	/* operands: a register at the block's start, a temporary, 0, the linear address of the page that the block lies in */
	PLAN_TEMP = GPR_COUNT,
	PLAN_ZERO = PLAN_TEMP + PLAN_TEMPS,
	PLAN_PAGE,
	PLAN_OPS_MAX = 96,
	PLAN_GROUPS_MAX = 32,
	PLAN_SPAN_MAX = 256,  /* bytes of a group: more are often on two pages */
	PLAN_STORES_MAX = 16, /* of a block with PLAN_GUARD */
	PLAN_NOWHERE = 0xff,
};

struct tlb_entry;

struct plan_op {
	uint8_t kind, flags;
	uint8_t dst; /* a temporary, numbered as operands are; of a load: PLAN_NOWHERE if no address depends on its value */
	uint8_t a, b, shift;
	uint8_t size;  /* in bytes */
	uint8_t seg;   /* SEG_FS, SEG_GS: their base is added; else 0 */
	uint16_t insn; /* of an access: its instruction's ordinal in the block; of a group: its first access's in the plan */
	uint16_t span; /* of a group: its bytes; of an access: where in its group it begins */
	union {
		struct { /* of an access: its instruction's offset in the page, and bytes */
			uint16_t at;
			uint8_t len;
		};
		struct {
			uint8_t count; /* of a group: its accesses */
			uint8_t kinds; /* of a group: theirs, a bit each */
			uint8_t rest;  /* the engine's, of the first step: see go_on_from */
			uint8_t group; /* the number of the group: they are numbered by their last accesses; of an access too */
		};
	};
	int64_t imm;
	struct tlb_entry *hint; /* the engine's: see engine_translate */
};

static_assert(sizeof(struct plan_op) == 32, "two in a cache line");

static inline bool plan_is_access(const struct plan_op *op)
{
	return op->kind <= PLAN_RMW;
}

/* A value, while a plan is made: an operand and a constant, or unknown. */
struct plan_value {
	uint8_t base; /* PLAN_NOWHERE: unknown */
	uint64_t plus;
};

/* A block of 64-bit code whose instructions are being planned one by one. */
struct plan {
	struct plan_op op[PLAN_OPS_MAX];
	struct plan_value reg[GPR_COUNT];
	struct { /* stores so far */
		struct plan_value at;
		bool opaque; /* it cannot be told what it overlaps */
		uint8_t size;
		struct plan_value value;
	} store[PLAN_STORES_MAX];
	unsigned ops, temps, stores, offset;
	uint16_t insn;
	bool failed;	/* there is no plan */
	bool may_fault; /* an instruction before may raise an exception that only the engine finds */
};

/* For a block that begins at this offset of its page. */
void plan_begin(struct plan *plan, unsigned offset);
/* Its next instruction. */
void plan_insn(struct plan *plan, const struct insn *insn);
/* Its operations; returns how many there are, or -1: there is no plan. Valid until the next plan_begin. */
int plan_end(struct plan *plan, struct plan_op **op);

/*
 * The short form of a plan, for when all its accesses hit in the TLB: they are looked at by groups, whose addresses differ by constants,
 * at the place of the group's first. A group with PLAN_ALIGN16 has to be dst bytes beyond a multiple of 16. Writes it to steps, which has
 * room for 2 * ops, and the accesses' places in groups to op. Returns how many steps there are; 0: there is no short form.
 */
unsigned plan_shorten(struct plan_op *op, unsigned ops, struct plan_op *steps);

#endif
