/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instruction-set features that the engine executes, each tried against the processor's own results (tests/check_decode_engine.c): the
 * ones that CPUID may offer of what plain code uses. The rows are in emu/feature.def; emu/decode_table.def knows the instructions of these
 * only.
 *
 * The engine must be opened with UC_CPU_X86_SKYLAKE_SERVER: the first of its models that has them all (Skylake-Client and Broadwell lack
 * CLFLUSHOPT and CLWB; Haswell also ADX; Nehalem also BMI, MOVBE, AES, PCLMULQDQ, LZCNT). No model executes SHA, GFNI, AVX or XOP.
 */
#ifndef EMU_FEATURE_H
#define EMU_FEATURE_H

enum feature {
#define FEATURE(leaf, subleaf, reg, bit, symbol) FEATURE_##symbol,
#include "emu/feature.def"
#undef FEATURE
	FEATURE_COUNT
};

#endif
