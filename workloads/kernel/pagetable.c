/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes, walks and frees page tables. Tables are written through the direct map (boot.S's, then our own, at the same place). */
#include "pagetable.h"
#include "page.h"
#include "string.h"

extern char kernel_end[];
static u64 kernel_pml4;

/* The bits of groups [first, end), which is not empty. */
static u64 bits(unsigned first, unsigned end)
{
	return ~0ull << first & ~0ull >> (64 - end);
}

void pagetable_note(const u64 *entry, unsigned count)
{
	unsigned first = pagetable_number(entry);

	page_of(physical(entry))->in_use |= bits(first / PAGETABLE_GROUP, (first + count + PAGETABLE_GROUP - 1) / PAGETABLE_GROUP);
}

void pagetable_forget(const u64 *entry, unsigned count)
{
	unsigned first = (pagetable_number(entry) + PAGETABLE_GROUP - 1) / PAGETABLE_GROUP,
		 end = (pagetable_number(entry) + count) / PAGETABLE_GROUP;

	if (first < end)
		page_of(physical(entry))->in_use &= ~bits(first, end);
}

unsigned pagetable_in_use(const u64 *table, unsigned first, unsigned *end)
{
	u64 in_use = first < 512 ? page_of(physical(table))->in_use & ~0ull << first / PAGETABLE_GROUP : 0;
	unsigned group;

	if (!in_use)
		return 512;
	group = (unsigned)__builtin_ctzll(in_use);
	in_use = ~in_use & ~0ull << group;
	*end = in_use ? (unsigned)__builtin_ctzll(in_use) * PAGETABLE_GROUP : 512;
	return group * PAGETABLE_GROUP > first ? group * PAGETABLE_GROUP : first;
}

u64 *pagetable_find(u64 pml4, u64 linear, unsigned *level, bool make)
{
	u64 *table = direct(pml4);

	for (unsigned l = 4;; l--) {
		u64 *entry = pagetable_slot(table, linear, l);
		if (make && !*entry)
			pagetable_note(entry, 1);
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
		table = pagetable_of(*entry);
	}
}

static void map(u64 linear, u64 physical, unsigned level, u64 flags, u64 (*frame)(void))
{
	u64 *table = direct(kernel_pml4);

	for (unsigned l = 4; l > level; l--) {
		u64 *entry = pagetable_slot(table, linear, l);
		if (!*entry) {
			u64 new = frame();
			page_zero(direct(new), PAGE);
			*entry = new | PTE_P | PTE_RW;
		}
		table = pagetable_of(*entry);
	}
	*pagetable_slot(table, linear, level) = physical | flags | PTE_P | PTE_RW | (level > 1 ? PTE_PS : 0);
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

/* Frees the tables that this one's entries in use lead to. */
static void free_below(u64 *table, unsigned level)
{
	unsigned end = 0;

	for (unsigned i = 0; level > 1 && (i = pagetable_in_use(table, i, &end)) < 512;)
		for (; i < end; i++)
			if (pagetable_leads(table[i])) {
				free_below(pagetable_of(table[i]), level - 1);
				page_free(table[i] & PTE_ADDRESS, 0);
				if (level == 4)
					table[i] = 0;
			}
}

void pagetable_clear(u64 pml4)
{
	free_below(direct(pml4), 4);
}

bool pagetable_split(u64 *entry, unsigned level)
{
	u64 frame = page_alloc(0), step = 1ull << (3 + 9 * (level - 1)), e = level > 2 ? *entry : *entry & ~PTE_PS, *table = direct(frame);

	if (!frame)
		return false;
	for (unsigned i = 0; i < 512; i++)
		table[i] = e + i * step;
	page_of(frame)->in_use = ~0ull;
	*entry = frame | PTE_P | PTE_RW | PTE_US;
	return true;
}
