/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The three kinds of address, as three types so that none becomes another silently, and the
 * numbering of paging levels, which is the same for the guest's tables and for EPT:
 * level 1 is the page table (PT), 2 the page directory (PD), 3 the PDPT, 4 the PML4, 5 the PML5.
 */
#ifndef MMU_ADDR_H
#define MMU_ADDR_H

#include "mmu/base.h"

typedef struct {
	uint64_t u;
} gla_t; /* guest-linear */
typedef struct {
	uint64_t u;
} gpa_t; /* guest-physical */
typedef struct {
	uint64_t u;
} hpa_t; /* host-physical */

#define GLA(x) ((gla_t){(x)})
#define GPA(x) ((gpa_t){(x)})
#define HPA(x) ((hpa_t){(x)})

enum {
	PAGE_SHIFT = 12,
	PAGE_SIZE = 4096,
	PAGE_SHIFT_2M = 21,
	PAGE_SHIFT_4M = 22, /* 32-bit paging with CR4.PSE */
	PAGE_SHIFT_1G = 30,
	LEVELS_MAX = 5,
};

/* log2 of the bytes that one entry of a level maps, for tables of 512 entries */
static inline unsigned level_shift(unsigned level)
{
	return PAGE_SHIFT + 9 * (level - 1);
}

static inline uint64_t page_offset(uint64_t addr)
{
	return addr & (PAGE_SIZE - 1);
}

static inline uint64_t page_base(uint64_t addr)
{
	return addr & ~(uint64_t)(PAGE_SIZE - 1);
}

/* true if addr has bits width-1..63 all equal (SDM 1, "Canonical Addressing"); width is 48 or 57 */
static inline bool is_canonical(uint64_t addr, unsigned width)
{
	int64_t top = (int64_t)addr >> (width - 1);
	return top == 0 || top == -1;
}

#endif
