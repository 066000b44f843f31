/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMX controls as constants: PIN_, PROC_, PROC2_, EXIT_ and ENTRY_ masks, one for each row of control.def; and the layout of
 * the interruption-information fields (SDM 3C, "VM-Entry Controls for Event Injection", "Information for VM Exits Due to Vectored Events").
 */
#ifndef VMX_CONTROL_H
#define VMX_CONTROL_H

#include "mmu/base.h"

enum control_group { GROUP_PIN, GROUP_PROC, GROUP_PROC2, GROUP_EXIT, GROUP_ENTRY, GROUP_COUNT };

/* An enum cannot name bit 31 as unsigned in C11: these are expressions over the position, CTL(PROC, HLT). */
enum control_bit {
#define CONTROL(group, bit, symbol, name) CONTROL_##group##_##symbol = bit,
#include "vmx/control.def"
#undef CONTROL
};
#define CTL(group, symbol) BIT(CONTROL_##group##_##symbol)

/* controls whose reserved setting is 1, in the VMX_TRUE_ capability MSRs and (more) in the others */
#define PIN_DEFAULT1 0x16u
#define PROC_DEFAULT1 0x0401e172u
#define PROC_TRUE_DEFAULT1 0x04006172u
#define EXIT_DEFAULT1 0x36dffu
#define EXIT_TRUE_DEFAULT1 0x36dfbu
#define ENTRY_DEFAULT1 0x11ffu
#define ENTRY_TRUE_DEFAULT1 0x11fbu

#define VMFUNC_EPTP_SWITCHING BIT(0)

#define INTR_VECTOR BITS(7, 0)
#define INTR_TYPE_SHIFT 8
#define INTR_TYPE BITS(10, 8)
#define INTR_ERROR_VALID BIT(11)
#define INTR_NMI_UNBLOCKED BIT(12) /* VM exits: NMI unblocking due to IRET */
#define INTR_VALID BIT(31)
#define INTR_TYPE_OTHER 7 /* VM entry: pending MTF VM exit */

#endif
