/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VM entry (SDM 3C, "VM Entries"): runs the checks section by section, loads the guest's state and MSRs, prepares event injection.
 * VMLAUNCH and VMRESUME differ in insn.c only. Left out: SMM, and what the missing controls would load.
 */
#include "vmx/entry.h"

#include "vmx/exit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LDTR = SEG_COUNT, TR };

/* CR0 bits that VM entry does not load (SDM 3C, "Loading Guest Control Registers, Debug Registers, and MSRs") */
#define CR0_KEPT (BITS(63, 32) | CR0_CD | CR0_NW | BITS(28, 19) | BIT(17) | BITS(15, 6) | CR0_ET)

bool entry_check_fail(struct entry_check *check, enum vmcs_index field, const char *text)
{
	check->failure->field = (int)field;
	check->failure->value = check->v->field[field];
	check->failure->text = text;
	return false;
}

bool entry_check_pat(uint64_t pat)
{
	for (unsigned i = 0; i < 64; i += 8) {
		uint64_t type = pat >> i & 0xff;
		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

bool entry_check_canonical(uint64_t address)
{
	return is_canonical(address, LINEAR_WIDTH);
}

void entry_failure_text(const struct entry_failure *failure, char *text, size_t size)
{
	if (!failure->section)
		snprintf(text, size, "no VM entry failed");
	else
		snprintf(text, size, "VM entry failed: %s: %s (it is 0x%" PRIx64 "; SDM 3C, \"%s\")", vmcs_field_name(failure->field),
			 failure->text, failure->value, failure->section);
}

static void report(struct cpu *cpu, const char *section)
{
	struct vmx *vmx = cpu->vmx;
	vmx->failure.section = section;
	vmx->failure.count++;
	if (vmx->hooks.explain)
		vmx->hooks.explain(cpu, &vmx->failure);
}

static bool run_checks(struct cpu *cpu, const struct entry_section *section, struct entry_check *check)
{
	for (; section->check; section++)
		if (!section->check(check)) {
			report(cpu, section->title);
			return false;
		}
	return true;
}

static struct entry_check check_of(struct cpu *cpu)
{
	struct vmx *vmx = cpu->vmx;
	const struct vmcs *v = &vmx->vmcs;
	return (struct entry_check){
	    .cpu = cpu,
	    .vmx = vmx,
	    .v = v,
	    .failure = &vmx->failure,
	    .guest64 = v->entry_controls & CTL(ENTRY, GUEST_64),
	    .unrestricted = vmx_proc2(vmx, CTL(PROC2, UNRESTRICTED)),
	    .v86 = v->guest_rflags & FLAG_VM,
	};
}

bool entry_guest_is_valid(struct cpu *cpu)
{
	struct entry_failure unused;
	struct entry_check check = check_of(cpu);
	check.failure = &unused;
	for (const struct entry_section *section = entry_sections_guest; section->check; section++)
		if (!section->check(&check))
			return false;
	return true;
}

static uint64_t guest_efer(const struct cpu *cpu, const struct vmcs *v)
{
	uint64_t efer = cpu->efer;
	bool guest64 = v->entry_controls & CTL(ENTRY, GUEST_64);
	if (v->entry_controls & CTL(ENTRY, LOAD_EFER))
		return v->guest_efer;
	efer = guest64 ? efer | EFER_LMA : efer & ~EFER_LMA;
	if (v->guest_cr0 & CR0_PG)
		efer = guest64 ? efer | EFER_LME : efer & ~EFER_LME;
	return efer;
}

static void load_control_registers(struct cpu *cpu, const struct entry_check *check)
{
	const struct vmcs *v = check->v;
	cpu->efer = guest_efer(cpu, v);
	cpu->cr0 = (v->guest_cr0 & ~CR0_KEPT) | (cpu->cr0 & CR0_KEPT);
	cpu->cr3 = v->guest_cr3;
	cpu->cr4 = v->guest_cr4;
	memcpy(cpu->pdpte, check->pdpte, sizeof(cpu->pdpte));
	if (v->entry_controls & CTL(ENTRY, LOAD_DEBUG)) {
		cpu->dr[7] = (v->guest_dr7 & ~(BIT(12) | BIT(14) | BIT(15))) | BIT(10);
		cpu->debugctl = v->guest_debugctl;
	}
	cpu->sysenter_cs = v->guest_sysenter_cs;
	cpu->sysenter_esp = v->guest_sysenter_esp;
	cpu->sysenter_eip = v->guest_sysenter_eip;
	if (v->entry_controls & CTL(ENTRY, LOAD_PAT))
		cpu->pat = v->guest_pat;
}

static struct segment guest_segment(const struct vmcs *v, unsigned s)
{
	return (struct segment){
	    .selector = (uint16_t)v->field[VMCS_I_GUEST_ES_SELECTOR + s],
	    .ar = (uint32_t)v->field[VMCS_I_GUEST_ES_AR + s],
	    .limit = (uint32_t)v->field[VMCS_I_GUEST_ES_LIMIT + s],
	    .base = v->field[VMCS_I_GUEST_ES_BASE + s],
	};
}

static void load_segments(struct cpu *cpu, const struct vmcs *v)
{
	for (unsigned s = 0; s < SEG_COUNT; s++)
		cpu->seg[s] = guest_segment(v, s);
	cpu->ldtr = guest_segment(v, LDTR);
	cpu->tr = guest_segment(v, TR);
	cpu->gdtr = (struct table_reg){.base = v->guest_gdtr_base, .limit = (uint16_t)v->guest_gdtr_limit};
	cpu->idtr = (struct table_reg){.base = v->guest_idtr_base, .limit = (uint16_t)v->guest_idtr_limit};
	cpu->cpl = (uint8_t)FIELD(v->guest_ss_ar, 6, 5);
}

/* true if the MMU still has just this guest's address space (struct vmx_kept) */
static bool unchanged(const struct cpu *cpu)
{
	struct vmx_kept now = vmx_keep(cpu);
	return now.vpid && vmx_kept_same(&now, &cpu->vmx->kept);
}

/* VPIDs and invalidation (SDM 3C, "Operations that Invalidate Cached Mappings": VM entry with "enable VPID" 0) */
static void switch_address_space(struct cpu *cpu)
{
	struct vmx *vmx = cpu->vmx;
	if (vmx->kept.valid && unchanged(cpu))
		return;
	vmx->kept.valid = false;
	if (vmx_proc2(vmx, CTL(PROC2, EPT)))
		vmx->hooks.ept_use(cpu, vmx->vmcs.eptp, vmx_vpid(vmx));
	else
		mmu_set_context(&cpu->mmu, vmx_vpid(vmx), 0, NULL, NULL);
	cpu_paging_changed(cpu);
	if (!vmx_proc2(vmx, CTL(PROC2, VPID)))
		mmu_flush_all(&cpu->mmu);
}

static void load_guest(struct cpu *cpu, const struct entry_check *check)
{
	const struct vmcs *v = check->v;
	load_control_registers(cpu, check);
	load_segments(cpu, v);
	cpu->gpr[RSP] = v->guest_rsp;
	cpu->rip = v->guest_rip;
	cpu->rflags = v->guest_rflags;
	cpu->activity = (uint8_t)v->guest_activity;
	cpu->interruptibility = (uint8_t)v->guest_interruptibility;
	cpu->pending_dbg = v->guest_pending_dbg;
	cpu->monitor_armed = false;
	switch_address_space(cpu);
}

/* Whether pending debug exceptions survive the entry (SDM 3C, "Delivery of Pending Debug Exceptions after VM Entry") */
static bool debug_exceptions_lost(const struct vmcs *v)
{
	uint64_t type = FIELD(v->entry_intr_info, 10, 8);
	if (!(v->guest_pending_dbg & (BIT(12) | BIT(14)))) /* neither an enabled breakpoint nor BS: none is valid */
		return true;
	if (!(v->entry_intr_info & INTR_VALID) || type == INTR_TYPE_OTHER)
		return v->guest_activity == ACTIVITY_SHUTDOWN || v->guest_activity == ACTIVITY_WAIT_FOR_SIPI;
	if (type == EVTYPE_SOFT_INT || type == EVTYPE_PRIV_SOFT)
		return !(v->guest_interruptibility & BLOCK_MOV_SS);
	return true;
}

/* Leaves the event for the machine to deliver before the guest's first instruction (SDM 3C, "Event Injection"). */
static void inject(struct cpu *cpu, const struct vmcs *v)
{
	uint64_t info = v->entry_intr_info;
	cpu->pending = (struct pending){
	    .kind = PENDING_EXCEPTION,
	    .injected = true,
	    .vector = (uint8_t)info,
	    .type = (uint8_t)FIELD(info, 10, 8),
	    .has_error = info & INTR_ERROR_VALID,
	    .error = (uint32_t)v->entry_error_code,
	    .insn_len = (uint8_t)v->entry_insn_len,
	};
	cpu->activity = ACTIVITY_ACTIVE;
	cpu->interruptibility &= (uint8_t) ~(BLOCK_STI | BLOCK_MOV_SS);
	if (cpu->pending.type == EVTYPE_NMI)
		cpu->interruptibility |= BLOCK_NMI;
}

static void prepare_events(struct cpu *cpu)
{
	struct vmx *vmx = cpu->vmx;
	const struct vmcs *v = &vmx->vmcs;
	bool valid = v->entry_intr_info & INTR_VALID;
	bool other = valid && FIELD(v->entry_intr_info, 10, 8) == INTR_TYPE_OTHER;

	cpu->pending = (struct pending){.kind = PENDING_NONE};
	cpu->delivery.active = false;
	if (debug_exceptions_lost(v))
		cpu->pending_dbg = 0;
	if (valid && !other)
		inject(cpu, v);
	vmx->mtf_pending = other || (valid && vmx_proc(vmx, CTL(PROC, MONITOR_TRAP)));
	vmx->tpr_below_threshold = false;
	vmx->ple_active = false;
	vmx->timer_start = cpu->clock >> VMX_TIMER_RATE;
	vmx->timer_deadline = (vmx->timer_start + v->preemption_timer) << VMX_TIMER_RATE;
}

static enum entry_status msr_loading_failed(struct cpu *cpu, uint32_t entry)
{
	struct entry_failure *failure = &cpu->vmx->failure;
	failure->field = VMCS_I_ENTRY_MSR_LOAD_ADDR;
	failure->text = "each entry must be one that WRMSR would accept; the entry numbered here is not";
	failure->value = entry;
	report(cpu, "Loading MSRs");
	vmx_exit_entry_failure(cpu, EXIT_MSR_LOAD_FAIL, entry);
	return ENTRY_EXITED;
}

enum entry_status vmx_entry(struct cpu *cpu)
{
	struct vmx *vmx = cpu->vmx;
	struct entry_check check = check_of(cpu);
	if (!run_checks(cpu, entry_sections_controls, &check))
		return ENTRY_BAD_CONTROLS;
	if (!run_checks(cpu, entry_sections_host, &check))
		return ENTRY_BAD_HOST;
	if (!run_checks(cpu, entry_sections_guest, &check)) {
		vmx_exit_entry_failure(cpu, EXIT_INVALID_STATE, check.qualification);
		return ENTRY_EXITED;
	}
	load_guest(cpu, &check);
	uint32_t entry = msr_area_load(cpu, vmx->vmcs.entry_msr_load_addr, vmx->vmcs.entry_msr_load_count);
	if (entry)
		return msr_loading_failed(cpu, entry);
	cpu->vmx_op = VMX_NONROOT;
	vmx->vmcs.launched = true;
	cpu->ev.n[EV_VM_ENTRIES]++;
	cost_vm_entry(&cpu->cost);
	prepare_events(cpu);
	return ENTRY_OK;
}
