/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: bytes as the choices that make a guest with its tables, stores and invalidations (shadow_random.h), natively and under the
 * shadow VMM. They must see the same, in bounded memory, and each step must end.
 */
#include "tests/shadow_random.h"

#include <stdio.h>

enum { STEPS = 400 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct numbers numbers = {.data = data, .size = size};
	char text[256] = "";
	if (size < 64)
		return 0;
	if (!shadow_random_guest(&numbers, STEPS, text)) {
		fprintf(stderr, "%s\n", text);
		CHECK(false);
	}
	return 0;
}
