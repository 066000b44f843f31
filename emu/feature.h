/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instruction-set features that the engine executes, and executes rightly: what CPUID may offer of what plain code uses. The rows are
 * in emu/feature.def; emu/decode_table.def knows the instructions of these only.
 *
 * The engine must be opened with UC_CPU_X86_SNOWRIDGE, the model that has these and no BMI1 or LZCNT, so that F3 0F BC and F3 0F BD are BSF
 * and BSR as CPUID says. Not offered though other models have them: BMI1 (BLSI's CF and BEXTR are wrong in Unicorn 2.1.1), BMI2 (BZHI and
 * 32-bit PDEP are wrong), and with BMI1 LZCNT and ADX. No model has SHA, GFNI or AVX.
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
