/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The buddy allocator. A block of 2^order frames is free as a whole (its first frame is PAGE_FREE and knows the order) or used; two free
 * buddies become one block. Frames that were never given (firmware, the kernel, modules) are used for ever.
 */
#include "page.h"
#include "log.h"
#include "string.h"

struct page *page_table;
u64 page_free_count, page_total, page_zero_frame;

static u64 frames;
static u32 head[ORDER_MAX + 1];

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

void page_free(u64 address, unsigned order)
{
	u32 frame = (u32)(address / PAGE);

	page_free_count += 1ull << order;
	for (; order < ORDER_MAX; order++) {
		u32 buddy = frame ^ 1u << order;
		if (buddy + (1u << order) > frames || page_table[buddy].kind != PAGE_FREE || page_table[buddy].order != order)
			break;
		list_remove(buddy);
		frame &= ~(1u << order);
	}
	list_add(frame, order);
}

u64 page_alloc(unsigned order)
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
	for (u32 i = 0; i < 1u << order; i++)
		page_table[frame + i] = (struct page){.refs = 1, .kind = PAGE_USED};
	page_free_count -= 1ull << order;
	return (u64)frame * PAGE;
}

u64 page_alloc_zeroed(unsigned order)
{
	u64 address = page_alloc(order);

	if (address)
		page_zero(direct(address), (size_t)PAGE << order);
	return address;
}

void page_get(u64 address)
{
	page_of(address)->refs++;
}

void page_put(u64 address)
{
	struct page *p = page_of(address);

	if (!p->refs)
		panic("a frame is freed twice", address, 0);
	if (--p->refs == 0)
		page_free(address, 0);
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
		page_free(start, order);
		page_total += 1ull << order;
		start += (u64)PAGE << order;
	}
	if (!page_zero_frame && page_free_count) {
		page_zero_frame = page_alloc_zeroed(0);
		page_get(page_zero_frame); /* never the only reference: nobody may write to it */
	}
}
