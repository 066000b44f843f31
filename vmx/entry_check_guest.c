/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks on the guest-state area (SDM 3C, "Checks on the Guest State Area"), in the SDM's order; a failure is a VM exit with
 * reason 33. Segment registers are in entry_check_segments.c.
 */
#include "vmx/entry.h"

bool entry_check_segments(struct entry_check *c); /* entry_check_segments.c */

static bool check_control_registers(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	uint64_t fixed0 = VMX_CR0_FIXED0 & ~(c->unrestricted ? CR0_PE | CR0_PG : 0);
	bool load_debug = v->entry_controls & CTL(ENTRY, LOAD_DEBUG);
	REQUIRE_NONE((fixed0 & ~v->guest_cr0) | (v->guest_cr0 & ~VMX_CR0_FIXED1), VMCS_I_GUEST_CR0,
		     "must not set any bit to a value not supported in VMX operation");
	REQUIRE(!(v->guest_cr0 & CR0_PG) || (v->guest_cr0 & CR0_PE), VMCS_I_GUEST_CR0, "PE must be 1 if PG is 1");
	REQUIRE_NONE((VMX_CR4_FIXED0 & ~v->guest_cr4) | (v->guest_cr4 & ~VMX_CR4_FIXED1), VMCS_I_GUEST_CR4,
		     "must not set any bit to a value not supported in VMX operation");
	if (load_debug)
		REQUIRE_NONE(v->guest_debugctl & ~DEBUGCTL_SUPPORTED, VMCS_I_GUEST_DEBUGCTL, "reserved bits must be 0");
	if (c->guest64) {
		REQUIRE(v->guest_cr0 & CR0_PG, VMCS_I_GUEST_CR0, "PG must be 1 if \"IA-32e mode guest\" is 1");
		REQUIRE(v->guest_cr4 & CR4_PAE, VMCS_I_GUEST_CR4, "PAE must be 1 if \"IA-32e mode guest\" is 1");
	} else {
		REQUIRE(!(v->guest_cr4 & CR4_PCIDE), VMCS_I_GUEST_CR4, "PCIDE must be 0 if \"IA-32e mode guest\" is 0");
	}
	REQUIRE_NONE(v->guest_cr3 & ~BITS(MAXPHYADDR - 1, 0), VMCS_I_GUEST_CR3, "bits beyond the physical-address width must be 0");
	if (load_debug)
		REQUIRE(!(v->guest_dr7 >> 32), VMCS_I_GUEST_DR7, "bits 63:32 must be 0");
	REQUIRE(entry_check_canonical(v->guest_sysenter_esp), VMCS_I_GUEST_SYSENTER_ESP, "must be canonical");
	REQUIRE(entry_check_canonical(v->guest_sysenter_eip), VMCS_I_GUEST_SYSENTER_EIP, "must be canonical");
	if (v->entry_controls & CTL(ENTRY, LOAD_PAT))
		REQUIRE(entry_check_pat(v->guest_pat), VMCS_I_GUEST_PAT, "each byte must be 0, 1, 4, 5, 6 or 7");
	if (v->entry_controls & CTL(ENTRY, LOAD_EFER)) {
		REQUIRE_NONE(v->guest_efer & ~EFER_OFFERED, VMCS_I_GUEST_EFER, "reserved bits must be 0");
		REQUIRE(!!(v->guest_efer & EFER_LMA) == c->guest64, VMCS_I_GUEST_EFER, "LMA must equal \"IA-32e mode guest\"");
		REQUIRE(!(v->guest_cr0 & CR0_PG) || !!(v->guest_efer & EFER_LMA) == !!(v->guest_efer & EFER_LME), VMCS_I_GUEST_EFER,
			"LME must equal LMA if CR0.PG is 1");
	}
	return true;
}

static bool check_descriptor_tables(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	REQUIRE(entry_check_canonical(v->guest_gdtr_base), VMCS_I_GUEST_GDTR_BASE, "must be canonical");
	REQUIRE(entry_check_canonical(v->guest_idtr_base), VMCS_I_GUEST_IDTR_BASE, "must be canonical");
	REQUIRE(!(v->guest_gdtr_limit >> 16), VMCS_I_GUEST_GDTR_LIMIT, "bits 31:16 must be 0");
	REQUIRE(!(v->guest_idtr_limit >> 16), VMCS_I_GUEST_IDTR_LIMIT, "bits 31:16 must be 0");
	return true;
}

static bool injects(const struct vmcs *v, enum event_type type)
{
	return (v->entry_intr_info & INTR_VALID) && FIELD(v->entry_intr_info, 10, 8) == type;
}

static bool check_rip_rflags(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	if (!c->guest64 || !(v->guest_cs_ar & AR_L))
		REQUIRE(!(v->guest_rip >> 32), VMCS_I_GUEST_RIP, "bits 63:32 must be 0 outside 64-bit mode");
	else
		REQUIRE(entry_check_canonical(v->guest_rip), VMCS_I_GUEST_RIP,
			"bits beyond the linear-address width must be identical in 64-bit mode");
	REQUIRE_NONE(v->guest_rflags & (BITS(63, 22) | BIT(15) | BIT(5) | BIT(3)), VMCS_I_GUEST_RFLAGS,
		     "reserved bits 63:22, 15, 5 and 3 must be 0");
	REQUIRE(v->guest_rflags & FLAG_FIXED, VMCS_I_GUEST_RFLAGS, "bit 1 must be 1");
	REQUIRE(!(v->guest_rflags & FLAG_VM) || (!c->guest64 && (v->guest_cr0 & CR0_PE)), VMCS_I_GUEST_RFLAGS,
		"VM must be 0 if \"IA-32e mode guest\" is 1 or CR0.PE is 0");
	REQUIRE(!injects(v, EVTYPE_EXTERNAL) || (v->guest_rflags & FLAG_IF), VMCS_I_GUEST_RFLAGS,
		"IF must be 1 if an external interrupt is injected");
	return true;
}

/* the events that may be injected in an activity state other than active */
static bool event_fits_activity(const struct vmcs *v)
{
	uint64_t type = FIELD(v->entry_intr_info, 10, 8), vector = v->entry_intr_info & INTR_VECTOR;
	bool machine_check = type == EVTYPE_HARDWARE && vector == VEC_MC;
	switch (v->guest_activity) {
	case ACTIVITY_HLT:
		return type == EVTYPE_EXTERNAL || type == EVTYPE_NMI || type == INTR_TYPE_OTHER || machine_check ||
		       (type == EVTYPE_HARDWARE && vector == VEC_DB);
	case ACTIVITY_SHUTDOWN:
		return type == EVTYPE_NMI || machine_check;
	case ACTIVITY_WAIT_FOR_SIPI:
		return false;
	default:
		return true;
	}
}

static bool check_activity(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	REQUIRE(v->guest_activity <= ACTIVITY_WAIT_FOR_SIPI, VMCS_I_GUEST_ACTIVITY, "must be a supported activity state");
	REQUIRE(v->guest_activity != ACTIVITY_HLT || !(v->guest_ss_ar & AR_DPL), VMCS_I_GUEST_ACTIVITY,
		"must not be HLT if SS.DPL is not 0");
	REQUIRE(v->guest_activity == ACTIVITY_ACTIVE || !(v->guest_interruptibility & (BLOCK_STI | BLOCK_MOV_SS)), VMCS_I_GUEST_ACTIVITY,
		"must be active while events are blocked by STI or by MOV SS");
	REQUIRE(!(v->entry_intr_info & INTR_VALID) || event_fits_activity(v), VMCS_I_GUEST_ACTIVITY,
		"the event to be injected must not be blocked in this activity state");
	return true;
}

static bool check_interruptibility(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	uint64_t state = v->guest_interruptibility;
	enum vmcs_index field = VMCS_I_GUEST_INTERRUPTIBILITY;
	REQUIRE_NONE(state & ~BITS(3, 0), field, "reserved bits must be 0");
	REQUIRE((state & (BLOCK_STI | BLOCK_MOV_SS)) != (BLOCK_STI | BLOCK_MOV_SS), field,
		"blocking by STI and blocking by MOV SS must not both be 1");
	REQUIRE(!(state & BLOCK_STI) || (v->guest_rflags & FLAG_IF), field, "blocking by STI must be 0 if RFLAGS.IF is 0");
	REQUIRE(!injects(v, EVTYPE_EXTERNAL) || !(state & (BLOCK_STI | BLOCK_MOV_SS)), field,
		"blocking by STI and by MOV SS must be 0 if an external interrupt is injected");
	REQUIRE(!injects(v, EVTYPE_NMI) || !(state & BLOCK_MOV_SS), field, "blocking by MOV SS must be 0 if an NMI is injected");
	REQUIRE(!(state & BLOCK_SMI), field, "blocking by SMI must be 0 outside SMM");
	/* CHOICE: the SDM lets a processor require this or not. */
	c->qualification = ENTRY_QUAL_NMI_STI;
	REQUIRE(!injects(v, EVTYPE_NMI) || !(state & BLOCK_STI), field, "blocking by STI must be 0 if an NMI is injected");
	c->qualification = 0;
	REQUIRE(!vmx_pin(c->vmx, CTL(PIN, VIRTUAL_NMIS)) || !injects(v, EVTYPE_NMI) || !(state & BLOCK_NMI), field,
		"blocking by NMI must be 0 if an NMI is injected and \"virtual NMIs\" is 1");
	return true;
}

static bool check_pending_debug(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	enum vmcs_index field = VMCS_I_GUEST_PENDING_DBG;
	bool single_step = (v->guest_rflags & FLAG_TF); /* IA32_DEBUGCTL.BTF is reserved, 0 */
	REQUIRE_NONE(v->guest_pending_dbg & (BITS(11, 4) | BIT(13) | BITS(63, 15)), field, "reserved bits must be 0");
	if ((v->guest_interruptibility & (BLOCK_STI | BLOCK_MOV_SS)) || v->guest_activity == ACTIVITY_HLT) {
		REQUIRE(!single_step || (v->guest_pending_dbg & BIT(14)), field, "BS must be 1 if RFLAGS.TF is 1");
		REQUIRE(single_step || !(v->guest_pending_dbg & BIT(14)), field, "BS must be 0 if RFLAGS.TF is 0");
	}
	return true;
}

static bool check_link_pointer(struct entry_check *c)
{
	uint64_t link = c->v->link_pointer;
	if (link == VMCS_NONE)
		return true;
	c->qualification = ENTRY_QUAL_LINK;
	REQUIRE(!(link & 0xfff), VMCS_I_LINK_POINTER, "bits 11:0 must be 0");
	REQUIRE(!(link >> MAXPHYADDR), VMCS_I_LINK_POINTER, "bits beyond the physical-address width must be 0");
	REQUIRE(vmcs_region_revision(c->cpu->mem, link) == VMCS_REVISION, VMCS_I_LINK_POINTER,
		"must point at the VMCS revision identifier, with the shadow-VMCS indicator 0");
	REQUIRE(link != c->vmx->current, VMCS_I_LINK_POINTER, "must not be the current-VMCS pointer");
	c->qualification = 0;
	return true;
}

static bool check_non_register_state(struct entry_check *c)
{
	return check_activity(c) && check_interruptibility(c) && check_pending_debug(c) && check_link_pointer(c);
}

static bool check_pdptes(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	bool ept = vmx_proc2(c->vmx, CTL(PROC2, EPT));
	if (c->guest64 || !(v->guest_cr0 & CR0_PG) || !(v->guest_cr4 & CR4_PAE))
		return true;
	c->qualification = ENTRY_QUAL_PDPTE;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t table = v->guest_cr3 & 0xffffffe0;
		c->pdpte[i] = ept ? v->field[VMCS_I_GUEST_PDPTE0 + i] : mem_read_entry(c->cpu->mem, HPA(table + 8 * i), 8);
		REQUIRE_NONE(c->pdpte[i] & 1 ? c->pdpte[i] & paging_pdpte_reserved() : 0, ept ? VMCS_I_GUEST_PDPTE0 + i : VMCS_I_GUEST_CR3,
			     "reserved bits of a present PDPTE must be 0");
	}
	c->qualification = 0;
	return true;
}

const struct entry_section entry_sections_guest[] = {
    {"Checks on Guest Control Registers, Debug Registers, and MSRs", check_control_registers},
    {"Checks on Guest Segment Registers", entry_check_segments},
    {"Checks on Guest Descriptor-Table Registers", check_descriptor_tables},
    {"Checks on Guest RIP, RFLAGS, and SSP", check_rip_rflags},
    {"Checks on Guest Non-Register State", check_non_register_state},
    {"Checks on Guest Page-Directory-Pointer-Table Entries", check_pdptes},
    {NULL, NULL},
};
