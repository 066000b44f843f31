/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lab 4: what you are given, and what you write. x86.h has control registers, MSRs and CPUID; vmx.h the VMX instructions as functions (a
 * result is VMX_OK, VMX_INVALID, an error number, or VMX_FAULT + vector); vmcs_field.h the VMCS's fields by name.
 */
#ifndef LAB4_H
#define LAB4_H

#include "gdt.h"
#include "run.h"
#include "trap.h"
#include "vmcs_field.h"
#include "vmx.h"
#include "x86.h"

#pragma GCC poison vmx_enter vmx_region_init /* what you write yourself */

/* VMCS controls, by bit. */
#define PROC_HLT_EXITING (1u << 7)
#define PROC_SECONDARY (1u << 31)
#define PROC2_EPT (1u << 1)
#define EXIT_HOST_64 (1u << 9)
#define EXIT_SAVE_EFER (1u << 20)
#define EXIT_LOAD_EFER (1u << 21)
#define ENTRY_GUEST_64 (1u << 9)
#define ENTRY_LOAD_EFER (1u << 15)

#define EXIT_REASON_CPUID 10
#define EXIT_REASON_HLT 12

/* Where the processor goes on after a VM exit: the value for HOST_RIP. (HOST_RSP is written for you at each VM entry.) */
extern char run_exit[];

/* You write these, in lab4.c; handout.md says what each has to do. */
unsigned enter_vmx(void);			 /* the result of VMXON */
u64 make_vmcs(void);				 /* the address of the VMCS, which is current now */
u32 adjust(u32 msr, u32 wanted);		 /* controls that are allowed */
void set_controls(void);			 /* all five control fields */
void set_host(void);				 /* the host-state area */
u64 make_ept(void);				 /* the EPTP */
bool handle_exit(u64 reason, u64 registers[16]); /* false: the guest has halted, and is done */

#endif
