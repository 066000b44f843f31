/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers on the command line: each row a text, and the value or the complaint it must give. */
#include "emu/size.h"
#include "tests/test.h"

#include <string.h>

struct row {
	const char *text;
	uint64_t value;
	const char *wrong; /* part of the complaint; NULL: none */
};

typedef const char *parse_fn(const char *text, uint64_t *value);

static void check_row(parse_fn *parse, const struct row *row)
{
	uint64_t value = 12345;
	const char *wrong = parse(row->text, &value);

	if (row->wrong) {
		ck_assert_msg(wrong && strstr(wrong, row->wrong), "'%s': %s", row->text, wrong ? wrong : "no complaint");
		ck_assert_msg(value == 12345, "'%s': value touched", row->text);
	} else {
		ck_assert_msg(!wrong, "'%s': %s", row->text, wrong);
		ck_assert_msg(value == row->value, "'%s': %llu", row->text, (unsigned long long)value);
	}
}

static const struct row sizes[] = {
    {"0", 0, NULL},
    {"4096", 4096, NULL},
    {"64K", 65536, NULL},
    {"64k", 65536, NULL},
    {"3M", 3ull << 20, NULL},
    {"2G", 2ull << 30, NULL},
    {"1T", 1ull << 40, NULL},
    {"18446744073709551615", UINT64_MAX, NULL},
    {"18446744073709551616", 0, "too large"},
    {"16777215T", 16777215ull << 40, NULL},
    {"16777216T", 0, "too large"},
    {"99999999999999999999999K", 0, "too large"},
    {"", 0, "not a number"},
    {"M", 0, "not a number"},
    {"-1", 0, "not a number"},
    {"+1", 0, "not a number"},
    {" 1", 0, "not a number"},
    {"1 ", 0, "only digits"},
    {"1MB", 0, "only digits"},
    {"1.5G", 0, "only digits"},
    {"0x1000", 0, "only digits"},
    {"1P", 0, "only digits"},
};

START_TEST(size_is_in_powers_of_1024)
{
	check_row(size_parse, &sizes[_i]);
}
END_TEST

static const struct row counts[] = {
    {"0", 0, NULL},
    {"7", 7, NULL},
    {"10k", 10000, NULL},
    {"5M", 5000000, NULL},
    {"2G", 2000000000, NULL},
    {"18446744073709552K", 0, "too large"},
    {"1e6", 0, "only digits"},
};

START_TEST(count_is_in_powers_of_1000)
{
	check_row(size_parse_count, &counts[_i]);
}
END_TEST

static const struct row rams[] = {
    {"1M", 1 << 20, NULL},	{"4097K", 0, "multiple"}, {"4100K", 4100 << 10, NULL}, {"1023K", 0, "multiple"},
    {"1020K", 0, "less than"},	{"0", 0, "less than"},	  {"1T", 1ull << 40, NULL},    {"2T", 0, "more than"},
    {"1048577", 0, "multiple"}, {"128", 0, "multiple"},	  {"lots", 0, "not a number"},
};

START_TEST(ram_is_whole_pages_between_1M_and_1T)
{
	check_row(size_parse_ram, &rams[_i]);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("size");

	tcase_add_loop_test(tc, size_is_in_powers_of_1024, 0, ARRAY_LEN(sizes));
	tcase_add_loop_test(tc, count_is_in_powers_of_1000, 0, ARRAY_LEN(counts));
	tcase_add_loop_test(tc, ram_is_whole_pages_between_1M_and_1T, 0, ARRAY_LEN(rams));
	suite_add_tcase(suite, tc);
}

TEST_MAIN("size", add_cases)
