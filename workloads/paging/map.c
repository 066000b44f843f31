/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 4-level page tables: the kernel in 4-KiB pages, linear = physical, of which only .user is for ring 3; a direct map of 1 GiB.
 * Tables are written through physical addresses: boot.S's map at first, then the direct map.
 */
#include "map.h"
#include "layout.h"

extern char user_start[], user_end[];

static u64 next_frame = FRAMES_BASE;
static u64 direct; /* 0 while boot.S's tables are in use, then DIRECT */
static u64 pml4;

u64 map_frame(void)
{
	u64 frame = next_frame;
	u64 *p = (u64 *)(direct + frame);
	next_frame += 4096;
	for (unsigned i = 0; i < 512; i++)
		p[i] = 0;
	return frame;
}

void map_page(u64 linear, u64 physical, unsigned level, u64 flags)
{
	u64 *table = (u64 *)(direct + pml4);
	for (unsigned l = 4; l > level; l--) {
		u64 *entry = &table[linear >> (3 + 9 * l) & 511];
		if (!*entry)
			*entry = map_frame() | PTE_P | PTE_RW | PTE_US;
		table = (u64 *)(direct + (*entry & 0xffffffffff000));
	}
	table[linear >> (3 + 9 * level) & 511] = physical | flags | PTE_P | (level > 1 ? PTE_PS : 0);
}

void map_init(void)
{
	pml4 = map_frame();
	for (u64 p = 0; p < KERNEL_TOP; p += 4096) {
		bool user = p >= (u64)user_start && p < (u64)user_end;
		map_page(p, p, 1, user ? PTE_RW | PTE_US : PTE_RW);
	}
	map_page(0xfee00000, 0xfee00000, 1, PTE_RW | PTE_PCD); /* local APIC */
	map_page(DIRECT, 0, 3, PTE_RW);
	write_cr3(pml4);
	direct = DIRECT;
}
