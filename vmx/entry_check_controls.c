/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks on VMX controls (SDM 3C, "Checks on VMX Controls"), in the SDM's order; a failure is VMfailValid(7). Checks for controls
 * that control.def does not offer are those on reserved bits.
 */
#include "vmx/entry.h"

/* The bits that have a value which the capability MSR does not allow. */
static uint64_t not_allowed(enum control_group group, uint64_t value)
{
	return (vmx_allowed0(group) & ~value) | (value & ~(uint64_t)vmx_allowed1(group));
}

/* An MSR area of count entries of 16 bytes: its last byte must not lie beyond the physical-address width. */
static bool area_end_ok(uint64_t address, uint64_t count)
{
	return !((address + count * 16 - 1) >> MAXPHYADDR);
}

static bool check_io_msr_tpr(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	if (vmx_proc(c->vmx, CTL(PROC, IO_BITMAPS))) {
		REQUIRE(vmx_phys_ok(v->io_bitmap_a, PAGE_SIZE), VMCS_I_IO_BITMAP_A,
			"must be aligned to 4 KiB and within the physical-address width");
		REQUIRE(vmx_phys_ok(v->io_bitmap_b, PAGE_SIZE), VMCS_I_IO_BITMAP_B,
			"must be aligned to 4 KiB and within the physical-address width");
	}
	if (vmx_proc(c->vmx, CTL(PROC, MSR_BITMAPS)))
		REQUIRE(vmx_phys_ok(v->msr_bitmap, PAGE_SIZE), VMCS_I_MSR_BITMAP,
			"must be aligned to 4 KiB and within the physical-address width");
	if (vmx_proc(c->vmx, CTL(PROC, TPR_SHADOW))) {
		REQUIRE(vmx_phys_ok(v->virtual_apic_addr, PAGE_SIZE), VMCS_I_VIRTUAL_APIC_ADDR,
			"must be aligned to 4 KiB and within the physical-address width");
		REQUIRE(!(v->tpr_threshold >> 4), VMCS_I_TPR_THRESHOLD, "bits 31:4 must be 0");
		uint64_t vtpr = mem_read(c->cpu->mem, HPA(v->virtual_apic_addr + 0x80), 1);
		REQUIRE((v->tpr_threshold & 15) <= vtpr >> 4, VMCS_I_TPR_THRESHOLD, "bits 3:0 must not be greater than bits 7:4 of VTPR");
	}
	return true;
}

static bool check_ept(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	const struct vmx_hooks *hooks = &c->vmx->hooks;
	bool ept = vmx_proc2(c->vmx, CTL(PROC2, EPT));
	if (ept)
		REQUIRE(hooks->ept_valid && hooks->ept_valid(c->cpu, v->eptp), VMCS_I_EPTP,
			"memory type, page-walk length, accessed and dirty control and reserved bits must be supported");
	if (vmx_proc2(c->vmx, CTL(PROC2, PML))) {
		REQUIRE(ept, VMCS_I_PROC2_CONTROLS, "\"enable PML\" requires \"enable EPT\"");
		REQUIRE(vmx_phys_ok(v->pml_addr, PAGE_SIZE), VMCS_I_PML_ADDR,
			"must be aligned to 4 KiB and within the physical-address width");
	}
	REQUIRE(ept || !vmx_proc2(c->vmx, CTL(PROC2, UNRESTRICTED)), VMCS_I_PROC2_CONTROLS,
		"\"unrestricted guest\" requires \"enable EPT\"");
	REQUIRE(ept || !vmx_proc2(c->vmx, CTL(PROC2, MBEC)), VMCS_I_PROC2_CONTROLS,
		"\"mode-based execute control for EPT\" requires \"enable EPT\"");
	return true;
}

static bool check_vm_functions(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	if (!vmx_proc2(c->vmx, CTL(PROC2, VM_FUNCTIONS)))
		return true;
	REQUIRE_NONE(v->vm_function_controls & ~VMFUNC_EPTP_SWITCHING, VMCS_I_VM_FUNCTION_CONTROLS, "reserved bits must be 0");
	if (v->vm_function_controls & VMFUNC_EPTP_SWITCHING) {
		REQUIRE(vmx_proc2(c->vmx, CTL(PROC2, EPT)), VMCS_I_VM_FUNCTION_CONTROLS, "EPTP switching requires \"enable EPT\"");
		REQUIRE(vmx_phys_ok(v->eptp_list_addr, PAGE_SIZE), VMCS_I_EPTP_LIST_ADDR,
			"must be aligned to 4 KiB and within the physical-address width");
	}
	return true;
}

static bool check_execution_controls(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	const struct vmx *vmx = c->vmx;
	REQUIRE_NONE(not_allowed(GROUP_PIN, v->pin_controls), VMCS_I_PIN_CONTROLS,
		     "reserved bits must be set as IA32_VMX_PINBASED_CTLS says");
	REQUIRE_NONE(not_allowed(GROUP_PROC, v->proc_controls), VMCS_I_PROC_CONTROLS,
		     "reserved bits must be set as IA32_VMX_PROCBASED_CTLS says");
	if (vmx_proc(vmx, CTL(PROC, SECONDARY)))
		REQUIRE_NONE(not_allowed(GROUP_PROC2, v->proc2_controls), VMCS_I_PROC2_CONTROLS,
			     "reserved bits must be set as IA32_VMX_PROCBASED_CTLS2 says");
	REQUIRE(v->cr3_target_count <= VMX_CR3_TARGETS, VMCS_I_CR3_TARGET_COUNT, "must not be greater than 4");
	if (!check_io_msr_tpr(c))
		return false;
	REQUIRE(vmx_pin(vmx, CTL(PIN, NMI)) || !vmx_pin(vmx, CTL(PIN, VIRTUAL_NMIS)), VMCS_I_PIN_CONTROLS,
		"\"virtual NMIs\" requires \"NMI exiting\"");
	REQUIRE(vmx_pin(vmx, CTL(PIN, VIRTUAL_NMIS)) || !vmx_proc(vmx, CTL(PROC, NMI_WINDOW)), VMCS_I_PROC_CONTROLS,
		"\"NMI-window exiting\" requires \"virtual NMIs\"");
	REQUIRE(!vmx_proc2(vmx, CTL(PROC2, VPID)) || v->vpid, VMCS_I_VPID, "must not be 0000H");
	if (!check_ept(c) || !check_vm_functions(c))
		return false;
	if (vmx_proc2(vmx, CTL(PROC2, VE)))
		REQUIRE(vmx_phys_ok(v->ve_info_addr, PAGE_SIZE), VMCS_I_VE_INFO_ADDR,
			"must be aligned to 4 KiB and within the physical-address width");
	REQUIRE(!vmx_proc2(vmx, CTL(PROC2, TSC_SCALING)) || v->tsc_multiplier, VMCS_I_TSC_MULTIPLIER, "must not be 0");
	return true;
}

static bool check_exit_controls(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	REQUIRE_NONE(not_allowed(GROUP_EXIT, v->exit_controls), VMCS_I_EXIT_CONTROLS,
		     "reserved bits must be set as IA32_VMX_EXIT_CTLS says");
	REQUIRE(vmx_pin(c->vmx, CTL(PIN, PREEMPTION_TIMER)) || !(v->exit_controls & CTL(EXIT, SAVE_TIMER)), VMCS_I_EXIT_CONTROLS,
		"\"save VMX-preemption timer value\" requires \"activate VMX-preemption timer\"");
	if (v->exit_msr_store_count) {
		REQUIRE(vmx_phys_ok(v->exit_msr_store_addr, 16), VMCS_I_EXIT_MSR_STORE_ADDR,
			"must be aligned to 16 bytes and within the physical-address width");
		REQUIRE(area_end_ok(v->exit_msr_store_addr, v->exit_msr_store_count), VMCS_I_EXIT_MSR_STORE_COUNT,
			"the area's last byte must be within the physical-address width");
	}
	if (v->exit_msr_load_count) {
		REQUIRE(vmx_phys_ok(v->exit_msr_load_addr, 16), VMCS_I_EXIT_MSR_LOAD_ADDR,
			"must be aligned to 16 bytes and within the physical-address width");
		REQUIRE(area_end_ok(v->exit_msr_load_addr, v->exit_msr_load_count), VMCS_I_EXIT_MSR_LOAD_COUNT,
			"the area's last byte must be within the physical-address width");
	}
	return true;
}

static bool vector_has_error_code(uint64_t vector)
{
	return vector == VEC_DF || (vector >= VEC_TS && vector <= VEC_PF) || vector == VEC_AC;
}

static bool check_event_injection(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	uint64_t info = v->entry_intr_info, vector = info & INTR_VECTOR, type = FIELD(info, 10, 8);
	enum vmcs_index field = VMCS_I_ENTRY_INTR_INFO;
	if (!(info & INTR_VALID))
		return true;
	REQUIRE(type != 1, field, "interruption type 1 is reserved");
	REQUIRE(type != EVTYPE_NMI || vector == VEC_NMI, field, "the vector of an NMI must be 2");
	REQUIRE(type != EVTYPE_HARDWARE || vector <= 31, field, "the vector of a hardware exception must be at most 31");
	REQUIRE(type != INTR_TYPE_OTHER || vector == 0, field, "the vector of an other event must be 0 (pending MTF VM exit)");
	bool protected = !c->unrestricted || (v->guest_cr0 & CR0_PE);
	bool error = type == EVTYPE_HARDWARE && protected && vector_has_error_code(vector);
	REQUIRE(!error || (info & INTR_ERROR_VALID), field, "deliver-error-code must be 1 for this hardware exception");
	REQUIRE(error || !(info & INTR_ERROR_VALID), field, "deliver-error-code must be 0 for this event");
	REQUIRE_NONE(info & BITS(30, 12), field, "reserved bits 30:12 must be 0");
	REQUIRE(!error || !(v->entry_error_code >> 16), VMCS_I_ENTRY_ERROR_CODE, "bits 31:16 must be 0");
	if (type >= EVTYPE_SOFT_INT && type <= EVTYPE_SOFT_EXC)
		REQUIRE(v->entry_insn_len <= 15, VMCS_I_ENTRY_INSN_LEN, "must be in the range 0-15");
	return true;
}

static bool check_entry_controls(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	REQUIRE_NONE(not_allowed(GROUP_ENTRY, v->entry_controls), VMCS_I_ENTRY_CONTROLS,
		     "reserved bits must be set as IA32_VMX_ENTRY_CTLS says");
	if (!check_event_injection(c))
		return false;
	if (v->entry_msr_load_count) {
		REQUIRE(vmx_phys_ok(v->entry_msr_load_addr, 16), VMCS_I_ENTRY_MSR_LOAD_ADDR,
			"must be aligned to 16 bytes and within the physical-address width");
		REQUIRE(area_end_ok(v->entry_msr_load_addr, v->entry_msr_load_count), VMCS_I_ENTRY_MSR_LOAD_COUNT,
			"the area's last byte must be within the physical-address width");
	}
	return true;
}

const struct entry_section entry_sections_controls[] = {
    {"VM-Execution Control Fields", check_execution_controls},
    {"VM-Exit Control Fields", check_exit_controls},
    {"VM-Entry Control Fields", check_entry_controls},
    {NULL, NULL},
};
