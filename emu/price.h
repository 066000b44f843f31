/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a system instruction costs beyond being one (mmu/cost.def, section system). */
#ifndef EMU_PRICE_H
#define EMU_PRICE_H

#include "vmx/instruction.h"

/* Charges for a system instruction that has retired. */
void price_system(struct cpu *cpu, const struct insn *insn);

#endif
