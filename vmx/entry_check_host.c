/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks on the host-state area (SDM 3C, "Checks on VMX Controls and Host-State Area"), in the SDM's order; a failure is
 * VMfailValid(8).
 */
#include "vmx/entry.h"

static bool check_control_registers(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	REQUIRE_NONE((VMX_CR0_FIXED0 & ~v->host_cr0) | (v->host_cr0 & ~VMX_CR0_FIXED1), VMCS_I_HOST_CR0,
		     "must not set any bit to a value not supported in VMX operation");
	REQUIRE_NONE((VMX_CR4_FIXED0 & ~v->host_cr4) | (v->host_cr4 & ~VMX_CR4_FIXED1), VMCS_I_HOST_CR4,
		     "must not set any bit to a value not supported in VMX operation");
	REQUIRE_NONE(v->host_cr3 & ~BITS(MAXPHYADDR - 1, 0), VMCS_I_HOST_CR3, "bits beyond the physical-address width must be 0");
	REQUIRE(entry_check_canonical(v->host_sysenter_esp), VMCS_I_HOST_SYSENTER_ESP, "must be canonical");
	REQUIRE(entry_check_canonical(v->host_sysenter_eip), VMCS_I_HOST_SYSENTER_EIP, "must be canonical");
	if (v->exit_controls & CTL(EXIT, LOAD_PAT))
		REQUIRE(entry_check_pat(v->host_pat), VMCS_I_HOST_PAT, "each byte must be 0, 1, 4, 5, 6 or 7");
	if (v->exit_controls & CTL(EXIT, LOAD_EFER)) {
		bool host64 = v->exit_controls & CTL(EXIT, HOST_64);
		REQUIRE_NONE(v->host_efer & ~EFER_OFFERED, VMCS_I_HOST_EFER, "reserved bits must be 0");
		REQUIRE(!!(v->host_efer & EFER_LMA) == host64, VMCS_I_HOST_EFER, "LMA must equal \"host address-space size\"");
		REQUIRE(!!(v->host_efer & EFER_LME) == host64, VMCS_I_HOST_EFER, "LME must equal \"host address-space size\"");
	}
	return true;
}

static bool check_segments(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	for (unsigned i = VMCS_I_HOST_ES_SELECTOR; i <= VMCS_I_HOST_TR_SELECTOR; i++)
		REQUIRE(!(v->field[i] & 7), i, "RPL and TI must be 0");
	REQUIRE(v->host_cs_selector, VMCS_I_HOST_CS_SELECTOR, "must not be 0000H");
	REQUIRE(v->host_tr_selector, VMCS_I_HOST_TR_SELECTOR, "must not be 0000H");
	REQUIRE(v->host_ss_selector || (v->exit_controls & CTL(EXIT, HOST_64)), VMCS_I_HOST_SS_SELECTOR,
		"must not be 0000H if \"host address-space size\" is 0");
	for (unsigned i = VMCS_I_HOST_FS_BASE; i <= VMCS_I_HOST_IDTR_BASE; i++) /* FS, GS, TR, GDTR, IDTR */
		REQUIRE(entry_check_canonical(v->field[i]), i, "must be canonical");
	return true;
}

static bool check_address_space_size(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	bool host64 = v->exit_controls & CTL(EXIT, HOST_64);
	if (!cpu_long_mode(c->cpu)) {
		REQUIRE(!c->guest64, VMCS_I_ENTRY_CONTROLS, "\"IA-32e mode guest\" must be 0 outside IA-32e mode");
		REQUIRE(!host64, VMCS_I_EXIT_CONTROLS, "\"host address-space size\" must be 0 outside IA-32e mode");
	} else {
		REQUIRE(host64, VMCS_I_EXIT_CONTROLS, "\"host address-space size\" must be 1 in IA-32e mode");
	}
	if (!host64) {
		REQUIRE(!(v->host_cr4 & CR4_PCIDE), VMCS_I_HOST_CR4, "PCIDE must be 0 if \"host address-space size\" is 0");
		REQUIRE(!(v->host_rip >> 32), VMCS_I_HOST_RIP, "bits 63:32 must be 0 if \"host address-space size\" is 0");
	} else {
		REQUIRE(v->host_cr4 & CR4_PAE, VMCS_I_HOST_CR4, "PAE must be 1 if \"host address-space size\" is 1");
		REQUIRE(entry_check_canonical(v->host_rip), VMCS_I_HOST_RIP, "must be canonical if \"host address-space size\" is 1");
	}
	return true;
}

const struct entry_section entry_sections_host[] = {
    {"Checks on Host Control Registers, MSRs, and SSP", check_control_registers},
    {"Checks on Host Segment and Descriptor-Table Registers", check_segments},
    {"Checks Related to Address-Space Size", check_address_space_size},
    {NULL, NULL},
};
