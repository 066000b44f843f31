/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMX instructions as functions, and entering VMX operation. A result is the number of a VM-instruction error, VMX_OK or VMX_INVALID.
 */
#ifndef LIB_VMX_H
#define LIB_VMX_H

#include "x86.h"

#define CR4_VMXE 0x2000
#define MSR_FEATURE_CONTROL 0x3a
#define MSR_VMX_BASIC 0x480
#define MSR_VMX_PROC_CONTROLS 0x482
#define MSR_VMX_EPT_VPID_CAP 0x48c
#define MSR_VMX_TRUE_PIN 0x48d
#define MSR_VMX_TRUE_PROC 0x48e
#define MSR_VMX_TRUE_EXIT 0x48f
#define MSR_VMX_TRUE_ENTRY 0x490
#define MSR_VMX_PROC2 0x48b

#define VMX_OK 0
#define VMX_INVALID 0x100 /* VMfailInvalid: no current VMCS, no error number */
#define VMX_FAULT 0x200	  /* + vector: the instruction faulted */

/* Executes one VMX instruction with a memory operand; a fault is caught. */
unsigned vmx_on(const u64 *region);
unsigned vmx_off(void);
unsigned vmx_clear(const u64 *vmcs);
unsigned vmx_load(const u64 *vmcs);
unsigned vmx_store(u64 *vmcs);
unsigned vmx_invept(u64 type, const u64 descriptor[2]);
unsigned vmx_invvpid(u64 type, const u64 descriptor[2]);
unsigned vmx_read(u64 field, u64 *value);
unsigned vmx_write(u64 field, u64 value);

/* Enters VMX root operation if the processor offers it: CPUID, IA32_FEATURE_CONTROL, the fixed bits of CR0 and CR4, VMXON. On failure the
 * reason, else NULL. */
const char *vmx_enter(void);

/* What VMCS and VMXON regions begin with. */
u32 vmx_revision(void);

/* A page of memory whose first word is the revision identifier. */
void vmx_region_init(u64 *region);

#endif
