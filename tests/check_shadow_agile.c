/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Agile paging: the references of a walk for each level at which it may switch, the policy, and stores through nested translations to
 * tables that are still protected. The guest: PML4 at 1000H, PDPT 2000H, PD 3000H, PT 4000H; linear page n is frame n.
 */
#include "tests/shadow_pair.h"
#include "tests/test.h"
#include "vmx/exit.h"

enum { PML4 = 0x1000, PDPT = 0x2000, PD = 0x3000, PT = 0x4000, OTHER_PT = 0x5000, TABLE = PTE_P | PTE_RW | PTE_US };
enum { PAGE = 0x10000, UNUSED = 8 * 100, INTERVAL = 1000, PT_LEVEL = 1, PML4_LEVEL = 4 };
static const uint64_t tables[] = {0, PT, PD, PDPT, PML4}; /* by level */

static struct pair pair;

static void start(void)
{
	const struct pair_guest guest = {.levels = 4, .cr3 = PML4, .cr0_more = CR0_WP, .efer_more = EFER_NXE};
	const struct shadow_vmm_config config = {.pages = 64, .no_unsync = true, .agile = true, .interval = INTERVAL};
	pair_init(&pair, config.pages);
	pair_poke(&pair, PML4, PDPT | TABLE, 8);
	pair_poke(&pair, PDPT, PD | TABLE, 8);
	pair_poke(&pair, PD, PT | TABLE, 8);
	pair_poke(&pair, PD + 8, OTHER_PT | TABLE, 8);
	for (unsigned i = 0; i < 512; i++)
		pair_poke(&pair, PT + 8 * i, (uint64_t)i << 12 | TABLE, 8);
	pair_poke(&pair, OTHER_PT, PAGE | TABLE, 8);
	ck_assert_int_eq(pair_start(&pair, &guest, config), 0);
	ck_assert(pair_access(&pair, GLA(PAGE), 8, ACC_READ, 0));
}

static uint64_t count(enum event e)
{
	return pair.shadow.cpu.ev.n[e];
}

static void write_table(uint64_t table, uint64_t value)
{
	ck_assert(pair_access(&pair, GLA(table + UNUSED), 8, ACC_WRITE, value));
	ck_assert(pair_same_tables(&pair));
}

/* Two writes within the interval. */
static void nest(uint64_t table)
{
	write_table(table, 0x100);
	write_table(table, 0x200);
	ck_assert_uint_eq(count(EV_AGILE_NESTS), 1);
}

/* The references of a walk for the page, with its entry in place. */
static uint64_t references(void)
{
	struct events *ev = &pair.shadow.cpu.ev;
	ck_assert(pair_access(&pair, GLA(PAGE), 8, ACC_READ, 0));
	ck_assert(pair_invlpg(&pair, GLA(PAGE)));
	uint64_t exits = ev->n[EV_VM_EXITS], before = event_walk_refs(ev);
	ck_assert(pair_access(&pair, GLA(PAGE), 8, ACC_READ, 0));
	ck_assert_uint_eq(ev->n[EV_VM_EXITS], exits);
	return event_walk_refs(ev) - before;
}

START_TEST(a_walk_is_as_long_as_the_level_of_its_switch_makes_it)
{
	static const uint64_t length[] = {4, 8, 12, 16, 20};
	start();
	if (_i)
		nest(tables[_i]);
	uint64_t walks = count(EV_AGILE_WALKS_SHADOW + _i), refs = count(EV_AGILE_REFS_SHADOW + _i);
	ck_assert_uint_eq(references(), length[_i]);
	ck_assert_uint_gt(count(EV_AGILE_WALKS_SHADOW + _i), walks);
	walks = count(EV_AGILE_WALKS_SHADOW + _i) - walks;
	ck_assert_uint_eq(count(EV_AGILE_REFS_SHADOW + _i) - refs, walks * length[_i]);
	pair_free(&pair);
}
END_TEST

START_TEST(a_walk_that_is_nested_from_cr3_on_has_24_references)
{
	start();
	nest(PML4);
	ck_assert(pair_access(&pair, GLA(PAGE), 8, ACC_READ, 0));
	pair.shadow.cpu.mmu.env.switch_root = SWITCH_ALL;
	mmu_flush_all(&pair.shadow.cpu.mmu);
	uint64_t walks = count(EV_AGILE_WALKS_NESTED);
	ck_assert(pair_access(&pair, GLA(PAGE), 8, ACC_READ, 0));
	ck_assert_uint_eq(count(EV_AGILE_WALKS_NESTED) - walks, 1);
	ck_assert_uint_eq(count(EV_AGILE_REFS_NESTED), 24);
	pair_free(&pair);
}
END_TEST

START_TEST(stores_to_a_nested_table_and_its_page_faults_cause_no_exit)
{
	start();
	nest(PT);
	ck_assert(pair_access(&pair, GLA(PAGE), 8, ACC_READ, 0));
	ck_assert(pair_access(&pair, GLA(PT), 8, ACC_READ, 0));
	uint64_t exits = count(EV_VM_EXITS);
	for (unsigned i = 0; i < 10; i++)
		write_table(PT, i << 12 | TABLE);
	ck_assert(pair_access(&pair, GLA(PT + 8 * 200), 8, ACC_WRITE, 0));
	ck_assert(pair_access(&pair, GLA(200 << 12), 8, ACC_READ, 0));
	ck_assert(pair.a.fault && pair.a.vector == VEC_PF && pair.a.cr2 == 200 << 12);
	ck_assert_uint_eq(count(EV_VM_EXITS), exits);
	pair_free(&pair);
}
END_TEST

START_TEST(a_table_written_once_an_interval_stays_shadowed)
{
	start();
	for (unsigned i = 0; i < 5; i++) {
		write_table(PT, i << 8);
		pair.shadow.cpu.clock += INTERVAL;
	}
	ck_assert_uint_eq(count(EV_AGILE_NESTS), 0);
	ck_assert_uint_eq(references(), 4);
	pair_free(&pair);
}
END_TEST

START_TEST(a_table_not_written_for_an_interval_comes_back)
{
	start();
	nest(PT);
	ck_assert_uint_eq(references(), 8);
	write_table(PT, 0x300); /* seen at the end of the interval: it stays */
	pair.shadow.cpu.clock += INTERVAL;
	ck_assert_uint_eq(references(), 8);
	ck_assert_uint_eq(count(EV_AGILE_RETURNS), 0);
	pair.shadow.cpu.clock += INTERVAL;
	ck_assert(pair_invlpg(&pair, GLA(PAGE)));
	ck_assert_uint_eq(count(EV_AGILE_RETURNS), 1);
	ck_assert_uint_eq(references(), 4);
	uint64_t faults = count(EV_SHADOW_WP_FAULTS);
	pair.shadow.cpu.clock += INTERVAL;
	write_table(PT, 0x400); /* protected again */
	ck_assert_uint_eq(count(EV_SHADOW_WP_FAULTS), faults + 1);
	pair_free(&pair);
}
END_TEST

/* The page table of 2 MiB on is shadowed, and written through the translations of the one below, which is nested. */
START_TEST(a_store_through_a_nested_translation_to_a_protected_table_is_an_ept_violation)
{
	start();
	nest(PT);
	ck_assert(pair_access(&pair, GLA(0x200000), 8, ACC_READ, 0));
	uint64_t before = pair.shadow.vmx.exits[EXIT_EPT_VIOLATION], faults = count(EV_SHADOW_WP_FAULTS);
	write_table(OTHER_PT, 0x500);
	ck_assert_uint_eq(count(EV_SHADOW_WP_FAULTS), faults + 1);
	ck_assert_uint_gt(pair.shadow.vmx.exits[EXIT_EPT_VIOLATION], before);
	ck_assert(pair_access(&pair, GLA(OTHER_PT), 8, ACC_WRITE, 0x20000 | TABLE));
	ck_assert(pair_invlpg(&pair, GLA(0x200000)));
	pair_poke(&pair, 0x20000, 0x1234, 8);
	ck_assert(pair_access(&pair, GLA(0x200000), 8, ACC_READ, 0));
	ck_assert_uint_eq(pair.b.value, 0x1234);
	pair_free(&pair);
}
END_TEST

START_TEST(without_cr0_wp_all_is_shadowed)
{
	start();
	nest(PT);
	ck_assert(pair_mov_cr(&pair, 0, pair_cr(&pair, 0) & ~CR0_WP));
	ck_assert_uint_eq(references(), 4);
	ck_assert(pair_mov_cr(&pair, 0, pair_cr(&pair, 0) | CR0_WP));
	ck_assert_uint_eq(references(), 4);
	pair_free(&pair);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("agile paging");
	tcase_add_loop_test(tc, a_walk_is_as_long_as_the_level_of_its_switch_makes_it, PT_LEVEL - 1, PML4_LEVEL + 1);
	tcase_add_test(tc, a_walk_that_is_nested_from_cr3_on_has_24_references);
	tcase_add_test(tc, stores_to_a_nested_table_and_its_page_faults_cause_no_exit);
	tcase_add_test(tc, a_table_written_once_an_interval_stays_shadowed);
	tcase_add_test(tc, a_table_not_written_for_an_interval_comes_back);
	tcase_add_test(tc, a_store_through_a_nested_translation_to_a_protected_table_is_an_ept_violation);
	tcase_add_test(tc, without_cr0_wp_all_is_shadowed);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("agile paging", add_cases)
