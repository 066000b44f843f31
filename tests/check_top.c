/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the live view draws: rates since the last picture, pages by accesses, VM exits by reason; frequent pages stay in the table. */
#include "emu/machine.h"
#include "emu/top.h"
#include "tests/test.h"

#include <string.h>

enum { ROWS = 40 };

static struct machine machine;
static struct vmx vmx;
static struct top *top;
static char line[ROWS][TOP_LINE];

static void setup(void)
{
	memset(&machine, 0, sizeof machine);
	memset(&vmx, 0, sizeof vmx);
	ck_assert_int_eq(mem_init(&machine.mem, 64 << 20), 0);
	ck_assert_int_eq(mmu_init(&machine.cpu.mmu, &machine.mem, &machine.cpu.ev, NULL), 0);
	machine.cpu.mem = &machine.mem;
	cpu_reset(&machine.cpu);
	top = top_new(&machine);
	ck_assert_ptr_nonnull(top);
}

static void teardown(void)
{
	top_free(top);
	mmu_free(&machine.cpu.mmu);
	mem_free(&machine.mem);
}

static void touch(uint64_t gla, unsigned times)
{
	while (times--)
		mmu_access(&machine.cpu.mmu, GLA(gla), ACC_READ);
}

START_TEST(pages_stand_in_the_order_of_their_accesses)
{
	touch(0x5000, 10);
	touch(0x7123, 30);
	touch(0x5fff, 5);
	unsigned rows = top_render(top, 1, ROWS, line);
	ck_assert_uint_eq(rows, 6);
	ck_assert_ptr_nonnull(strstr(line[4], "0x0000000000007000           30"));
	ck_assert_ptr_nonnull(strstr(line[5], "0x0000000000005000           15"));
}
END_TEST

/* with paging off a walk makes a translation of 1 GiB */
START_TEST(walks_are_counted_at_the_page_that_needed_them)
{
	touch(0x5000, 3);
	mmu_invlpg(&machine.cpu.mmu, GLA(0x5000));
	touch(0x5000, 3);
	top_render(top, 1, ROWS, line);
	ck_assert_ptr_nonnull(strstr(line[4], "0x0000000000005000            6            2"));
}
END_TEST

START_TEST(rates_are_since_the_last_picture)
{
	machine.cpu.ev.n[EV_INSTRUCTIONS] = 3000000;
	top_render(top, 2, ROWS, line);
	ck_assert_ptr_nonnull(strstr(line[0], "3.0 million instructions"));
	ck_assert_ptr_nonnull(strstr(line[1], " 1.50 million instructions"));
	machine.cpu.ev.n[EV_INSTRUCTIONS] += 500000;
	top_render(top, 1, ROWS, line);
	ck_assert_ptr_nonnull(strstr(line[1], " 0.50 million instructions"));
}
END_TEST

START_TEST(vm_exits_stand_in_the_order_of_their_counts)
{
	machine.cpu.vmx = &vmx;
	vmx.exits[48] = 7;
	vmx.exits[10] = 9;
	unsigned rows = top_render(top, 1, ROWS, line);
	ck_assert_uint_eq(rows, 6);
	ck_assert_ptr_nonnull(strstr(line[4], "    CPUID                               9"));
	ck_assert_ptr_nonnull(strstr(line[5], "    EPT_VIOLATION                       7"));
}
END_TEST

START_TEST(frequent_page_stays_among_many_rare_ones)
{
	for (unsigned i = 0; i < 20000; i++) {
		touch(0x123000, 3);
		touch((uint64_t)i << PAGE_SHIFT, 1);
	}
	top_render(top, 1, ROWS, line);
	ck_assert_ptr_nonnull(strstr(line[4], "0x0000000000123000"));
}
END_TEST

START_TEST(small_terminal_gets_what_fits)
{
	for (unsigned i = 0; i < 100; i++)
		touch((uint64_t)i << PAGE_SHIFT, 1);
	ck_assert_uint_eq(top_render(top, 1, 10, line), 10);
	ck_assert_uint_eq(top_render(top, 1, 3, line), 0);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("top");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, pages_stand_in_the_order_of_their_accesses);
	tcase_add_test(tc, walks_are_counted_at_the_page_that_needed_them);
	tcase_add_test(tc, rates_are_since_the_last_picture);
	tcase_add_test(tc, vm_exits_stand_in_the_order_of_their_counts);
	tcase_add_test(tc, frequent_page_stays_among_many_rare_ones);
	tcase_add_test(tc, small_terminal_gets_what_fits);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("top", add_cases)
