/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The buddy allocator. A block of 2^order frames is free as a whole (its first frame is PAGE_FREE and knows the order) or used; two free
 * buddies become one block. Frames that were never given (firmware, the kernel, modules) are used for ever. Single frames that were freed
 * last are kept aside, and given first: for the buddies they are used.
 */
#include "page.h"
#include "log.h"
#include "string.h"

struct page *page_table;
u64 page_free_count, page_total, page_zero_frame;

static u64 frames;
static u32 head[ORDER_MAX + 1];

enum { ASIDE = 256, ASIDE_ORDER = 3 }; /* so many at most; a block of this order is taken when there are none */
static u32 aside[ASIDE];
static unsigned aside_count;

static void list_add(u32 frame, unsigned order)
{
	struct page *p = &page_table[frame];

	*p = (struct page){.next = head[order], .order = (u8)order, .kind = PAGE_FREE};
	if (head[order])
		page_table[head[order]].prev = frame;
	head[order] = frame;
}

static void list_remove(u32 frame)
{
	struct page *p = &page_table[frame];

	if (p->prev)
		page_table[p->prev].next = p->next;
	else
		head[p->order] = p->next;
	if (p->next)
		page_table[p->next].prev = p->prev;
	p->kind = PAGE_USED;
	p->next = p->prev = 0;
}

static void merge(u32 frame, unsigned order)
{
	for (; order < ORDER_MAX; order++) {
		u32 buddy = frame ^ 1u << order;
		if (buddy + (1u << order) > frames || page_table[buddy].kind != PAGE_FREE || page_table[buddy].order != order)
			break;
		list_remove(buddy);
		frame &= ~(1u << order);
	}
	list_add(frame, order);
}

/* The first frame of a block; 0: there is none. */
static u32 take(unsigned order)
{
	unsigned o = order;
	u32 frame;

	while (o <= ORDER_MAX && !head[o])
		o++;
	if (o > ORDER_MAX)
		return 0;
	frame = head[o];
	list_remove(frame);
	while (o-- > order)
		list_add(frame + (1u << o), o);
	return frame;
}

/* The least recently freed ones go back to the buddies, until so many are left. */
static void give_back(unsigned left)
{
	unsigned n = aside_count - left;

	for (unsigned i = 0; i < n; i++)
		merge(aside[i], 0);
	for (unsigned i = 0; i < left; i++)
		aside[i] = aside[i + n];
	aside_count = left;
}

/* A block, of which the first frame will be given first. */
static void take_aside(void)
{
	unsigned order = ASIDE_ORDER + 1;
	u32 frame = 0;

	while (!frame && order)
		frame = take(--order);
	for (u32 i = 1u << order; frame && i--;)
		aside[aside_count++] = frame + i;
}

void page_free(u64 address, unsigned order)
{
	u32 frame = (u32)(address / PAGE);

	page_free_count += 1ull << order;
	if (order) {
		merge(frame, order);
		return;
	}
	if (aside_count == ASIDE)
		give_back(ASIDE / 2);
	page_table[frame] = (struct page){.kind = PAGE_USED};
	aside[aside_count++] = frame;
}

static u32 take_one(void)
{
	if (!aside_count)
		take_aside();
	return aside_count ? aside[--aside_count] : 0;
}

static u32 take_block(unsigned order)
{
	u32 frame = take(order);

	if (frame || !aside_count)
		return frame;
	give_back(0);
	return take(order);
}

u64 page_alloc(unsigned order)
{
	u32 frame = order ? take_block(order) : take_one();
	struct page *p = &page_table[frame];

	if (!frame)
		return 0;
	*p = (struct page){.refs = 1, .kind = PAGE_USED};
	page_free_count -= 1ull << order;
	while (order && ++p < &page_table[frame + (1u << order)])
		*p = (struct page){.refs = 1, .kind = PAGE_USED};
	return (u64)frame * PAGE;
}

u64 page_alloc_zeroed(unsigned order)
{
	u64 address = page_alloc(order);

	if (address)
		page_zero(direct(address), (size_t)PAGE << order);
	return address;
}

void page_freed_twice(u64 address)
{
	panic("a frame is freed twice", address, 0);
}

void page_init(struct page *table, u64 count)
{
	page_table = table;
	frames = count;
	page_zero(table, page_round(count * sizeof(*table)));
	for (u64 i = 0; i < count; i++)
		table[i].refs = 1;
}

/* In blocks as large as they come: aligned to their size. */
void page_give(u64 start, u64 end)
{
	start = page_round(start);
	while (start + PAGE <= end) {
		unsigned order = ORDER_MAX;
		while (start & (((u64)PAGE << order) - 1) || start + ((u64)PAGE << order) > end)
			order--;
		merge((u32)(start / PAGE), order);
		page_free_count += 1ull << order;
		page_total += 1ull << order;
		start += (u64)PAGE << order;
	}
	if (!page_zero_frame && page_free_count) {
		page_zero_frame = page_alloc_zeroed(0);
		page_get(page_zero_frame); /* never the only reference: nobody may write to it */
	}
}
