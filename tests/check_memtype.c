/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory types under EPT: every row of SDM 3A's table "Effective Page-Level Memory Types", written here once more as the rules behind it;
 * CR0.CD, "ignore PAT", and which PAT entry a guest's entry selects.
 */
#include "ept/memtype.h"
#include "mmu/pte.h"
#include "tests/test.h"

#define RESET_PAT 0x0007040600070406ull

static const struct row {
	enum memory_type ept, pat, effective;
} rows[] = {
    {MEMTYPE_UC, MEMTYPE_UC, MEMTYPE_UC}, {MEMTYPE_UC, MEMTYPE_UC_MINUS, MEMTYPE_UC}, {MEMTYPE_UC, MEMTYPE_WC, MEMTYPE_WC},
    {MEMTYPE_UC, MEMTYPE_WT, MEMTYPE_UC}, {MEMTYPE_UC, MEMTYPE_WB, MEMTYPE_UC},	      {MEMTYPE_UC, MEMTYPE_WP, MEMTYPE_UC},
    {MEMTYPE_WC, MEMTYPE_UC, MEMTYPE_UC}, {MEMTYPE_WC, MEMTYPE_UC_MINUS, MEMTYPE_WC}, {MEMTYPE_WC, MEMTYPE_WC, MEMTYPE_WC},
    {MEMTYPE_WC, MEMTYPE_WT, MEMTYPE_UC}, {MEMTYPE_WC, MEMTYPE_WB, MEMTYPE_WC},	      {MEMTYPE_WC, MEMTYPE_WP, MEMTYPE_UC},
    {MEMTYPE_WT, MEMTYPE_UC, MEMTYPE_UC}, {MEMTYPE_WT, MEMTYPE_UC_MINUS, MEMTYPE_UC}, {MEMTYPE_WT, MEMTYPE_WC, MEMTYPE_WC},
    {MEMTYPE_WT, MEMTYPE_WT, MEMTYPE_WT}, {MEMTYPE_WT, MEMTYPE_WB, MEMTYPE_WT},	      {MEMTYPE_WT, MEMTYPE_WP, MEMTYPE_WP},
    {MEMTYPE_WP, MEMTYPE_UC, MEMTYPE_UC}, {MEMTYPE_WP, MEMTYPE_UC_MINUS, MEMTYPE_WC}, {MEMTYPE_WP, MEMTYPE_WC, MEMTYPE_WC},
    {MEMTYPE_WP, MEMTYPE_WT, MEMTYPE_WT}, {MEMTYPE_WP, MEMTYPE_WB, MEMTYPE_WP},	      {MEMTYPE_WP, MEMTYPE_WP, MEMTYPE_WP},
    {MEMTYPE_WB, MEMTYPE_UC, MEMTYPE_UC}, {MEMTYPE_WB, MEMTYPE_UC_MINUS, MEMTYPE_UC}, {MEMTYPE_WB, MEMTYPE_WC, MEMTYPE_WC},
    {MEMTYPE_WB, MEMTYPE_WT, MEMTYPE_WT}, {MEMTYPE_WB, MEMTYPE_WB, MEMTYPE_WB},	      {MEMTYPE_WB, MEMTYPE_WP, MEMTYPE_WP},
};

START_TEST(both_types_are_combined)
{
	const struct row *r = &rows[_i];
	enum memory_type is = memtype_effective(false, r->ept, false, r->pat);

	ck_assert_msg(is == r->effective, "EPT %s, PAT %s: %s, not %s", memtype_name(r->ept), memtype_name(r->pat), memtype_name(is),
		      memtype_name(r->effective));
}
END_TEST

START_TEST(ignore_pat_leaves_ept)
{
	ck_assert_int_eq(memtype_effective(false, rows[_i].ept, true, rows[_i].pat), rows[_i].ept);
}
END_TEST

START_TEST(cache_disable_makes_it_uncacheable)
{
	ck_assert_int_eq(memtype_effective(true, rows[_i].ept, _i & 1, rows[_i].pat), MEMTYPE_UC);
}
END_TEST

START_TEST(a_guest_entry_selects_by_pat_pcd_pwt)
{
	for (unsigned bits = 0; bits < 8; bits++) {
		uint64_t low = (bits & 1 ? PTE_PWT : 0) | (bits & 2 ? PTE_PCD : 0);
		ck_assert_uint_eq(memtype_pat_index(low | (bits & 4 ? BIT(7) : 0), 12), bits);
		ck_assert_uint_eq(memtype_pat_index(low | BIT(7) | (bits & 4 ? BIT(12) : 0), 21), bits);
		ck_assert_uint_eq(memtype_pat_index(low | BIT(7) | (bits & 4 ? BIT(12) : 0), 22), bits);
		ck_assert_uint_eq(memtype_pat_index(low | BIT(7) | (bits & 4 ? BIT(12) : 0), 30), bits);
	}
}
END_TEST

START_TEST(the_pat_after_reset_has_its_eight_types)
{
	static const enum memory_type types[8] = {MEMTYPE_WB, MEMTYPE_WT, MEMTYPE_UC_MINUS, MEMTYPE_UC,
						  MEMTYPE_WB, MEMTYPE_WT, MEMTYPE_UC_MINUS, MEMTYPE_UC};
	for (unsigned i = 0; i < 8; i++)
		ck_assert_int_eq(memtype_of_pat(RESET_PAT, i), types[i]);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("memtype");
	tcase_add_loop_test(tc, both_types_are_combined, 0, ARRAY_LEN(rows));
	tcase_add_loop_test(tc, ignore_pat_leaves_ept, 0, ARRAY_LEN(rows));
	tcase_add_loop_test(tc, cache_disable_makes_it_uncacheable, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, a_guest_entry_selects_by_pat_pcd_pwt);
	tcase_add_test(tc, the_pat_after_reset_has_its_eight_types);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("memtype", add_cases)
