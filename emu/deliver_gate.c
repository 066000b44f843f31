/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gates of the IDT and the IVT (SDM 3A, "Exception- or Interrupt-Handler Procedures", "Interrupt and Exception Handling in 64-bit Mode";
 * SDM 2A, "INT n/INTO/INT3/INT1", whose pseudocode gives the order of the checks; "Real-Address Mode Emulation"). Left out: shadow stacks;
 * CR4.VME's interrupt redirection (the processor does not offer it).
 */
#include "emu/deliver_gate.h"

static bool idt_fault(struct cpu *cpu, const struct event_frame *f, enum vector vector)
{
	return raise_error(cpu, vector, f->vector * 8u | ERROR_IDT);
}

/* ---- real-address mode ---- */

static bool push_real(struct cpu *cpu, struct stack *stack, const struct event_frame *f)
{
	return stack_room(cpu, stack, 3, 2) && stack_push(cpu, stack, 2, f->rflags) &&
	       stack_push(cpu, stack, 2, cpu->seg[SEG_CS].selector) && stack_push(cpu, stack, 2, f->rip);
}

static bool deliver_real(struct cpu *cpu, const struct event_frame *f)
{
	struct stack stack = stack_current(cpu);
	uint64_t entry;

	if (f->vector * 4u + 3 > cpu->idtr.limit)
		return idt_fault(cpu, f, VEC_GP);
	if (!linear_read(cpu, GLA((uint32_t)(cpu->idtr.base + f->vector * 4u)), 4, ACC_READ | ACC_IMPLICIT, &entry))
		return false;
	if (!push_real(cpu, &stack, f))
		return false;
	stack_commit(cpu, &stack);
	segment_set_real(cpu, SEG_CS, (uint16_t)(entry >> 16));
	cpu->rip = entry & 0xffff;
	cpu->rflags &= ~(FLAG_IF | FLAG_TF | FLAG_RF | FLAG_AC);
	return true;
}

/* ---- the IDT ---- */

static bool type_ok(const struct descriptor *d, bool wide)
{
	if (!descriptor_is_system(d))
		return false;
	switch (descriptor_type(d)) {
	case TYPE_INTERRUPT_GATE:
	case TYPE_TRAP_GATE:
		return true;
	case TYPE_TASK_GATE:
	case TYPE_INTERRUPT_GATE16:
	case TYPE_TRAP_GATE16:
		return !wide;
	default:
		return false;
	}
}

static bool read_gate(struct cpu *cpu, const struct event_frame *f, bool wide, struct gate *gate)
{
	unsigned size = wide ? 16 : 8;
	uint64_t gla = cpu->idtr.base + f->vector * size;
	struct descriptor d = {.gla = GLA(wide ? gla : (uint32_t)gla)};
	uint64_t half[2] = {0};

	if (f->vector * size + size - 1 > cpu->idtr.limit)
		return idt_fault(cpu, f, VEC_GP);
	if (!linear_read_bytes(cpu, d.gla, half, size, ACC_READ | ACC_IMPLICIT))
		return false;
	d.low = half[0];
	d.high = half[1];
	*gate = descriptor_gate(&d, wide);
	if (!type_ok(&d, wide) || (f->software && gate->dpl < cpu->cpl))
		return idt_fault(cpu, f, VEC_GP);
	return gate->present || idt_fault(cpu, f, VEC_NP);
}

static unsigned handler_cpl(const struct cpu *cpu, const struct descriptor *cs)
{
	return descriptor_is_conforming(cs) ? cpu->cpl : descriptor_dpl(cs);
}

/* What changes in RFLAGS at the handler's first instruction. */
static void enter(struct cpu *cpu, const struct gate *gate, const struct segment *cs, unsigned cpl)
{
	segment_set_code(cpu, cs, cpl);
	cpu->rip = gate->offset;
	cpu->rflags &= ~(FLAG_TF | FLAG_VM | FLAG_RF | FLAG_NT);
	if (!(gate->type & 1))
		cpu->rflags &= ~FLAG_IF;
}

/* ---- protected mode ---- */

static bool push_all(struct cpu *cpu, struct stack *stack, unsigned size, const uint64_t *word, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (!stack_push(cpu, stack, size, word[i]))
			return false;
	return true;
}

/*
 * The frame, in the order in which it is pushed:
 *     [GS FS DS ES (from virtual-8086 mode)] [SS ESP (to an inner level)] EFLAGS CS EIP [error code]
 */
static unsigned build_frame(const struct cpu *cpu, const struct event_frame *f, bool inner, uint64_t word[10])
{
	static const uint8_t data[] = {SEG_GS, SEG_FS, SEG_DS, SEG_ES};
	unsigned n = 0;

	for (unsigned i = 0; cpu_v86(cpu) && i < ARRAY_LEN(data); i++)
		word[n++] = cpu->seg[data[i]].selector;
	if (inner) {
		word[n++] = cpu->seg[SEG_SS].selector;
		word[n++] = cpu->gpr[RSP];
	}
	word[n++] = f->rflags;
	word[n++] = cpu->seg[SEG_CS].selector;
	word[n++] = f->rip;
	if (f->has_error)
		word[n++] = f->error;
	return n;
}

/* In virtual-8086 mode only a handler at level 0 will do. */
static bool check_handler(struct cpu *cpu, const struct gate *gate, struct descriptor *d)
{
	if (!segment_check_code(cpu, gate->selector, ENTRY_GATE, d))
		return false;
	if (cpu_v86(cpu) && handler_cpl(cpu, d) != 0)
		return raise_error(cpu, VEC_GP, selector_error(gate->selector));
	return true;
}

static void leave_v86(struct cpu *cpu)
{
	static const uint8_t data[] = {SEG_GS, SEG_FS, SEG_DS, SEG_ES};

	for (unsigned i = 0; i < ARRAY_LEN(data); i++)
		cpu->seg[data[i]] = segment_null(0, 0);
}

static bool deliver_protected(struct cpu *cpu, const struct event_frame *f, const struct gate *gate)
{
	const unsigned size = gate->type & 8 ? 4 : 2;
	struct stack stack = stack_current(cpu);
	struct descriptor d;
	struct segment cs;
	uint64_t word[10];
	unsigned cpl, count;

	if (!check_handler(cpu, gate, &d))
		return false;
	cpl = handler_cpl(cpu, &d);
	if (cpl < cpu->cpl && !task_stack(cpu, cpl, &stack))
		return false;
	count = build_frame(cpu, f, cpl < cpu->cpl, word);
	cs = descriptor_segment(&d);
	if (!stack_room(cpu, &stack, count, size) || !segment_check_target(cpu, &cs, gate->offset))
		return false;
	if (!segment_code(cpu, &d, cpl, &cs) || !push_all(cpu, &stack, size, word, count))
		return false;
	if (cpu_v86(cpu))
		leave_v86(cpu);
	stack_commit(cpu, &stack);
	enter(cpu, gate, &cs, cpl);
	return true;
}

/* ---- IA-32e mode: 64-bit gates, 8-byte pushes, SS and RSP always, RSP aligned to 16 ---- */

static bool choose_stack_64(struct cpu *cpu, const struct gate *gate, unsigned cpl, struct stack *stack)
{
	struct segment ss = cpl < cpu->cpl ? segment_null((uint16_t)cpl, cpl) : cpu->seg[SEG_SS];
	uint64_t rsp = cpu->gpr[RSP];

	if ((cpl < cpu->cpl || gate->ist) && !task_stack_64(cpu, cpl, gate->ist, &rsp))
		return false;
	*stack = stack_new(cpu, &ss, rsp & ~0xfull, cpl, true);
	return true;
}

static bool deliver_64(struct cpu *cpu, const struct event_frame *f, const struct gate *gate)
{
	struct descriptor d;
	struct segment cs;
	struct stack stack;
	uint64_t word[10];
	unsigned cpl, count;

	if (!check_handler(cpu, gate, &d))
		return false;
	cpl = handler_cpl(cpu, &d);
	if (!choose_stack_64(cpu, gate, cpl, &stack))
		return false;
	count = build_frame(cpu, f, true, word);
	cs = descriptor_segment(&d);
	if (!stack_room(cpu, &stack, count, 8) || !segment_check_target(cpu, &cs, gate->offset))
		return false;
	if (!segment_code(cpu, &d, cpl, &cs) || !push_all(cpu, &stack, 8, word, count))
		return false;
	stack_commit(cpu, &stack);
	enter(cpu, gate, &cs, cpl);
	return true;
}

bool deliver_gate(struct cpu *cpu, const struct event_frame *f)
{
	struct gate gate;

	if (!cpu_protected(cpu))
		return deliver_real(cpu, f);
	if (!read_gate(cpu, f, cpu_long_mode(cpu), &gate))
		return false;
	if (gate.type == TYPE_TASK_GATE)
		return task_switch(cpu, gate.selector, TASK_IDT_GATE);
	return cpu_long_mode(cpu) ? deliver_64(cpu, f, &gate) : deliver_protected(cpu, f, &gate);
}
