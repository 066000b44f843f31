/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMX capability MSRs (SDM 3D, appendix "VMX Capability Reporting Facility"), and what the processor may set in VMX operation.
 * Every check of VM entry asks here, so what is reported and what is enforced cannot differ. Read-only: WRMSR gives #GP(0).
 */
#ifndef VMX_MSR_H
#define VMX_MSR_H

#include "vmx/control.h"
#include "vmx/offer.h"

enum vmx_msr {
#define VMX_MSR(address, symbol, name) MSR_VMX_##symbol = address,
#include "vmx/msr.def"
#undef VMX_MSR
};

#define VMX_CR0_FIXED0 (CR0_PE | CR0_NE | CR0_PG)
#define VMX_CR0_FIXED1 0xffffffffull
#define VMX_CR4_FIXED0 CR4_VMXE
#define VMX_CR4_FIXED1 (CR4_OFFERED | CR4_VMXE)

enum {
	VMX_TIMER_RATE = 5,	/* the VMX-preemption timer counts down when this bit of the TSC changes */
	VMX_MSR_LIST_MAX = 512, /* entries of an MSR list that are honoured */
	VMX_CR3_TARGETS = 4,
};

/* IA32_VMX_EPT_VPID_CAP */
#define EPT_CAP_EXEC_ONLY BIT(0)
#define EPT_CAP_4_LEVEL BIT(6)
#define EPT_CAP_5_LEVEL BIT(7)
#define EPT_CAP_UC BIT(8)
#define EPT_CAP_WB BIT(14)
#define EPT_CAP_2M BIT(16)
#define EPT_CAP_1G BIT(17)
#define EPT_CAP_INVEPT BIT(20)
#define EPT_CAP_AD BIT(21)
#define EPT_CAP_EXIT_INFO BIT(22) /* advanced VM-exit information for EPT violations: qualification bits 9-11 */
#define EPT_CAP_INVEPT_SINGLE BIT(25)
#define EPT_CAP_INVEPT_ALL BIT(26)
#define EPT_CAP_INVVPID BIT(32)
#define EPT_CAP_INVVPID_TYPES BITS(43, 40)

/* What control.def says may be 1, default1 class included; and what must be 1 (true capability). */
uint32_t vmx_allowed1(enum control_group group);
uint32_t vmx_allowed0(enum control_group group);

/* The value of a capability MSR; false if there is none of this address. */
bool vmx_msr_read(uint32_t address, uint64_t *value);

#endif
