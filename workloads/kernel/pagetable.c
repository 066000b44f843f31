/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes, walks and frees page tables. Tables are written through the direct map (boot.S's, then our own, at the same place). */
#include "pagetable.h"
#include "page.h"
#include "string.h"

extern char kernel_end[];
static u64 kernel_pml4;

static u64 *table_of(u64 entry)
{
	return direct(entry & PTE_ADDRESS);
}

static u64 *slot(u64 *table, u64 linear, unsigned level)
{
	return &table[linear >> (3 + 9 * level) & 511];
}

void pagetable_note(const u64 *entry)
{
	struct page *p = page_of(physical(entry));
	u32 i = (u32)((u64)entry % PAGE / sizeof(*entry));

	if (!p->prev || i < p->next)
		p->next = i;
	if (i >= p->prev)
		p->prev = i + 1;
}

void pagetable_bounds(const u64 *table, unsigned *first, unsigned *end)
{
	const struct page *p = page_of(physical(table));

	*first = p->next;
	*end = p->prev;
}

u64 *pagetable_walk(u64 pml4, u64 linear, unsigned *level, bool make)
{
	u64 *table = direct(pml4);

	for (unsigned l = 4;; l--) {
		u64 *entry = slot(table, linear, l);
		if (make && !*entry)
			pagetable_note(entry);
		if (l == *level)
			return entry;
		if (*entry & PTE_PS) {
			*level = l;
			return entry;
		}
		if (!(*entry & PTE_P)) {
			u64 frame = make ? page_alloc_zeroed(0) : 0;
			if (!frame)
				return NULL;
			*entry = frame | PTE_P | PTE_RW | PTE_US;
		}
		table = table_of(*entry);
	}
}

static void map(u64 linear, u64 physical, unsigned level, u64 flags, u64 (*frame)(void))
{
	u64 *table = direct(kernel_pml4);

	for (unsigned l = 4; l > level; l--) {
		u64 *entry = slot(table, linear, l);
		if (!*entry) {
			u64 new = frame();
			page_zero(direct(new), PAGE);
			*entry = new | PTE_P | PTE_RW;
		}
		table = table_of(*entry);
	}
	*slot(table, linear, level) = physical | flags | PTE_P | PTE_RW | (level > 1 ? PTE_PS : 0);
}

u64 pagetable_kernel(u64 top, unsigned level, bool global, u64 (*frame)(void))
{
	u64 g = global ? PTE_G : 0, step = 1ull << (3 + 9 * level), image = level > 1 ? HUGE_PAGE : PAGE;

	kernel_pml4 = frame();
	page_zero(direct(kernel_pml4), PAGE);
	for (u64 at = 0; at < top; at += step)
		map(DIRECT + at, at, level, g | PTE_NX, frame);
	for (u64 at = 0; at < physical(kernel_end); at += image)
		map(KERNEL_BASE + at, at, level > 1 ? 2 : 1, g, frame);
	map(MMIO, 0xfee00000, 1, PTE_PCD | PTE_NX | g, frame);
	return kernel_pml4;
}

u64 pagetable_new(void)
{
	u64 pml4 = page_alloc_zeroed(0);

	if (pml4)
		memcpy((u64 *)direct(pml4) + 256, (u64 *)direct(kernel_pml4) + 256, 2048);
	return pml4;
}

static void free_below(u64 entry, unsigned level)
{
	const u64 *table = table_of(entry);
	unsigned i, end;

	pagetable_bounds(table, &i, &end);
	for (; level > 1 && i < end; i++)
		if ((table[i] & PTE_P) && !(table[i] & PTE_PS))
			free_below(table[i], level - 1);
	page_free(entry & PTE_ADDRESS, 0);
}

void pagetable_free(u64 pml4)
{
	const u64 *table = direct(pml4);
	unsigned i, end;

	pagetable_bounds(table, &i, &end);
	for (; i < end; i++)
		if (table[i] & PTE_P)
			free_below(table[i], 3);
	page_free(pml4, 0);
}

bool pagetable_split(u64 *entry, unsigned level)
{
	u64 frame = page_alloc(0), step = 1ull << (3 + 9 * (level - 1)), e = level > 2 ? *entry : *entry & ~PTE_PS, *table = direct(frame);

	if (!frame)
		return false;
	for (unsigned i = 0; i < 512; i++)
		table[i] = e + i * step;
	page_of(frame)->next = 0;
	page_of(frame)->prev = 512;
	*entry = frame | PTE_P | PTE_RW | PTE_US;
	return true;
}
