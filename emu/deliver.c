/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event delivery: the event under way, what it pushes, and what a fault on the way makes of it (SDM 3A, "Interrupt and Exception Handling":
 * "Interrupt 8, Double Fault Exception (#DF)" and its tables of classes; SDM 3B, "Debug Registers"; "Resume Flag"; SDM 3C, "Information
 * for VM Exits That Occur During Event Delivery").
 *
 *     event --intercepted?--> delivered through its gate --fault--> intercepted? --combined--> #DF, or the fault in turn, or shutdown
 */
#include "emu/deliver.h"

#include "emu/deliver_gate.h"
#include "vmx/debug.h"
#include "vmx/intercept.h"

enum { REASON_TRIPLE_FAULT = 2, TURNS_MAX = 16 };

#define DR7_GD BIT(13)

enum fault_class { BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT };

static enum fault_class class_of(uint8_t vector, uint8_t type)
{
	if (type != EVTYPE_HARDWARE)
		return BENIGN;
	switch (vector) {
	case VEC_DE:
	case VEC_TS:
	case VEC_NP:
	case VEC_SS:
	case VEC_GP:
	case VEC_CP:
		return CONTRIBUTORY;
	case VEC_PF:
	case VEC_VE:
		return PAGE_FAULT;
	case VEC_DF:
		return DOUBLE_FAULT;
	default:
		return BENIGN;
	}
}

/* What an exception leaves in CR2, DR6 and DR7, whatever becomes of its delivery. */
static void write_registers(struct cpu *cpu, const struct pending *p)
{
	if (p->injected)
		return; /* SDM 3C, "Details of Vectored-Event Injection" */
	if (p->type == EVTYPE_HARDWARE && p->vector == VEC_PF)
		cpu->cr2 = p->cr2;
	if (p->type == EVTYPE_HARDWARE && p->vector == VEC_DB)
		cpu->dr[6] = (cpu->dr[6] & ~DEBUG_B) | p->dr6;
	if ((p->type == EVTYPE_HARDWARE || p->type == EVTYPE_PRIV_SOFT) && p->vector == VEC_DB)
		cpu->dr[7] &= ~DR7_GD;
}

/* The event under way was delivered, or gave way to another; after a VM exit on the way it is delivered again, and counted then. */
static void count(struct cpu *cpu, const struct delivery *p)
{
	if (p->type == EVTYPE_EXTERNAL || p->type == EVTYPE_NMI)
		cpu->ev.n[EV_INTERRUPTS]++;
	if (p->type == EVTYPE_SOFT_INT || p->type == EVTYPE_PRIV_SOFT || p->type == EVTYPE_SOFT_EXC)
		cpu->ev.n[EV_SOFT_INTS]++;
	if (p->type != EVTYPE_EXTERNAL && p->type != EVTYPE_SOFT_INT && p->vector <= VEC_CP)
		cpu->ev.n[EV_EXC_DE + p->vector]++;
}

/* The instruction pointer to return to is that of the next instruction for software events; INT n and the like retire. */
static bool is_instruction(uint8_t type)
{
	return type == EVTYPE_SOFT_INT || type == EVTYPE_PRIV_SOFT || type == EVTYPE_SOFT_EXC;
}

/* Faults push RF set, so that an instruction breakpoint does not hit again; #DB only when it is the fault of DR7.GD. */
static uint64_t pushed_flags(const struct cpu *cpu, const struct pending *p)
{
	bool fault = p->vector != VEC_DB && p->vector != VEC_DF && p->vector != VEC_MC;

	if (p->injected)
		return cpu->rflags; /* as VM entry loaded it, whatever the event */
	if (is_instruction(p->type))
		return cpu->rflags & ~FLAG_RF;
	if (p->type == EVTYPE_HARDWARE && (fault || (p->vector == VEC_DB && (p->dr6 & DEBUG_BD))))
		return cpu->rflags | FLAG_RF;
	return cpu->rflags;
}

static struct event_frame frame_of(const struct cpu *cpu, const struct pending *p)
{
	struct event_frame f = {.vector = p->vector, .has_error = p->has_error && cpu_protected(cpu), .error = p->error};

	f.software = p->type == EVTYPE_SOFT_INT || p->type == EVTYPE_SOFT_EXC;
	f.rflags = pushed_flags(cpu, p);
	f.rip = cpu->rip + (is_instruction(p->type) ? p->insn_len : 0);
	if (!cpu_64bit(cpu))
		f.rip = (uint32_t)f.rip;
	return f;
}

/* Delivers one event; from here on cpu->delivery describes it. */
static bool deliver_one(struct cpu *cpu)
{
	const struct pending p = cpu->pending;
	struct event_frame f = frame_of(cpu, &p);

	cpu->delivery = (struct delivery){.active = true,
					  .vector = p.vector,
					  .type = p.type,
					  .has_error = p.has_error,
					  .error = p.error,
					  .insn_len = p.insn_len,
					  .rf = f.rflags & FLAG_RF};
	cpu->pending.kind = PENDING_NONE;
	if (p.type == EVTYPE_NMI)
		cpu->interruptibility |= BLOCK_NMI;
	return deliver_gate(cpu, &f);
}

static void finish(struct cpu *cpu)
{
	cpu->delivery.active = false;
	cpu->activity = ACTIVITY_ACTIVE;
	vmx_delivered(cpu);
}

/* A VM exit for a triple fault, and one caused directly by a double fault, do not count as occurring during delivery of an event. */
static bool triple_fault(struct cpu *cpu)
{
	cpu->delivery.active = false;
	if (cpu->vmx_op == VMX_NONROOT)
		return raise_vm_exit(cpu, REASON_TRIPLE_FAULT, 0);
	cpu->pending.kind = PENDING_NONE;
	cpu->activity = ACTIVITY_SHUTDOWN;
	return false;
}

enum nested { NESTED_SERIAL, NESTED_DOUBLE, NESTED_TRIPLE };

/* SDM 3A, table "Conditions for Generating a Double Fault" */
static enum nested combine(enum fault_class first, enum fault_class second)
{
	if (first == DOUBLE_FAULT && second != BENIGN)
		return NESTED_TRIPLE;
	if (first == CONTRIBUTORY && second == CONTRIBUTORY)
		return NESTED_DOUBLE;
	if (first == PAGE_FAULT && (second == CONTRIBUTORY || second == PAGE_FAULT))
		return NESTED_DOUBLE;
	return NESTED_SERIAL;
}

/* The exception in pending came up while cpu->delivery was under way. False: the processor has shut down or there is a VM exit. */
static bool nest(struct cpu *cpu)
{
	switch (combine(class_of(cpu->delivery.vector, cpu->delivery.type), class_of(cpu->pending.vector, cpu->pending.type))) {
	case NESTED_TRIPLE:
		return triple_fault(cpu);
	case NESTED_DOUBLE:
		cpu->delivery.active = false;
		raise_error(cpu, VEC_DF, 0);
		return !vmx_intercept_event(cpu);
	case NESTED_SERIAL:
		break;
	}
	return true;
}

/*
 * LIMIT: benign faults can follow each other for ever (an #AC handler at CPL 3 with a misaligned stack): there the processor hangs until
 * it is reset; we stop with a clear line.
 */
static bool deliver_chain(struct cpu *cpu)
{
	/* over before a VM exit on the way, too (SDM 3C, "Architectural State Before a VM Exit") */
	cpu->interruptibility &= (uint8_t) ~(BLOCK_STI | BLOCK_MOV_SS);
	for (unsigned turn = 0; !deliver_one(cpu); turn++) {
		if (turn == TURNS_MAX)
			return raise_stop(cpu, "event delivery never ends: each attempt to deliver a fault raises another benign one");
		if (cpu->pending.kind != PENDING_EXCEPTION || vmx_intercept_event(cpu))
			return false;
		count(cpu, &cpu->delivery);
		write_registers(cpu, &cpu->pending);
		if (!nest(cpu))
			return false;
	}
	count(cpu, &cpu->delivery);
	finish(cpu);
	return true;
}

bool deliver_pending(struct cpu *cpu)
{
	CHECK(cpu->pending.kind == PENDING_EXCEPTION);
	cpu->delivery.active = false;
	if (vmx_intercept_event(cpu))
		return false;
	cpu->activity = ACTIVITY_ACTIVE; /* after a VM exit that it causes directly the guest's state is still the inactive one */
	return deliver_injected(cpu);
}

bool deliver_injected(struct cpu *cpu)
{
	CHECK(cpu->pending.kind == PENDING_EXCEPTION);
	write_registers(cpu, &cpu->pending);
	return deliver_chain(cpu);
}

bool deliver_interrupt(struct cpu *cpu, uint8_t vector, bool nmi)
{
	cpu->pending = (struct pending){
	    .kind = PENDING_EXCEPTION, .vector = nmi ? (uint8_t)VEC_NMI : vector, .type = nmi ? EVTYPE_NMI : EVTYPE_EXTERNAL};
	return deliver_injected(cpu);
}
