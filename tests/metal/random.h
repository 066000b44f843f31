/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers for the cases: xorshift64*, seeded anew for each case, so that a case can be run alone. */
#ifndef METAL_RANDOM_H
#define METAL_RANDOM_H

#include "x86.h"

void random_seed(u64 seed, u64 number);
u64 random_word(void);
/* 0 .. below - 1 */
u32 random_below(u32 below);
/* true in one of `in` cases */
bool random_one_in(u32 in);
#define RANDOM_OF(array) ((array)[random_below(sizeof(array) / sizeof((array)[0]))])

#endif
