/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data caches against a plain simulation, their capacity, and what an access is charged. */
#include "ept/map.h"
#include "mmu/cache.h"
#include "tests/test.h"

#include <string.h>

enum { SIM_SETS = 64, SIM_WAYS = 16, STEPS = 50000 };

static struct caches caches;
static struct cost cost;
static uint64_t clock_now;
static struct prices prices;
static uint32_t noise = 3;

static struct cache_config config = {
    .level = {{.size = 4 << 10, .ways = 4, .latency = 4},
	      {.size = 16 << 10, .ways = 8, .latency = 12},
	      {.size = 60 << 10, .ways = 12, .latency = 40}},
    .l1i = {.size = 2 << 10, .ways = 2},
    .memory_latency = 200,
};

static void start(void)
{
	prices = prices_plain;
	cache_prices(&config, &prices);
	cost_init(&cost, &clock_now, &prices);
	ck_assert_int_eq(caches_init(&caches, &config, &cost), 0);
}

static uint64_t any(uint64_t below)
{
	noise = noise * 1664525 + 1013904223;
	return (noise >> 8) % below;
}

/* one level as lists, most recent first; sets up to SIM_SETS + 16 */
struct sim {
	uint64_t line[SIM_SETS + 16][SIM_WAYS];
	unsigned sets, ways;
};

static bool sim_touch(struct sim *s, uint64_t line)
{
	uint64_t *list = s->line[line % s->sets];
	unsigned at = 0;
	while (at < s->ways - 1 && list[at] != line + 1)
		at++;
	bool hit = list[at] == line + 1;
	memmove(list + 1, list, at * sizeof *list);
	list[0] = line + 1;
	return hit;
}

START_TEST(answers_are_those_of_lists_in_order_of_use)
{
	static struct sim sim[CACHE_LEVELS];
	start();
	for (unsigned i = 0; i < CACHE_LEVELS; i++) {
		memset(&sim[i], 0, sizeof sim[i]);
		sim[i].ways = config.level[i].ways;
		sim[i].sets = (unsigned)(config.level[i].size / 64 / sim[i].ways);
	}
	for (unsigned step = 0; step < STEPS; step++) {
		uint64_t addr = any(4) ? any(8 << 10) : any(128 << 10);
		unsigned expected = 0;
		while (expected < CACHE_LEVELS && !sim_touch(&sim[expected], addr / 64))
			expected++;
		enum answer answer = caches_access(&caches, HPA(addr));
		ck_assert_msg(answer == expected, "step %u: %u, expected %u", step, answer, expected);
	}
	caches_free(&caches);
}
END_TEST

START_TEST(data_access_pays_what_it_waits_beyond_an_l1_hit)
{
	start();
	ck_assert(caches_data(&caches, HPA(0x1000)));
	ck_assert_uint_eq(clock_now, 196);
	ck_assert(!caches_data(&caches, HPA(0x1038)));
	ck_assert_uint_eq(clock_now, 196);
	for (unsigned i = 1; i <= 4; i++) /* four more lines of its L1 set, in other sets of the L2 */
		caches_access(&caches, HPA(0x1000 + i * 0x400));
	ck_assert(caches_data(&caches, HPA(0x1000)));
	ck_assert_uint_eq(clock_now, 196 + 8);
	ck_assert_uint_eq(cost.n[COST_DATA_L2], 1);
	ck_assert_uint_eq(cost.n[COST_DATA_MEMORY], 1);
	ck_assert_uint_eq(caches.data[ANSWER_L1], 1);
	ck_assert_uint_eq(cost_sum(&cost), clock_now);
	caches_free(&caches);
}
END_TEST

START_TEST(walk_reference_pays_the_whole_latency_and_is_booked_by_place)
{
	start();
	caches.kind = WALK_FOR_FETCH;
	ck_assert_int_eq(caches_walk(&caches, HPA(0x2000), true, 3, 2), ANSWER_MEMORY);
	ck_assert_int_eq(caches_walk(&caches, HPA(0x2000), false, 1, 0), ANSWER_L1);
	ck_assert_uint_eq(caches.walk[WALK_FOR_FETCH][1][3][2][ANSWER_MEMORY], 1);
	ck_assert_uint_eq(caches_walk_refs(&caches, WALK_FOR_FETCH, true, ANSWER_MEMORY), 1);
	ck_assert_uint_eq(caches_walk_cycles(&caches, WALK_FOR_FETCH, true), 200);
	ck_assert_uint_eq(caches_walk_cycles(&caches, WALK_FOR_FETCH, false), 4);
	ck_assert_uint_eq(clock_now, 204);
	caches_free(&caches);
}
END_TEST

START_TEST(instructions_have_an_l1_of_their_own_and_share_the_rest)
{
	start();
	caches_fetch(&caches, HPA(0x3000)); /* memory */
	caches_fetch(&caches, HPA(0x3000)); /* its L1 */
	ck_assert_uint_eq(clock_now, 196);
	ck_assert_int_eq(caches_access(&caches, HPA(0x3000)), ANSWER_L2); /* filled by the fetch; the L1D was not */
	for (unsigned i = 1; i <= 2; i++)				  /* push it out of its set of two */
		caches_fetch(&caches, HPA(0x3000 + i * 0x400));
	caches_fetch(&caches, HPA(0x3000));
	ck_assert_uint_eq(cost.n[COST_FETCH_L2], 1);
	ck_assert_uint_eq(cost.n[COST_FETCH_MEMORY], 3);
	ck_assert_uint_eq(clock_now, 3 * 196 + 8);
	ck_assert_uint_eq(cost_sum(&cost), clock_now);
	caches_free(&caches);
}
END_TEST

START_TEST(without_an_l1_of_their_own_instructions_take_no_time)
{
	struct cache_geometry kept = config.l1i;
	config.l1i.size = 0;
	start();
	caches_fetch(&caches, HPA(0x3000));
	ck_assert_uint_eq(clock_now, 0);
	ck_assert_int_eq(caches_access(&caches, HPA(0x3000)), ANSWER_MEMORY);
	caches_free(&caches);
	config.l1i = kept;
}
END_TEST

START_TEST(vmx_structures_and_vmms_access_each_line_once)
{
	start();
	caches_vmcs(&caches, HPA(0x1030), 0x60); /* lines 0x1000, 0x1040, 0x1080 */
	ck_assert_uint_eq(cost.n[COST_VMCS_MEMORY], 3);
	ck_assert_uint_eq(clock_now, 3 * 196);
	caches_vmcs(&caches, HPA(0x1030), 0x60);
	ck_assert_uint_eq(clock_now, 3 * 196); /* L1 hits are in the price of the instruction, VM entry or VM exit */
	caches_vmm(&caches, HPA(0x107f), 2);
	ck_assert_uint_eq(cost.n[COST_VMM_L1], 2);
	caches_vmm(&caches, HPA(0x10c0), 8);
	ck_assert_uint_eq(cost.n[COST_VMM_MEMORY], 1);
	ck_assert_uint_eq(clock_now, 3 * 196 + 2 * 4 + 200);
	ck_assert_uint_eq(cost_sum(&cost), clock_now);
	caches_free(&caches);
}
END_TEST

START_TEST(split_is_found)
{
	ck_assert(!caches_split(HPA(0x1038), 8));
	ck_assert(caches_split(HPA(0x1039), 8));
	ck_assert(!caches_split(HPA(0x103f), 1));
	ck_assert(!caches_split(HPA(0x1040), 64));
}
END_TEST

/* Each new table is zeroed, a line an access, and linked: the entry above read, then written. At last the leaf is read and written. */
START_TEST(building_ept_tables_goes_through_the_caches)
{
	static struct mem mem;
	struct ept_pool pool;
	struct ept_map map;
	enum { LINES = PAGE_SIZE / 64, LEVELS = 4 };
	uint64_t accesses = 0;
	start();
	ck_assert_int_eq(mem_init(&mem, 1 << 20), 0);
	ept_pool_init(&pool, &mem, 0x10000);
	pool.caches = &caches;
	ck_assert(ept_map_init(&map, &pool, LEVELS));
	ck_assert(ept_map_page(&map, GPA(0x123456000), HPA(0x8000), PAGE_SHIFT, EPTE_RWX));
	for (unsigned i = 0; i < ANSWERS; i++)
		accesses += cost.n[COST_VMM_L1 + i];
	ck_assert_uint_eq(accesses, LEVELS * LINES + (LEVELS - 1) * 2 + 2);
	ck_assert_uint_eq(cost_sum(&cost), clock_now);
	mem_free(&mem);
	caches_free(&caches);
}
END_TEST

START_TEST(cache_that_is_not_there_answers_nothing)
{
	struct cache_config kept = config;
	config.level[_i].size = 0;
	start();
	for (unsigned i = 0; i < 100; i++)
		ck_assert_int_ne(caches_access(&caches, HPA(0x40 * (i % 4))), _i);
	caches_free(&caches);
	config = kept;
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("cache");
	tcase_add_test(tc, answers_are_those_of_lists_in_order_of_use);
	tcase_add_test(tc, data_access_pays_what_it_waits_beyond_an_l1_hit);
	tcase_add_test(tc, walk_reference_pays_the_whole_latency_and_is_booked_by_place);
	tcase_add_test(tc, instructions_have_an_l1_of_their_own_and_share_the_rest);
	tcase_add_test(tc, without_an_l1_of_their_own_instructions_take_no_time);
	tcase_add_test(tc, vmx_structures_and_vmms_access_each_line_once);
	tcase_add_test(tc, split_is_found);
	tcase_add_test(tc, building_ept_tables_goes_through_the_caches);
	tcase_add_loop_test(tc, cache_that_is_not_there_answers_nothing, 0, CACHE_LEVELS);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("cache", add_cases)
