/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instructions that our own code executes: one handler per row of vmx/instruction.def, by subject in sysinsn_*.c.
 */
#ifndef EMU_SYSINSN_H
#define EMU_SYSINSN_H

#include "emu/bus.h"
#include "vmx/intercept.h"
#include "vmx/memop.h"

/* What handlers work with. */
struct sysinsn {
	struct cpu *cpu;
	struct bus *bus;
	const struct insn *insn;
	uint64_t next_rip; /* where to go on if the handler returns true: set to the next instruction before the handler runs */
	bool again;	   /* a REP string instruction with iterations left: completed one, RIP stays, not yet retired */
};

/* A handler returns true when the instruction completed; false with cpu->pending filled, and nothing of it done. */
typedef bool sysinsn_fn(struct sysinsn *s);

/*
 * Executes the system instruction at cpu->rip. Returns true when it retired (rip advanced, interrupt shadow and RF handled, not counted
 * here); false with cpu->pending filled.
 */
bool sysinsn_execute(struct cpu *cpu, struct bus *bus, const struct insn *insn);

/* handlers, by file; each row of the table in sysinsn.c names one */
#define SYSOP(symbol, name) sysinsn_fn sys_##symbol;
#include "vmx/instruction.def"
#undef SYSOP

#endif
