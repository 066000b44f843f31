/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every invalidating operation against every kind of cached translation: which it must take, which it must leave (SDM 3A, "Operations
 * that Invalidate TLBs and Paging-Structure Caches"; 3C, "Operations that Invalidate Cached Mappings").
 */
#include <string.h>

#include "mmu/mmu.h"
#include "mmu/pte.h"
#include "tests/test.h"

enum { RAM = 1 << 20, TABLES = 0x10000, RWU = PTE_P | PTE_RW | PTE_US };

static struct mem mem;
static struct events ev;
static struct mmu mmu;
static struct paging_regs regs;
static uint8_t second_shift;

static struct second identity(void *ctx, gpa_t gpa, unsigned access, bool is_table, bool guest_user, unsigned flags)
{
	(void)ctx, (void)access, (void)is_table, (void)guest_user, (void)flags;
	return (struct second){.ok = true, .hpa = HPA(gpa.u), .shift = second_shift, .rights = SECOND_R | SECOND_W | SECOND_X | SECOND_XU};
}

/* linear page 16 and 17: not global; 18, 19: global; 2 MiB: a 2-MiB page; 1 GiB: a 1-GiB page */
static void setup(void)
{
	static const struct mmu_config large = {
	    .itlb = {{64, 64}, {64, 64}, {64, 64}}, .dtlb = {{64, 64}, {64, 64}, {64, 64}}, .stlb = {{256, 256}, {64, 64}, {64, 64}}};
	ck_assert_int_eq(mem_init(&mem, RAM), 0);
	mem_write(&mem, HPA(TABLES), (TABLES + 0x1000) | RWU, 8);
	mem_write(&mem, HPA(TABLES + 0x1000), (TABLES + 0x2000) | RWU, 8);
	mem_write(&mem, HPA(TABLES + 0x1008), 0x40000000 | RWU | PTE_PS, 8);
	mem_write(&mem, HPA(TABLES + 0x2000), (TABLES + 0x3000) | RWU, 8);
	mem_write(&mem, HPA(TABLES + 0x2008), 0x200000 | RWU | PTE_PS, 8);
	for (unsigned i = 16; i < 20; i++)
		mem_write(&mem, HPA(TABLES + 0x3000 + 8 * i), i << 12 | RWU | (i >= 18 ? PTE_G : 0), 8);
	memset(&ev, 0, sizeof ev);
	ck_assert_int_eq(mmu_init(&mmu, &mem, &ev, &large), 0);
	regs = (struct paging_regs){
	    .cr0 = CR0_PE | CR0_PG, .cr3 = TABLES, .cr4 = CR4_PAE | CR4_PGE | CR4_PCIDE, .efer = EFER_LME | EFER_LMA | EFER_NXE};
	second_shift = 30;
}

static void teardown(void)
{
	mmu_free(&mmu);
	mem_free(&mem);
}

/* One cached translation. */
struct mapping {
	uint16_t vpid, pcid;
	uint64_t eptrta, gla;
	bool global;
};

static void enter(const struct mapping *m)
{
	regs.cr3 = TABLES | m->pcid;
	mmu_set_context(&mmu, m->vpid, m->eptrta, m->eptrta ? identity : NULL, NULL);
	mmu_set_paging(&mmu, &regs);
}

enum { MAPPINGS = 3 * 3 * 3 * 4 };

static struct mapping mapping(unsigned n)
{
	struct mapping m = {.gla = (16 + n % 4) << 12, .global = n % 4 >= 2};
	m.pcid = (uint16_t)(n / 4 % 3);
	m.vpid = (uint16_t)(n / 12 % 3);
	m.eptrta = n / 36 * 0x8000ull;
	return m;
}

static bool fetches(unsigned n)
{
	return n % 5 == 0;
}

/* the operations: done in the context VPID 1, PCID 1, EPT root 8000; and what each must take */
struct operation {
	const char *name;
	void (*run)(void);
	bool (*takes)(const struct mapping *m);
};

#define OPERATION(name, call, rule)                                                                                                        \
	static void run_##name(void)                                                                                                       \
	{                                                                                                                                  \
		call;                                                                                                                      \
	}                                                                                                                                  \
	static bool takes_##name(const struct mapping *m)                                                                                  \
	{                                                                                                                                  \
		return rule;                                                                                                               \
	}

OPERATION(invlpg, mmu_invlpg(&mmu, GLA(0x10fff)), m->vpid == 1 && m->gla == 0x10000 && m->pcid == 1)
OPERATION(invlpg_of_a_global_page, mmu_invlpg(&mmu, GLA(0x12000)), m->vpid == 1 && m->gla == 0x12000)
OPERATION(flush_pcid, mmu_flush_pcid(&mmu, 2), m->vpid == 1 && m->pcid == 2 && !m->global)
OPERATION(flush_nonglobal, mmu_flush_nonglobal(&mmu), m->vpid == 1 && !m->global)
OPERATION(flush_all, mmu_flush_all(&mmu), m->vpid == 1)
OPERATION(invpcid_addr, mmu_invpcid_addr(&mmu, 2, GLA(0x11000)), m->vpid == 1 && m->pcid == 2 && m->gla == 0x11000)
OPERATION(invpcid_addr_leaves_global, mmu_invpcid_addr(&mmu, 2, GLA(0x12000)), m->vpid == 7)
OPERATION(invvpid_addr, mmu_invvpid_addr(&mmu, 2, GLA(0x13000)), m->vpid == 2 && m->gla == 0x13000)
OPERATION(invvpid, mmu_invvpid(&mmu, 2), m->vpid == 2)
OPERATION(invvpid_of_vpid_0, mmu_invvpid(&mmu, 0), m->vpid == 0)
OPERATION(invvpid_all, mmu_invvpid_all(&mmu), m->vpid != 0)
OPERATION(invvpid_nonglobal, mmu_invvpid_nonglobal(&mmu, 2), m->vpid == 2 && !m->global)
OPERATION(invept, mmu_invept(&mmu, 0x10000), m->eptrta == 0x10000)
OPERATION(invept_all, mmu_invept_all(&mmu), m->eptrta != 0)
OPERATION(forget_gpa, mmu_forget_gpa(&mmu, GLA(0x10000)), m->vpid == 1 && m->pcid == 1 && m->eptrta == 0x8000 && m->gla == 0x10000)
OPERATION(forget_gpa_global, mmu_forget_gpa(&mmu, GLA(0x12000)), m->vpid == 1 && m->eptrta == 0x8000 && m->gla == 0x12000)

static const struct operation operations[] = {
#define ROW(name)                                                                                                                          \
	{                                                                                                                                  \
#name, run_##name, takes_##name                                                                                            \
	}
    ROW(invlpg),
    ROW(invlpg_of_a_global_page),
    ROW(flush_pcid),
    ROW(flush_nonglobal),
    ROW(flush_all),
    ROW(invpcid_addr),
    ROW(invpcid_addr_leaves_global),
    ROW(invvpid_addr),
    ROW(invvpid),
    ROW(invvpid_of_vpid_0),
    ROW(invvpid_all),
    ROW(invvpid_nonglobal),
    ROW(invept),
    ROW(invept_all),
    ROW(forget_gpa),
    ROW(forget_gpa_global),
};

START_TEST(operation_takes_what_it_must_and_nothing_else)
{
	const struct operation *op = &operations[_i];
	for (unsigned n = 0; n < MAPPINGS; n++) {
		struct mapping m = mapping(n);
		enter(&m);
		ck_assert_ptr_nonnull(mmu_access(&mmu, GLA(m.gla), fetches(n) ? ACC_FETCH : ACC_READ));
	}
	enter(&(struct mapping){.vpid = 1, .pcid = 1, .eptrta = 0x8000});
	uint64_t generation = mmu.generation;
	op->run();
	ck_assert_uint_gt(mmu.generation, generation);
	for (unsigned n = 0; n < MAPPINGS; n++) {
		struct mapping m = mapping(n);
		enter(&m);
		bool there = mmu_peek_tlb(&mmu, GLA(m.gla), fetches(n));
		ck_assert_msg(there == !op->takes(&m), "%s: vpid %d pcid %d ept %llx page %llx is %s", op->name, m.vpid, m.pcid,
			      (unsigned long long)m.eptrta, (unsigned long long)m.gla, there ? "there" : "gone");
	}
}
END_TEST

static const struct {
	const char *name;
	uint64_t gla, step, invlpg;
	unsigned shift; /* of the second stage: what the pieces are */
} larger[] = {
    {"2 MiB in 4-KiB pieces", 0x200000, 0x1f000, 0x3ff000, 12},	     {"2 MiB whole", 0x200000, 0x1f000, 0x3ff000, 21},
    {"1 GiB in 4-KiB pieces", 0x40000000, 0x7ff000, 0x7fffffff, 12}, {"1 GiB in 2-MiB pieces", 0x40000000, 0x7ff000, 0x7fffffff, 21},
    {"1 GiB whole", 0x40000000, 0x7ff000, 0x7fffffff, 30},
};

/* In the present context. */
static void cache_pieces(unsigned row)
{
	mmu_access(&mmu, GLA(0x10000), ACC_READ);
	for (unsigned i = 0; i < 16; i++) {
		gla_t gla = GLA(larger[row].gla + i * larger[row].step);
		struct tlb_entry *e = mmu_access(&mmu, gla, i % 2 ? ACC_FETCH : ACC_READ);
		ck_assert_ptr_nonnull(e);
		ck_assert_uint_eq(tlb_part_shift[e->part], larger[row].shift);
		ck_assert_uint_eq(tlb_entry_hpa(e, gla).u, gla.u);
	}
}

/* Pieces of the page are cached, and with them the small page beside it. */
static void check_pieces(unsigned row, bool there)
{
	for (unsigned i = 0; i < 16; i++) {
		gla_t gla = GLA(larger[row].gla + i * larger[row].step);
		ck_assert_msg((mmu_peek_tlb(&mmu, gla, i % 2) != NULL) == there, "%s: piece %d", larger[row].name, i);
	}
	ck_assert_ptr_nonnull(mmu_peek_tlb(&mmu, GLA(0x10000), false));
}

START_TEST(invlpg_takes_all_pieces_of_a_larger_guest_page)
{
	enter(&(struct mapping){.vpid = 1, .eptrta = 0x8000});
	second_shift = (uint8_t)larger[_i].shift;
	cache_pieces(_i);
	mmu_invlpg(&mmu, GLA(larger[_i].invlpg));
	check_pieces(_i, false);
}
END_TEST

/* With those under other EPT roots, but not those of another PCID or VPID. */
START_TEST(page_fault_takes_all_pieces_of_a_larger_guest_page)
{
	static const struct mapping mappings[] = {{.vpid = 1, .eptrta = 0x8000},
						  {.vpid = 1, .eptrta = 0x10000},
						  {.vpid = 1, .eptrta = 0x8000, .pcid = 1},
						  {.vpid = 2, .eptrta = 0x8000}};
	mem_write(&mem, HPA(TABLES + 0x1008), 0x40000000 | PTE_P | PTE_US | PTE_PS, 8);
	mem_write(&mem, HPA(TABLES + 0x2008), 0x200000 | PTE_P | PTE_US | PTE_PS, 8);
	second_shift = (uint8_t)larger[_i].shift;
	for (unsigned i = 0; i < ARRAY_LEN(mappings); i++) {
		enter(&mappings[i]);
		cache_pieces(_i);
	}
	enter(&mappings[0]);
	ck_assert_ptr_null(mmu_access(&mmu, GLA(larger[_i].invlpg), ACC_WRITE | ACC_USER));
	ck_assert_uint_eq(mmu.last.error, PF_P | PF_W | PF_U);
	for (unsigned i = 0; i < ARRAY_LEN(mappings); i++) {
		enter(&mappings[i]);
		check_pieces(_i, i >= 2);
	}
}
END_TEST

START_TEST(invlpg_takes_both_halves_of_a_4_mib_page)
{
	mem_write(&mem, HPA(TABLES + 0x4000 + 4 * 3), 0x800000 | RWU | PTE_PS, 4);
	mmu_set_paging(&mmu, &(struct paging_regs){.cr0 = CR0_PE | CR0_PG, .cr3 = TABLES + 0x4000, .cr4 = CR4_PSE});
	ck_assert_uint_eq(tlb_entry_hpa(mmu_access(&mmu, GLA(0xc00123), ACC_READ), GLA(0xc00123)).u, 0x800123);
	ck_assert_uint_eq(tlb_entry_hpa(mmu_access(&mmu, GLA(0xffffff), ACC_READ), GLA(0xffffff)).u, 0xbfffff);
	ck_assert_uint_eq(event_walks(&ev), 2);
	mmu_invlpg(&mmu, GLA(0xc00000));
	ck_assert_ptr_null(mmu_peek_tlb(&mmu, GLA(0xc00123), false));
	ck_assert_ptr_null(mmu_peek_tlb(&mmu, GLA(0xffffff), false));
}
END_TEST

START_TEST(global_page_serves_every_pcid_of_its_vpid)
{
	enter(&(struct mapping){.vpid = 1, .pcid = 1});
	mmu_access(&mmu, GLA(0x12000), ACC_READ);
	enter(&(struct mapping){.vpid = 1, .pcid = 2});
	mmu_access(&mmu, GLA(0x12000), ACC_READ);
	ck_assert_uint_eq(event_walks(&ev), 1);
	enter(&(struct mapping){.vpid = 2, .pcid = 2});
	mmu_access(&mmu, GLA(0x12000), ACC_READ);
	ck_assert_uint_eq(event_walks(&ev), 2);
}
END_TEST

START_TEST(failure_of_the_second_stage_drops_the_linear_address_only)
{
	enter(&(struct mapping){.vpid = 1, .pcid = 1, .eptrta = 0x8000});
	mmu_access(&mmu, GLA(0x10000), ACC_READ);
	mmu_access(&mmu, GLA(0x11000), ACC_READ);
	mmu_forget_gpa(&mmu, GLA(0x10000));
	ck_assert_ptr_null(mmu_peek_tlb(&mmu, GLA(0x10000), false));
	ck_assert_ptr_nonnull(mmu_peek_tlb(&mmu, GLA(0x11000), false));
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("inval");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, operation_takes_what_it_must_and_nothing_else, 0, ARRAY_LEN(operations));
	tcase_add_loop_test(tc, invlpg_takes_all_pieces_of_a_larger_guest_page, 0, ARRAY_LEN(larger));
	tcase_add_loop_test(tc, page_fault_takes_all_pieces_of_a_larger_guest_page, 0, ARRAY_LEN(larger));
	tcase_add_test(tc, invlpg_takes_both_halves_of_a_4_mib_page);
	tcase_add_test(tc, global_page_serves_every_pcid_of_its_vpid);
	tcase_add_test(tc, failure_of_the_second_stage_drops_the_linear_address_only);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("inval", add_cases)
