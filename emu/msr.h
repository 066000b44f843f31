/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model-specific registers as RDMSR and WRMSR see them (SDM 4, "Architectural MSRs"). The table is msr.def.
 */
#ifndef EMU_MSR_H
#define EMU_MSR_H

#include "emu/bus.h"
#include "vmx/state.h"

/* false: no such MSR, or the value is not allowed: #GP(0), and nothing changed. Privilege is the caller's. */
bool msr_read(struct cpu *cpu, struct bus *bus, uint32_t index, uint64_t *value);
bool msr_write(struct cpu *cpu, struct bus *bus, uint32_t index, uint64_t value);

/* The SDM's name, or NULL. */
const char *msr_name(uint32_t index);

/* The time-stamp counter itself, no VMX offset applied. */
static inline uint64_t msr_tsc(const struct cpu *cpu)
{
	return cpu->clock + cpu->tsc_adjust;
}

#endif
