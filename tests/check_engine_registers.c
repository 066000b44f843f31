/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unicorn's registers in place: found, right after each change, and found as well where a pipe has room for one page only. */
#include "emu/engine_state.h"
#include "tests/bare_engine.h"
#include "tests/test.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct bare b;
static bool small_pipes, no_pipes;

static void start(void)
{
	bare_open(&b, UC_MODE_64);
	small_pipes = no_pipes = false;
}
static void stop(void)
{
	bare_close(&b);
}

/* In the C library's place: as on a machine whose users have used up their share of pipe buffers (pipe(7)), or of descriptors. */
int pipe2(int ends[2], int flags)
{
	if (no_pipes)
		return -1;
	int result = (int)syscall(SYS_pipe2, ends, flags);
	if (!result && small_pipes)
		ck_assert_int_eq(fcntl(ends[0], F_SETPIPE_SZ, PAGE_SIZE), PAGE_SIZE);
	return result;
}

static void find_and_compare(void)
{
	for (unsigned i = 0; i < GPR_COUNT; i++)
		bare_set(&b, engine_reg_ids[i], 100 + i);
	const uint64_t *found = engine_find_registers(b.uc);
	ck_assert(found != NULL);
	for (unsigned i = 0; i < GPR_COUNT; i++)
		ck_assert_uint_eq(found[i], 100 + i); /* the search leaves them as they were */
	for (unsigned i = 0; i < GPR_COUNT; i++) {
		bare_set(&b, engine_reg_ids[i], ~(uint64_t)i);
		ck_assert_uint_eq(found[i], ~(uint64_t)i);
	}
}

START_TEST(they_are_found_where_unicorn_keeps_them)
{
	find_and_compare();
}
END_TEST

START_TEST(they_are_found_through_a_pipe_of_one_page)
{
	small_pipes = true;
	find_and_compare();
}
END_TEST

START_TEST(without_a_pipe_they_are_not_found)
{
	no_pipes = true;
	ck_assert(engine_find_registers(b.uc) == NULL);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("registers");
	tcase_add_checked_fixture(tc, start, stop);
	tcase_add_test(tc, they_are_found_where_unicorn_keeps_them);
	tcase_add_test(tc, they_are_found_through_a_pipe_of_one_page);
	tcase_add_test(tc, without_a_pipe_they_are_not_found);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("engine_registers", add_cases)
