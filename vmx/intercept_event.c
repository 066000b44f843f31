/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VM exits that no instruction asks for: exceptions, NMIs, external interrupts, INIT, the windows, the monitor trap flag, the
 * VMX-preemption timer, the TPR threshold (SDM 3C, "Other Causes of VM Exits"; 3A, "Prioritization of Concurrent Events").
 */
#include "vmx/exit.h"
#include "vmx/intercept.h"

static bool page_fault_exits(const struct vmcs *v, uint32_t error)
{
	bool bit = v->exception_bitmap & BIT(VEC_PF), match = (error & v->pf_mask) == v->pf_match;
	return match ? bit : !bit;
}

static bool exception_exits(const struct vmcs *v, const struct pending *p)
{
	if (p->vector == VEC_PF)
		return !p->nested && page_fault_exits(v, p->error);
	return p->vector < 32 && (v->exception_bitmap & BIT(p->vector));
}

bool vmx_intercept_event_slow(struct cpu *cpu)
{
	struct pending *p = &cpu->pending;
	if (p->kind != PENDING_EXCEPTION || p->injected)
		return false;
	if (p->type != EVTYPE_HARDWARE && p->type != EVTYPE_SOFT_EXC && p->type != EVTYPE_PRIV_SOFT)
		return false;
	if (!exception_exits(&cpu->vmx->vmcs, p))
		return false;
	p->kind = PENDING_VM_EXIT;
	p->exit_reason = EXIT_EXCEPTION_NMI;
	p->exit_has_event = true;
	p->qualification = p->vector == VEC_PF ? p->cr2 : p->vector == VEC_DB ? p->dr6 : 0;
	if (p->type == EVTYPE_HARDWARE)
		p->insn_len = 0;
	if (p->vector == VEC_MF) /* SDM 3C, "Architectural State Before a VM Exit" */
		cpu->interruptibility &= (uint8_t) ~(BLOCK_STI | BLOCK_MOV_SS);
	return true;
}

static bool exit_for(struct cpu *cpu, uint32_t reason)
{
	raise_vm_exit(cpu, reason, 0);
	return true;
}

static bool exit_for_nmi(struct cpu *cpu)
{
	exit_for(cpu, EXIT_EXCEPTION_NMI);
	cpu->pending.exit_has_event = true;
	cpu->pending.type = EVTYPE_NMI;
	cpu->pending.vector = VEC_NMI;
	return true;
}

/*
 * Each call in the active state but the first after VM entry comes after one instruction or event delivery. In HLT nothing comes before
 * the event that ends it (vmx_delivered); shutdown and wait-for-SIPI block the exit (SDM 3C, "Monitor Trap Flag", "Architectural State
 * Before a VM Exit").
 */
static bool monitor_trap(struct cpu *cpu)
{
	struct vmx *vmx = cpu->vmx;
	bool due = vmx->mtf_pending;
	if (cpu->activity == ACTIVITY_SHUTDOWN || cpu->activity == ACTIVITY_WAIT_FOR_SIPI)
		return false;
	vmx->mtf_pending = cpu->activity == ACTIVITY_ACTIVE && vmx_proc(vmx, CTL(PROC, MONITOR_TRAP));
	return due && exit_for(cpu, EXIT_MONITOR_TRAP_FLAG);
}

void vmx_delivered_slow(struct cpu *cpu)
{
	cpu->vmx->mtf_pending |= vmx_proc(cpu->vmx, CTL(PROC, MONITOR_TRAP));
}

/* What comes before debug traps */
static bool exits_before_traps(struct cpu *cpu)
{
	if (cpu->init_pending && cpu->activity != ACTIVITY_WAIT_FOR_SIPI) {
		cpu->init_pending = false;
		return exit_for(cpu, EXIT_INIT_SIGNAL);
	}
	if (cpu->vmx->tpr_below_threshold)
		return exit_for(cpu, EXIT_TPR_BELOW_THRESHOLD);
	return monitor_trap(cpu);
}

static bool exits_for_nmi(struct cpu *cpu)
{
	const struct vmx *vmx = cpu->vmx;
	bool virtual_nmis = vmx_pin(vmx, CTL(PIN, VIRTUAL_NMIS)), blocked = cpu->interruptibility & BLOCK_NMI;
	if (cpu->interruptibility & BLOCK_MOV_SS)
		return false;
	/* CHOICE: blocking by STI closes the NMI window too, as it may */
	if (vmx_proc(vmx, CTL(PROC, NMI_WINDOW)) && !blocked && !(cpu->interruptibility & BLOCK_STI))
		return exit_for(cpu, EXIT_NMI_WINDOW);
	return cpu->nmi_pending && vmx_pin(vmx, CTL(PIN, NMI)) && (virtual_nmis || !blocked) && exit_for_nmi(cpu);
}

static bool exits_for_interrupt(struct cpu *cpu, bool interrupt)
{
	const struct vmx *vmx = cpu->vmx;
	bool blocked = cpu->interruptibility & (BLOCK_STI | BLOCK_MOV_SS);
	if (blocked || cpu->activity == ACTIVITY_SHUTDOWN)
		return false;
	if (vmx_proc(vmx, CTL(PROC, INTERRUPT_WINDOW)) && (cpu->rflags & FLAG_IF))
		return exit_for(cpu, EXIT_INTERRUPT_WINDOW);
	return interrupt && vmx_pin(vmx, CTL(PIN, EXTERNAL_INTERRUPT)) && exit_for(cpu, EXIT_EXTERNAL_INTERRUPT);
}

bool vmx_before_instruction_slow(struct cpu *cpu, bool interrupt)
{
	if (exits_before_traps(cpu))
		return true;
	if (cpu->activity == ACTIVITY_WAIT_FOR_SIPI)
		return false;
	if (cpu->pending_dbg && !(cpu->interruptibility & BLOCK_MOV_SS))
		return false; /* the debug trap is delivered first */
	if (cpu->clock >= vmx_next_deadline(cpu))
		return exit_for(cpu, EXIT_PREEMPTION_TIMER);
	return exits_for_nmi(cpu) || exits_for_interrupt(cpu, interrupt);
}

uint64_t vmx_next_deadline(const struct cpu *cpu)
{
	if (cpu->vmx_op != VMX_NONROOT || !vmx_pin(cpu->vmx, CTL(PIN, PREEMPTION_TIMER)) || cpu->activity == ACTIVITY_WAIT_FOR_SIPI)
		return ~0ull;
	return cpu->vmx->timer_deadline;
}

bool vmx_steps(const struct cpu *cpu)
{
	return cpu->vmx_op == VMX_NONROOT && (cpu->vmx->mtf_pending || vmx_proc(cpu->vmx, CTL(PROC, MONITOR_TRAP)));
}

bool vmx_iret_unblocks_nmi(const struct cpu *cpu)
{
	return cpu->vmx_op != VMX_NONROOT || !vmx_pin(cpu->vmx, CTL(PIN, NMI)) || vmx_pin(cpu->vmx, CTL(PIN, VIRTUAL_NMIS));
}

bool vmx_exits_on_interrupt(const struct cpu *cpu)
{
	return cpu->vmx_op == VMX_NONROOT && vmx_pin(cpu->vmx, CTL(PIN, EXTERNAL_INTERRUPT));
}

bool vmx_exits_on_nmi(const struct cpu *cpu)
{
	return cpu->vmx_op == VMX_NONROOT && vmx_pin(cpu->vmx, CTL(PIN, NMI));
}
