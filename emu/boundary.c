/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the machine's loop meets VMX (boundary.h; SDM 3C, "VM Exits", "VM Entries"). A VM exit, like a delivered event, takes a cycle
 * of model time, so that a VMM which only takes exits also comes to its limit.
 */
#include "emu/boundary.h"

#include "emu/cpuid.h"
#include "emu/deliver.h"
#include "emu/msr.h"
#include "emu/recorder.h"
#include "emu/sysinsn_vmx.h"
#include "vmx/entry.h"
#include "vmx/exit.h"
#include "vmx/intercept.h"
#include "vmx/vmm.h"

#include <stdio.h>

#define IOAPIC_PAGE 0xfec00000ull

static void explain_entry(struct cpu *cpu, const struct entry_failure *failure)
{
	char text[512];

	(void)cpu;
	entry_failure_text(failure, text, sizeof text);
	fprintf(stderr, "vtxray: %s\n", text);
}

void boundary_attach(struct machine *m)
{
	vmx_init(&m->vmx, &m->cpu);
	sysinsn_vmx_attach(&m->vmx, &m->bus);
	ept_attach(&m->ept, &m->cpu);
	if (m->config.explain_entry)
		m->vmx.hooks.explain = explain_entry;
}

struct boundary_event boundary_event(const struct machine *m)
{
	const struct pending *p = &m->cpu.pending;
	bool from_outside = p->type == EVTYPE_EXTERNAL || p->type == EVTYPE_NMI;

	return (struct boundary_event){.rip = m->cpu.rip, .user = m->cpu.cpl == 3, .cause = from_outside ? COST_INTERRUPT : COST_EXCEPTION};
}

void boundary_delivered(struct machine *m, const struct boundary_event *event, bool delivered)
{
	if (!delivered)
		return;
	cost_step(&m->cpu.cost, event->cause);
	if (unlikely(m->recorder))
		recorder_delivered(m->recorder, event->rip, event->user);
}

/*
 * The events of non-root operation. External interrupts and NMIs save RF as their delivery would (SDM 3C, "Saving RIP, RSP, RFLAGS, and
 * SSP"): 1 between the iterations of a REP string instruction.
 */
static bool exits_between(struct machine *m)
{
	struct cpu *cpu = &m->cpu;
	const struct pending *p = &cpu->pending;

	if (!vmx_before_instruction(cpu, cpu->vmx_op == VMX_NONROOT && bus_interrupt_pending(&m->bus)))
		return false;
	if (m->in_rep && (p->exit_reason == EXIT_EXTERNAL_INTERRUPT || p->exit_reason == EXIT_EXCEPTION_NMI))
		cpu->rflags |= FLAG_RF;
	return true;
}

bool boundary_step(struct machine *m)
{
	struct cpu *cpu = &m->cpu;

	if (cpu->pending.kind == PENDING_VM_EXIT) {
		if (unlikely(m->recorder))
			recorder_exit(m->recorder);
		cost_vm_exit(&cpu->cost, cpu->pending.exit_reason & 0xffff);
		vmx_exit(cpu);
		m->in_rep = false; /* what the guest was at */
		return true;
	}
	if (cpu->pending.kind == PENDING_EXCEPTION) { /* what VM entry injects */
		const struct boundary_event event = boundary_event(m);
		boundary_delivered(m, &event, deliver_injected(cpu));
		return true;
	}
	if (!cpu->vmx)
		return false;
	if (unlikely(cpu->vmx->vmm && cpu->vmx->vmm->released) && cpu->vmx->vmm->released(cpu->vmx->vmm))
		return true;
	if (vmm_is_next(cpu)) {
		cost_charge(&cpu->cost, COST_HANDLER);
		vmm_run(cpu);
		return true;
	}
	return exits_between(m);
}

bool boundary_delivers_interrupts(const struct machine *m)
{
	return m->cpu.vmx_op != VMX_NONROOT || !vmx_exits_on_interrupt(&m->cpu);
}

bool boundary_delivers_nmi(const struct machine *m)
{
	return m->cpu.vmx_op != VMX_NONROOT || !vmx_exits_on_nmi(&m->cpu);
}

static uint32_t device_in(void *ctx, uint16_t port, unsigned size)
{
	struct machine *m = ctx;

	return bus_in(&m->bus, port, size);
}

static void device_out(void *ctx, uint16_t port, unsigned size, uint32_t value)
{
	struct machine *m = ctx;

	bus_out(&m->bus, port, size, value);
}

static void device_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, uint32_t result[4])
{
	struct machine *m = ctx;
	struct cpuid regs = cpuid_read(&m->cpu, leaf, subleaf);

	result[0] = regs.eax;
	result[1] = regs.ebx;
	result[2] = regs.ecx;
	result[3] = regs.edx;
}

static bool device_rdmsr(void *ctx, uint32_t msr, uint64_t *value)
{
	struct machine *m = ctx;

	return msr_read(&m->cpu, &m->bus, msr, value);
}

static bool device_wrmsr(void *ctx, uint32_t msr, uint64_t value)
{
	struct machine *m = ctx;

	return msr_write(&m->cpu, &m->bus, msr, value);
}

static bool device_interrupt(void *ctx)
{
	struct machine *m = ctx;

	return bus_interrupt_pending(&m->bus);
}

static uint8_t device_acknowledge(void *ctx)
{
	struct machine *m = ctx;

	return bus_acknowledge(&m->bus);
}

/* The local APIC's page, and the I/O APIC's, which is absent: reads of it give all ones, as they do natively. */
static bool device_memory(void *ctx, uint64_t gpa)
{
	struct machine *m = ctx;

	return page_base(gpa) == (m->cpu.apic_base & BITS(MAXPHYADDR - 1, 12)) || page_base(gpa) == IOAPIC_PAGE;
}

struct vmm_devices boundary_devices(struct machine *m)
{
	return (struct vmm_devices){.ctx = m,
				    .in = device_in,
				    .out = device_out,
				    .cpuid = device_cpuid,
				    .rdmsr = device_rdmsr,
				    .wrmsr = device_wrmsr,
				    .interrupt = device_interrupt,
				    .acknowledge = device_acknowledge,
				    .memory = device_memory};
}
