/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VM-exit instruction-information field, and the exit qualification of instructions with a memory operand (SDM 3C, "Information
 * for VM Exits Due to Instruction Execution").
 */
#ifndef VMX_INSN_INFO_H
#define VMX_INSN_INFO_H

#include "vmx/instruction.h"

/* Fills insn_len, exit_insn_info and, for instructions whose memory operand is reported by its displacement, qualification. */
void insn_info_fill(const struct cpu *cpu, const struct insn *insn, struct pending *pending);

#endif
