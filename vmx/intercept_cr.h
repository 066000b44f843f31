/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control-register accesses in non-root operation: the part of intercept.c that concerns MOV CR, CLTS and LMSW. */
#ifndef VMX_INTERCEPT_CR_H
#define VMX_INTERCEPT_CR_H

#include "vmx/instruction.h"

/* types of access in the exit qualification (SDM 3C, "Exit Qualification for Control-Register Accesses") */
enum cr_access { CR_ACCESS_MOV_TO, CR_ACCESS_MOV_FROM, CR_ACCESS_CLTS, CR_ACCESS_LMSW };

/* true if the instruction does not go on: cpu->pending holds its VM exit, or the fault of LMSW's memory operand. */
bool intercept_cr(struct cpu *cpu, const struct insn *insn);

#endif
