/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What virtualization costs the emulator itself: VM-exit and VM-entry round trips a second with the built-in EPT VMM (a loop of CPUID), and
 * the pointer chase of the paging image, one pointer a page, under EPT against the same chase natively, interleaved in one run.
 * Times are of the processor, not of the wall. CSV: measure,value,min,max (medians of ROUNDS). Argument: the folder of guest images
 * (build/images).
 */
#include "emu/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 5, TRIPS = 300000, SHORT = 4, LONG = 304, PAGES = 4096 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Seconds that a run of the image takes; its exits in *exits. */
static double run(const char *image, const char *arguments, enum paging_kind paging, uint64_t *exits)
{
	static struct machine m;
	struct console console;
	struct machine_config config = {.ram_size = 256 << 20, .console = &console, .paging = paging};
	struct load_request request = {.path = image, .cmdline = arguments};
	char error[LOAD_ERROR_SIZE];

	CHECK(!console_init(&console, NULL, -1, 0));
	CHECK(!machine_init(&m, &config));
	if (machine_load(&m, &request, error)) {
		fprintf(stderr, "%s\n", error);
		exit(1);
	}
	double start = now();
	enum machine_end end = machine_run(&m);
	double seconds = now() - start;
	CHECK(end == END_EXIT);
	*exits = m.cpu.ev.n[EV_VM_EXITS];
	machine_free(&m);
	console_free(&console);
	return seconds;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print(const char *name, double *value)
{
	qsort(value, ROUNDS, sizeof *value, ascending);
	printf("%s,%.3f,%.3f,%.3f\n", name, value[ROUNDS / 2], value[0], value[ROUNDS - 1]);
}

/* 16-bit code: mov edi,TRIPS; 1: xor eax,eax; cpuid; dec edi; jnz 1b; out 0xf4,al */
static void write_cpuid_loop(const char *path)
{
	uint8_t code[] = {0x66, 0xbf, 0, 0, 0, 0, 0x66, 0x31, 0xc0, 0x0f, 0xa2, 0x66, 0x4f, 0x75, 0xf7, 0xe6, 0xf4, 0xf4};
	uint32_t trips = TRIPS;
	FILE *f = fopen(path, "wb");

	memcpy(code + 2, &trips, 4);
	CHECK(f && fwrite(code, sizeof code, 1, f) == 1 && !fclose(f));
}

static void round_trips(void)
{
	char path[] = "/tmp/vtxray-bench-XXXXXX";
	double rate[ROUNDS];
	uint64_t exits;
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	close(fd);
	write_cpuid_loop(path);
	for (unsigned i = 0; i < ROUNDS; i++) {
		double seconds = run(path, NULL, PAGING_EPT, &exits);
		CHECK(exits >= TRIPS);
		rate[i] = (double)exits / seconds * 1e-6;
	}
	unlink(path);
	print("million_round_trips_per_second", rate);
}

/* Seconds for LONG - SHORT rounds of the chase, and nothing else of the image. */
static double chase(const char *image, enum paging_kind paging)
{
	char few[64], many[64];
	uint64_t exits;

	snprintf(few, sizeof few, "chase=%d,%d copy=0 gups=0 ticks=0", PAGES, SHORT);
	snprintf(many, sizeof many, "chase=%d,%d copy=0 gups=0 ticks=0", PAGES, LONG);
	double first = run(image, few, paging, &exits);
	return run(image, many, paging, &exits) - first;
}

static void chase_ratio(const char *folder)
{
	double ratio[ROUNDS], native[ROUNDS], ept[ROUNDS], loads = (double)PAGES * (LONG - SHORT);
	char image[4096];

	snprintf(image, sizeof image, "%s/paging.elf", folder);
	for (unsigned i = 0; i < ROUNDS; i++) {
		double n = chase(image, PAGING_NATIVE), e = chase(image, PAGING_EPT);
		native[i] = n / loads * 1e9;
		ept[i] = e / loads * 1e9;
		ratio[i] = n / e;
	}
	print("chase_native_ns_per_load", native);
	print("chase_ept_ns_per_load", ept);
	print("chase_ept_speed_over_native", ratio);
}

int main(int argc, char **argv)
{
	printf("measure,value,min,max\n");
	round_trips();
	chase_ratio(argc > 1 ? argv[1] : "build/images");
	return 0;
}
