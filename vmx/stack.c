/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stacks of far transfers and event delivery. See vmx/stack.h.
 */
#include "vmx/stack.h"

static uint64_t mask(const struct stack *stack)
{
	if (stack->wide)
		return ~0ull;
	return stack->ss.ar & AR_DB ? 0xffffffff : 0xffff;
}

struct stack stack_current(const struct cpu *cpu)
{
	return stack_new(cpu, &cpu->seg[SEG_SS], cpu->gpr[RSP], cpu->cpl, cpu_64bit(cpu));
}

struct stack stack_new(const struct cpu *cpu, const struct segment *ss, uint64_t rsp, unsigned cpl, bool wide)
{
	struct stack stack = {.ss = *ss, .rsp = rsp, .wide = wide};

	stack.access = (cpl == 3 ? (unsigned)ACC_USER : 0u) | (cpu->rflags & FLAG_AC ? (unsigned)ACC_AC : 0u);
	return stack;
}

/* true if size bytes at a stack offset may be accessed */
static bool within(const struct cpu *cpu, const struct stack *stack, uint64_t offset, unsigned size)
{
	unsigned width = cpu->mmu.mode.linear_width;

	if (stack->wide)
		return is_canonical(offset, width) && is_canonical(offset + size - 1, width);
	if (!cpu_real_segments(cpu) && (stack->ss.ar & AR_UNUSABLE))
		return false;
	return memop_within(&stack->ss, offset, size);
}

bool stack_room(struct cpu *cpu, const struct stack *stack, unsigned count, unsigned size)
{
	for (unsigned i = 1; i <= count; i++)
		if (!within(cpu, stack, (stack->rsp - (uint64_t)i * size) & mask(stack), size))
			return raise_error(cpu, VEC_SS, stack->error);
	return true;
}

bool stack_holds(struct cpu *cpu, const struct stack *stack, unsigned count, unsigned size)
{
	for (unsigned i = 0; i < count; i++)
		if (!within(cpu, stack, (stack->rsp + (uint64_t)i * size) & mask(stack), size))
			return raise_error(cpu, VEC_SS, stack->error);
	return true;
}

static gla_t linear(const struct stack *stack, uint64_t offset)
{
	return GLA(stack->wide ? offset : (uint32_t)(stack->ss.base + offset));
}

void stack_skip(struct stack *stack, uint64_t bytes)
{
	uint64_t m = mask(stack);

	stack->rsp = (stack->rsp & ~m) | ((stack->rsp + bytes) & m);
}

bool stack_push(struct cpu *cpu, struct stack *stack, unsigned size, uint64_t value)
{
	unsigned access = stack->access | ACC_WRITE;
	gla_t gla;

	stack_skip(stack, -(uint64_t)size);
	gla = linear(stack, stack->rsp & mask(stack));
	return memop_aligned(cpu, gla, size, access) && linear_write(cpu, gla, size, access, value);
}

bool stack_pop(struct cpu *cpu, struct stack *stack, unsigned size, uint64_t *value)
{
	unsigned access = stack->access | ACC_READ;
	gla_t gla = linear(stack, stack->rsp & mask(stack));

	stack_skip(stack, size);
	return memop_aligned(cpu, gla, size, access) && linear_read(cpu, gla, size, access, value);
}

void stack_commit(struct cpu *cpu, const struct stack *stack)
{
	uint64_t m = mask(stack);

	cpu->seg[SEG_SS] = stack->ss;
	if (m == 0xffff)
		cpu->gpr[RSP] = (cpu->gpr[RSP] & ~m) | (stack->rsp & m);
	else
		cpu->gpr[RSP] = stack->rsp & m;
}
