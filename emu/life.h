/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a program in the guest kernel, from its first instruction to its end, as the kernel announces it on port 80H
 * (workloads/kernel/README.md): what was counted meanwhile, apart for user mode (CPL 3), kernel mode (CPL 0 to 2) and VMX root operation.
 * An instruction, and a fault or VM exit that it causes, counts for the mode in which it began; the delivery of an event for the mode that
 * it interrupts. Looked at between the engine's stretches, which never change the mode: nothing is added to what runs inside one.
 * Or that of a region of any run (region.h): then a life may be counted in several pieces.
 */
#ifndef EMU_LIFE_H
#define EMU_LIFE_H

#include "vmx/state.h"

enum { LIFE_BEGIN = 0xb0, LIFE_END = 0xb1 }; /* at port 80H */

enum life_mode { LIFE_USER, LIFE_KERNEL, LIFE_VMM, LIFE_MODES };

/* All that is booked: the counters, and the clock by cause. VM exits by reason are in struct life_exits. */
struct life_counts {
	struct events ev;
	uint64_t cause[COST_COUNT];
	uint64_t cycles;
};

struct life {
	bool announced;	       /* the kernel says when the life begins and ends; else it is the whole run */
	bool alive;	       /* it has said that it began, and not yet that it ended; true if nobody says it */
	bool held;	       /* not to be counted for now */
	bool counted;	       /* counted now */
	bool begun;	       /* something has been counted */
	uint64_t avx_rip;      /* where the program first met an AVX instruction, which is not there; 0: nowhere */
	enum life_mode mode;   /* since at */
	struct life_counts at; /* what had been counted when the mode last changed */
	struct life_counts by[LIFE_MODES];
	struct life_counts total; /* the same, made from nothing but the counters at the begin and at the end of each piece */
	struct life_counts begin;
	struct cost cost; /* prices, causes and VM exits of the life alone */
	struct cost_exit exit_begin[COST_REASONS];
	struct caches caches, caches_begin; /* counters of the life, and when its last piece began; without modelled caches: unused */
};

/* announced: as struct life has it */
void life_init(struct life *life, bool announced);

static inline enum life_mode life_mode_of(const struct cpu *cpu)
{
	return cpu->vmx_op == VMX_ROOT ? LIFE_VMM : cpu->cpl == 3 ? LIFE_USER : LIFE_KERNEL;
}

/* Books what was counted since the last call for the mode that it was counted in. */
void life_switch(struct life *life, struct cpu *cpu);

/* Before each stretch of the engine, system instruction, delivery, VM exit and VM entry; post: what port 80H holds. */
void life_announced(struct life *life, struct cpu *cpu, uint8_t post);
static inline void life_step(struct life *life, struct cpu *cpu, uint8_t post)
{
	if (life->announced && unlikely(post == (life->alive ? LIFE_END : LIFE_BEGIN)))
		life_announced(life, cpu, post);
	if (life->mode != life_mode_of(cpu))
		life_switch(life, cpu);
}

/* An invalid opcode of the program is about to be delivered. */
void life_undefined(struct life *life, const struct cpu *cpu);

/* From here on nothing is counted, or everything again that belongs to the life. */
void life_hold(struct life *life, struct cpu *cpu, bool held);

/* The run begins, or goes on, here; it stops here, for good or for now: everything up to here is booked. */
void life_open(struct life *life, struct cpu *cpu);
void life_close(struct life *life, struct cpu *cpu);

/* "user", "kernel", "vmm" */
const char *life_mode_name(enum life_mode mode);

#endif
