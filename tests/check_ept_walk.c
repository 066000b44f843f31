/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two-dimensional walk: its references, what it caches, its flags. */
#include "tests/ept_fixture.h"

static uint64_t ept_references(void)
{
	uint64_t sum = 0;
	for (unsigned level = 0; level < LEVELS_MAX; level++)
		sum += fix.cpu.ev.n[EV_REF_EPT_PT + level];
	return sum;
}

/* levels and page sizes of guest and EPT, and the references of a cold walk */
static const struct {
	unsigned guest_levels, guest_leaf, ept_levels, ept_leaf, references;
} counts[] = {
    {4, 1, 4, 1, 24}, {4, 1, 4, 2, 19}, {4, 1, 4, 3, 14}, {4, 1, 5, 1, 29}, {4, 1, 5, 2, 24}, {4, 1, 5, 3, 19},
    {4, 2, 4, 1, 19}, {4, 2, 4, 2, 15}, {4, 2, 4, 3, 11}, {4, 2, 5, 1, 23}, {4, 2, 5, 2, 19}, {4, 2, 5, 3, 15},
    {4, 3, 4, 1, 14}, {4, 3, 4, 2, 11}, {4, 3, 4, 3, 8},  {4, 3, 5, 1, 17}, {4, 3, 5, 2, 14}, {4, 3, 5, 3, 11},
    {5, 1, 4, 1, 29}, {5, 1, 4, 2, 23}, {5, 1, 4, 3, 17}, {5, 1, 5, 1, 35}, {5, 1, 5, 2, 29}, {5, 1, 5, 3, 23},
    {5, 2, 4, 1, 24}, {5, 2, 4, 2, 19}, {5, 2, 4, 3, 14}, {5, 2, 5, 1, 29}, {5, 2, 5, 2, 24}, {5, 2, 5, 3, 19},
    {5, 3, 4, 1, 19}, {5, 3, 4, 2, 15}, {5, 3, 4, 3, 11}, {5, 3, 5, 1, 23}, {5, 3, 5, 2, 19}, {5, 3, 5, 3, 15},
};

START_TEST(a_cold_walk_makes_the_references_of_the_formula)
{
	unsigned gl = counts[_i].guest_levels, gleaf = counts[_i].guest_leaf, el = counts[_i].ept_levels, eleaf = counts[_i].ept_leaf;
	unsigned g = gl - gleaf + 1, h = el - eleaf + 1;
	const uint64_t gla = 0x7f0040201678, page = 0x0;

	fix_start(el, _i & 1);
	guest_map(gl, gla, gleaf, page, PTE_P | PTE_RW | PTE_US);
	guest_paging(gl);
	uint64_t gpa = page | (gla & (BIT(level_shift(gleaf)) - 1));
	for (unsigned level = 1; level <= gl; level++)
		fix_map(guest_table(level), level_shift(eleaf));
	fix_map(gpa, level_shift(eleaf));
	struct tlb_entry *e = mmu_access(&fix.cpu.mmu, GLA(gla), ACC_READ);
	ck_assert_ptr_nonnull(e);
	ck_assert_uint_eq(tlb_entry_hpa(e, GLA(gla)).u, FIX_GUEST + gpa);
	ck_assert_uint_eq(event_walk_refs(&fix.cpu.ev), counts[_i].references);
	ck_assert_uint_eq(counts[_i].references, (g + 1) * (h + 1) - 1);
	ck_assert_uint_eq(ept_references(), (g + 1) * h);
	for (unsigned level = 1; level <= LEVELS_MAX; level++)
		ck_assert_uint_eq(fix.cpu.ev.n[EV_REF_EPT_PT + level - 1], level >= eleaf && level <= el ? g + 1 : 0);
	ck_assert_uint_eq(tlb_part_shift[e->part], level_shift(gleaf < eleaf ? gleaf : eleaf));
	fix_stop();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("walk");
	tcase_add_loop_test(tc, a_cold_walk_makes_the_references_of_the_formula, 0, ARRAY_LEN(counts));
	suite_add_tcase(suite, tc);
}

TEST_MAIN("ept_walk", add_cases)
