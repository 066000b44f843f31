/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cycle account: model time is in order, blocking and additive. Every cycle of the clock is booked under one cause (cost.def) or under
 * one VM-exit reason, so count x cost over all of them is the clock; costs do not change during a run.
 */
#ifndef MMU_COST_H
#define MMU_COST_H

#include "mmu/base.h"

enum cost_cause {
#define COST(symbol, name, section, key, plain, text) COST_##symbol,
#include "mmu/cost.def"
#undef COST
	COST_COUNT
};

/* where a memory reference was answered; the rows DATA_, FETCH_, WALK_, EPT_, VMCS_ and VMM_ are in this order */
enum answer { ANSWER_L1, ANSWER_L2, ANSWER_LLC, ANSWER_MEMORY, ANSWERS };

enum { COST_INSN_CLASSES = COST_INSN_SYSTEM + 1, COST_REASONS = 80 /* more than there are basic exit reasons */ };

/* VM exits of one reason; the time of one is from the exit to the next VM entry */
struct cost_exit {
	uint64_t count;	  /* exits charged */
	uint64_t handled; /* those after which the guest was entered again */
	uint64_t time, min, max;
};

struct prices {
	uint32_t of[COST_COUNT];
	uint32_t exit[COST_REASONS]; /* by basic exit reason */
};

struct cost {
	uint64_t *clock;
	uint64_t n[COST_COUNT];
	struct prices price;
	struct cost_exit exit[COST_REASONS];
	uint64_t deadline;   /* the clock at which the engine is to stop; ~0: none */
	uint64_t steps;	     /* instructions, further REP iterations, delivered events and VM exits: what limits are counted in */
	uint64_t left_at;    /* clock of the last VM exit */
	uint64_t entered_at; /* clock of the last VM entry, which is charged by then; the instruction that asked for it may not be */
	uint16_t left_for;   /* its reason + 1; 0: no VM exit is being handled */
};

const char *cost_name(enum cost_cause cause);
const char *cost_text(enum cost_cause cause);

/* The plain model: an instruction, a further REP iteration, a delivered event or a VM exit is a cycle, and nothing else takes time. */
extern const struct prices prices_plain;

/* clock starts at 0 and from now on changes only here; prices NULL: the plain model */
void cost_init(struct cost *cost, uint64_t *clock, const struct prices *prices);

/* The sum over all causes; what the clock must show. */
uint64_t cost_sum(const struct cost *cost);

static inline void cost_charge_n(struct cost *cost, enum cost_cause cause, uint64_t n)
{
	cost->n[cause] += n;
	*cost->clock += n * cost->price.of[cause];
}

static inline void cost_charge(struct cost *cost, enum cost_cause cause)
{
	cost_charge_n(cost, cause, 1);
}

/* The same for what limits such as --max-insns count. */
static inline void cost_step(struct cost *cost, enum cost_cause cause)
{
	cost->steps++;
	cost_charge_n(cost, cause, 1);
}

/* A VM exit, and the VM entry after it (which is charged as well). */
void cost_vm_exit(struct cost *cost, unsigned reason);
void cost_vm_entry(struct cost *cost);

#endif
