/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel tells the user program: pages and rounds of each phase; 0 pages: left out. */
#ifndef PAGING_USER_H
#define PAGING_USER_H

#include "x86.h"

struct phase {
	u64 pages, rounds;
};

struct user_args {
	struct phase chase, chase2m, chase1g, copy, gups; /* gups: rounds are updates */
	u64 ticks;
};

extern struct user_args user_args;
void user_main(void);

#endif
