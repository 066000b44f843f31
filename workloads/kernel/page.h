/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Physical page frames: a buddy allocator of 2^order frames, order 0 (4 KiB) to 18 (1 GiB); a reference count for each frame. */
#ifndef KERNEL_PAGE_H
#define KERNEL_PAGE_H

#include "layout.h"

enum { ORDER_MAX = 18, ORDER_HUGE = 9, ORDER_GIANT = 18 };
enum page_kind { PAGE_USED, PAGE_FREE, PAGE_SLAB, PAGE_LARGE };

struct page {
	union {
		struct {
			u32 next, prev; /* free lists: frame numbers, 0 ends */
		};
		u64 in_use; /* of a page table: bit i: some of the entries 8 * i to 8 * i + 7 may be in use */
	};
	u32 refs;
	u8 order, kind;
};

extern struct page *page_table; /* by frame number */
extern u64 page_free_count, page_total;
extern u64 page_zero_frame; /* a frame of zeros that is only ever mapped read-only */

/* table: room for count frames, zeroed here. Then page_give says which memory [start, end) may be used. */
void page_init(struct page *table, u64 count);
void page_give(u64 start, u64 end);
/* The physical address of 2^order frames, each with one reference; 0 if there is none. */
u64 page_alloc(unsigned order);
u64 page_alloc_zeroed(unsigned order);
void page_free(u64 address, unsigned order);
_Noreturn void page_freed_twice(u64 address);

static inline struct page *page_of(u64 address)
{
	return &page_table[address / PAGE];
}

/* Adds and drops a reference of one frame; the last one frees it. */
static inline void page_get(u64 address)
{
	page_of(address)->refs++;
}
static inline void page_put(u64 address)
{
	struct page *p = page_of(address);

	if (!p->refs)
		page_freed_twice(address);
	if (--p->refs == 0)
		page_free(address, 0);
}

#endif
