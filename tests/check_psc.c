/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paging-structure caches: how many references a walk makes with them, what may be stale, and one row for each sentence of the SDM's
 * invalidation sections (3A, "Operations that Invalidate TLBs and Paging-Structure Caches"; 3C, "Operations that Invalidate Cached
 * Mappings") that says what becomes of their entries.
 */
#include "tests/ept_fixture.h"
#include "tests/psc_fixture.h"

/* 4-level tables: 0..2 MiB and 2..4 MiB each with a PT; 1..1 GiB + 2 MiB with a PD and PT of its own, the same PT as the first. Page 511 of
 * each PT is not present. */
static void setup(void)
{
	psc_start();
	put64(TABLES, (TABLES + 0x1000) | RW);
	put64(TABLES + 0x1000, (TABLES + 0x2000) | RW);
	put64(TABLES + 0x1008, (TABLES + 0x5000) | RW);
	put64(TABLES + 0x2000, (TABLES + 0x3000) | RW);
	put64(TABLES + 0x2008, (TABLES + 0x4000) | RW);
	put64(TABLES + 0x5000, (TABLES + 0x3000) | RW);
	for (uint64_t i = 0; i < 511; i++) {
		put64(TABLES + 0x3000 + 8 * i, i << 12 | RW);
		put64(TABLES + 0x4000 + 8 * i, (i + 512) << 12 | RW);
	}
	regs = (struct paging_regs){
	    .cr0 = CR0_PE | CR0_PG, .cr3 = TABLES, .cr4 = CR4_PAE | CR4_PGE | CR4_PCIDE, .efer = EFER_LME | EFER_LMA | EFER_NXE};
	mmu_set_paging(&mmu, &regs);
}

static void teardown(void)
{
	mmu_free(&mmu);
	mem_free(&mem);
}

/* The references of an access that misses the TLBs. */
static uint64_t references(uint64_t gla)
{
	uint64_t before = event_walk_refs(&ev);
	ck_assert_ptr_nonnull(mmu_access(&mmu, GLA(gla), ACC_READ));
	return event_walk_refs(&ev) - before;
}

START_TEST(walk_begins_below_the_deepest_entry)
{
	ck_assert_uint_eq(references(0), 4);
	ck_assert_uint_eq(references(0x1000), 1);   /* PDE-cache */
	ck_assert_uint_eq(references(0x200000), 2); /* PDPTE-cache */
	ck_assert_uint_eq(references(GIB), 3);	    /* PML4-cache */
	ck_assert_uint_eq(references(GIB + 0x1000), 1);
	ck_assert_uint_eq(mmu.psc.hits[0][2], 2);
	ck_assert_uint_eq(mmu.psc.hits[0][3], 1);
	ck_assert_uint_eq(mmu.psc.hits[0][4], 1);
}
END_TEST

START_TEST(entry_of_another_pcid_is_not_used)
{
	references(0);
	regs.cr3 = TABLES | 5;
	mmu_set_paging(&mmu, &regs);
	ck_assert_uint_eq(references(0x1000), 4);
}
END_TEST

START_TEST(entry_is_used_after_its_table_entry_changed_until_invalidated)
{
	references(0);
	put64(TABLES + 0x2000, (TABLES + 0x4000) | RW);
	ck_assert_uint_eq(tlb_entry_hpa(mmu_access(&mmu, GLA(0x3000), ACC_READ), GLA(0x3000)).u, 0x3000);
	mmu_invlpg(&mmu, GLA(0x7000));
	ck_assert_uint_eq(tlb_entry_hpa(mmu_access(&mmu, GLA(0x4000), ACC_READ), GLA(0x4000)).u, 0x204000);
	ck_assert_uint_eq(tlb_entry_hpa(mmu_access(&mmu, GLA(0x3000), ACC_READ), GLA(0x3000)).u, 0x3000); /* the TLB still has it */
}
END_TEST

START_TEST(translation_by_a_stale_entry_is_as_old_as_the_entry)
{
	references(0);
	uint64_t epoch = mem.table_epoch;
	put64(TABLES + 0x2000, (TABLES + 0x4000) | RW);
	ck_assert_uint_ne(mem.table_epoch, epoch);
	ck_assert_uint_eq(mmu_access(&mmu, GLA(0x3000), ACC_READ)->epoch, epoch);
}
END_TEST

START_TEST(stale_entry_causes_no_spurious_fault)
{
	put64(TABLES + 0x2000, (TABLES + 0x3000) | PTE_P); /* read-only */
	references(0);
	put64(TABLES + 0x2000, (TABLES + 0x4000) | RW);
	regs.cr0 |= CR0_WP;
	mmu_set_paging(&mmu, &regs);
	struct tlb_entry *e = mmu_access(&mmu, GLA(0x3000), ACC_READ | ACC_WRITE);
	ck_assert_ptr_nonnull(e);
	ck_assert_uint_eq(tlb_entry_hpa(e, GLA(0x3000)).u, 0x203000);
}
END_TEST

START_TEST(rights_of_the_entries_above_are_kept)
{
	put64(TABLES + 0x1000, (TABLES + 0x2000) | PTE_P); /* read-only PDPTE, supervisor */
	references(0);
	regs.cr0 |= CR0_WP;
	mmu_set_paging(&mmu, &regs);
	ck_assert_ptr_null(mmu_access(&mmu, GLA(0x1000), ACC_WRITE));
	ck_assert_uint_eq(mmu.last.error, PF_P | PF_W);
	ck_assert_ptr_null(mmu_access(&mmu, GLA(0x2000), ACC_READ | ACC_USER));
}
END_TEST

static void nothing(void)
{
}
static void invlpg_near(void)
{
	mmu_invlpg(&mmu, GLA(0x5000));
}
static void invlpg_far(void)
{
	mmu_invlpg(&mmu, GLA(77 * GIB));
}
static void invlpg_other_pcid(void)
{
	regs.cr3 = TABLES | 5;
	mmu_set_paging(&mmu, &regs);
	mmu_invlpg(&mmu, GLA(0x5000));
	regs.cr3 = TABLES;
	mmu_set_paging(&mmu, &regs);
}
static void mov_cr3(void)
{
	mmu_flush_pcid(&mmu, 0);
}
static void mov_cr3_other(void)
{
	mmu_flush_pcid(&mmu, 5);
}
static void mov_cr3_noflush(void)
{
	mmu_set_paging(&mmu, &regs);
}
static void mov_cr4(void)
{
	mmu_flush_all(&mmu);
}
static void invpcid_near(void)
{
	mmu_invpcid_addr(&mmu, 0, GLA(0x5000));
}
static void invpcid_far(void)
{
	mmu_invpcid_addr(&mmu, 0, GLA(77 * GIB));
}
static void invpcid_other(void)
{
	mmu_invpcid_addr(&mmu, 5, GLA(0x5000));
}
static void invpcid_nonglobal(void)
{
	mmu_flush_nonglobal(&mmu);
}
static void invvpid_near(void)
{
	mmu_invvpid_addr(&mmu, 0, GLA(0x5000));
}
static void invvpid_far(void)
{
	mmu_invvpid_addr(&mmu, 0, GLA(77 * GIB));
}
static void invvpid_single(void)
{
	mmu_invvpid(&mmu, 0);
}
static void invvpid_other(void)
{
	mmu_invvpid(&mmu, 9);
}
static void invvpid_all(void)
{
	mmu_invvpid_all(&mmu);
}
static void invvpid_globals(void)
{
	mmu_invvpid_nonglobal(&mmu, 0);
}
static void invept_all(void)
{
	mmu_invept_all(&mmu);
}
static void page_fault(void)
{
	ck_assert_ptr_null(mmu_access(&mmu, GLA(0x1ff000), ACC_READ));
}
static void page_fault_far(void)
{
	ck_assert_ptr_null(mmu_access(&mmu, GLA(77 * GIB), ACC_READ));
}
static void vm_entry_and_exit(void)
{
	mmu_set_context(&mmu, 3, 0, NULL, NULL);
	mmu_set_context(&mmu, 0, 0, NULL, NULL);
}

static const struct {
	const char *what;
	void (*operation)(void);
	unsigned left; /* references of a walk in the same 2 MiB afterwards: 1, the PDE-cache's entry is there; 4, all are gone */
} operations[] = {
    {"nothing", nothing, 1},
    {"INVLPG: all entries of the current PCID, here for an address near", invlpg_near, 4},
    {"INVLPG: all entries of the current PCID, whatever the address", invlpg_far, 4},
    {"INVLPG under another PCID: need not", invlpg_other_pcid, 1},
    {"MOV to CR3: all entries of the PCID", mov_cr3, 4},
    {"MOV to CR3 with another PCID: need not", mov_cr3_other, 1},
    {"MOV to CR3, bit 63 set: not required to", mov_cr3_noflush, 1},
    {"MOV to CR4 that changes PGE: all", mov_cr4, 4},
    {"INVPCID individual-address: what would be used for the address", invpcid_near, 4},
    {"INVPCID individual-address: another address, need not", invpcid_far, 1},
    {"INVPCID individual-address: another PCID, need not", invpcid_other, 1},
    {"INVPCID all-context but globals: all PCIDs", invpcid_nonglobal, 4},
    {"INVVPID individual-address: what would be used for the address", invvpid_near, 4},
    {"INVVPID individual-address: another address, need not", invvpid_far, 1},
    {"INVVPID single-context", invvpid_single, 4},
    {"INVVPID single-context of another VPID: need not", invvpid_other, 1},
    {"INVVPID all-context: not VPID 0000H", invvpid_all, 1},
    {"INVVPID single-context, retaining globals: entries are never global", invvpid_globals, 4},
    {"INVEPT: not linear mappings", invept_all, 1},
    {"page fault: what would be used for the address", page_fault, 4},
    {"page fault elsewhere: need not", page_fault_far, 1},
    {"VM entry and exit with VPIDs: not required to", vm_entry_and_exit, 1},
};

START_TEST(operation_invalidates_what_the_sdm_says)
{
	references(0);
	operations[_i].operation();
	uint64_t refs = references(0x1000);
	ck_assert_msg(refs == operations[_i].left, "%s: %lu references", operations[_i].what, refs);
}
END_TEST

/* ---- with EPT: the fixture's guest, 4 levels on 4 levels, all pages of 4 KiB ---- */

static const uint64_t base = 0x7f0040200000;

static void ept_begin(void)
{
	fix_start(4, true);
	for (unsigned i = 0; i < 8; i++)
		guest_map(4, base + i * 0x1000, 1, i * 0x1000, PTE_P | PTE_RW | PTE_US);
	guest_paging(4);
	for (unsigned level = 1; level <= 4; level++)
		fix_map(guest_table(level), PAGE_SHIFT);
	for (unsigned i = 0; i < 8; i++)
		fix_map(i * 0x1000, PAGE_SHIFT);
}

static uint64_t ept_references(unsigned page)
{
	uint64_t before = event_walk_refs(&fix.cpu.ev);
	ck_assert_ptr_nonnull(mmu_access(&fix.cpu.mmu, GLA(base + page * 0x1000), ACC_READ));
	return event_walk_refs(&fix.cpu.ev) - before;
}

/* which caches there are, and the references of a second page in the same PT */
static const struct {
	bool linear, ept, nested;
	unsigned references;
} kinds[] = {
    {false, false, false, 24},	 {true, false, false, 1 + 4}, /* the PT's frame is known; its entry, then EPT for the page */
    {false, true, false, 4 + 5},			      /* four tables and the page, one EPT reference each */
    {false, false, true, 4 + 4},			      /* EPT only for the page */
    {false, true, true, 4 + 1},	 {true, true, true, 1 + 1},
};

START_TEST(each_kind_of_cache_saves_its_references)
{
	struct psc_config c = config;
	if (!kinds[_i].linear)
		memset(c.linear, 0, sizeof c.linear);
	if (!kinds[_i].ept)
		memset(c.ept, 0, sizeof c.ept);
	if (!kinds[_i].nested)
		memset(&c.nested, 0, sizeof c.nested);
	ept_begin();
	ck_assert_int_eq(mmu_model(&fix.cpu.mmu, &c, NULL), 0);
	ept_references(0);
	uint64_t refs = ept_references(1);
	ck_assert_msg(refs == kinds[_i].references, "row %d: %lu references", _i, refs);
	fix_stop();
}
END_TEST

START_TEST(invept_takes_guest_physical_and_combined_entries)
{
	ept_begin();
	ck_assert_int_eq(mmu_model(&fix.cpu.mmu, &config, NULL), 0);
	ept_references(0);
	mmu_invept(&fix.cpu.mmu, fix.cpu.mmu.context.eptrta ^ 0x1000);
	ck_assert_uint_eq(ept_references(1), 2); /* another root's */
	mmu_invept(&fix.cpu.mmu, fix.cpu.mmu.context.eptrta);
	for (unsigned level = 2; level <= 4; level++)
		fix.cpu.mmu.psc.hits[0][level] = 0;
	ept_references(2);
	ck_assert_uint_eq(fix.cpu.mmu.psc.hits[0][2] + fix.cpu.mmu.psc.hits[0][3] + fix.cpu.mmu.psc.hits[0][4], 0);
	fix_stop();
}
END_TEST

START_TEST(invlpg_takes_combined_entries_but_not_guest_physical_ones)
{
	ept_begin();
	ck_assert_int_eq(mmu_model(&fix.cpu.mmu, &config, NULL), 0);
	ept_references(0);
	mmu_invlpg(&fix.cpu.mmu, GLA(base));
	ck_assert_uint_eq(ept_references(1), 4 + 1); /* nested TLB for the tables, EPT PDE-cache for the page */
	fix_stop();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("psc");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, walk_begins_below_the_deepest_entry);
	tcase_add_test(tc, entry_of_another_pcid_is_not_used);
	tcase_add_test(tc, entry_is_used_after_its_table_entry_changed_until_invalidated);
	tcase_add_test(tc, translation_by_a_stale_entry_is_as_old_as_the_entry);
	tcase_add_test(tc, stale_entry_causes_no_spurious_fault);
	tcase_add_test(tc, rights_of_the_entries_above_are_kept);
	tcase_add_loop_test(tc, operation_invalidates_what_the_sdm_says, 0, ARRAY_LEN(operations));
	suite_add_tcase(suite, tc);
	tc = tcase_create("ept");
	tcase_add_loop_test(tc, each_kind_of_cache_saves_its_references, 0, ARRAY_LEN(kinds));
	tcase_add_test(tc, invept_takes_guest_physical_and_combined_entries);
	tcase_add_test(tc, invlpg_takes_combined_entries_but_not_guest_physical_ones);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("psc", add_cases)
