/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine does not check of plain instructions: availability of x87, MMX and SSE (CR0, CR4), alignment (16-byte SSE operands,
 * #AC), and segments that are not flat (limit, type, null selectors). Done before the instruction, only for those that need it now.
 */
#ifndef EMU_PLAIN_H
#define EMU_PLAIN_H

#include "vmx/memop.h"

/* INSN_*: plain instructions with any of these flags need plain_check in the processor's present state. */
uint32_t plain_slow_flags(const struct cpu *cpu);

/*
 * Returns true if the instruction at cpu->rip may be executed by the engine, false with cpu->pending filled. The general registers
 * of its operands must be in cpu.
 */
bool plain_check(struct cpu *cpu, const struct insn *insn, uint16_t x87_status);

/* Whether MXCSR can have this value: no reserved bit is set. */
bool plain_mxcsr(uint32_t mxcsr);
/* true for LDMXCSR and FXRSTOR (SDM 2): #GP if they would set a reserved bit of MXCSR. */
bool plain_loads_mxcsr(const struct insn *insn);

#endif
