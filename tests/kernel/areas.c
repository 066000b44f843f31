/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory is mapped, protected, moved, discarded and unmapped at random, in a region of its own, and processes are forked meanwhile. What
 * each page holds and permits is kept beside it and compared; at the end the region's part of /proc/self/maps is printed, neighbours
 * joined.
 */
#include "result.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGES = 1200, PAGE = 4096, STEPS = 6000, NOTHING = -1 };
#define REGION ((char *)0x1ff80000000) /* its tables begin and end in it */

static int prot[PAGES]; /* NOTHING: not mapped */
static unsigned holds[PAGES];
static unsigned seed = 2026, wrong;
static sigjmp_buf away;

static unsigned below(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (unsigned)((uint64_t)seed * n >> 32);
}

static void faulted(int signal)
{
	siglongjmp(away, signal);
}

static volatile unsigned *word(unsigned page)
{
	return (volatile unsigned *)(REGION + (size_t)page * PAGE + 72);
}

/* Reads or writes a page, as it may be or may not. */
static void touch(unsigned page, int write)
{
	int may = prot[page] != NOTHING && (write ? prot[page] & PROT_WRITE : prot[page] != PROT_NONE);
	int signal = sigsetjmp(away, 1);

	if (!signal) {
		if (write)
			*word(page) = seed;
		unsigned is = *word(page);
		if (write)
			holds[page] = seed;
		wrong += !may || is != holds[page];
	} else {
		wrong += may || signal != SIGSEGV;
	}
}

static void set(unsigned first, unsigned count, int what, int clear)
{
	for (unsigned i = first; i < first + count; i++) {
		prot[i] = what;
		holds[i] = clear ? 0 : holds[i];
	}
}

static int some_prot(void)
{
	static const int kinds[] = {PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE};

	return kinds[below(4)];
}

static void map(unsigned first, unsigned count, int what)
{
	void *at = REGION + (size_t)first * PAGE;

	wrong += mmap(at, (size_t)count * PAGE, what, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at;
	set(first, count, what, 1);
}

/* Fresh memory, written to, moves elsewhere, and may grow or shrink meanwhile. */
static void move(unsigned first, unsigned count)
{
	unsigned size = 1 + below(2 * count), to = below(PAGES - size + 1);

	if (to < first + count && first < to + size)
		return;
	map(first, count, PROT_READ | PROT_WRITE);
	for (unsigned i = 0; i < count; i += 1 + below(3))
		touch(first + i, 1);
	void *at = REGION + (size_t)to * PAGE;
	wrong += mremap(REGION + (size_t)first * PAGE, (size_t)count * PAGE, (size_t)size * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at) != at;
	set(to, size, PROT_READ | PROT_WRITE, 1);
	for (unsigned i = 0; i < size && i < count; i++)
		holds[to + i] = holds[first + i];
	set(first, count, NOTHING, 1);
}

static int all_mapped(unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++)
		if (prot[i] == NOTHING)
			return 0;
	return 1;
}

static void protect(unsigned first, unsigned count, int what)
{
	if (!all_mapped(first, count))
		return;
	wrong += mprotect(REGION + (size_t)first * PAGE, (size_t)count * PAGE, what) != 0;
	set(first, count, what, 0);
}

static void discard(unsigned first, unsigned count)
{
	if (!all_mapped(first, count))
		return;
	wrong += madvise(REGION + (size_t)first * PAGE, (size_t)count * PAGE, MADV_DONTNEED) != 0;
	for (unsigned i = first; i < first + count; i++)
		holds[i] = 0;
}

static void step(void)
{
	unsigned count = 1 + (below(4) ? below(12) : below(200)), first = below(PAGES - count + 1);

	switch (below(8)) {
	case 0:
		map(first, count, some_prot());
		break;
	case 1:
		wrong += munmap(REGION + (size_t)first * PAGE, (size_t)count * PAGE) != 0;
		set(first, count, NOTHING, 1);
		break;
	case 2:
	case 3:
		protect(first, count, some_prot());
		break;
	case 4:
		move(first, count);
		break;
	case 5:
		discard(first, count);
		break;
	default:
		for (unsigned i = 0; i < 8; i++)
			touch(below(PAGES), (int)below(2));
	}
}

/* A child changes its copy, and goes on for a while; what the parent has stays. */
static void fork_one(void)
{
	int status, pid = fork();

	if (!pid) {
		seed += 77;
		for (int i = 0; i < 60; i++)
			step();
		for (unsigned i = 0; i < PAGES; i++)
			touch(i, (int)below(2));
		_exit(wrong != 0);
	}
	for (unsigned i = 0; i < PAGES; i += 1 + below(9)) /* some before the child's end, some after it */
		touch(i, (int)below(2));
	waitpid(pid, &status, 0);
	wrong += status != 0;
}

static void print_maps(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start, end, first = 0, last = 0;
	char line[300], is[5], was[5] = "";

	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %4s", &start, &end, is) != 3 || start < (unsigned long)REGION ||
		    end > (unsigned long)REGION + PAGES * PAGE)
			continue;
		if (start != last || strcmp(is, was) != 0) {
			if (last)
				printf("%lx-%lx %s\n", first, last, was);
			first = start;
			strcpy(was, is);
		}
		last = end;
	}
	printf("%lx-%lx %s\n", first, last, was);
	fclose(maps);
}

int main(void)
{
	signal(SIGSEGV, faulted);
	set(0, PAGES, NOTHING, 1);
	for (int i = 0; i < STEPS; i++) {
		step();
		if (i % 300 == 299)
			fork_one();
	}
	for (unsigned i = 0; i < PAGES; i++)
		touch(i, 0);
	print_maps();
	printf("%u wrong\n", wrong);
	return 0;
}
