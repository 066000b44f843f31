/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMX capability MSRs, made from control.def and vmcs.def (SDM 3D, appendix "VMX Capability Reporting Facility").
 */
#include "vmx/msr.h"
#include "vmx/vmcs.h"

static const uint32_t offered[GROUP_COUNT] = {[GROUP_PIN] = PIN_DEFAULT1
#define CONTROL(group, bit, symbol, name) | (GROUP_##group == GROUP_PIN ? 1u << bit : 0)
#include "vmx/control.def"
#undef CONTROL
					      ,
					      [GROUP_PROC] = PROC_TRUE_DEFAULT1
#define CONTROL(group, bit, symbol, name) | (GROUP_##group == GROUP_PROC ? 1u << bit : 0)
#include "vmx/control.def"
#undef CONTROL
					      ,
					      [GROUP_PROC2] = 0
#define CONTROL(group, bit, symbol, name) | (GROUP_##group == GROUP_PROC2 ? 1u << bit : 0)
#include "vmx/control.def"
#undef CONTROL
					      ,
					      [GROUP_EXIT] = EXIT_TRUE_DEFAULT1
#define CONTROL(group, bit, symbol, name) | (GROUP_##group == GROUP_EXIT ? 1u << bit : 0)
#include "vmx/control.def"
#undef CONTROL
					      ,
					      [GROUP_ENTRY] = ENTRY_TRUE_DEFAULT1
#define CONTROL(group, bit, symbol, name) | (GROUP_##group == GROUP_ENTRY ? 1u << bit : 0)
#include "vmx/control.def"
#undef CONTROL
};

static const uint32_t required[GROUP_COUNT] = {
    [GROUP_PIN] = PIN_DEFAULT1,
    [GROUP_PROC] = PROC_TRUE_DEFAULT1,
    [GROUP_EXIT] = EXIT_TRUE_DEFAULT1,
    [GROUP_ENTRY] = ENTRY_TRUE_DEFAULT1,
};

uint32_t vmx_allowed1(enum control_group group)
{
	return offered[group];
}

uint32_t vmx_allowed0(enum control_group group)
{
	return required[group];
}

static uint64_t capability(enum control_group group, uint32_t must_be_1)
{
	return (uint64_t)vmx_allowed1(group) << 32 | must_be_1;
}

static uint64_t basic(void)
{
	return VMCS_REVISION | (uint64_t)PAGE_SIZE << 32 /* region size */
	       | 6ull << 50				 /* VMCS accesses are write-back */
	       | BIT(54)				 /* instruction information for INS and OUTS */
	       | BIT(55);				 /* TRUE capability MSRs */
}

static uint64_t misc(void)
{
	return VMX_TIMER_RATE | BIT(5)		 /* EFER.LMA is stored in "IA-32e mode guest" */
	       | BITS(8, 6)			 /* activity states HLT, shutdown, wait-for-SIPI */
	       | (uint64_t)VMX_CR3_TARGETS << 16 /* MSR lists: 0 stands for 512 entries */
	       | BIT(30);			 /* injection with instruction length 0 */
}

static uint64_t vmcs_enum(void)
{
	uint64_t highest = 0;
	for (unsigned i = 0; i < VMCS_FIELDS; i++)
		if ((vmcs_field_encoding(i) & BITS(9, 1)) > highest)
			highest = vmcs_field_encoding(i) & BITS(9, 1);
	return highest;
}

static uint64_t ept_vpid_cap(void)
{
	return EPT_CAP_EXEC_ONLY | EPT_CAP_4_LEVEL | EPT_CAP_5_LEVEL | EPT_CAP_UC | EPT_CAP_WB | EPT_CAP_2M | EPT_CAP_1G | EPT_CAP_INVEPT |
	       EPT_CAP_AD | EPT_CAP_EXIT_INFO | EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL | EPT_CAP_INVVPID | EPT_CAP_INVVPID_TYPES;
}

static uint64_t msr_value(enum vmx_msr msr)
{
	switch (msr) {
	case MSR_VMX_BASIC:
		return basic();
	case MSR_VMX_PINBASED_CTLS:
		return capability(GROUP_PIN, PIN_DEFAULT1);
	case MSR_VMX_PROCBASED_CTLS:
		return capability(GROUP_PROC, PROC_DEFAULT1);
	case MSR_VMX_EXIT_CTLS:
		return capability(GROUP_EXIT, EXIT_DEFAULT1);
	case MSR_VMX_ENTRY_CTLS:
		return capability(GROUP_ENTRY, ENTRY_DEFAULT1);
	case MSR_VMX_MISC:
		return misc();
	case MSR_VMX_CR0_FIXED0:
		return VMX_CR0_FIXED0;
	case MSR_VMX_CR0_FIXED1:
		return VMX_CR0_FIXED1;
	case MSR_VMX_CR4_FIXED0:
		return VMX_CR4_FIXED0;
	case MSR_VMX_CR4_FIXED1:
		return VMX_CR4_FIXED1;
	case MSR_VMX_VMCS_ENUM:
		return vmcs_enum();
	case MSR_VMX_PROCBASED_CTLS2:
		return capability(GROUP_PROC2, 0);
	case MSR_VMX_EPT_VPID_CAP:
		return ept_vpid_cap();
	case MSR_VMX_TRUE_PINBASED_CTLS:
		return capability(GROUP_PIN, vmx_allowed0(GROUP_PIN));
	case MSR_VMX_TRUE_PROCBASED_CTLS:
		return capability(GROUP_PROC, vmx_allowed0(GROUP_PROC));
	case MSR_VMX_TRUE_EXIT_CTLS:
		return capability(GROUP_EXIT, vmx_allowed0(GROUP_EXIT));
	case MSR_VMX_TRUE_ENTRY_CTLS:
		return capability(GROUP_ENTRY, vmx_allowed0(GROUP_ENTRY));
	case MSR_VMX_VMFUNC:
		return VMFUNC_EPTP_SWITCHING;
	}
	return 0;
}

bool vmx_msr_read(uint32_t address, uint64_t *value)
{
	if (address < MSR_VMX_BASIC || address > MSR_VMX_VMFUNC)
		return false;
	*value = msr_value(address);
	return true;
}
