/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of the program when CHECK finds a bug of ours. */
#include "mmu/base.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void base_check_failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "vtxray: bug at %s:%d: %s does not hold; please report it\n", file, line, what);
	abort();
}
