/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the SDM says about cached translations, and the test that holds each sentence. Here: those that the other suites leave.
 *
 *   3A, "Use of the TLBs", "Global Pages"
 *     an entry serves its own PCID only; a global one every PCID         check_inval global_page_serves_every_pcid_of_its_vpid
 *     with CR4.PCIDE = 0 the PCID is 000H                                 here: without_pcide_everything_is_of_pcid_0
 *     a large page may be cached as several smaller ones                  check_inval invlpg_takes_all_pieces_of_a_larger_guest_page
 *   3A, "Caches for Paging Structures"
 *     an entry needs P = 1, PS = 0, no reserved bit and A = 1             here: no_entry_is_made_from_what_is_no_table
 *     it has R/W and U/S of all, XD of any entry on the way               check_psc rights_of_the_entries_above_are_kept; here: xd_..
 *     G does not matter                                                   here: g_flag_of_a_table_entry_does_not_matter
 *     it may be used though memory has changed                            check_psc entry_is_used_after_its_table_entry_changed_..
 *   3A, "Operations that Invalidate TLBs and Paging-Structure Caches"
 *     INVLPG, INVPCID (four types), MOV to CR3 (PCIDE, bit 63)            check_inval operation_.., check_psc operation_..
 *     MOV to CR0 (PG)                                                     check_sysinsn_control mov_to_cr0_flushes_by_the_bits_it_changes
 *     MOV to CR4 (PGE, PCIDE, PAE, SMEP)                                  check_sysinsn_control mov_to_cr4_flushes_by_the_bits_it_changes
 *     a page fault: TLB and caches of its address                         check_psc operation_.. (page fault), here: page_fault_..
 *     INVLPG and page faults strike all pieces of a page                  check_inval invlpg_takes_.., page_fault_takes_..
 *     "may" invalidate more: we do not (CHOICE in mmu/inval.c)            the rows "need not" of check_psc
 *   3A, "Optional Invalidation", "Recommended Invalidation"
 *     P from 0 to 1: nothing that is not present is ever cached           here: not_present_is_never_cached
 *     R/W from 0 to 1, XD from 1 to 0: at worst a spurious fault          check_psc stale_entry_causes_no_spurious_fault
 *   3C, "Information That May Be Cached", "Using Cached .. Information"
 *     linear mappings without EPT, combined and guest-physical with it    check_psc each_kind_of_cache_saves_its_references
 *     a combined mapping serves its VPID, PCID and EPT root only          check_inval operation_..; here: other_roots_..
 *     nothing is cached from an EPT entry that is not present             here: ept_entry_that_is_not_present_is_never_cached
 *   3C, "Operations that Invalidate Cached Mappings"
 *     those of 3A: linear and combined, of the VPID, not guest-physical   check_psc invlpg_takes_combined_entries_but_not_..
 *     an EPT violation: guest-physical ones of its address, combined      here: ept_violation_..
 *     ones of its linear address
 *     VM entry and exit without VPIDs: linear and combined of VPID 0      check_entry without_vpid_entry_and_exit_each_invalidate
 *     VM entry and exit with VPIDs: not required to                       check_psc operation_.. (VM entry and exit)
 *     INVVPID (four types): linear and combined, of all EPT roots         check_inval operation_.., here: invvpid_..
 *     INVEPT (two types): guest-physical and combined, of all VPIDs       check_inval operation_.., check_psc invept_..
 *     reset                                                               here: reset_leaves_nothing
 */
#include "tests/ept_fixture.h"
#include "tests/psc_fixture.h"

enum { RWU = PTE_P | PTE_RW | PTE_US };

/* PML4 -> PDPT; PDPT entry 0 -> PD -> PT of pages 0..510, entry 1: a 1-GiB page; PD entry 1: a 2-MiB page */
static void setup(void)
{
	psc_start();
	put64(TABLES, (TABLES + 0x1000) | RWU);
	put64(TABLES + 0x1000, (TABLES + 0x2000) | RWU);
	put64(TABLES + 0x1008, 0 | RWU | PTE_PS);
	put64(TABLES + 0x2000, (TABLES + 0x3000) | RWU);
	put64(TABLES + 0x2008, 0 | RWU | PTE_PS);
	for (uint64_t i = 0; i < 511; i++)
		put64(TABLES + 0x3000 + 8 * i, i << 12 | RWU);
	regs = (struct paging_regs){
	    .cr0 = CR0_PE | CR0_PG | CR0_WP, .cr3 = TABLES, .cr4 = CR4_PAE | CR4_PGE, .efer = EFER_LME | EFER_LMA | EFER_NXE};
	mmu_set_paging(&mmu, &regs);
}

static void teardown(void)
{
	mmu_free(&mmu);
	mem_free(&mem);
}

static bool reads(uint64_t gla)
{
	return mmu_access(&mmu, GLA(gla), ACC_READ);
}

static uint64_t references(uint64_t gla)
{
	uint64_t before = event_walk_refs(&ev);
	ck_assert(reads(gla));
	return event_walk_refs(&ev) - before;
}

static bool cached(unsigned level, uint64_t gla)
{
	return psc_find(psc_at(mmu.psc.linear, level), gla >> level_shift(level), mmu.context_id);
}

START_TEST(without_pcide_everything_is_of_pcid_0)
{
	regs.cr3 = TABLES | PTE_PWT; /* bits 11:0 of CR3 are no PCID then */
	mmu_set_paging(&mmu, &regs);
	ck_assert_uint_eq(mmu.context.pcid, 0);
	references(0);
	regs.cr3 = TABLES;
	mmu_set_paging(&mmu, &regs);
	ck_assert_uint_eq(references(0), 0);
	ck_assert_uint_eq(references(0x1000), 1);
	regs.cr4 |= CR4_PCIDE;
	mmu_set_paging(&mmu, &regs);
	ck_assert_uint_eq(references(0x2000), 1); /* PCID 000H still */
	regs.cr3 = TABLES | PTE_PWT;
	mmu_set_paging(&mmu, &regs);
	ck_assert_uint_eq(references(0x3000), 4); /* PCID 008H */
}
END_TEST

START_TEST(no_entry_is_made_from_what_is_no_table)
{
	references(0x200000);
	ck_assert(cached(3, 0x200000) && !cached(2, 0x200000)); /* PS = 1 */
	references(GIB);
	ck_assert(cached(4, GIB) && !cached(3, GIB));
	ck_assert(!reads(2 * GIB)); /* the PDPT's entry 2 is not present */
	ck_assert(!cached(3, 2 * GIB));
	put64(TABLES + 0x1018, (TABLES + 0x2000) | RWU | BIT(51)); /* reserved */
	ck_assert(!reads(3 * GIB));
	ck_assert_uint_eq(mmu.last.error, PF_P | PF_RSVD);
	ck_assert(!cached(3, 3 * GIB));
	references(0);
	for (unsigned level = 2; level <= 3; level++) /* all that was used has A = 1 in memory, the caches' copies as well */
		ck_assert(psc_find(psc_at(mmu.psc.linear, level), 0, mmu.context_id)->all & PTE_A);
	ck_assert(mem_read(&mem, HPA(TABLES + 0x2000), 8) & PTE_A);
}
END_TEST

START_TEST(xd_of_any_entry_above_forbids_fetches)
{
	put64(TABLES + 0x1000, (TABLES + 0x2000) | RWU | PTE_XD);
	references(0);
	ck_assert_ptr_null(mmu_access(&mmu, GLA(0x1000), ACC_FETCH));
	ck_assert_uint_eq(mmu.last.error, PF_P | PF_I);
}
END_TEST

START_TEST(g_flag_of_a_table_entry_does_not_matter)
{
	put64(TABLES + 0x2000, (TABLES + 0x3000) | RWU | PTE_G);
	references(0);
	mmu_flush_pcid(&mmu, 0);
	ck_assert_uint_eq(references(0), 4);
}
END_TEST

START_TEST(page_fault_strikes_its_address_only)
{
	references(0);
	references(0x200000);
	references(0x1ff000 - 0x1000);
	ck_assert(!reads(0x1ff000));
	ck_assert(!cached(2, 0) && !cached(3, 0) && !cached(4, 0)); /* what would be used for the address */
	ck_assert_ptr_nonnull(mmu_peek_tlb(&mmu, GLA(0), false));   /* other pages' translations stay */
	ck_assert_ptr_nonnull(mmu_peek_tlb(&mmu, GLA(0x200000), false));
	put64(TABLES + 0x2008, 0 | PTE_P | PTE_PS);
	mmu_invlpg(&mmu, GLA(0x200000));
	references(0x200000);
	ck_assert_ptr_null(mmu_access(&mmu, GLA(0x2ff000), ACC_WRITE)); /* another 4 KiB of that page */
	ck_assert_ptr_null(mmu_peek_tlb(&mmu, GLA(0x200000), false));
}
END_TEST

START_TEST(not_present_is_never_cached)
{
	ck_assert(!reads(0x1ff000));
	put64(TABLES + 0x3000 + 8 * 511, 7 << 12 | RWU);
	ck_assert(reads(0x1ff000));
	ck_assert(!reads(5 * GIB));
	put64(TABLES + 0x1000 + 8 * 5, (TABLES + 0x2000) | RWU);
	ck_assert(reads(5 * GIB));
}
END_TEST

START_TEST(reset_leaves_nothing)
{
	references(0);
	references(GIB);
	mmu_empty(&mmu);
	ck_assert_uint_eq(references(0), 4);
	ck_assert_uint_eq(references(GIB), 2 - 1); /* the walk before has cached the PML4 entry again */
}
END_TEST

/* ---- with EPT: two regions of eight pages, 1 GiB apart in linear and 2 MiB in guest-physical addresses; all pages of 4 KiB ---- */

static const uint64_t base = 0x7f0040200000, far = 0x7f0080200000;

static void ept_begin(void)
{
	fix_start(4, true);
	for (unsigned i = 0; i < 8; i++) {
		guest_map(4, base + i * 0x1000, 1, i * 0x1000, RWU);
		guest_put(guest_entry_at(3, far), guest_table(2) | RWU); /* the same PD and PT, other entries of the PDPT */
	}
	guest_paging(4);
	for (unsigned level = 1; level <= 4; level++)
		fix_map(guest_table(level), PAGE_SHIFT);
	for (unsigned i = 0; i < 8; i++)
		fix_map(i * 0x1000, PAGE_SHIFT);
	ck_assert_int_eq(mmu_model(&fix.cpu.mmu, &config, NULL), 0);
}

static uint64_t ept_references(uint64_t gla)
{
	uint64_t before = event_walk_refs(&fix.cpu.ev);
	ck_assert_ptr_nonnull(mmu_access(&fix.cpu.mmu, GLA(gla), ACC_READ));
	return event_walk_refs(&fix.cpu.ev) - before;
}

START_TEST(ept_violation_strikes_both_of_its_addresses)
{
	ept_begin();
	ept_references(base);
	ept_references(far);
	ck_assert_uint_eq(ept_references(base + 0x1000), 2);
	uint64_t entry = ept_get(0x2000, 1);
	ept_put(0x2000, 1, 0);
	ck_assert_ptr_null(mmu_access(&fix.cpu.mmu, GLA(base + 0x2000), ACC_READ));
	ck_assert_int_eq(fix.cpu.mmu.last.status, WALK_SECOND);
	/* combined ones of the linear address are gone: four tables, found by the nested TLB; the page's EPT walk begins at the top */
	ck_assert_uint_eq(ept_references(base + 0x3000), 4 + 4);
	ck_assert_uint_eq(ept_references(base + 0x4000), 2);
	/* those of another linear address are not */
	ept_put(0x2000, 1, 0);
	ck_assert_ptr_null(mmu_access(&fix.cpu.mmu, GLA(base + 0x2000), ACC_READ));
	ck_assert_uint_eq(ept_references(far + 0x5000), 1 + 4);
	ept_put(0x2000, 1, entry);
	ept_references(base + 0x2000); /* without any invalidation by software */
	fix_stop();
}
END_TEST

START_TEST(ept_entry_that_is_not_present_is_never_cached)
{
	ept_begin();
	uint64_t entry = ept_get(0x1000, 1);
	ept_put(0x1000, 1, 0);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_ptr_null(mmu_access(&fix.cpu.mmu, GLA(base + 0x1000), ACC_READ));
	ept_put(0x1000, 1, entry);
	ept_references(base + 0x1000);
	fix_stop();
}
END_TEST

START_TEST(other_roots_and_vpids_have_mappings_of_their_own)
{
	struct mmu *m = &fix.cpu.mmu;
	ept_begin();
	ept_references(base);
	mmu_set_context(m, FIX_VPID + 1, m->context.eptrta, m->env.second, m->env.second_ctx);
	/* no combined mapping of that VPID, but guest-physical ones have none: nested TLB for four tables, EPT PDE-cache for the page */
	ck_assert_uint_eq(ept_references(base + 0x1000), 4 + 1);
	mmu_set_context(m, FIX_VPID + 1, m->context.eptrta ^ 0x1000, m->env.second, m->env.second_ctx);
	ck_assert_uint_gt(ept_references(base + 0x2000), 4 + 1);
	mmu_set_context(m, FIX_VPID, m->context.eptrta ^ 0x1000, m->env.second, m->env.second_ctx);
	ck_assert_uint_eq(ept_references(base + 0x3000), 2); /* those of the first are still there */
	fix_stop();
}
END_TEST

static const struct {
	unsigned type;
	bool other;    /* names another VPID, or another address far from what is cached */
	unsigned left; /* references of a page near what was cached: 2, nothing went; 5, the combined mappings went */
} invvpids[] = {{0, false, 5}, {0, true, 2}, {1, false, 5}, {1, true, 2}, {2, false, 5}, {3, false, 5}, {3, true, 2}};

START_TEST(invvpid_takes_combined_entries_but_not_guest_physical_ones)
{
	struct mmu *m = &fix.cpu.mmu;
	bool other = invvpids[_i].other;
	uint16_t vpid = (uint16_t)(FIX_VPID + other);
	ept_begin();
	ept_references(base);
	switch (invvpids[_i].type) {
	case 0:
		mmu_invvpid_addr(m, FIX_VPID, GLA(other ? far + 77 * GIB : base));
		break;
	case 1:
		mmu_invvpid(m, vpid);
		break;
	case 2:
		mmu_invvpid_all(m);
		break;
	default:
		mmu_invvpid_nonglobal(m, vpid);
	}
	uint64_t refs = ept_references(base + 0x1000);
	ck_assert_msg(refs == invvpids[_i].left, "row %d: %lu references", _i, refs);
	fix_stop();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("rules");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, without_pcide_everything_is_of_pcid_0);
	tcase_add_test(tc, no_entry_is_made_from_what_is_no_table);
	tcase_add_test(tc, xd_of_any_entry_above_forbids_fetches);
	tcase_add_test(tc, g_flag_of_a_table_entry_does_not_matter);
	tcase_add_test(tc, page_fault_strikes_its_address_only);
	tcase_add_test(tc, not_present_is_never_cached);
	tcase_add_test(tc, reset_leaves_nothing);
	suite_add_tcase(suite, tc);
	tc = tcase_create("ept");
	tcase_add_test(tc, ept_violation_strikes_both_of_its_addresses);
	tcase_add_test(tc, ept_entry_that_is_not_present_is_never_cached);
	tcase_add_test(tc, other_roots_and_vpids_have_mappings_of_their_own);
	tcase_add_loop_test(tc, invvpid_takes_combined_entries_but_not_guest_physical_ones, 0, ARRAY_LEN(invvpids));
	suite_add_tcase(suite, tc);
}

TEST_MAIN("inval_rules", add_cases)
