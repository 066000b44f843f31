/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random programs for a box (machine_state.h) that are hard to account for by block: loads, stores and read-modify-writes that split pages,
 * fault, or hit page tables and code; strings, SSE, x87, divisions by zero, calls to anywhere; page-table entries that change with and
 * without INVLPG; code that changes itself; system instructions, software interrupts, a timer.
 * A careful program invalidates each translation that it changes, so what becomes of it does not depend on what TLBs hold.
 */
#ifndef TESTS_ACCOUNT_RANDOM_H
#define TESTS_ACCOUNT_RANDOM_H

#include "tests/machine_state.h"

/* Puts the program of this seed, with its page tables and timer, into a box that has just started. */
void account_random(struct box *box, uint64_t seed, bool careful);

#endif
