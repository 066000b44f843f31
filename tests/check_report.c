/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counter table's layout, and that table and JSON hold every event and every sum under its stable name. */
#include "emu/report.h"
#include "tests/test.h"

#include <string.h>

static struct events ev;
static char *text;

/* every counter its own value, none zero */
static void count_something(void)
{
	for (unsigned e = 0; e < EVENT_COUNT; e++)
		ev.n[e] = 1000 + e;
}

static void render(uint64_t cycles)
{
	const struct report report = {.ev = &ev, .cycles = cycles, .host_seconds = 0.5};
	size_t size;
	FILE *out = open_memstream(&text, &size);

	report_table(out, "image", &report);
	fclose(out);
}

static bool has_line(const char *line)
{
	const char *at = strstr(text, line);
	size_t len = strlen(line);

	return at && (at == text || at[-1] == '\n') && at[len] == '\n';
}

static void setup(void)
{
	memset(&ev, 0, sizeof ev);
	text = NULL;
}

static void teardown(void)
{
	free(text);
}

START_TEST(value_is_right_aligned_in_18_columns_with_separators)
{
	ev.n[EV_LOADS] = 1234567;
	ev.n[EV_STORES] = 999;
	ev.n[EV_FETCHES] = UINT64_MAX;
	render(1000);
	ck_assert_msg(has_line("         1,234,567      loads"), "%s", text);
	ck_assert_msg(has_line("               999      stores"), "%s", text);
	ck_assert_msg(has_line("18,446,744,073,709,551,615      fetches"), "%s", text);
	ck_assert_msg(has_line("             1,000      cycles"), "%s", text);
}
END_TEST

START_TEST(derived_figures_stand_behind_a_hash)
{
	ev.n[EV_INSTRUCTIONS] = 500;
	ev.n[EV_DTLB_HIT_4K] = 75;
	ev.n[EV_DTLB_MISSES] = 25;
	ev.n[EV_WALKS_LOAD] = 2;
	ev.n[EV_REF_PT] = 3;
	ev.n[EV_REF_PML4] = 2;
	render(1000);
	ck_assert_msg(has_line("               500      instructions               #    0.50 per cycle"), "%s", text);
	ck_assert_msg(has_line("                25      dtlb_misses                #   25.00% of all data TLB lookups"), "%s", text);
	ck_assert_msg(has_line("                 5      walk_refs                  #    2.50 per walk"), "%s", text);
}
END_TEST

START_TEST(rows_of_zero_are_left_out_but_for_those_everybody_looks_for)
{
	render(0);
	ck_assert_msg(has_line("                 0      walks"), "%s", text);
	ck_assert_msg(has_line("                 0      vm_exits"), "%s", text);
	ck_assert_msg(!strstr(text, "exc_pf"), "%s", text);
	ck_assert_msg(!strstr(text, "walk_refs_pt"), "%s", text);
}
END_TEST

START_TEST(table_has_every_event_that_is_not_zero)
{
	char line[128];

	count_something();
	render(7);
	for (enum event e = 0; e < EVENT_COUNT; e++) {
		snprintf(line, sizeof line, "             %u,%03u      %s", 1 + (unsigned)e / 1000, (unsigned)e % 1000, event_name(e));
		ck_assert_msg(strstr(text, line), "%s not in\n%s", line, text);
	}
}
END_TEST

START_TEST(json_has_every_event_and_the_sums)
{
	const struct report report = {.ev = &ev, .cycles = 7};

	count_something();
	json_t *object = report_json(&report);
	for (enum event e = 0; e < EVENT_COUNT; e++)
		ck_assert_msg(json_integer_value(json_object_get(object, event_name(e))) == 1000 + e, "%s", event_name(e));
	ck_assert_int_eq(json_integer_value(json_object_get(object, "cycles")), 7);
	ck_assert_int_eq(json_integer_value(json_object_get(object, "walks")), 3000 + EV_WALKS_LOAD + EV_WALKS_STORE + EV_WALKS_FETCH);
	for (const struct event_sum *sum = event_sums; sum->name; sum++)
		ck_assert(json_integer_value(json_object_get(object, sum->name)) == (json_int_t)sum->value(&ev));
	json_decref(object);
}
END_TEST

START_TEST(no_name_is_used_twice)
{
	const struct report report = {.ev = &ev};
	json_t *object = report_json(&report);

	size_t sums = 0;

	while (event_sums[sums].name)
		sums++;
	ck_assert_uint_eq(json_object_size(object), EVENT_COUNT + 1 + sums); /* 1: cycles */
	json_decref(object);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("report");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, value_is_right_aligned_in_18_columns_with_separators);
	tcase_add_test(tc, derived_figures_stand_behind_a_hash);
	tcase_add_test(tc, rows_of_zero_are_left_out_but_for_those_everybody_looks_for);
	tcase_add_test(tc, table_has_every_event_that_is_not_zero);
	tcase_add_test(tc, json_has_every_event_and_the_sums);
	tcase_add_test(tc, no_name_is_used_twice);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("report", add_cases)
