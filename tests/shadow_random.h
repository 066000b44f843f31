/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests made from numbers, natively and under the shadow VMM side by side. Sixteen frames serve as tables of every level and as data at
 * once, refer to each other and themselves, and change under the guest's own stores. After a store the guest invalidates, in one of the
 * ways that the SDM offers, unless it need not: what it wrote over was not present. So every outcome is determined.
 */
#ifndef TESTS_SHADOW_RANDOM_H
#define TESTS_SHADOW_RANDOM_H

#include "tests/shadow_pair.h"

/* Where the numbers come from: bytes, or a generator when there are none. */
struct numbers {
	const uint8_t *data;
	size_t size;
	uint64_t state;
};
uint64_t numbers_next(struct numbers *n);

/* One guest of so many steps. Returns true if all was the same; else text (of at least 200 bytes) says what was not. */
bool shadow_random_guest(struct numbers *n, unsigned steps, char *text);

#endif
