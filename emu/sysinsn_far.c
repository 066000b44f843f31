/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Far CALL and JMP, directly and through call gates (SDM 2A, "CALL", "JMP", whose pseudocode gives the order of the checks; SDM 3A,
 * "Privilege Level Checking When Transferring Program Control Between Code Segments"). Task gates and TSS descriptors end in
 * vmx/task.c. Left out: shadow stacks.
 */
#include "emu/sysinsn.h"

#include "vmx/task.h"

/* The target operand: selector and offset, from the instruction or from memory. */
static bool read_target(struct sysinsn *s, uint16_t *selector, uint64_t *offset)
{
	const struct insn *insn = s->insn;
	uint64_t at, value;

	*selector = insn->imm2;
	*offset = insn->imm;
	if (!(insn->flags & INSN_MEM))
		return true;
	at = insn_offset(s->cpu, insn);
	if (!memop_read(s->cpu, insn->seg, at, insn->opsize, offset))
		return false;
	at += insn->opsize;
	if (insn->addrsize < 8)
		at &= BITS(8 * insn->addrsize - 1, 0);
	if (!memop_read(s->cpu, insn->seg, at, 2, &value))
		return false;
	*selector = (uint16_t)value;
	return true;
}

static bool push_return(struct sysinsn *s, struct stack *stack, unsigned size)
{
	return stack_push(s->cpu, stack, size, s->cpu->seg[SEG_CS].selector) && stack_push(s->cpu, stack, size, s->next_rip);
}

/* Real-address and virtual-8086 mode. */
static bool transfer_real(struct sysinsn *s, bool call, uint16_t selector, uint64_t offset)
{
	struct cpu *cpu = s->cpu;
	struct stack stack = stack_current(cpu);

	if (call && !stack_room(cpu, &stack, 2, s->insn->opsize))
		return false;
	if (!segment_check_target(cpu, &cpu->seg[SEG_CS], offset))
		return false;
	if (call && !push_return(s, &stack, s->insn->opsize))
		return false;
	stack_commit(cpu, &stack);
	segment_set_real(cpu, SEG_CS, selector);
	s->next_rip = offset;
	return true;
}

/* To code of the same privilege level: CS as given, or as a gate names it. size: of the words pushed. */
static bool transfer_same(struct sysinsn *s, bool call, struct descriptor *d, uint64_t offset, unsigned size)
{
	struct cpu *cpu = s->cpu;
	struct stack stack = stack_current(cpu);
	struct segment cs = descriptor_segment(d);

	if (!segment_is_64bit(cpu, &cs))
		offset = (uint32_t)offset;
	if (call && !stack_room(cpu, &stack, 2, size))
		return false;
	if (!segment_check_target(cpu, &cs, offset) || !segment_code(cpu, d, cpu->cpl, &cs))
		return false;
	if (call && !push_return(s, &stack, size))
		return false;
	stack_commit(cpu, &stack);
	segment_set_code(cpu, &cs, cpu->cpl);
	s->next_rip = offset;
	return true;
}

/* ---- call gates ---- */

/* Parameters of a 16- or 32-bit gate: read from the caller's stack before anything is pushed, first the one pushed first. */
static bool copy_params(struct cpu *cpu, struct stack *to, unsigned count, unsigned size)
{
	struct stack from = stack_current(cpu);
	uint64_t param[31];

	if (!stack_holds(cpu, &from, count, size))
		return false;
	for (unsigned i = 0; i < count; i++)
		if (!stack_pop(cpu, &from, size, &param[i]))
			return false;
	for (unsigned i = count; i > 0; i--)
		if (!stack_push(cpu, to, size, param[i - 1]))
			return false;
	return true;
}

static bool inner_stack(struct cpu *cpu, unsigned cpl, struct stack *stack)
{
	struct segment ss = segment_null((uint16_t)cpl, cpl);
	uint64_t rsp;

	if (!cpu_long_mode(cpu))
		return task_stack(cpu, cpl, stack);
	if (!task_stack_64(cpu, cpl, 0, &rsp))
		return false;
	*stack = stack_new(cpu, &ss, rsp, cpl, true);
	return true;
}

/* To an inner privilege level: SS, RSP, parameters, CS and RIP go to the stack of that level. */
static bool call_inner(struct sysinsn *s, const struct gate *gate, struct descriptor *d, unsigned size)
{
	struct cpu *cpu = s->cpu;
	unsigned cpl = descriptor_dpl(d), params = cpu_long_mode(cpu) ? 0 : gate->params;
	struct segment cs = descriptor_segment(d);
	struct stack stack;

	if (!inner_stack(cpu, cpl, &stack) || !stack_room(cpu, &stack, 4 + params, size))
		return false;
	if (!segment_check_target(cpu, &cs, gate->offset) || !segment_code(cpu, d, cpl, &cs))
		return false;
	if (!stack_push(cpu, &stack, size, cpu->seg[SEG_SS].selector) || !stack_push(cpu, &stack, size, cpu->gpr[RSP]))
		return false;
	if (!copy_params(cpu, &stack, params, size) || !push_return(s, &stack, size))
		return false;
	stack_commit(cpu, &stack);
	segment_set_code(cpu, &cs, cpl);
	s->next_rip = gate->offset;
	return true;
}

static bool transfer_gate(struct sysinsn *s, bool call, struct descriptor *gate_d)
{
	struct cpu *cpu = s->cpu;
	bool wide = cpu_long_mode(cpu);
	struct descriptor d;
	struct gate gate;
	unsigned size;

	if (!descriptor_present(gate_d))
		return raise_error(cpu, VEC_NP, selector_error(gate_d->selector));
	if (!descriptor_read_high(cpu, VEC_GP, gate_d))
		return false;
	gate = descriptor_gate(gate_d, wide);
	size = wide ? 8 : gate.type & 8 ? 4 : 2;
	if (!segment_check_code(cpu, gate.selector, call ? ENTRY_GATE : ENTRY_GATE_JMP, &d))
		return false;
	if (!descriptor_is_conforming(&d) && descriptor_dpl(&d) < cpu->cpl)
		return call_inner(s, &gate, &d, size);
	return transfer_same(s, call, &d, gate.offset, size);
}

static bool transfer_task_gate(struct sysinsn *s, bool call, const struct descriptor *d)
{
	if (!descriptor_present(d))
		return raise_error(s->cpu, VEC_NP, selector_error(d->selector));
	return task_switch(s->cpu, descriptor_gate(d, false).selector, call ? TASK_CALL : TASK_JMP);
}

/* The selector names a gate or a TSS: its DPL must not be below CPL and RPL. In IA-32e mode only 64-bit call gates are left. */
static bool transfer_system(struct sysinsn *s, bool call, struct descriptor *d)
{
	struct cpu *cpu = s->cpu;
	unsigned type = descriptor_type(d), dpl = descriptor_dpl(d);
	bool permitted = dpl >= cpu->cpl && dpl >= selector_rpl(d->selector);

	if (permitted && type == TYPE_CALL_GATE)
		return transfer_gate(s, call, d);
	if (!permitted || cpu_long_mode(cpu))
		return raise_error(cpu, VEC_GP, selector_error(d->selector));
	switch (type) {
	case TYPE_CALL_GATE16:
		return transfer_gate(s, call, d);
	case TYPE_TASK_GATE:
		return transfer_task_gate(s, call, d);
	case TYPE_TSS16_AVAILABLE:
	case TYPE_TSS_AVAILABLE:
		return task_switch(cpu, d->selector, call ? TASK_CALL : TASK_JMP);
	default:
		return raise_error(cpu, VEC_GP, selector_error(d->selector));
	}
}

static bool transfer(struct sysinsn *s, bool call)
{
	struct cpu *cpu = s->cpu;
	struct descriptor d;
	uint16_t selector;
	uint64_t offset;

	if (!read_target(s, &selector, &offset))
		return false;
	if (cpu_real_segments(cpu))
		return transfer_real(s, call, selector, offset);
	if (selector_is_null(selector))
		return raise_error(cpu, VEC_GP, 0);
	if (!descriptor_read(cpu, selector, VEC_GP, &d))
		return false;
	if (descriptor_is_system(&d))
		return transfer_system(s, call, &d);
	if (!segment_permits_code(cpu, &d, ENTRY_DIRECT))
		return false;
	return transfer_same(s, call, &d, offset, s->insn->opsize);
}

bool sys_CALL_FAR(struct sysinsn *s)
{
	return transfer(s, true);
}

bool sys_JMP_FAR(struct sysinsn *s)
{
	return transfer(s, false);
}
