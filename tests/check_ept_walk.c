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

/*
 * Guests without 4- or 5-level tables: PAE paging reads two entries, its PDPTEs being in registers, 32-bit paging two (a 4-MiB page one),
 * a guest without paging none.
 */
enum legacy { UNPAGED, LEGACY_32, LEGACY_PAE };

static const struct {
	enum legacy kind;
	unsigned guest_leaf, ept_levels, ept_leaf, references;
} legacy_counts[] = {
    {LEGACY_PAE, 1, 4, 1, 14}, {LEGACY_PAE, 1, 4, 2, 11}, {LEGACY_PAE, 1, 4, 3, 8}, {LEGACY_PAE, 1, 5, 1, 17}, {LEGACY_PAE, 1, 5, 2, 14},
    {LEGACY_PAE, 1, 5, 3, 11}, {LEGACY_PAE, 2, 4, 1, 9},  {LEGACY_PAE, 2, 4, 2, 7}, {LEGACY_PAE, 2, 4, 3, 5},  {LEGACY_PAE, 2, 5, 1, 11},
    {LEGACY_PAE, 2, 5, 2, 9},  {LEGACY_PAE, 2, 5, 3, 7},  {LEGACY_32, 1, 4, 1, 14}, {LEGACY_32, 1, 4, 2, 11},  {LEGACY_32, 1, 4, 3, 8},
    {LEGACY_32, 1, 5, 1, 17},  {LEGACY_32, 1, 5, 2, 14},  {LEGACY_32, 1, 5, 3, 11}, {LEGACY_32, 2, 4, 1, 9},   {LEGACY_32, 2, 4, 2, 7},
    {LEGACY_32, 2, 4, 3, 5},   {LEGACY_32, 2, 5, 1, 11},  {LEGACY_32, 2, 5, 2, 9},  {LEGACY_32, 2, 5, 3, 7},   {UNPAGED, 0, 4, 1, 4},
    {UNPAGED, 0, 4, 2, 3},     {UNPAGED, 0, 4, 3, 2},	  {UNPAGED, 0, 5, 1, 5},    {UNPAGED, 0, 5, 2, 4},     {UNPAGED, 0, 5, 3, 3},
};

/* Tables of that kind for gla, with a page of that level (2: 2 or 4 MiB) at guest-physical 0; returns what gla is translated to. */
static uint64_t legacy_map(enum legacy kind, unsigned leaf, uint64_t gla)
{
	const uint64_t bits = PTE_P | PTE_RW | PTE_US;
	unsigned size = kind == LEGACY_32 ? 4 : 8, top = kind == LEGACY_32 ? 22 : 21;
	uint64_t pd = FIX_GUEST + guest_table(2) + size * (gla >> top & (kind == LEGACY_32 ? 1023 : 511));
	uint64_t pt = FIX_GUEST + guest_table(1) + size * (gla >> PAGE_SHIFT & (kind == LEGACY_32 ? 1023 : 511));

	fix.cpu.efer = 0;
	fix.cpu.cr0 = kind == UNPAGED ? CR0_PE | CR0_NE : CR0_PE | CR0_PG | CR0_NE;
	fix.cpu.cr4 = kind == LEGACY_PAE ? CR4_PAE : CR4_PSE;
	fix.cpu.cr3 = guest_table(2);
	fix.cpu.pdpte[gla >> 30] = guest_table(2) | PTE_P;
	mem_write(&fix.mem, HPA(pd), leaf == 2 ? bits | PTE_PS : guest_table(1) | bits, size);
	mem_write(&fix.mem, HPA(pt), bits, size);
	cpu_paging_changed(&fix.cpu);
	return kind == UNPAGED ? gla : gla & (BIT(leaf == 2 ? top : PAGE_SHIFT) - 1);
}

START_TEST(a_cold_walk_of_an_older_guest_makes_the_references_of_the_formula)
{
	enum legacy kind = legacy_counts[_i].kind;
	unsigned gleaf = legacy_counts[_i].guest_leaf, el = legacy_counts[_i].ept_levels, eleaf = legacy_counts[_i].ept_leaf;
	unsigned g = kind == UNPAGED ? 0 : 3 - gleaf, h = el - eleaf + 1;
	const uint64_t gla = kind == UNPAGED ? 0x201678 : 0x80201678;

	fix_start(el, false);
	uint64_t gpa = legacy_map(kind, gleaf, gla);
	for (unsigned level = 1; level <= 2; level++)
		fix_map(guest_table(level), level_shift(eleaf));
	fix_map(gpa, level_shift(eleaf));
	struct tlb_entry *e = mmu_access(&fix.cpu.mmu, GLA(gla), ACC_READ);
	ck_assert_ptr_nonnull(e);
	ck_assert_uint_eq(tlb_entry_hpa(e, GLA(gla)).u, FIX_GUEST + gpa);
	ck_assert_uint_eq(event_walk_refs(&fix.cpu.ev), legacy_counts[_i].references);
	ck_assert_uint_eq(legacy_counts[_i].references, (g + 1) * (h + 1) - 1);
	ck_assert_uint_eq(ept_references(), (g + 1) * h);
	fix_stop();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("walk");
	tcase_add_loop_test(tc, a_cold_walk_makes_the_references_of_the_formula, 0, ARRAY_LEN(counts));
	tcase_add_loop_test(tc, a_cold_walk_of_an_older_guest_makes_the_references_of_the_formula, 0, ARRAY_LEN(legacy_counts));
	suite_add_tcase(suite, tc);
}

TEST_MAIN("ept_walk", add_cases)
