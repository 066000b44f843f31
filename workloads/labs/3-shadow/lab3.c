/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lab 3: shadow paging. Your code here; handout.md says what is asked. */
#include "lab3.h"

struct gwalk gwalk(uint64_t cr3, uint64_t gla, unsigned access)
{
	struct gwalk g = {.ok = false};

	return g;
}

enum outcome miss(uint64_t gla, unsigned access, uint32_t *error)
{
	*error = 0;
	return GUEST_FAULT;
}

void table_written(uint64_t gpa)
{
}

void flush(uint64_t cr3)
{
}
