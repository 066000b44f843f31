/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lab 5: the guest in which the student measures. All pages of a region are mapped to one frame, through one table a level, so that data
 * and page tables stay in the first cache. Prints what the student has found.
 */
#include "lab5.h"

#include "finish.h"
#include "gdt.h"
#include "print.h"
#include "serial.h"
#include "trap.h"

#define REGION 0x10000000000ull /* linear: 1 TiB */
#define PAGE 4096ull
enum { TABLE = 512, PTE_PRESENT_WRITABLE = 3, ROUNDS = 4, PAGES_MAX = 4096 };

extern u64 boot_pml4[TABLE];
void main(u64 multiboot);

static u64 pdpt[TABLE] __attribute__((aligned(4096))), pd[TABLE] __attribute__((aligned(4096))), pt[TABLE] __attribute__((aligned(4096)));
static u64 frame[TABLE] __attribute__((aligned(4096)));

void trap(struct trap *t)
{
	print("fault: vector %lu, RIP %lx, address %lx\n", t->vector, t->rip, read_cr2());
	finish(1);
}

static void map_region(void)
{
	for (unsigned i = 0; i < TABLE; i++) {
		pdpt[i] = (u64)pd | PTE_PRESENT_WRITABLE;
		pd[i] = (u64)pt | PTE_PRESENT_WRITABLE;
		pt[i] = (u64)frame | PTE_PRESENT_WRITABLE;
	}
	boot_pml4[REGION >> 39 & 511] = (u64)pdpt | PTE_PRESENT_WRITABLE;
}

/* So many loads around the ring: each load's result, 0, is part of the next address. */
static __attribute__((noinline)) void walk_ring(u64 loads, u64 pages, u64 stride)
{
	const u64 end = REGION + pages * stride * PAGE;
	u64 at = REGION, next = REGION, got = 0;
	for (u64 i = 0; i < loads; i++) {
		asm volatile("mov (%1), %0" : "=r"(got) : "r"(at + got));
		next = at + stride * PAGE;
		at = next == end ? REGION : next;
	}
}

u64 load_time(u64 pages, u64 stride)
{
	if (pages == 0 || pages > PAGES_MAX || stride == 0 || pages * stride >= 1ull << 26)
		return 0;
	u64 loads = pages * (pages < PAGES_MAX / ROUNDS ? PAGES_MAX / pages : ROUNDS);
	walk_ring(2 * pages, pages, stride);
	u64 before = rdtsc();
	walk_ring(loads, pages, stride);
	return 100 * (rdtsc() - before) / loads;
}

void main(u64 multiboot)
{
	struct found found = {0, 0, 0, 0};
	(void)multiboot;
	serial_init();
	gdt_init();
	trap_init();
	map_region();
	write_cr3(read_cr3());
	print("forgotten %s\ndue %s\n", forgotten, due);
	measure(&found);
	print("dtlb_entries %lu\ndtlb_ways %lu\nstlb_entries %lu\nstlb_ways %lu\n", found.dtlb_entries, found.dtlb_ways, found.stlb_entries,
	      found.stlb_ways);
	finish(0);
}
