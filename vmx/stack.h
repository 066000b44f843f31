/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stack that is pushed to or popped from before it becomes, or stays, the processor's: far transfers and event delivery work on one
 * and put it into place once nothing can fault any more (SDM 1, "Stacks", "Procedure Calls, Interrupts, and Exceptions").
 */
#ifndef VMX_STACK_H
#define VMX_STACK_H

#include "vmx/memop.h"

struct stack {
	struct segment ss;
	uint64_t rsp;
	bool wide;	 /* 64-bit: no segmentation, canonical addresses */
	unsigned access; /* ACC_USER, ACC_AC of its accesses */
	uint32_t error;	 /* error code of #SS when it has no room: 0, or the selector of a new stack */
};

/* The current stack, as the code running now uses it. */
struct stack stack_current(const struct cpu *cpu);
/* A new stack for privilege level cpl; wide: it is used by 64-bit code. */
struct stack stack_new(const struct cpu *cpu, const struct segment *ss, uint64_t rsp, unsigned cpl, bool wide);

/* #SS(error) unless count pushes, or pops, of size bytes lie within the limit or, on a 64-bit stack, are canonical. */
bool stack_room(struct cpu *cpu, const struct stack *stack, unsigned count, unsigned size);
bool stack_holds(struct cpu *cpu, const struct stack *stack, unsigned count, unsigned size);

/*
 * One push or pop; the caller has checked the room. CHOICE: when a later push of a frame faults, the words already pushed stay in memory,
 * below a stack pointer that has not changed.
 */
bool stack_push(struct cpu *cpu, struct stack *stack, unsigned size, uint64_t value);
bool stack_pop(struct cpu *cpu, struct stack *stack, unsigned size, uint64_t *value);

/* Adds to the stack pointer, as RET imm16 does. */
void stack_skip(struct stack *stack, uint64_t bytes);

/* SS and RSP take the stack's place. On a 16-bit stack only SP is written. */
void stack_commit(struct cpu *cpu, const struct stack *stack);

#endif
