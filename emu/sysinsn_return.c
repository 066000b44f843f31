/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Far RET, and IRET in every mode (SDM 2B, "RET"; SDM 2A, "IRET/IRETD/IRETQ", whose pseudocode gives the order of the checks).
 * Left out: shadow stacks; CR4.VME's IRET in virtual-8086 mode (the processor does not offer it).
 */
#include "emu/sysinsn.h"

#include "vmx/task.h"

/* What a far return takes from the stack. */
struct far_return {
	uint64_t rip, cs, rflags, rsp, ss;
	struct descriptor code, stack; /* checked descriptors of CS and SS */
	unsigned size;		       /* of each word */
	uint64_t release;	       /* RET imm16 */
};

/* The code segment of a return; a 32- or 16-bit one gets its offset cut to 32 bits. */
static bool check_code(struct cpu *cpu, struct far_return *r)
{
	struct segment cs;

	if (!segment_check_code(cpu, (uint16_t)r->cs, ENTRY_RETURN, &r->code))
		return false;
	cs = descriptor_segment(&r->code);
	if (!segment_is_64bit(cpu, &cs))
		r->rip = (uint32_t)r->rip;
	return true;
}

static bool check_target(struct cpu *cpu, const struct far_return *r)
{
	struct segment cs = descriptor_segment(&r->code);

	return segment_check_target(cpu, &cs, r->rip);
}

static bool to_64bit(const struct cpu *cpu, const struct far_return *r)
{
	struct segment cs = descriptor_segment(&r->code);

	return segment_is_64bit(cpu, &cs);
}

static bool check_stack(struct cpu *cpu, struct far_return *r)
{
	return segment_check_stack(cpu, (uint16_t)r->ss, selector_rpl((uint16_t)r->cs), VEC_GP, to_64bit(cpu, r), &r->stack);
}

/* All is checked but the writes of accessed bits. The stack given, current or outer, and CS come into place. */
static bool finish(struct sysinsn *s, struct far_return *r, struct stack *stack, bool outer)
{
	struct cpu *cpu = s->cpu;
	unsigned cpl = selector_rpl((uint16_t)r->cs);
	struct segment cs;

	if (!segment_code(cpu, &r->code, cpl, &cs))
		return false;
	stack_skip(stack, r->release);
	stack_commit(cpu, stack);
	segment_set_code(cpu, &cs, cpl);
	if (outer)
		segment_drop_inner(cpu);
	s->next_rip = r->rip;
	return true;
}

/* The stack that the popped SS and RSP name. */
static bool outer_stack(struct cpu *cpu, struct far_return *r, struct stack *stack)
{
	struct segment ss;

	if (!segment_stack(cpu, &r->stack, &ss))
		return false;
	*stack = stack_new(cpu, &ss, r->rsp, selector_rpl((uint16_t)r->cs), to_64bit(cpu, r));
	return true;
}

/* ---- RET ---- */

static bool return_real(struct sysinsn *s, struct far_return *r, struct stack *stack)
{
	struct cpu *cpu = s->cpu;

	if (!segment_check_target(cpu, &cpu->seg[SEG_CS], r->rip))
		return false;
	stack_skip(stack, r->release);
	stack_commit(cpu, stack);
	segment_set_real(cpu, SEG_CS, (uint16_t)r->cs);
	s->next_rip = r->rip;
	return true;
}

static bool return_outer(struct sysinsn *s, struct far_return *r, struct stack *from)
{
	struct cpu *cpu = s->cpu;
	struct stack to;

	stack_skip(from, r->release);
	if (!stack_holds(cpu, from, 2, r->size) || !stack_pop(cpu, from, r->size, &r->rsp) || !stack_pop(cpu, from, r->size, &r->ss))
		return false;
	if (!check_stack(cpu, r) || !check_target(cpu, r) || !outer_stack(cpu, r, &to))
		return false;
	return finish(s, r, &to, true);
}

bool sys_RET_FAR(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	struct far_return r = {.size = s->insn->opsize, .release = s->insn->imm2};
	struct stack stack = stack_current(cpu);

	if (!stack_holds(cpu, &stack, 2, r.size) || !stack_pop(cpu, &stack, r.size, &r.rip) || !stack_pop(cpu, &stack, r.size, &r.cs))
		return false;
	if (cpu_real_segments(cpu))
		return return_real(s, &r, &stack);
	if (!check_code(cpu, &r))
		return false;
	if (selector_rpl((uint16_t)r.cs) > cpu->cpl)
		return return_outer(s, &r, &stack);
	return check_target(cpu, &r) && finish(s, &r, &stack, false);
}

/* ---- IRET ---- */

/* The flags that IRET takes from its frame, by operand size, CPL and IOPL at its start. */
static uint64_t iret_mask(const struct cpu *cpu, unsigned size)
{
	uint64_t mask = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_TF | FLAG_DF | FLAG_OF | FLAG_NT;
	unsigned iopl = (unsigned)FIELD(cpu->rflags, 13, 12);

	if (size > 2)
		mask |= FLAG_RF | FLAG_AC | FLAG_ID;
	if (cpu_v86(cpu))
		return mask | FLAG_IF;
	if (cpu->cpl <= iopl)
		mask |= FLAG_IF;
	if (cpu->cpl == 0)
		mask |= FLAG_IOPL | (size > 2 && cpu_protected(cpu) ? FLAG_VIF | FLAG_VIP : 0);
	return mask;
}

static void set_flags(struct cpu *cpu, uint64_t mask, uint64_t value)
{
	if ((cpu->rflags ^ value) & mask & FLAG_AC)
		cpu->engine_flush = true;
	cpu->rflags = (cpu->rflags & ~mask) | (value & mask) | FLAG_FIXED;
	if (!(mask & FLAG_RF))
		cpu->rflags &= ~FLAG_RF;
}

static bool pop_frame(struct cpu *cpu, struct stack *stack, struct far_return *r)
{
	return stack_holds(cpu, stack, 3, r->size) && stack_pop(cpu, stack, r->size, &r->rip) && stack_pop(cpu, stack, r->size, &r->cs) &&
	       stack_pop(cpu, stack, r->size, &r->rflags);
}

static bool pop_outer(struct cpu *cpu, struct stack *stack, struct far_return *r)
{
	return stack_holds(cpu, stack, 2, r->size) && stack_pop(cpu, stack, r->size, &r->rsp) && stack_pop(cpu, stack, r->size, &r->ss);
}

static bool iret_real(struct sysinsn *s, struct far_return *r)
{
	struct cpu *cpu = s->cpu;
	struct stack stack = stack_current(cpu);
	uint64_t mask = iret_mask(cpu, r->size);

	if (cpu_v86(cpu) && FIELD(cpu->rflags, 13, 12) < 3)
		return raise_error(cpu, VEC_GP, 0);
	if (!pop_frame(cpu, &stack, r) || !return_real(s, r, &stack))
		return false;
	set_flags(cpu, mask, r->rflags);
	return true;
}

/* NT set: back to the task that the TSS's back link names. */
static bool iret_task(struct cpu *cpu)
{
	uint64_t link;

	if (!linear_read(cpu, GLA((uint32_t)cpu->tr.base), 2, ACC_READ | ACC_IMPLICIT, &link))
		return false;
	return task_switch(cpu, (uint16_t)link, TASK_IRET);
}

/* From level 0 into virtual-8086 mode: ESP SS ES DS FS GS follow on the stack. */
static bool iret_to_v86(struct sysinsn *s, struct far_return *r, struct stack *stack)
{
	static const uint8_t order[] = {SEG_SS, SEG_ES, SEG_DS, SEG_FS, SEG_GS};
	struct cpu *cpu = s->cpu;
	uint64_t selector[ARRAY_LEN(order)];

	if (!stack_holds(cpu, stack, 6, 4) || !stack_pop(cpu, stack, 4, &r->rsp))
		return false;
	for (unsigned i = 0; i < ARRAY_LEN(order); i++)
		if (!stack_pop(cpu, stack, 4, &selector[i]))
			return false;
	if (r->rip > 0xffff)
		return raise_error(cpu, VEC_GP, 0);
	for (unsigned i = 0; i < ARRAY_LEN(order); i++)
		cpu->seg[order[i]] = segment_v86((uint16_t)selector[i]);
	set_flags(cpu, iret_mask(cpu, 4) | FLAG_VM, r->rflags);
	cpu->gpr[RSP] = r->rsp;
	s->next_rip = r->rip;
	const struct segment cs = segment_v86((uint16_t)r->cs);
	segment_set_code(cpu, &cs, 3);
	return true;
}

static bool iret_same(struct sysinsn *s, struct far_return *r, struct stack *stack)
{
	struct cpu *cpu = s->cpu;
	uint64_t mask = iret_mask(cpu, r->size);

	if (!check_target(cpu, r) || !finish(s, r, stack, false))
		return false;
	set_flags(cpu, mask, r->rflags);
	return true;
}

/* To an outer level; from 64-bit mode SS:RSP is always there, for the same level too. */
static bool iret_outer(struct sysinsn *s, struct far_return *r)
{
	struct cpu *cpu = s->cpu;
	uint64_t mask = iret_mask(cpu, r->size);
	bool outer = selector_rpl((uint16_t)r->cs) > cpu->cpl;
	struct stack to;

	if (!check_stack(cpu, r) || !check_target(cpu, r) || !outer_stack(cpu, r, &to) || !finish(s, r, &to, outer))
		return false;
	set_flags(cpu, mask, r->rflags);
	return true;
}

static bool iret_protected(struct sysinsn *s, struct far_return *r)
{
	struct cpu *cpu = s->cpu;
	struct stack stack = stack_current(cpu);
	bool code64 = cpu_64bit(cpu);

	if (cpu->rflags & FLAG_NT)
		return cpu_long_mode(cpu) ? raise_error(cpu, VEC_GP, 0) : iret_task(cpu);
	if (!pop_frame(cpu, &stack, r))
		return false;
	if ((r->rflags & FLAG_VM) && r->size == 4 && cpu->cpl == 0 && !cpu_long_mode(cpu))
		return iret_to_v86(s, r, &stack);
	if (code64 && !pop_outer(cpu, &stack, r))
		return false;
	if (!check_code(cpu, r))
		return false;
	if (code64)
		return iret_outer(s, r);
	if (selector_rpl((uint16_t)r->cs) == cpu->cpl)
		return iret_same(s, r, &stack);
	return pop_outer(cpu, &stack, r) && iret_outer(s, r);
}

/*
 * NMIs are unblocked even by an IRET that faults (SDM 3A, "Handling Multiple NMIs"); the fault then says so, for a VM exit that it may
 * become (SDM 3C, "Information About NMI Unblocking Due to IRET").
 */
bool sys_IRET(struct sysinsn *s)
{
	struct far_return r = {.size = s->insn->opsize};
	struct cpu *cpu = s->cpu;
	bool unblocks = (cpu->interruptibility & BLOCK_NMI) && vmx_iret_unblocks_nmi(cpu);

	if (unblocks)
		cpu->interruptibility &= (uint8_t)~BLOCK_NMI;
	if (cpu_real_segments(cpu) ? iret_real(s, &r) : iret_protected(s, &r))
		return true;
	cpu->pending.nmi_unblocked = unblocks;
	return false;
}
