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

enum { GROUP = 8 }; /* entries of a table that share a bit of its frame's in_use */

static unsigned number(const u64 *entry)
{
	return (u64)entry % PAGE / sizeof(*entry);
}

/* The bits of groups [first, end), which is not empty. */
static u64 bits(unsigned first, unsigned end)
{
	return ~0ull << first & ~0ull >> (64 - end);
}

void pagetable_note(const u64 *entry, unsigned count)
{
	unsigned first = number(entry);

	page_of(physical(entry))->in_use |= bits(first / GROUP, (first + count + GROUP - 1) / GROUP);
}

void pagetable_forget(const u64 *entry, unsigned count)
{
	unsigned first = (number(entry) + GROUP - 1) / GROUP, end = (number(entry) + count) / GROUP;

	if (first < end)
		page_of(physical(entry))->in_use &= ~bits(first, end);
}

unsigned pagetable_in_use(const u64 *table, unsigned first, unsigned *end)
{
	u64 in_use = first < 512 ? page_of(physical(table))->in_use & ~0ull << first / GROUP : 0;
	unsigned group;

	if (!in_use)
		return 512;
	group = (unsigned)__builtin_ctzll(in_use);
	in_use = ~in_use & ~0ull << group;
	*end = in_use ? (unsigned)__builtin_ctzll(in_use) * GROUP : 512;
	return group * GROUP > first ? group * GROUP : first;
}

/* A present entry leads to a table. */
static inline bool leads(u64 entry)
{
	return (entry & PTE_P) && !(entry & PTE_PS);
}

/* The level-1 entry, if there is a table with one. */
static inline u64 *leaf(u64 pml4, u64 linear)
{
	u64 entry = *slot(direct(pml4), linear, 4);

	if (leads(entry))
		entry = *slot(table_of(entry), linear, 3);
	else
		return NULL;
	if (leads(entry))
		entry = *slot(table_of(entry), linear, 2);
	else
		return NULL;
	return leads(entry) ? slot(table_of(entry), linear, 1) : NULL;
}

__attribute__((noinline)) static u64 *walk(u64 pml4, u64 linear, unsigned *level, bool make)
{
	u64 *table = direct(pml4);

	for (unsigned l = 4;; l--) {
		u64 *entry = slot(table, linear, l);
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
		table = table_of(*entry);
	}
}

u64 *pagetable_walk(u64 pml4, u64 linear, unsigned *level, bool make)
{
	u64 *entry = *level == 1 ? leaf(pml4, linear) : NULL;

	if (!entry)
		return walk(pml4, linear, level, make);
	if (make && !*entry)
		page_of((u64)entry - DIRECT)->in_use |= 1ull << number(entry) / GROUP;
	return entry;
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

/* Frees the tables that this one's entries in use lead to. */
static void free_below(u64 *table, unsigned level)
{
	unsigned end = 0;

	for (unsigned i = 0; level > 1 && (i = pagetable_in_use(table, i, &end)) < 512;)
		for (; i < end; i++)
			if (leads(table[i])) {
				free_below(table_of(table[i]), level - 1);
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
