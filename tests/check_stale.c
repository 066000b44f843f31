/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The missing-invalidation finder: one row for each sentence of the SDM that asks for an invalidation, or says that none is needed (3A,
 * "Recommended Invalidation", "Optional Invalidation", "Delayed Invalidation"; 3C, "Guidelines for Use of the INVEPT Instruction"); and a
 * guest with one INVLPG left out.
 */
#include "emu/finder.h"
#include "mmu/pte.h"
#include "tests/ept_fixture.h"
#include "tests/machine_state.h"

#include <string.h>

#define LINEAR 0x7f0040200000ull /* four 4-KiB pages, guest-physical 0 .. 16 KiB */
#define RWU (PTE_P | PTE_RW | PTE_US)
enum { PAGES = 4, NEW_PAGE = 0x9000, OTHER_TABLE = FIX_TABLES + 0x10000, STORE_RIP = 0x1111, USE_RIP = 0x2222 };

static struct stale stale;
static struct stale_place here;
static struct paging_regs regs;

static void where(void *ctx, bool fetch, gla_t gla, struct stale_place *place)
{
	(void)ctx, (void)fetch, (void)gla;
	*place = here;
}

static const struct psc_config pscs = {
    .linear = {{32, 4, POLICY_PLRU}, {4, 4, POLICY_PLRU}, {4, 4, POLICY_PLRU}, {2, 2, POLICY_PLRU}},
    .ept = {{32, 4, POLICY_PLRU}, {4, 4, POLICY_PLRU}, {4, 4, POLICY_PLRU}, {2, 2, POLICY_PLRU}},
    .nested = {16, 4, POLICY_PLRU},
};

static void load_regs(void)
{
	mmu_set_paging(&fix.cpu.mmu, &regs);
}

/* A guest with 4-level tables on 4-level EPT with accessed and dirty flags, all pages of 4 KiB; PCIDs on; no TLB has anything. */
static void setup(void)
{
	fix_start(4, true);
	ck_assert_int_eq(mmu_model(&fix.cpu.mmu, &pscs, NULL), 0);
	for (uint64_t i = 0; i < PAGES; i++)
		guest_map(4, LINEAR + i * PAGE_SIZE, 1, i * PAGE_SIZE, RWU);
	guest_put(OTHER_TABLE, NEW_PAGE | RWU);
	for (unsigned level = 1; level <= 4; level++)
		fix_map(guest_table(level), PAGE_SHIFT);
	for (uint64_t i = 0; i < 16; i++)
		fix_map(i * PAGE_SIZE, PAGE_SHIFT);
	fix_map(OTHER_TABLE, PAGE_SHIFT);
	regs = (struct paging_regs){.cr0 = CR0_PE | CR0_PG | CR0_WP,
				    .cr3 = guest_table(4),
				    .cr4 = CR4_PAE | CR4_PGE | CR4_PCIDE,
				    .efer = EFER_LME | EFER_LMA | EFER_NXE};
	load_regs();
	memset(&stale, 0, sizeof stale);
	ck_assert_int_eq(stale_init(&stale, &fix.cpu.mmu, where, NULL), 0);
}

static void teardown(void)
{
	stale_free(&stale);
	fix_stop();
}

static bool touch(unsigned page, unsigned access)
{
	here = (struct stale_place){.rip = USE_RIP};
	return mmu_access(&fix.cpu.mmu, GLA(LINEAR + page * PAGE_SIZE + 0x123), access);
}

static void set_pte(unsigned page, uint64_t entry)
{
	here = (struct stale_place){.rip = STORE_RIP};
	guest_put(guest_entry_at(1, LINEAR + page * PAGE_SIZE), entry);
}

static uint64_t pte(unsigned page)
{
	return guest_get(guest_entry_at(1, LINEAR + page * PAGE_SIZE));
}

static void set_ept(uint64_t gpa, unsigned level, uint64_t entry)
{
	here = (struct stale_place){.rip = STORE_RIP, .root = true};
	ept_put(gpa, level, entry);
}

/* ---- what happens between two accesses to page 0 ---- */

static void nothing(void)
{
}
static void p_to_0(void)
{
	set_pte(0, 0);
}
static void p_to_0_and_invlpg(void)
{
	set_pte(0, 0);
	mmu_invlpg(&fix.cpu.mmu, GLA(LINEAR));
}
static void p_to_0_and_invlpg_of_another(void)
{
	set_pte(0, 0);
	mmu_invlpg(&fix.cpu.mmu, GLA(LINEAR + PAGE_SIZE));
}
static void p_to_0_and_mov_cr3(void)
{
	set_pte(0, 0);
	mmu_flush_pcid(&fix.cpu.mmu, 0);
}
static void p_to_0_and_invpcid(void)
{
	set_pte(0, 0);
	mmu_invpcid_addr(&fix.cpu.mmu, 0, GLA(LINEAR));
}
static void p_to_0_and_back(void)
{
	uint64_t was = pte(0);
	set_pte(0, 0);
	set_pte(0, was);
}
static void p_to_0_of_another(void)
{
	set_pte(1, 0);
}
static void p_to_1_of_another(void)
{
	set_pte(1, 0);
	mmu_invlpg(&fix.cpu.mmu, GLA(LINEAR + PAGE_SIZE));
	set_pte(1, PAGE_SIZE | RWU);
}
static void another_page(void)
{
	set_pte(0, NEW_PAGE | RWU);
}
static void rw_to_0(void)
{
	set_pte(0, pte(0) & ~PTE_RW);
}
static void us_to_0(void)
{
	set_pte(0, pte(0) & ~PTE_US);
}
static void xd_to_1(void)
{
	set_pte(0, pte(0) | PTE_XD);
}
static void a_to_0(void)
{
	set_pte(0, pte(0) & ~PTE_A);
}
static void d_to_0(void)
{
	set_pte(0, pte(0) & ~PTE_D);
}
static void software_bits(void)
{
	set_pte(0, pte(0) ^ BITS(11, 9) ^ BITS(58, 52));
}
static void copy_on_write(void)
{
	set_pte(0, pte(0) & ~PTE_RW);
	mmu_invlpg(&fix.cpu.mmu, GLA(LINEAR));
	touch(0, ACC_READ);
	set_pte(0, pte(0) | PTE_RW); /* rights are added: the write may fault spuriously, no more */
}
static void table_replaced(void)
{
	here = (struct stale_place){.rip = STORE_RIP};
	guest_put(guest_entry_at(2, LINEAR), OTHER_TABLE | RWU);
}
static void table_replaced_page_flushed(void) /* only what a TLB has of this page: the PDE-cache keeps the old table */
{
	table_replaced();
	mmu_drop(&fix.cpu.mmu, GLA(LINEAR));
}
static void table_replaced_and_invlpg(void)
{
	table_replaced();
	mmu_invlpg(&fix.cpu.mmu, GLA(LINEAR));
}
static void unused_pcid(void)
{
	regs.cr3 |= 3;
	load_regs();
	set_pte(0, 0);
	mmu_flush_pcid(&fix.cpu.mmu, 3);
	set_pte(0, RWU);
}
static void changed_under_another_pcid(void)
{
	regs.cr3 |= 3;
	load_regs();
	set_pte(0, NEW_PAGE | RWU);
	regs.cr3 &= ~3ull;
	load_regs();
}
static void unused_vpid(void)
{
	set_pte(0, 0);
	mmu_set_context(&fix.cpu.mmu, FIX_VPID + 1, fix.cpu.mmu.context.eptrta, fix.cpu.mmu.env.second, fix.cpu.mmu.env.second_ctx);
	set_pte(0, RWU);
}
static void changed_by_vmm(void)
{
	here = (struct stale_place){.rip = STORE_RIP, .root = true};
	guest_put(guest_entry_at(1, LINEAR), NEW_PAGE | RWU);
}
static void changed_by_vmm_and_invvpid(void)
{
	changed_by_vmm();
	mmu_invvpid_addr(&fix.cpu.mmu, FIX_VPID, GLA(LINEAR));
}

static void global_page(void)
{
	set_pte(0, pte(0) | PTE_G);
	mmu_invlpg(&fix.cpu.mmu, GLA(LINEAR));
	touch(0, ACC_READ | ACC_WRITE);
}
static void global_page_and_mov_cr3(void)
{
	global_page();
	set_pte(0, NEW_PAGE | RWU);
	mmu_flush_pcid(&fix.cpu.mmu, 0);
}
static void global_page_and_pge(void)
{
	global_page();
	set_pte(0, NEW_PAGE | RWU);
	mmu_flush_all(&fix.cpu.mmu);
}

static void ept_gone(void)
{
	set_ept(0, 1, 0);
}
static void ept_gone_and_invept(void)
{
	ept_gone();
	mmu_invept(&fix.cpu.mmu, fix.cpu.mmu.context.eptrta);
}
static void ept_gone_and_invvpid(void) /* combined mappings go; the guest-physical ones may not be used for the page itself */
{
	ept_gone();
	mmu_invvpid(&fix.cpu.mmu, FIX_VPID);
}
static void ept_w_to_0(void)
{
	set_ept(0, 1, ept_get(0, 1) & ~EPTE_W);
}
static void ept_w_to_1(void)
{
	set_ept(0, 1, ept_get(0, 1) & ~EPTE_W);
	mmu_invept(&fix.cpu.mmu, fix.cpu.mmu.context.eptrta);
	touch(0, ACC_READ);
	set_ept(0, 1, ept_get(0, 1) | EPTE_W);
}
static void ept_moved(void)
{
	set_ept(0, 1, (ept_get(0, 1) & ~BITS(45, 12)) | (FIX_GUEST + NEW_PAGE));
}
static void ept_d_to_0(void)
{
	set_ept(0, 1, ept_get(0, 1) & ~EPTE_D);
}
static void ept_other_page_gone(void)
{
	set_ept(PAGE_SIZE, 1, 0);
}
static void ept_table_page_moved(void) /* the guest's PT lies elsewhere now; the nested TLB, or the PDE-cache, knows the old place */
{
	mem_write(&fix.mem, HPA(FIX_GUEST + OTHER_TABLE + 8), NEW_PAGE | RWU, 8);
	set_ept(guest_table(1), 1, (ept_get(guest_table(1), 1) & ~BITS(45, 12)) | (FIX_GUEST + OTHER_TABLE));
}

enum { R = ACC_READ, W = ACC_WRITE, X = ACC_FETCH, U = ACC_USER, NONE = -1 };
static const struct {
	const char *rule;
	unsigned before; /* access to page 0 */
	void (*between)(void);
	unsigned after; /* access to `page` */
	unsigned page;
	int why, due; /* NONE: no report */
} rules[] = {
    {"nothing changed", R | W, nothing, R | W, 0, NONE, 0},
    {"P 1 -> 0", R, p_to_0, R, 0, STALE_DENIED, DUE_INVLPG},
    {"P 1 -> 0, INVLPG", R, p_to_0_and_invlpg, R, 0, NONE, 0},
    {"P 1 -> 0, INVLPG of another address", R, p_to_0_and_invlpg_of_another, R, 0, STALE_DENIED, DUE_INVLPG},
    {"P 1 -> 0, MOV to CR3", R, p_to_0_and_mov_cr3, R, 0, NONE, 0},
    {"P 1 -> 0, INVPCID", R, p_to_0_and_invpcid, R, 0, NONE, 0},
    {"P 1 -> 0 -> 1 with the same page", R, p_to_0_and_back, R, 0, NONE, 0},
    {"P 1 -> 0 in an entry that is not used", R, p_to_0_of_another, R, 0, NONE, 0},
    {"P 0 -> 1: nothing is cached of an entry with P = 0", R, p_to_1_of_another, R | W, 1, NONE, 0},
    {"another page, without INVLPG", R, another_page, R, 0, STALE_ELSEWHERE, DUE_INVLPG},
    {"R/W 1 -> 0, and a write", R | W, rw_to_0, W, 0, STALE_DENIED, DUE_INVLPG},
    {"R/W 1 -> 0, and a read: as the tables have it", R | W, rw_to_0, R, 0, NONE, 0},
    {"R/W 0 -> 1: optional", R, copy_on_write, W, 0, NONE, 0},
    {"U/S 1 -> 0, and a user-mode access", R | U, us_to_0, R | U, 0, STALE_DENIED, DUE_INVLPG},
    {"U/S 1 -> 0, and a supervisor-mode access", R | U, us_to_0, R, 0, NONE, 0},
    {"XD 0 -> 1, and a fetch", X, xd_to_1, X, 0, STALE_DENIED, DUE_INVLPG},
    {"XD 0 -> 1, and a read", R, xd_to_1, R, 0, NONE, 0},
    {"A 1 -> 0: optional", R, a_to_0, R, 0, NONE, 0},
    {"D 1 -> 0: optional", W, d_to_0, W, 0, NONE, 0},
    {"bits that the processor ignores", W, software_bits, W, 0, NONE, 0},
    {"PDE with another table", R, table_replaced, R, 0, STALE_ELSEWHERE, DUE_INVLPG_TABLE},
    {"PDE with another table, the PDE-cache left", R, table_replaced_page_flushed, R, 0, STALE_ELSEWHERE, DUE_INVLPG_TABLE},
    {"PDE with another table, INVLPG", R, table_replaced_and_invlpg, R, 0, NONE, 0},
    {"a change while the PCID is not in use", R, unused_pcid, R, 0, NONE, 0},
    {"a change under another PCID", R, changed_under_another_pcid, R, 0, STALE_ELSEWHERE, DUE_INVPCID},
    {"a change, and the VPID is not used again", R, unused_vpid, R, 0, NONE, 0},
    {"a change of the guest's tables by the VMM", R, changed_by_vmm, R, 0, STALE_ELSEWHERE, DUE_INVVPID},
    {"the same with INVVPID", R, changed_by_vmm_and_invvpid, R, 0, NONE, 0},
    {"a global page, MOV to CR3", R, global_page_and_mov_cr3, R, 0, STALE_ELSEWHERE, DUE_INVLPG_GLOBAL},
    {"a global page, CR4.PGE changed", R, global_page_and_pge, R, 0, NONE, 0},
    {"EPT entry gone", R, ept_gone, R, 0, STALE_DENIED, DUE_INVEPT},
    {"EPT entry gone, INVEPT", R, ept_gone_and_invept, R, 0, NONE, 0},
    {"EPT entry gone, INVVPID", R, ept_gone_and_invvpid, R, 0, NONE, 0},
    {"EPT W 1 -> 0, and a write", W, ept_w_to_0, W, 0, STALE_DENIED, DUE_INVEPT},
    {"EPT W 1 -> 0, and a read", W, ept_w_to_0, R, 0, NONE, 0},
    {"EPT W 0 -> 1: optional", R, ept_w_to_1, W, 0, NONE, 0},
    {"EPT: another page", R, ept_moved, R, 0, STALE_ELSEWHERE, DUE_INVEPT},
    {"EPT D 1 -> 0, and a write", W, ept_d_to_0, W, 0, STALE_CLEAN, DUE_INVEPT},
    {"EPT D 1 -> 0, and a read", W, ept_d_to_0, R, 0, NONE, 0},
    {"EPT: an entry that is not used", W, ept_other_page_gone, W, 0, NONE, 0},
    {"EPT: the guest's table lies elsewhere", R, ept_table_page_moved, R, 1, STALE_ELSEWHERE, DUE_INVEPT},
};

START_TEST(rule_of_the_sdm)
{
	touch(0, rules[_i].before);
	rules[_i].between();
	touch(rules[_i].page, rules[_i].after);
	if (rules[_i].why == NONE) {
		ck_assert_msg(stale_count(&stale) == 0, "%s: a false report, why %d", rules[_i].rule, stale.report[0].why);
		return;
	}
	const struct stale_report *r = &stale.report[0];
	ck_assert_msg(stale.reports == 1 && r->count == 1, "%s: %u reports", rules[_i].rule, stale.reports);
	ck_assert_msg((int)r->why == rules[_i].why && (int)r->due == rules[_i].due, "%s: why %d, due %d", rules[_i].rule, r->why, r->due);
	ck_assert_msg(r->found && r->store.rip == STORE_RIP && r->use.rip == USE_RIP, "%s: the store was not found", rules[_i].rule);
	ck_assert_uint_eq(r->page.u, LINEAR + rules[_i].page * PAGE_SIZE);
}
END_TEST

START_TEST(report_names_entry_before_and_after)
{
	touch(0, R);
	uint64_t was = pte(0);
	another_page();
	set_pte(0, 0); /* the first store is the one that an invalidation had to follow */
	here.rip = 5;
	touch(0, R);
	touch(0, R);
	const struct stale_report *r = &stale.report[0];
	ck_assert_uint_eq(stale.reports, 1);
	ck_assert_uint_eq(r->count, 2);
	ck_assert_uint_eq(r->before, was);
	ck_assert_uint_eq(r->ref.entry, 0);
	ck_assert_uint_eq(r->ref.level, 1);
	ck_assert_uint_eq(r->ref.hpa.u, FIX_GUEST + guest_entry_at(1, LINEAR));
}
END_TEST

START_TEST(stale_stlb_entry_is_found)
{
	touch(0, R);
	struct tlb *first = &fix.cpu.mmu.dtlb;
	another_page();
	for (uint32_t s = 0; s < first->slots; s++)
		tlb_drop(first, s);
	touch(0, R);
	ck_assert_uint_eq(stale.reports, 1);
	touch(0, R); /* what the first level took over is no better */
	ck_assert_uint_eq(stale_count(&stale), 2);
}
END_TEST

START_TEST(reports_are_bounded)
{
	touch(0, R);
	another_page();
	for (unsigned i = 0; i < STALE_REPORTS + 10; i++) {
		here = (struct stale_place){.rip = i};
		mmu_access(&fix.cpu.mmu, GLA(LINEAR), R);
	}
	ck_assert_uint_eq(stale.reports, STALE_REPORTS);
	ck_assert_uint_eq(stale.further, 10);
}
END_TEST

START_TEST(store_long_ago_is_said_to_be_unknown)
{
	touch(0, R);
	another_page();
	for (unsigned i = 0; i < STALE_STORES; i++)
		set_pte(1, (uint64_t)(1 + (i & 1)) << 12 | RWU);
	touch(0, R);
	ck_assert_uint_eq(stale.reports, 1);
	ck_assert(!stale.report[0].found);
}
END_TEST

START_TEST(counts_are_the_same_as_without)
{
	struct events with;
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < 40; i++) {
			touch(i % PAGES, i % 3 ? R : W);
			if (i % 7 == 0)
				set_pte(i % PAGES, pte(i % PAGES) ^ PTE_US);
		}
		if (pass)
			ck_assert_mem_eq(&with, &fix.cpu.ev, sizeof with);
		with = fix.cpu.ev;
		teardown();
		setup();
		if (pass == 0)
			stale_free(&stale);
	}
}
END_TEST

/* ---- a machine ---- */

static struct box box;

/*
 * 1: reads a page, maps another in its place; 2: forgets INVLPG, reads again; 3: INVLPG at last, reads. EBX and EDX: what it read. The page
 * at 180000H is the 384th of its PT.
 */
BOX_ASM(forgetful, "mov rdi,0x180000; mov eax,[rdi]; mov rsi,0x14c00; mov rcx,[rsi]; add rcx,0x1000; mov [rsi],rcx; 2: mov ebx,[rdi]; "
		   "invlpg [rdi]; mov edx,[rdi]; hlt");

START_TEST(forgotten_invlpg_is_found_at_its_use)
{
	box_start(&box, 1000);
	ck_assert_int_eq(finder_attach(&box.m), 0);
	BOX_CODE_OF(&box, forgetful);
	box_set_word(&box, 0x180000, 1);
	box_set_word(&box, 0x181000, 2);
	ck_assert_int_eq(machine_run(&box.m), END_HALTED);
	ck_assert_uint_eq(box.m.cpu.gpr[RBX], 1);
	ck_assert_uint_eq(box.m.cpu.gpr[RDX], 2);
	const struct stale_report *r = &box.m.stale.report[0];
	ck_assert_uint_eq(stale_count(&box.m.stale), 1);
	ck_assert_uint_eq(r->store.rip, BOX_CODE + 0x1a);
	ck_assert_uint_eq(r->use.rip, BOX_CODE + 0x1d);
	ck_assert_uint_eq(r->store.insns, 6);
	ck_assert_uint_eq(r->use.insns, 7);
	ck_assert_uint_eq(r->page.u, 0x180000);
	ck_assert_uint_eq(page_base(r->before) + 0x1000, page_base(r->ref.entry));
	ck_assert_int_eq(r->due, DUE_INVLPG);

	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	finder_text(out, &box.m);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "1 use of stale translations, 1 different"));
	ck_assert_ptr_nonnull(strstr(text, "rip 0x10001d reads linear page 0x180000 (first after 7 instructions, 1 use)"));
	ck_assert_ptr_nonnull(strstr(text, "changed by the store at rip 0x10001a"));
	ck_assert_ptr_nonnull(strstr(text, "INVLPG of that address"));
	free(text);
	json_t *list = finder_json(&box.m);
	ck_assert_uint_eq(json_array_size(list), 1);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(list, 0), "due")), "INVLPG");
	json_decref(list);
	box_stop(&box);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("stale");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, rule_of_the_sdm, 0, ARRAY_LEN(rules));
	tcase_add_test(tc, report_names_entry_before_and_after);
	tcase_add_test(tc, stale_stlb_entry_is_found);
	tcase_add_test(tc, reports_are_bounded);
	tcase_add_test(tc, store_long_ago_is_said_to_be_unknown);
	tcase_add_test(tc, counts_are_the_same_as_without);
	suite_add_tcase(suite, tc);
	tc = tcase_create("machine");
	tcase_add_test(tc, forgotten_invlpg_is_found_at_its_use);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("stale", add_cases)
