/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VM entry (SDM 3C, "VM Entries"): runs the checks section by section, loads the guest's state and MSRs, prepares event injection.
 * VMLAUNCH and VMRESUME differ in insn.c only. Left out: SMM, and what the missing controls would load.
 */
#include "vmx/entry.h"

#include "vmx/debug.h"
#include "vmx/exit.h"
#include "vmx/insn.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LDTR = SEG_COUNT, TR };

/* CR0 bits that VM entry does not load (SDM 3C, "Loading Guest Control Registers, Debug Registers, and MSRs") */
#define CR0_KEPT (BITS(63, 32) | CR0_CD | CR0_NW | BITS(28, 19) | BIT(17) | BITS(15, 6) | CR0_ET)

bool entry_check_fail(struct entry_check *check, enum vmcs_index field, uint64_t bits, const char *text)
{
	check->failure->field = (int)field;
	check->failure->value = check->v->field[field];
	check->failure->bits = bits;
	check->failure->entry = 0;
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

enum { BITS_TEXT_SIZE = 320 }; /* for all 64 */

/* ": bit 3 is wrong", ": bits 3, 17 are wrong"; "" for none */
static const char *bits_text(uint64_t bits, char text[BITS_TEXT_SIZE])
{
	bool several = bits & (bits - 1);
	size_t at = 0, size = BITS_TEXT_SIZE;
	*text = 0;
	for (unsigned i = 0; i < 64; i++)
		if (bits >> i & 1)
			at += (size_t)snprintf(text + at, size - at, "%s%u", at ? ", " : several ? ": bits " : ": bit ", i);
	if (at)
		snprintf(text + at, size - at, several ? " are wrong" : " is wrong");
	return text;
}

void entry_failure_text(const struct entry_failure *failure, char *text, size_t size)
{
	const struct entry_failure *f = failure;
	char bits[BITS_TEXT_SIZE];
	if (!f->section)
		snprintf(text, size, "no VM entry failed");
	else if (f->field < 0 && f->error < 0)
		snprintf(text, size, "VM entry failed: %s (VMfailInvalid; SDM 3C, \"%s\")", f->text, f->section);
	else if (f->field < 0)
		snprintf(text, size, "VM entry failed: %s (VM-instruction error %d; SDM 3C, \"%s\")", f->text, f->error, f->section);
	else if (f->entry)
		snprintf(text, size,
			 "VM entry failed: VM-entry MSR-load area, entry %u, MSR 0x%x: %s (value 0x%" PRIx64 "; SDM 3C, \"%s\")", f->entry,
			 f->msr, f->text, f->value, f->section);
	else
		snprintf(text, size, "VM entry failed: %s: %s%s (it is 0x%" PRIx64 "; SDM 3C, \"%s\")", vmcs_field_name(f->field), f->text,
			 bits_text(f->bits, bits), f->value, f->section);
}

static void report(struct cpu *cpu, const char *section, int error)
{
	struct vmx *vmx = cpu->vmx;
	vmx->failure.section = section;
	vmx->failure.error = error;
	vmx->failure.count++;
	if (vmx->hooks.explain)
		vmx->hooks.explain(cpu, &vmx->failure);
}

void entry_basic_failed(struct cpu *cpu, int error, const char *text)
{
	struct entry_failure *failure = &cpu->vmx->failure;
	failure->field = -1;
	failure->value = failure->bits = 0;
	failure->entry = 0;
	failure->text = text;
	report(cpu, "Basic VM-Entry Checks", error);
}

static bool run_checks(struct cpu *cpu, const struct entry_section *section, struct entry_check *check, int error)
{
	for (; section->check; section++)
		if (!section->check(check)) {
			report(cpu, section->title, error);
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

/*
 * What is defined of the unusable (SDM 3C, "Loading Guest Segment Registers and Descriptor-Table Registers"): bits 63:32 of the base of SS,
 * DS and ES and bits 3:0 of that of SS are 0, SS.B is 1, the base of LDTR is canonical. CHOICE: what is undefined of an
 * unusable segment register after VM entry is as in the VMCS.
 */
static void define_unusable(struct cpu *cpu)
{
	static const uint8_t data[] = {SEG_SS, SEG_DS, SEG_ES};
	struct segment *ss = &cpu->seg[SEG_SS];
	for (unsigned i = 0; i < ARRAY_LEN(data); i++)
		if (cpu->seg[data[i]].ar & AR_UNUSABLE)
			cpu->seg[data[i]].base = (uint32_t)cpu->seg[data[i]].base;
	if (ss->ar & AR_UNUSABLE) {
		ss->base &= ~15ull;
		ss->ar |= AR_DB;
	}
	if ((cpu->ldtr.ar & AR_UNUSABLE) && !entry_check_canonical(cpu->ldtr.base))
		cpu->ldtr.base = 0;
}

static void load_segments(struct cpu *cpu, const struct vmcs *v)
{
	for (unsigned s = 0; s < SEG_COUNT; s++)
		cpu->seg[s] = guest_segment(v, s);
	cpu->ldtr = guest_segment(v, LDTR);
	define_unusable(cpu);
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
	if (!(v->guest_pending_dbg & (DEBUG_ENABLED_BREAKPOINT | DEBUG_BS))) /* neither an enabled breakpoint nor BS: none is valid */
		return true;
	if (!(v->entry_intr_info & INTR_VALID) || type == INTR_TYPE_OTHER)
		return v->guest_activity == ACTIVITY_SHUTDOWN || v->guest_activity == ACTIVITY_WAIT_FOR_SIPI;
	if (type == EVTYPE_SOFT_INT || type == EVTYPE_SOFT_EXC)
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

static enum entry_status msr_loading_failed(struct cpu *cpu, uint32_t number, const struct msr_entry *entry, const char *why)
{
	struct entry_failure *failure = &cpu->vmx->failure;
	failure->field = VMCS_I_ENTRY_MSR_LOAD_ADDR;
	failure->text = why;
	failure->value = entry->value;
	failure->bits = 0;
	failure->entry = number;
	failure->msr = entry->index;
	report(cpu, "Loading MSRs", 0);
	vmx_exit_entry_failure(cpu, EXIT_MSR_LOAD_FAIL, number);
	return ENTRY_EXITED;
}

enum entry_status vmx_entry(struct cpu *cpu)
{
	struct vmx *vmx = cpu->vmx;
	struct entry_check check = check_of(cpu);
	vmx_touch_fields(cpu, 0, VMCS_FIELDS);
	if (!run_checks(cpu, entry_sections_controls, &check, VMERR_ENTRY_CONTROLS))
		return ENTRY_BAD_CONTROLS;
	if (!run_checks(cpu, entry_sections_host, &check, VMERR_ENTRY_HOST))
		return ENTRY_BAD_HOST;
	if (!run_checks(cpu, entry_sections_guest, &check, 0)) {
		vmx_exit_entry_failure(cpu, EXIT_INVALID_STATE, check.qualification);
		return ENTRY_EXITED;
	}
	load_guest(cpu, &check);
	struct msr_entry entry = {0};
	const char *why = NULL;
	uint32_t number = msr_area_load(cpu, vmx->vmcs.entry_msr_load_addr, vmx->vmcs.entry_msr_load_count, &entry, &why);
	if (number)
		return msr_loading_failed(cpu, number, &entry, why);
	cpu->vmx_op = VMX_NONROOT;
	vmx->vmcs.launched = true;
	cpu->ev.n[EV_VM_ENTRIES]++;
	cost_vm_entry(&cpu->cost);
	prepare_events(cpu);
	return ENTRY_OK;
}
