/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VM exit (SDM 3C, "VM Exits"): information fields, guest state, MSR areas, then the host's state (exit_host.c).
 * CHOICE: information fields that the SDM leaves undefined for an exit are 0. Left out: SMM.
 */
#include "vmx/exit.h"

#include "vmx/debug.h"
#include "vmx/exit_host.h"

#include <string.h>

enum { LDTR = SEG_COUNT, TR };

#define QUAL_EPT_NMI_UNBLOCKED BIT(12)

static const struct {
	const char *name, *text;
	enum exit_rf rf;
} reasons[VMX_REASONS] = {
#define EXIT(number, symbol, kvm, rf, text) [number] = {kvm, text, rf},
#include "vmx/exit.def"
#undef EXIT
};

bool exit_is_reason(unsigned reason)
{
	return reason < VMX_REASONS && reasons[reason].name;
}

const char *exit_name(unsigned reason)
{
	return exit_is_reason(reason) ? reasons[reason].name : "?";
}

const char *exit_text(unsigned reason)
{
	return exit_is_reason(reason) ? reasons[reason].text : "?";
}

/* The interruption-information layout that all three fields share. */
static uint64_t event_info(unsigned vector, unsigned type, bool has_error)
{
	return INTR_VALID | vector | (uint64_t)type << INTR_TYPE_SHIFT | (has_error ? INTR_ERROR_VALID : 0);
}

/*
 * IDT-vectoring information (SDM 3C, "Information for VM Exits During Event Delivery"): not when the event caused a triple fault, or
 * a double fault that exits itself.
 */
static bool during_delivery(const struct cpu *cpu)
{
	const struct pending *p = &cpu->pending;
	if (!cpu->delivery.active || p->exit_reason == EXIT_TRIPLE_FAULT)
		return false;
	return !(p->exit_reason == EXIT_EXCEPTION_NMI && p->vector == VEC_DF);
}

static void save_vectored_events(struct cpu *cpu, struct vmcs *v)
{
	const struct pending *p = &cpu->pending;
	const struct delivery *d = &cpu->delivery;
	bool vectoring = during_delivery(cpu);
	v->exit_intr_info = p->exit_has_event ? event_info(p->vector, p->type, p->has_error) : 0;
	if (p->exit_has_event && p->nmi_unblocked && !vectoring && p->vector != VEC_DF)
		v->exit_intr_info |= INTR_NMI_UNBLOCKED;
	v->exit_intr_error = p->exit_has_event && p->has_error ? p->error : 0;
	v->idt_info = vectoring ? event_info(d->vector, d->type, d->has_error) : 0;
	v->idt_error = vectoring && d->has_error ? d->error : 0;
	v->exit_insn_len = p->insn_len;
	if (vectoring && d->type >= EVTYPE_SOFT_INT)
		v->exit_insn_len = d->insn_len;
}

static void save_information(struct cpu *cpu, struct vmcs *v)
{
	const struct pending *p = &cpu->pending;
	v->exit_reason = p->exit_reason;
	v->exit_qualification = p->qualification;
	if ((p->exit_reason == EXIT_EPT_VIOLATION || p->exit_reason == EXIT_PML_FULL) && p->nmi_unblocked && !during_delivery(cpu))
		v->exit_qualification |= QUAL_EPT_NMI_UNBLOCKED;
	v->guest_linear_addr = p->exit_gla;
	v->guest_physical_addr = p->exit_gpa;
	v->exit_insn_info = p->exit_insn_info;
	save_vectored_events(cpu, v);
	v->entry_intr_info &= ~INTR_VALID;
	v->entry_controls &= ~CTL(ENTRY, GUEST_64);
	v->entry_controls |= cpu_long_mode(cpu) ? CTL(ENTRY, GUEST_64) : 0;
}

/*
 * RF as the delivery of an event that exits directly would save it: 1 for faults, but for #DB only of general detect; 0 for an instruction
 * (INT3, INTO, INT1), which has cleared it; else as it is.
 */
static bool event_rf(const struct pending *p, bool rf)
{
	if (p->type == EVTYPE_SOFT_EXC || p->type == EVTYPE_PRIV_SOFT)
		return false;
	if (p->type != EVTYPE_HARDWARE || p->vector == VEC_MC || p->vector == VEC_DF)
		return rf;
	return rf || p->vector != VEC_DB || (p->dr6 & DEBUG_BD);
}

/* SDM 3C, "Saving RIP, RSP, RFLAGS, and SSP" */
static uint64_t saved_rflags(const struct cpu *cpu)
{
	const struct pending *p = &cpu->pending;
	const struct delivery *d = &cpu->delivery;
	bool rf = cpu->rflags & FLAG_RF;
	switch (reasons[p->exit_reason].rf) {
	case RF_KEEP:
		break;
	case RF_CLEAR:
		rf = false;
		break;
	case RF_SET:
		rf = true;
		break;
	case RF_EVENT:
		rf = p->exit_has_event ? event_rf(p, rf) : d->active ? d->rf : true;
		break;
	case RF_TASK: /* CALL, JMP and IRET have cleared it */
		rf = d->active && d->rf;
	}
	return rf ? cpu->rflags | FLAG_RF : cpu->rflags & ~FLAG_RF;
}

static void save_segment(struct vmcs *v, unsigned s, const struct segment *segment)
{
	v->field[VMCS_I_GUEST_ES_SELECTOR + s] = segment->selector;
	v->field[VMCS_I_GUEST_ES_AR + s] = segment->ar & (BITS(7, 0) | BITS(16, 12));
	v->field[VMCS_I_GUEST_ES_LIMIT + s] = segment->limit;
	v->field[VMCS_I_GUEST_ES_BASE + s] = segment->base;
}

static void save_registers(struct cpu *cpu, struct vmcs *v)
{
	for (unsigned s = 0; s < SEG_COUNT; s++)
		save_segment(v, s, &cpu->seg[s]);
	save_segment(v, LDTR, &cpu->ldtr);
	save_segment(v, TR, &cpu->tr);
	v->guest_gdtr_base = cpu->gdtr.base;
	v->guest_gdtr_limit = cpu->gdtr.limit;
	v->guest_idtr_base = cpu->idtr.base;
	v->guest_idtr_limit = cpu->idtr.limit;
	v->guest_rip = cpu->rip;
	v->guest_rsp = cpu->gpr[RSP];
	v->guest_rflags = saved_rflags(cpu);
	v->guest_cr0 = cpu->cr0;
	v->guest_cr3 = cpu->cr3;
	v->guest_cr4 = cpu->cr4;
	v->guest_sysenter_cs = cpu->sysenter_cs & 0xffffffff;
	v->guest_sysenter_esp = cpu->sysenter_esp;
	v->guest_sysenter_eip = cpu->sysenter_eip;
}

static void save_controlled_msrs(struct cpu *cpu, struct vmcs *v)
{
	if (v->exit_controls & CTL(EXIT, SAVE_DEBUG)) {
		v->guest_dr7 = cpu->dr[7];
		v->guest_debugctl = cpu->debugctl;
	}
	if (v->exit_controls & CTL(EXIT, SAVE_PAT))
		v->guest_pat = cpu->pat;
	if (v->exit_controls & CTL(EXIT, SAVE_EFER))
		v->guest_efer = cpu->efer;
}

/* Exits before the next instruction that keep pending debug exceptions (SDM 3C, "Saving Non-Register State") */
static bool keeps_pending_debug(const struct cpu *cpu)
{
	const struct pending *p = &cpu->pending;
	switch (p->exit_reason) {
	case EXIT_INIT_SIGNAL:
	case EXIT_TPR_BELOW_THRESHOLD:
	case EXIT_MONITOR_TRAP_FLAG:
		return true;
	default:
		return (cpu->interruptibility & BLOCK_MOV_SS) && !(p->exit_reason == EXIT_EXCEPTION_NMI && p->vector == VEC_DB);
	}
}

static void save_non_register_state(struct cpu *cpu, struct vmcs *v)
{
	v->guest_activity = cpu->activity;
	v->guest_interruptibility = cpu->interruptibility;
	v->guest_pending_dbg = keeps_pending_debug(cpu) ? cpu->pending_dbg : 0;
	if (v->exit_controls & CTL(EXIT, SAVE_TIMER)) {
		uint64_t ticks = (cpu->clock >> VMX_TIMER_RATE) - cpu->vmx->timer_start;
		v->preemption_timer = ticks < v->preemption_timer ? v->preemption_timer - ticks : 0;
	}
	if (vmx_proc2(cpu->vmx, CTL(PROC2, EPT)) && (cpu->cr0 & CR0_PG) && (cpu->cr4 & CR4_PAE) && !cpu_long_mode(cpu))
		memcpy(&v->guest_pdpte0, cpu->pdpte, sizeof(cpu->pdpte));
}

static bool abort_exit(struct cpu *cpu, enum vmx_abort indicator)
{
	static const char *const why[] = {
	    [VMX_ABORT_SAVE_MSRS] = "VMX abort 1: saving guest MSRs failed",
	    [VMX_ABORT_HOST_PDPTE] = "VMX abort 2: a PDPTE of the host has a reserved bit set",
	    [VMX_ABORT_LOAD_MSRS] = "VMX abort 4: loading host MSRs failed",
	    [VMX_ABORT_IA32E] = "VMX abort 6: VM exit from IA-32e mode with \"host address-space size\" 0",
	};
	vmcs_region_set_abort(cpu->mem, cpu->vmx->current, indicator);
	cpu->activity = ACTIVITY_SHUTDOWN;
	return raise_stop(cpu, why[indicator]);
}

/* What both ends of non-root operation share: host state, then the VM-exit MSR-load area. */
static bool to_host(struct cpu *cpu)
{
	const struct vmcs *v = &cpu->vmx->vmcs;
	if (!exit_load_host(cpu))
		return abort_exit(cpu, VMX_ABORT_HOST_PDPTE);
	struct msr_entry entry;
	const char *why;
	if (msr_area_load(cpu, v->exit_msr_load_addr, v->exit_msr_load_count, &entry, &why))
		return abort_exit(cpu, VMX_ABORT_LOAD_MSRS);
	return true;
}

static void count(struct cpu *cpu, unsigned reason)
{
	cpu->vmx->exits[reason]++;
	cpu->ev.n[EV_VM_EXITS]++;
}

static bool leave_guest(struct cpu *cpu)
{
	struct vmx *vmx = cpu->vmx;
	struct vmcs *v = &vmx->vmcs;
	bool nmi = cpu->pending.exit_reason == EXIT_EXCEPTION_NMI && cpu->pending.type == EVTYPE_NMI;
	bool was_ia32e = cpu_long_mode(cpu);

	vmx_touch_fields(cpu, 0, VMCS_FIELDS);
	save_information(cpu, v);
	save_registers(cpu, v);
	save_controlled_msrs(cpu, v);
	save_non_register_state(cpu, v);
	if (msr_area_store(cpu, v->exit_msr_store_addr, v->exit_msr_store_count))
		return abort_exit(cpu, VMX_ABORT_SAVE_MSRS);
	if (was_ia32e && !(v->exit_controls & CTL(EXIT, HOST_64)))
		return abort_exit(cpu, VMX_ABORT_IA32E);
	if (vmx_pin(vmx, CTL(PIN, VIRTUAL_NMIS)))
		cpu->interruptibility = 0;
	cpu->interruptibility = (cpu->interruptibility & BLOCK_NMI) | (nmi ? BLOCK_NMI : 0);
	return to_host(cpu);
}

void vmx_exit(struct cpu *cpu)
{
	struct vmx *vmx = cpu->vmx;
	struct pending *p = &cpu->pending;
	CHECK(p->kind == PENDING_VM_EXIT && cpu->vmx_op == VMX_NONROOT && exit_is_reason(p->exit_reason));
	if (p->exit_reason == EXIT_EXTERNAL_INTERRUPT && (vmx->vmcs.exit_controls & CTL(EXIT, ACK_INTERRUPT))) {
		p->exit_has_event = true;
		p->type = EVTYPE_EXTERNAL;
		p->vector = vmx->hooks.acknowledge ? vmx->hooks.acknowledge(cpu) : 0;
	}
	if (p->exit_reason == EXIT_EXCEPTION_NMI && p->type == EVTYPE_NMI)
		cpu->nmi_pending = false;
	count(cpu, p->exit_reason);
	cpu->vmx_op = VMX_ROOT;
	if (leave_guest(cpu))
		cpu->pending = (struct pending){.kind = PENDING_NONE};
	cpu->delivery.active = false;
}

void vmx_exit_entry_failure(struct cpu *cpu, enum exit_reason reason, uint64_t qualification)
{
	struct vmcs *v = &cpu->vmx->vmcs;
	v->exit_reason = reason | EXIT_ENTRY_FAILURE;
	v->exit_qualification = qualification;
	cpu->vmx->entry_failures++;
	count(cpu, reason);
	cpu->interruptibility &= BLOCK_NMI;
	if (to_host(cpu))
		cpu->pending = (struct pending){.kind = PENDING_NONE};
	cpu->vmx->kept.valid = false;
}
