/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lab 5, for teachers: the solution (of seed 1, as to what is forgotten). */
#include "lab5.h"

enum { STEP = 4 /* hundredths of a cycle: what counts as slower */, PAGES_MAX = 4096, FAR = 4096 /* pages: all in one set */ };

/* The largest number of pages, from `from` on, whose loads are as fast as those of `from`. */
static u64 last_fast(u64 from, u64 max, u64 stride)
{
	u64 base = load_time(from, stride), good = from, bad = max;
	while (bad - good > 1) {
		u64 middle = (good + bad) / 2;
		if (load_time(middle, stride) > base + STEP)
			bad = middle;
		else
			good = middle;
	}
	return good;
}

void measure(struct found *found)
{
	found->dtlb_entries = last_fast(1, PAGES_MAX, 1);
	found->dtlb_ways = last_fast(1, 64, FAR);
	/* from where on every load misses the data TLB */
	found->stlb_entries = last_fast(2 * found->dtlb_entries, PAGES_MAX, 1);
	found->stlb_ways = last_fast(found->dtlb_ways + 1, 64, FAR);
}

const char forgotten[] = "remap_blue";
const char due[] = "INVEPT";
