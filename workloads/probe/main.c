/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe: finds out the processor's data TLBs and data caches from inside, with nothing but loads and RDTSC: a chain of relative pointers
 * (each location holds the distance to the next) is followed again and again, over more and more pages or bytes. As long as all of it fits,
 * a round costs the same for each load; where the curve steps up, something has become too small.
 *
 *     TLBs     one page after the other, each linear page mapped to the same frame, so that data and page tables stay in the L1 cache
 *     ways     the same, with pages 2^14 apart: all in one set, however the page number is folded into the index
 *     caches   one line after the other, in 2-MiB pages
 *
 * Output, for programs: "tlb,PAGES,T" "ways,PAGES,T" "data,BYTES,T", T in hundredths of a cycle a load; then what follows from them, a line
 * each: "found NAME VALUE". Command line: curve=0 leaves the curves out; max=MIB: the largest buffer (64).
 */
#include "cmdline.h"
#include "finish.h"
#include "print.h"
#include "serial.h"
#include "trap.h"
#include "x86.h"

#define PTE_P 1ull
#define PTE_RW 2ull
#define REGION 0x10000000000ull /* linear: 1 TiB, where every page is the one frame */
#define BUFFER 0x1000000ull	/* physical = linear: 16 MiB */
#define PAGE 4096ull
#define LINE 64ull
#define FAR (PAGE << 14)
enum { STEP = 25 /* hundredths of a cycle: what counts as a step */, TLB_MAX = 8192, WAYS_MAX = 32, TABLE = 512 };

extern u64 boot_pml4[TABLE];
void main(u64 multiboot);

static u64 pdpt[TABLE] __attribute__((aligned(4096))), pd[TABLE] __attribute__((aligned(4096))), pt[TABLE] __attribute__((aligned(4096)));
static u64 frame[TABLE] __attribute__((aligned(4096)));
static u64 none; /* cycles of a round without its loads */
static bool curves;

static u64 tsc(void)
{
	u32 low, high;
	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

/* All 512 GiB of the region's PML4 entry through one table a level. */
static void map_region(void)
{
	for (unsigned i = 0; i < TABLE; i++) {
		pdpt[i] = (u64)pd | PTE_P | PTE_RW;
		pd[i] = (u64)pt | PTE_P | PTE_RW;
		pt[i] = (u64)frame | PTE_P | PTE_RW;
	}
	boot_pml4[REGION >> 39 & 511] = (u64)pdpt | PTE_P | PTE_RW;
}

/* The frame's lines lead to the next line of the page `stride` further on. */
static void set_stride(u64 stride)
{
	for (u64 line = 0; line < PAGE / LINE; line++)
		frame[line * LINE / 8] = line + 1 < PAGE / LINE ? stride + LINE : stride - (PAGE - LINE);
}

static void follow(u64 from, u64 loads)
{
	asm volatile("1: add (%0), %0; dec %1; jnz 1b" : "+r"(from), "+r"(loads)::"cc", "memory");
}

/* Cycles of one round, once the chain has been followed `warm` times: the least of two, the first of which may still fetch code. */
static __attribute__((noinline)) u64 round_time(u64 from, u64 loads, unsigned warm)
{
	u64 least = ~0ull;
	while (warm--)
		follow(from, loads);
	for (unsigned i = 0; i < 2; i++) {
		u64 begin = tsc();
		follow(from, loads);
		u64 time = tsc() - begin;
		least = time < least ? time : least;
	}
	return least;
}

/* Hundredths of a cycle that a load of the chain takes. */
static u64 measure(u64 from, u64 loads, unsigned warm)
{
	u64 time = round_time(from, loads, warm);
	return (time > none ? time - none : 0) * 100 / loads;
}

/* What a round takes beyond its loads: two loads less than twice one. */
static void calibrate(void)
{
	set_stride(PAGE);
	u64 one = round_time(REGION, 1, 2), two = round_time(REGION, 2, 2);
	none = 2 * one - two;
}

static u64 point(const char *curve, u64 size, u64 time)
{
	if (curves)
		print("%s,%lu,%lu\n", curve, size, time);
	return time;
}

static u64 of_pages(const char *curve, u64 pages)
{
	return point(curve, pages, measure(REGION, pages, 6));
}

static u64 of_bytes(u64 bytes)
{
	return point("data", bytes, measure(BUFFER, bytes / LINE, bytes <= 1 << 18 ? 6 : 2));
}

static u64 hundredths(u64 t)
{
	return (t + 50) / 100;
}

static void found(const char *name, u64 value)
{
	print("found %s %lu\n", name, value);
}

/* The last number of pages, from `pages` on by steps, that is no slower than `level`. */
static u64 last_at(const char *curve, u64 pages, u64 step, u64 max, u64 level)
{
	while (pages + step <= max && of_pages(curve, pages + step) <= level + STEP)
		pages += step;
	return pages;
}

/* For the picture only: what the search has passed over. */
static void fill_in(u64 from, u64 to)
{
	for (u64 pages = from; curves && pages < to; pages += (to - from) / 8)
		of_pages("tlb", pages);
}

static void find_tlbs(void)
{
	set_stride(PAGE);
	u64 hit = of_pages("tlb", 8), first = last_at("tlb", 8, 1, 1024, hit);
	u64 second_hit = of_pages("tlb", 4 * first), second = last_at("tlb", 4 * first, 32, TLB_MAX, second_hit);
	found("dtlb", first);
	found("stlb", second);
	found("stlb_hit", hundredths(second_hit - hit));
	found("walk", hundredths(of_pages("tlb", 2 * second) - hit));
	fill_in(first, 4 * first);
	fill_in(second, 2 * second);
	set_stride(FAR);
	found("dtlb_ways", last_at("ways", 1, 1, WAYS_MAX, hit));
	found("stlb_ways", last_at("ways", 2, 1, WAYS_MAX, second_hit));
}

/* Sizes that are looked at: eight from one power of two to the next. */
static u64 next_size(u64 bytes)
{
	return bytes + (1ull << (63 - __builtin_clzll(bytes))) / 8;
}

static void find_caches(u64 max)
{
	static const char *const size_name[] = {"l1d", "l2", "llc"}, *const wait_name[] = {"l2_wait", "llc_wait", "memory_wait"};
	for (u64 at = 0; at < max; at += LINE)
		*(u64 *)(BUFFER + at) = LINE;
	u64 size = 4096, level = of_bytes(size), l1 = level;
	for (unsigned i = 0; i < 3; i++) {
		u64 next = next_size(size);
		while (next <= max && of_bytes(next) <= level + STEP) {
			size = next;
			next = next_size(size);
		}
		if (2 * size > max)
			return;
		found(size_name[i], size);
		size *= 2; /* by now all of it misses */
		level = of_bytes(size);
		found(wait_name[i], hundredths(level - l1));
	}
}

/* Nothing should fault: what does ends the run. */
void trap(struct trap *t)
{
	print("fault: vector %lu at 0x%lx\n", t->vector, t->rip);
	finish(1);
}

void main(u64 multiboot)
{
	serial_init();
	trap_init();
	cmdline_init(multiboot);
	curves = cmdline_number("curve", 0, 1);
	map_region();
	calibrate();
	find_tlbs();
	find_caches(cmdline_number("max", 0, 64) << 20);
	finish(0);
}
