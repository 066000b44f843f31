/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 4-level page tables (SDM 3A, "4-Level Paging"): entries, walking with and without making tables, invalidation. */
#ifndef KERNEL_PAGETABLE_H
#define KERNEL_PAGETABLE_H

#include "page.h"

#define PTE_P 1ull
#define PTE_RW 2ull
#define PTE_US 4ull
#define PTE_PCD 0x10ull
#define PTE_A 0x20ull
#define PTE_D 0x40ull
#define PTE_PS 0x80ull
#define PTE_G 0x100ull
#define PTE_NONE 0x200ull /* software: not present because of PROT_NONE, the frame is kept */
#define PTE_NX 0x8000000000000000ull
#define PTE_ADDRESS 0x000ffffffffff000ull

enum { FLUSH_MAX = 33 };      /* more pages than this are invalidated by loading CR3 */
enum { PAGETABLE_GROUP = 8 }; /* entries of a table that share a bit of its frame's in_use */

/* Where the entry of linear lies: at level 1 or, if a large page maps it, higher (*level). make: missing tables down to *level are made.
 * NULL: there is none, or no memory for it. */
u64 *pagetable_find(u64 pml4, u64 linear, unsigned *level, bool make);
/* These entries of one table are about to be used, or are used no longer: who goes through the table need not look at all of it. */
void pagetable_note(const u64 *entry, unsigned count);
void pagetable_forget(const u64 *entry, unsigned count);
/* The first entries at or after number first of this table that may be in use: [returned, *end). 512: there are none. */
unsigned pagetable_in_use(const u64 *table, unsigned first, unsigned *end);
/* The kernel's own tables: image, direct map of memory up to top in pages of the given level, local APIC. frame gives table frames. */
u64 pagetable_kernel(u64 top, unsigned level, bool global, u64 (*frame)(void));
/* A new top table that shares the kernel's half; 0 if there is no memory. */
u64 pagetable_new(void);
/* Frees the tables of the lower half, and empties it; the pages they map must be gone. */
void pagetable_clear(u64 pml4);
/* Replaces a 2-MiB entry by a table of 512 entries; false if there is no memory. */
bool pagetable_split(u64 *entry, unsigned level);

/* the table that a present entry leads to */
static inline u64 *pagetable_of(u64 entry)
{
	return direct(entry & PTE_ADDRESS);
}
static inline u64 *pagetable_slot(u64 *table, u64 linear, unsigned level)
{
	return &table[linear >> (3 + 9 * level) & 511];
}
static inline unsigned pagetable_number(const u64 *entry)
{
	return (u64)entry % PAGE / sizeof(*entry);
}
static inline bool pagetable_leads(u64 entry)
{
	return (entry & PTE_P) && !(entry & PTE_PS);
}
/* pagetable_find, faster where all tables are there. */
static inline u64 *pagetable_walk(u64 pml4, u64 linear, unsigned *level, bool make)
{
	u64 entry = *level == 1 ? *pagetable_slot(direct(pml4), linear, 4) : 0, *last;

	if (!pagetable_leads(entry))
		return pagetable_find(pml4, linear, level, make);
	entry = *pagetable_slot(pagetable_of(entry), linear, 3);
	if (!pagetable_leads(entry))
		return pagetable_find(pml4, linear, level, make);
	entry = *pagetable_slot(pagetable_of(entry), linear, 2);
	if (!pagetable_leads(entry))
		return pagetable_find(pml4, linear, level, make);
	last = pagetable_slot(pagetable_of(entry), linear, 1);
	if (make && !*last)
		page_of((u64)last - DIRECT)->in_use |= 1ull << pagetable_number(last) / PAGETABLE_GROUP;
	return last;
}

#endif
