/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Physical page frames: a buddy allocator of 2^order frames, order 0 (4 KiB) to 18 (1 GiB); a reference count for each frame. */
#ifndef KERNEL_PAGE_H
#define KERNEL_PAGE_H

#include "layout.h"

enum { ORDER_MAX = 18, ORDER_HUGE = 9, ORDER_GIANT = 18 };
enum page_kind { PAGE_USED, PAGE_FREE, PAGE_SLAB, PAGE_LARGE };

struct page {
	u32 refs;
	u32 next, prev; /* free lists: frame numbers, 0 ends; of a page table: its entries in use are from next on, below prev */
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
/* Adds and drops a reference of one frame; the last one frees it. */
void page_get(u64 address);
void page_put(u64 address);

static inline struct page *page_of(u64 address)
{
	return &page_table[address / PAGE];
}

#endif
