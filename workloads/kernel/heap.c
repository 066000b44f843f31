/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects of 16, 32 .. 4096 bytes, cut out of single frames, one list of free ones for each size; larger ones are whole frames. */
#include "heap.h"
#include "page.h"
#include "string.h"

enum { SMALLEST = 4, LARGEST = 12 }; /* log2 of the sizes */

struct free {
	struct free *next;
};

static struct free *free_list[LARGEST + 1];

static bool refill(unsigned order)
{
	u64 frame = page_alloc(0);
	u8 *p = direct(frame);

	if (!frame)
		return false;
	page_of(frame)->kind = PAGE_SLAB;
	page_of(frame)->order = (u8)order;
	for (unsigned i = 0; i < PAGE; i += 1u << order) {
		struct free *f = (struct free *)(p + i);
		f->next = free_list[order];
		free_list[order] = f;
	}
	return true;
}

static void *alloc_frames(size_t n)
{
	unsigned order = 0;
	u64 frame;

	while (((size_t)PAGE << order) < n)
		order++;
	frame = order <= ORDER_MAX ? page_alloc_zeroed(order) : 0;
	if (!frame)
		return NULL;
	page_of(frame)->kind = PAGE_LARGE;
	page_of(frame)->order = (u8)order;
	return direct(frame);
}

void *heap_alloc(size_t n)
{
	unsigned order = n <= 1ul << SMALLEST ? SMALLEST : 64 - (unsigned)__builtin_clzll(n - 1);
	struct free *f;

	if (order > LARGEST)
		return alloc_frames(n);
	if (!free_list[order] && !refill(order))
		return NULL;
	f = free_list[order];
	free_list[order] = f->next;
	page_zero(f, 1ul << order);
	return f;
}

void heap_free(void *p)
{
	struct page *page;

	if (!p)
		return;
	page = page_of(physical(p));
	if (page->kind == PAGE_LARGE) {
		page_free(physical(p), page->order);
		return;
	}
	struct free *f = p;
	f->next = free_list[page->order];
	free_list[page->order] = f;
}

char *heap_text(const char *s, size_t n)
{
	char *copy = heap_alloc(n + 1);

	if (copy)
		memcpy(copy, s, n);
	return copy;
}
