/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reach: loads spread over a working set of any size, for what a load costs as the set outgrows TLBs and caches. The set's pages are mapped
 * before the first load. Of each page one cache line is read, and of a large set at most TOUCHED pages, spread evenly, each with
 * lines in other sets of the data caches than its neighbours. The order is a linear congruential sequence with full period: no pointers
 * are stored, so the host need not hold the set.
 *
 * Command line, with the defaults:
 *     kib=1024 page=4k loads=0
 * kib: size of the set, a power of two, at least one page; page: 4k or 2m, what maps it. Each of the pages is loaded from once; then come
 * the loads that are to be measured. The set lies in physical memory from 256 MiB up, or from 4 GiB up if it is larger than 1 GiB.
 *
 * Output: one line: the size, how many page tables (of 4 KiB) were made for it, and the place in the sequence where the loads ended.
 */
#include "cmdline.h"
#include "finish.h"
#include "gdt.h"
#include "print.h"
#include "serial.h"
#include "trap.h"

#define SET 0x10000000000ul	  /* linear: 1 TiB */
#define LOW_FRAMES 0x10000000ul	  /* physical */
#define HIGH_FRAMES 0x100000000ul /* behind the device hole */
#define TABLES 0x1000000ul	  /* physical: 16 MiB, in boot.S's map */
#define STEP 0x5851f42d4c957f2dul /* 1 mod 4, with an odd increment: full period modulo each power of two (Hull and Dobell) */
#define PRESENT 0x3ul		  /* P, RW */
#define PS 0x80ul
enum { SMALL = 4096, LINE = 64, LARGE = 2 << 20, PER_TABLE = 512, TOUCHED = 1 << 18, LOW_KIB = 1 << 20 };

void main(u64 multiboot);

static u64 next_table = TABLES;

static u64 *table_below(u64 *entry)
{
	if (!*entry) {
		u64 *table = (u64 *)next_table;
		for (unsigned i = 0; i < PER_TABLE; i++)
			table[i] = 0;
		*entry = next_table | PRESENT;
		next_table += SMALL;
	}
	return (u64 *)(*entry & ~0xffful);
}

static void map_page(u64 linear, u64 frame, bool large)
{
	u64 *table = (u64 *)(read_cr3() & ~0xffful);
	for (unsigned shift = 39; shift > (large ? 21 : 12); shift -= 9)
		table = table_below(&table[linear >> shift & 511]);
	table[linear >> (large ? 21 : 12) & 511] = frame | PRESENT | (large ? PS : 0);
}

/* What is read of the i-th touched page; every is how many pages it stands for. */
static u64 load(u64 i, u64 every)
{
	u64 page = i * every + i % every;
	return *(volatile u64 *)(SET + page * SMALL + (i * LINE & (SMALL - 1)));
}

void trap(struct trap *t)
{
	print("reach: unexpected vector %lu at %lx\n", t->vector, t->rip);
	finish(1);
}

void main(u64 multiboot)
{
	serial_init();
	cmdline_init(multiboot);
	gdt_init();
	trap_init();
	u64 kib = cmdline_number("kib", 0, 1024), loads = cmdline_number("loads", 0, 0), pages = kib / 4;
	bool large = cmdline_is("page", "2m");
	if (!pages || (pages & (pages - 1)) || (large && kib < LARGE / 1024)) {
		print("reach: kib must be a power of two, and at least one page\n");
		finish(1);
	}
	u64 frames = kib > LOW_KIB ? HIGH_FRAMES : LOW_FRAMES;
	for (u64 at = 0; at < kib * 1024; at += large ? LARGE : SMALL)
		map_page(SET + at, frames + at, large);
	u64 touched = pages < TOUCHED ? pages : TOUCHED, every = pages / touched, state = 0;
	for (u64 i = 0; i < touched; i++)
		load(i, every);
	for (u64 i = 0; i < loads; i++) {
		load(state >> 16 & (touched - 1), every); /* the low bits of such a sequence are not random */
		state = state * STEP + 1;
	}
	print("reach: %lu KiB %lu tables %016lx\n", kib, (next_table - TABLES) / SMALL, state);
	finish(0);
}
