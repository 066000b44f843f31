/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paging image on vtxray: its console against what this program computes itself, its counters against the numbers derived by hand in
 * workloads/paging/main.c. One round more of a phase must change exactly the counters that the derivation names.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/test.h"

struct result {
	int status;
	char console[4096];
	json_t *json;
};

static const char *setting(const char *name, const char *otherwise)
{
	const char *value = getenv(name);
	return value ? value : otherwise;
}

static void run(struct result *result, const char *image, const char *args)
{
	char dir[] = "/tmp/vtxray-test-XXXXXX", path[2][64], command[1024];
	json_error_t error;

	ck_assert(mkdtemp(dir) != NULL);
	snprintf(path[0], sizeof path[0], "%s/console", dir);
	snprintf(path[1], sizeof path[1], "%s/json", dir);
	snprintf(command, sizeof command, "%s run --mem 256M --console %s --json %s %s/%s -- %s </dev/null >/dev/null 2>&1",
		 setting("VTXRAY", "build/release/vtxray"), path[0], path[1], setting("IMAGES", "build/images"), image, args);
	int status = system(command);
	FILE *console = fopen(path[0], "r");
	result->json = json_load_file(path[1], 0, &error);
	size_t n = console ? fread(result->console, 1, sizeof result->console - 1, console) : 0;
	if (console)
		fclose(console);
	unlink(path[0]);
	unlink(path[1]);
	rmdir(dir);
	result->console[n] = 0;
	result->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	ck_assert_msg(console && result->json, "%s: no console or no JSON (exit status %d)", command, result->status);
}

static int64_t counter(const struct result *result, const char *name)
{
	json_t *value = json_object_get(json_object_get(result->json, "counters"), name);
	ck_assert_msg(json_is_integer(value), "no counter %s", name);
	return json_integer_value(value);
}

/* ---- the console ---- */

static uint64_t random_next(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	return x ^ x << 17;
}

/* rotate left by 5, then exclusive or, over all words */
static uint64_t checksum(const uint64_t *word, size_t words)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < words; i++)
		sum = (sum << 5 | sum >> 59) ^ word[i];
	return sum;
}

static uint64_t copy_checksum(size_t pages)
{
	uint64_t *word = malloc(pages * 4096), x = 88172645463325252, sum;
	ck_assert(word != NULL);
	for (size_t i = 0; i < pages * 512; i++)
		word[i] = x = random_next(x);
	sum = checksum(word, pages * 512);
	free(word);
	return sum;
}

static uint64_t gups_checksum(size_t pages, unsigned updates)
{
	uint64_t *word = malloc(pages * 4096), x = 88172645463325252, sum;
	ck_assert(word != NULL);
	for (size_t i = 0; i < pages * 512; i++)
		word[i] = i;
	for (unsigned i = 0; i < updates; i++) {
		x = random_next(x);
		word[x % (pages * 512)] ^= x;
	}
	sum = checksum(word, pages * 512);
	free(word);
	return sum;
}

static const char *const images[] = {"paging.elf", "paging64.elf"};

START_TEST(console_is_what_the_host_computes)
{
	static struct result result;
	char expected[1024];

	run(&result, images[_i], "");
	snprintf(
	    expected, sizeof expected,
	    "paging: 4 KiB, 2 MiB and 1 GiB pages\nring 3: ok\nchase 4K: ends at 0000001000000000\nchase 2M: ends at 0000002000000000\n"
	    "chase 1G: ends at 0000010000a00000\ncopy: checksum %016llx\ngups: checksum %016llx\ntimer ticks: ok\npage faults: %d\n",
	    (unsigned long long)copy_checksum(64), (unsigned long long)gups_checksum(256, 20000), 2048 + 2 * 64 + 256 + 1);
	ck_assert_str_eq(result.console, expected);
	ck_assert_int_eq(result.status, 1);
	json_decref(result.json);
}
END_TEST

START_TEST(page_faults_are_one_for_each_page_touched)
{
	static struct result result;

	run(&result, "paging.elf", "");
	ck_assert_int_eq(counter(&result, "exc_pf"), 2048 + 2 * 64 + 256 + 1);
	ck_assert_int_eq(counter(&result, "vm_exits"), 0);
	json_decref(result.json);
}
END_TEST

START_TEST(two_runs_count_the_same)
{
	static struct result first, second;

	run(&first, "paging.elf", "");
	run(&second, "paging.elf", "");
	ck_assert(json_equal(json_object_get(first.json, "counters"), json_object_get(second.json, "counters")));
	json_decref(first.json);
	json_decref(second.json);
}
END_TEST

/* ---- one round more ---- */

struct round {
	const char *phase;
	unsigned pages;
	int64_t loads, stores, dtlb_misses, stlb_misses, walk_refs;
};

static const struct round rounds[] = {
    /* fits the data TLB; fits the second level; fits neither, by page size */
    {"chase", 48, 48, 0, 0, 0, 0},
    {"chase", 1024, 1024, 0, 1024, 0, 0},
    {"chase", 2048, 2048, 0, 2048, 2048, 4 * 2048},
    {"chase2m", 2048, 2048, 0, 2048, 2048, 3 * 2048},
    {"chase1g", 32, 32, 0, 32, 32, 2 * 32},
    /* 16 pages, source and destination, fit the data TLB */
    {"copy", 8, 8 * 512, 8 * 512, 0, 0, 0},
};

static void run_rounds(struct result *result, const struct round *row, unsigned n)
{
	char args[256];

	snprintf(args, sizeof args, "%s=%u,%u chase=0 chase2m=0 chase1g=0 copy=0 gups=0 ticks=0", row->phase, row->pages, n);
	run(result, "paging.elf", args);
}

START_TEST(a_round_more_counts_what_its_geometry_gives)
{
	static struct result two, three;
	const struct round *row = &rounds[_i];
	const struct {
		const char *name;
		int64_t more;
	} expected[] = {
	    {"loads", row->loads},
	    {"stores", row->stores},
	    {"dtlb_misses", row->dtlb_misses},
	    {"stlb_misses", row->stlb_misses},
	    {"walks", row->stlb_misses},
	    {"walk_refs", row->walk_refs},
	    {"itlb_misses", 0},
	    {"exc_pf", 0},
	    {"walks_load", row->stlb_misses},
	    {"walks_store", 0},
	    {"walks_fetch", 0},
	    {"interrupts", 0},
	};

	run_rounds(&two, row, 2);
	run_rounds(&three, row, 3);
	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
		ck_assert_msg(counter(&three, expected[i].name) - counter(&two, expected[i].name) == expected[i].more,
			      "%s=%u: %s grows by %lld, not %lld", row->phase, row->pages, expected[i].name,
			      (long long)(counter(&three, expected[i].name) - counter(&two, expected[i].name)),
			      (long long)expected[i].more);
	if (!strncmp(row->phase, "chase", 5)) /* load, dec, jnz */
		ck_assert_int_eq(counter(&three, "instructions") - counter(&two, "instructions"), 3 * row->loads);
	json_decref(two.json);
	json_decref(three.json);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("paging");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, console_is_what_the_host_computes, 0, sizeof images / sizeof images[0]);
	tcase_add_test(tcase, page_faults_are_one_for_each_page_touched);
	tcase_add_test(tcase, two_runs_count_the_same);
	tcase_add_loop_test(tcase, a_round_more_counts_what_its_geometry_gives, 0, sizeof rounds / sizeof rounds[0]);
	suite_add_tcase(suite, tcase);
}

TEST_MAIN("paging image", add_cases)
