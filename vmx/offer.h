/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the processor offers in its control registers (SDM 3A, "Control Registers", "Extended Feature Enable Register", "Extended
 * Control Registers"): the bits that MOV to CR, WRMSR and XSETBV accept, that CPUID reports and that the VMX-fixed bits are made of.
 * LIMIT: CR4.VME and CR4.PVI (virtual interrupts of 8086 programs) are not offered, nor SMX, CET, PKS and user interrupts.
 */
#ifndef VMX_OFFER_H
#define VMX_OFFER_H

#include "vmx/state.h"

/* the other bits of CR0[31:0] ignore writes; ET reads as 1 */
#define CR0_OFFERED (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG)

/* without VMXE, which a processor with VMX adds */
#define CR4_OFFERED                                                                                                                        \
	(CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_UMIP | CR4_LA57 |          \
	 CR4_FSGSBASE | CR4_PCIDE | CR4_OSXSAVE | CR4_SMEP | CR4_SMAP | CR4_PKE)

#define EFER_OFFERED (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)

#define CR3_NO_FLUSH BIT(63)		    /* of the source of MOV to CR3, with CR4.PCIDE = 1 */
#define CR3_RESERVED (BITS(63, MAXPHYADDR)) /* must be 0 */
#define CR3_PCID BITS(11, 0)

#define XCR0_X87 BIT(0)
#define XCR0_SSE BIT(1)
#define XCR0_PKRU BIT(9)
#define XCR0_OFFERED (XCR0_X87 | XCR0_SSE | XCR0_PKRU)

#define MISC_ENABLE_FAST_STRINGS BIT(0)
#define MISC_ENABLE_BTS_UNAVAILABLE BIT(11)
#define MISC_ENABLE_PEBS_UNAVAILABLE BIT(12)
#define MISC_ENABLE_MONITOR BIT(18)
#define MISC_ENABLE_LIMIT_CPUID BIT(22)
#define MISC_ENABLE_XD_DISABLE BIT(34)

#define APIC_BASE_ENABLE BIT(11)

#define FEATURE_CONTROL_LOCK BIT(0)
#define FEATURE_CONTROL_VMX BIT(2) /* VMXON outside SMX operation */

/* The processor's linear-address width, which bases in MSRs and descriptor tables and invalidated addresses are checked against,
 * whatever CR4.LA57 is. */
enum { LINEAR_WIDTH = 57 };

#endif
