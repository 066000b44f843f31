/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CPUID reports (SDM 2A, "CPUID"): the table cpuid.def, and the fields that follow the processor's state.
 */
#ifndef EMU_CPUID_H
#define EMU_CPUID_H

#include "vmx/state.h"

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* The four registers for a leaf and subleaf as software running now would see them (no VM exit considered). */
struct cpuid cpuid_read(const struct cpu *cpu, uint32_t leaf, uint32_t subleaf);

#endif
