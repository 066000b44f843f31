/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lab 5: what you are given, and what you write. */
#ifndef LAB5_H
#define LAB5_H

#include "x86.h"

/*
 * Follows a ring of `pages` loads again and again, one load in each 4-KiB page, the pages `stride` pages apart, until the caches are warm;
 * then returns the time of a load: hundredths of a cycle. At most 4096 pages; pages * stride below 2^26.
 */
u64 load_time(u64 pages, u64 stride);

/* The data TLB's and the second-level TLB's part for 4-KiB pages. */
struct found {
	u64 dtlb_entries, dtlb_ways;
	u64 stlb_entries, stlb_ways;
};

/* You write these. */
void measure(struct found *found);
extern const char forgotten[]; /* the function that forgets to invalidate */
extern const char due[];       /* the instruction that it forgets */

#endif
