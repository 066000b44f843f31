/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast traces are replayed: a trace of the format's own (uncompressed, in memory of the host) is decoded and drives the MMU, tables
 * built under EPT. hits: 30 pages, over and over. walks: pages in random order, far more than the STLB holds, with the processor's
 * paging-structure caches and nested TLB warm; with and without data caches that price each reference. Prints CSV: millions of accesses and
 * of walks a second of the processor's time, references for each walk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "emu/import.h"
#include "emu/profile.h"
#include "emu/replay.h"
#include "emu/trace_write.h"

enum { ACCESSES = 6000000, ROUNDS = 5 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Loads and stores to so many pages: in turn, or in random order. */
static void make_trace(const char *path, unsigned pages, bool random)
{
	struct trace_writer *w = trace_create(path, "{\"kinds\":4294967295}");
	uint64_t x = 88172645463325252ull;

	CHECK(w);
	for (unsigned i = 0; i < ACCESSES; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		uint64_t page = random ? x % pages : i / 4 % pages;
		struct trace_record r = {.kind = TRACE_ACCESS,
					 .access = (i & 3 ? ACC_READ : ACC_WRITE) | ACC_USER,
					 .flags = TRACE_TRANSLATES | TRACE_COUNTS,
					 .size = 8,
					 .gla = 0x7f0000000000 + page * PAGE_SIZE + (x >> 40 & 0xff8)};
		trace_put(w, &r);
	}
	CHECK(trace_close(w));
}

static void replay_once(const char *path, struct replay *replay)
{
	static struct import import;
	struct trace_record r = {.kind = 0};

	CHECK(import_open(&import, path, NULL));
	while (import_next(&import, &r))
		CHECK(replay_put(replay, &r));
	CHECK(!import.error[0]);
	import_close(&import);
}

static void measure(const char *what, const char *path, const struct profile *profile, const char *without)
{
	static struct replay replay;
	const struct replay_config config = {
	    .paging = PAGING_EPT, .guest_shift = PAGE_SHIFT, .ept_shift = PAGE_SHIFT_2M, .profile = profile, .insns = true};
	double best = 0;

	CHECK(replay_init(&replay, &config) == 0);
	replay_once(path, &replay); /* builds the tables, fills the caches */
	const struct events before = replay.cpu.ev;
	for (unsigned i = 0; i < ROUNDS; i++) {
		double start = now();
		replay_once(path, &replay);
		double time = now() - start;
		best = best == 0 || time < best ? time : best;
	}
	double walks = (double)(event_walks(&replay.cpu.ev) - event_walks(&before)) / ROUNDS;
	double refs = (double)(event_walk_refs(&replay.cpu.ev) - event_walk_refs(&before)) / ROUNDS;
	printf("%s,%s,%.1f,%.2f,%.2f\n", what, without, ACCESSES / best / 1e6, walks / best / 1e6, walks > 0 ? refs / walks : 0);
	fflush(stdout);
	replay_free(&replay);
}

int main(void)
{
	static struct profile whole, bare;
	char error[PROFILE_ERROR], path[2][64];

	if (profile_load(&whole, "emu/profiles/skylake.ini", NULL, error) < 0 ||
	    profile_load(&bare, "emu/profiles/skylake.ini", "l1i,l1d,l2,llc", error) < 0) {
		fprintf(stderr, "replay: %s\n", error);
		return EXIT_FAILURE;
	}
	for (unsigned i = 0; i < 2; i++) {
		int fd = memfd_create("trace", 0);
		CHECK(fd >= 0);
		snprintf(path[i], sizeof path[i], "/proc/self/fd/%d", fd);
		make_trace(path[i], i ? 65536 : 30, i);
	}
	puts("what,without,million accesses a second,million walks a second,references a walk");
	measure("hits", path[0], &bare, "data caches");
	measure("hits", path[0], &whole, "nothing");
	measure("walks", path[1], &bare, "data caches");
	measure("walks", path[1], &whole, "nothing");
	return EXIT_SUCCESS;
}
