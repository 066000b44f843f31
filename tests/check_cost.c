/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cycle account: the sum over causes is the clock; VM exits are timed to the next VM entry; the plain model. */
#include "mmu/cost.h"
#include "tests/test.h"

static struct cost cost;
static uint64_t clock_now;

START_TEST(every_charge_is_in_the_sum_and_on_the_clock)
{
	struct prices prices = prices_plain;
	uint64_t expected = 0;
	for (unsigned i = 0; i < COST_COUNT; i++)
		prices.of[i] = i * i + 1;
	cost_init(&cost, &clock_now, &prices);
	for (unsigned i = 0; i < COST_COUNT; i++) {
		cost_charge_n(&cost, (enum cost_cause)i, i + 1);
		expected += (i + 1) * (i * i + 1ull);
		ck_assert_uint_eq(clock_now, expected);
		ck_assert_uint_eq(cost_sum(&cost), expected);
	}
}
END_TEST

START_TEST(vm_exit_lasts_until_the_next_vm_entry)
{
	struct prices prices = prices_plain;
	prices.exit[10] = 700;
	prices.of[COST_VM_ENTRY] = 500;
	prices.of[COST_VMREAD] = 20;
	cost_init(&cost, &clock_now, &prices);
	cost_vm_entry(&cost); /* VMLAUNCH: no exit before it */
	for (unsigned i = 0; i < 3; i++) {
		cost_vm_exit(&cost, 10);
		cost_charge_n(&cost, COST_VMREAD, i);
		cost_vm_entry(&cost);
	}
	ck_assert_uint_eq(cost.exit[10].handled, 3);
	ck_assert_uint_eq(cost.exit[10].min, 1200);
	ck_assert_uint_eq(cost.exit[10].max, 1240);
	ck_assert_uint_eq(cost.exit[10].time, 3 * 1200 + 60);
	ck_assert_uint_eq(clock_now, 500 + 3 * 1200 + 60);
	ck_assert_uint_eq(cost_sum(&cost), clock_now);
}
END_TEST

START_TEST(in_the_plain_model_only_steps_take_time)
{
	cost_init(&cost, &clock_now, NULL);
	for (unsigned i = 0; i < COST_COUNT; i++)
		cost_charge(&cost, (enum cost_cause)i);
	ck_assert_uint_eq(clock_now, COST_INSN_CLASSES + 2 + 1); /* classes, exception and interrupt, idle */
	cost_step(&cost, COST_EXCEPTION);
	cost_vm_exit(&cost, 0);
	ck_assert_uint_eq(cost.steps, 2);
	ck_assert_uint_eq(clock_now, COST_INSN_CLASSES + 5);
}
END_TEST

START_TEST(every_cause_has_a_name_of_its_own)
{
	for (unsigned i = 0; i < COST_COUNT; i++)
		for (unsigned j = 0; j < i; j++)
			ck_assert_str_ne(cost_name((enum cost_cause)i), cost_name((enum cost_cause)j));
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("cost");
	tcase_add_test(tc, every_charge_is_in_the_sum_and_on_the_clock);
	tcase_add_test(tc, vm_exit_lasts_until_the_next_vm_entry);
	tcase_add_test(tc, in_the_plain_model_only_steps_take_time);
	tcase_add_test(tc, every_cause_has_a_name_of_its_own);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("cost", add_cases)
