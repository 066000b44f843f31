/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intel's event names say what our counters say, and the matrix of references adds up to them, in text and JSON. */
#include "emu/report_intel.h"
#include "tests/test.h"

#include <string.h>

static struct events ev;
static struct caches caches;
static struct cost cost;
static uint64_t clock_now;
static const struct report report = {.ev = &ev, .caches = &caches, .cost = &cost};

static const struct cache_config config = {
    .level = {{.size = 4 << 10, .ways = 4, .latency = 4},
	      {.size = 16 << 10, .ways = 8, .latency = 12},
	      {.size = 64 << 10, .ways = 16, .latency = 40}},
    .memory_latency = 200,
};

static void setup(void)
{
	struct prices prices = prices_plain;

	memset(&ev, 0, sizeof ev);
	cache_prices(&config, &prices);
	prices.of[COST_WALK] = 3;
	cost_init(&cost, &clock_now, &prices);
	ck_assert_int_eq(caches_init(&caches, &config, &cost), 0);
}

static void teardown(void)
{
	caches_free(&caches);
}

struct wanted {
	const char *name;
	uint64_t value;
	unsigned found;
};

static void look(void *ctx, const struct report *r, const char *name, uint64_t value)
{
	struct wanted *w = ctx;

	(void)r;
	if (strcmp(name, w->name) != 0)
		return;
	w->found++;
	w->value = value;
}

static uint64_t value_of(const char *name)
{
	struct wanted w = {.name = name};

	report_intel(&report, look, &w);
	ck_assert_msg(w.found == 1, "%s: %u rows", name, w.found);
	return w.value;
}

START_TEST(without_data_caches_there_are_no_rows)
{
	const struct report plain = {.ev = &ev};
	struct wanted w = {.name = "ept.walk_cycles"};

	report_intel(&plain, look, &w);
	ck_assert_uint_eq(w.found, 0);
}
END_TEST

START_TEST(walks_and_stlb_hits_are_told_by_kind_and_page_size)
{
	static const char *const family[] = {"dtlb_load_misses", "dtlb_store_misses", "itlb_misses"};
	static const char *const size[] = {"walk_completed_4k", "walk_completed_2m_4m", "walk_completed_1g"};
	char name[64];

	for (unsigned kind = 0; kind < WALK_KINDS; kind++) {
		ev.n[EV_WALKS_LOAD + kind] = 1000 * (kind + 1);
		for (unsigned i = 0; i < EVENT_SIZES; i++) {
			ev.n[EV_WALKS_LOAD_4K + kind * EVENT_SIZES + i] = 10 * kind + i + 1;
			ev.n[EV_STLB_LOAD_4K + kind * EVENT_SIZES + i] = 100 * kind + i + 1;
		}
	}
	for (unsigned kind = 0; kind < WALK_KINDS; kind++) {
		snprintf(name, sizeof name, "%s.miss_causes_a_walk", family[kind]);
		ck_assert_uint_eq(value_of(name), 1000 * (kind + 1));
		snprintf(name, sizeof name, "%s.walk_completed", family[kind]);
		ck_assert_uint_eq(value_of(name), 3 * 10 * kind + 1 + 2 + 3); /* the sum over page sizes: walks that gave a translation */
		snprintf(name, sizeof name, "%s.walk_duration", family[kind]);
		ck_assert_uint_eq(value_of(name), 3 * 1000 * (kind + 1)); /* starts only */
		snprintf(name, sizeof name, "%s.stlb_hit", family[kind]);
		ck_assert_uint_eq(value_of(name), 300 * kind + 6);
		snprintf(name, sizeof name, "%s.stlb_hit_2m", family[kind]);
		ck_assert_uint_eq(value_of(name), 100 * kind + 2);
		for (unsigned i = 0; i < EVENT_SIZES; i++) {
			snprintf(name, sizeof name, "%s.%s", family[kind], size[i]);
			ck_assert_uint_eq(value_of(name), 10 * kind + i + 1);
		}
	}
	ck_assert_uint_eq(event_stlb_hits(&ev, 1), 2 + 102 + 202);
	ck_assert_uint_eq(event_walks_completed(&ev, 2), 3 + 13 + 23);
}
END_TEST

START_TEST(flushes_of_one_address_are_among_those_of_itlb_and_stlb)
{
	ev.n[EV_TLB_FLUSHES] = 7;
	ev.n[EV_INVLPG] = 100;
	ck_assert_uint_eq(value_of("itlb.itlb_flush"), 107);
	ck_assert_uint_eq(value_of("tlb_flush.stlb_any"), 107);
	ck_assert_uint_eq(value_of("tlb_flush.dtlb_thread"), 7);
}
END_TEST

/* A reference of its own for every place of every kind; each is made twice: from memory, then from the L1. */
static unsigned fill_matrix(void)
{
	unsigned places = 0;

	for (unsigned kind = 0; kind < WALK_KINDS; kind++)
		for (unsigned level = 1; level <= LEVELS_MAX; level++)
			for (unsigned served = 0; served <= LEVELS_MAX + 1; served++) {
				hpa_t at = HPA(0x100000ull + 64 * places++);
				bool ept = served <= LEVELS_MAX;
				caches.kind = (enum walk_kind)kind;
				caches_walk(&caches, at, ept, level, ept ? served : 0);
				caches_walk(&caches, at, ept, level, ept ? served : 0);
			}
	return places;
}

START_TEST(references_are_told_by_table_and_answer)
{
	unsigned places = fill_matrix();
	uint64_t guest = LEVELS_MAX, ept = LEVELS_MAX * (LEVELS_MAX + 1);

	ck_assert_uint_eq(places, WALK_KINDS * (guest + ept));
	ck_assert_uint_eq(value_of("page_walker_loads.dtlb_l1"), 2 * guest);
	ck_assert_uint_eq(value_of("page_walker_loads.dtlb_memory"), 2 * guest);
	ck_assert_uint_eq(value_of("page_walker_loads.itlb_l1"), guest);
	ck_assert_uint_eq(value_of("page_walker_loads.ept_dtlb_memory"), 2 * ept);
	ck_assert_uint_eq(value_of("page_walker_loads.ept_itlb_l1"), ept);
	ck_assert_uint_eq(value_of("page_walker_loads.ept_itlb_l3"), 0);
	ck_assert_uint_eq(value_of("itlb_misses.walk_active"), guest * 204);
	ck_assert_uint_eq(value_of("ept.walk_cycles"), 3 * ept * 204);
	ck_assert_uint_eq(value_of("ept.walk_pending"), 3 * ept * 204);
}
END_TEST

START_TEST(matrix_in_json_has_every_place_once)
{
	unsigned places = fill_matrix();
	json_t *array = report_references_json(&caches), *cell;
	size_t i;
	uint64_t sum = 0;

	json_array_foreach(array, i, cell)
	{
		ck_assert_int_eq(json_integer_value(json_object_get(cell, "l1")), 1);
		ck_assert_int_eq(json_integer_value(json_object_get(cell, "memory")), 1);
		bool ept = !strcmp(json_string_value(json_object_get(cell, "table")), "ept");
		ck_assert(ept == (json_object_get(cell, "locates") != NULL));
		sum += ept;
	}
	ck_assert_uint_eq(json_array_size(array), places);
	ck_assert_uint_eq(sum, WALK_KINDS * LEVELS_MAX * (LEVELS_MAX + 1));
	json_decref(array);
}
END_TEST

START_TEST(matrix_in_text_adds_up)
{
	char *text, line[128];
	size_t size;
	unsigned places = fill_matrix();
	FILE *out = open_memstream(&text, &size);

	report_references(out, &caches);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "   EPT   PD    guest PDPT              3            0            0            3            6"));
	ck_assert_ptr_nonnull(strstr(text, "   EPT   PT    the page                3            0            0            3            6"));
	snprintf(line, sizeof line, " %12u %14u\n", 2 * places, 204 * places);
	ck_assert_msg(strstr(text, line), "%s not in\n%s", line, text);
	free(text);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("report intel");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, without_data_caches_there_are_no_rows);
	tcase_add_test(tc, walks_and_stlb_hits_are_told_by_kind_and_page_size);
	tcase_add_test(tc, flushes_of_one_address_are_among_those_of_itlb_and_stlb);
	tcase_add_test(tc, references_are_told_by_table_and_answer);
	tcase_add_test(tc, matrix_in_json_has_every_place_once);
	tcase_add_test(tc, matrix_in_text_adds_up);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("report_intel", add_cases)
