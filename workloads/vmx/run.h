/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the guest of the current VMCS up to the next VM exit. */
#ifndef LIB_RUN_H
#define LIB_RUN_H

#include "x86.h"

/* the guest's registers, numbered as instructions number them; [4], RSP, is in the VMCS */
extern u64 run_registers[16];
enum { REG_AX, REG_CX, REG_DX, REG_BX, REG_SP, REG_BP, REG_SI, REG_DI };

/* VMLAUNCH or VMRESUME: VMX_OK after a VM exit (reason, with bit 31 for a failed entry, is in the VMCS), else the failure. */
unsigned run(bool resume);

/* Ends blocking by NMI, which a VM exit may leave: an IRET does. */
void run_unblock_nmi(void);

#endif
