/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MMU as a whole: counts of a first-level TLB and an STLB against a simulation of the same geometry written here, permission
 * changes over cached translations against the oracle, stale translations, pieces of large pages, what the engine is told.
 * check_inval.c has the invalidating operations.
 *
 *     linear 0 .. 32 MiB   4-KiB pages (PTs)      1 .. 2 GiB   2-MiB pages      2 .. 4 GiB   1-GiB pages      4 GiB up: not present
 */
#include <inttypes.h>
#include <string.h>

#include "mmu/mmu.h"
#include "mmu/pte.h"
#include "tests/oracle.h"
#include "tests/test.h"

enum { RAM = 4 << 20, TABLES = 1 << 20, SMALL_PAGES = 8192, PT = TABLES + 0x10000, RWU = PTE_P | PTE_RW | PTE_US };
#define GIB (1ull << 30)

static struct mem mem;
static struct events ev;
static struct mmu mmu;
static uint32_t noise = 7;
static struct paging_regs regs;

static uint32_t any(void)
{
	noise = noise * 1664525 + 1013904223;
	return noise >> 8;
}

static void write64(uint64_t addr, uint64_t value)
{
	mem_write(&mem, HPA(addr), value, 8);
}

static uint64_t pte_address(uint64_t gla)
{
	return PT + (gla >> 12) * 8;
}

static void make_tables(void)
{
	write64(TABLES, (TABLES + 0x1000) | RWU);
	write64(TABLES + 0x1000, (TABLES + 0x2000) | RWU);
	write64(TABLES + 0x1008, (TABLES + 0x3000) | RWU);
	write64(TABLES + 0x1010, 5 * GIB | RWU | PTE_PS);
	write64(TABLES + 0x1018, 6 * GIB | RWU | PTE_PS);
	for (uint64_t i = 0; i < SMALL_PAGES / 512; i++)
		write64(TABLES + 0x2000 + 8 * i, (PT + i * 4096) | RWU);
	for (uint64_t i = 0; i < SMALL_PAGES; i++)
		write64(PT + 8 * i, (i + 0x100) << 12 | RWU);
	for (uint64_t i = 0; i < 512; i++)
		write64(TABLES + 0x3000 + 8 * i, (i + 7) << 21 | RWU | PTE_PS);
	regs =
	    (struct paging_regs){.cr0 = CR0_PE | CR0_PG, .cr3 = TABLES, .cr4 = CR4_PAE | CR4_PGE, .efer = EFER_LME | EFER_LMA | EFER_NXE};
}

static void start(const struct mmu_config *config)
{
	memset(&ev, 0, sizeof ev);
	ck_assert_int_eq(mmu_init(&mmu, &mem, &ev, config), 0);
	mmu_set_paging(&mmu, &regs);
}

static void setup(void)
{
	ck_assert_int_eq(mem_init(&mem, RAM), 0);
	make_tables();
	start(NULL);
}

static void teardown(void)
{
	mmu_free(&mmu);
	mem_free(&mem);
}

/* A plain simulation: sets as lists, most recent first. */
enum { SIM_SETS = 256, SIM_WAYS = 16 };
struct sim_part {
	unsigned sets, ways;
	uint64_t page[SIM_SETS][SIM_WAYS]; /* page + 1; 0: empty */
};

static bool sim_use(struct sim_part *p, uint64_t page, bool fill)
{
	uint64_t *list = p->page[page % p->sets];
	unsigned at;
	for (at = 0; at < p->ways && list[at] != page + 1; at++)
		;
	bool hit = at < p->ways;
	if (!hit && !fill)
		return false;
	if (!hit)
		at = p->ways - 1;
	memmove(list + 1, list, at * sizeof *list);
	list[0] = page + 1;
	return hit;
}

static const struct mmu_config geometries[] = {
    {.itlb = {{16, 4}}, .dtlb = {{64, 4}, {32, 4}, {4, 4}}, .stlb = {{1536, 12}, {64, 4}, {16, 4}}},
    {.itlb = {{16, 4}}, .dtlb = {{1, 1}, {1, 1}, {1, 1}}, .stlb = {{1, 1}, {1, 1}, {1, 1}}},
    {.itlb = {{16, 4}}, .dtlb = {{16, 16}, {4, 1}, {2, 2}}, .stlb = {{128, 1}, {8, 8}, {1, 1}}},
    {.itlb = {{16, 4}}, .dtlb = {{64, 1}, {8, 2}, {1, 1}}, .stlb = {{512, 4}, {256, 16}, {4, 4}}},
};

static struct sim_part first[TLB_PARTS], second[TLB_PARTS];

static void sim_init(const struct mmu_config *c)
{
	memset(first, 0, sizeof first);
	memset(second, 0, sizeof second);
	for (unsigned i = 0; i < TLB_PARTS; i++) {
		first[i].ways = c->dtlb[i].ways;
		first[i].sets = c->dtlb[i].entries / c->dtlb[i].ways;
		second[i].ways = c->stlb[i].ways;
		second[i].sets = c->stlb[i].entries / c->stlb[i].ways;
	}
}

/* accesses and what the geometry must give, into *expected */
static void sim_access(struct events *expected, uint64_t gla)
{
	unsigned part = gla < GIB ? TLB_4K : gla < 2 * GIB ? TLB_2M : TLB_1G;
	static const unsigned bits[] = {12, 21, 30};
	uint64_t page = gla >> bits[part];
	if (sim_use(&first[part], page, true)) {
		expected->n[EV_DTLB_HIT_4K + part]++;
		return;
	}
	expected->n[EV_DTLB_MISSES]++;
	if (sim_use(&second[part], page, true)) {
		expected->n[EV_STLB_LOAD_4K + part]++;
		return;
	}
	expected->n[EV_STLB_MISSES]++;
	expected->n[EV_WALKS_LOAD]++;
	expected->n[EV_WALKS_LOAD_4K + part]++;
	expected->n[EV_REF_PML4]++;
	expected->n[EV_REF_PDPT]++;
	if (part != TLB_1G)
		expected->n[EV_REF_PD]++;
	if (part == TLB_4K)
		expected->n[EV_REF_PT]++;
}

static void compare_counts(const struct events *expected)
{
	for (unsigned e = 0; e < EVENT_COUNT; e++)
		if (e != EV_AD_UPDATES)
			ck_assert_msg(ev.n[e] == expected->n[e], "%s: %" PRIu64 ", expected %" PRIu64, event_name(e), ev.n[e],
				      expected->n[e]);
}

START_TEST(cyclic_chase_misses_as_its_geometry_says)
{
	static const unsigned pages[] = {1, 2, 16, 60, 64, 65, 68, 100, 512, 1500, 1536, 1537, 1664, 3000, 8192};
	const struct mmu_config *c = &geometries[_i];
	for (unsigned n = 0; n < ARRAY_LEN(pages); n++) {
		struct events expected = {{0}};
		teardown();
		setup();
		mmu_free(&mmu);
		start(c);
		sim_init(c);
		for (unsigned i = 0; i < 3 * pages[n]; i++) {
			uint64_t gla = (i % pages[n]) * 4096ull + 8;
			struct tlb_entry *e = mmu_access(&mmu, GLA(gla), ACC_READ);
			if (!e || tlb_entry_hpa(e, GLA(gla)).u != gla + 0x100000)
				ck_abort_msg("wrong translation of %" PRIx64, gla);
			sim_access(&expected, gla);
		}
		compare_counts(&expected);
	}
}
END_TEST

START_TEST(chase_over_twice_the_tlb_misses_every_time)
{
	/* 3072 pages over 128 sets of 12 ways: 24 a set, cyclic: least recently used never hits */
	for (unsigned i = 0; i < 2 * 3072; i++)
		mmu_access(&mmu, GLA(i % 3072 * 4096ull), ACC_READ);
	ck_assert_uint_eq(ev.n[EV_DTLB_MISSES], 6144);
	ck_assert_uint_eq(ev.n[EV_STLB_MISSES], 6144);
	ck_assert_uint_eq(event_walk_refs(&ev), 4 * 6144);
}
END_TEST

START_TEST(random_mix_of_page_sizes_counts_as_its_geometry_says)
{
	const struct mmu_config *c = &geometries[_i];
	struct events expected = {{0}};
	mmu_free(&mmu);
	start(c);
	sim_init(c);
	for (unsigned i = 0; i < 200000; i++) {
		unsigned part = any() % 3;
		uint64_t gla = part == 0 ? any() % 2500 * 4096ull : part == 1 ? GIB + any() % 200 * 0x200000ull : 2 * GIB + any() % 2 * GIB;
		mmu_access(&mmu, GLA(gla + any() % 4096), ACC_READ);
		sim_access(&expected, gla);
	}
	compare_counts(&expected);
}
END_TEST

START_TEST(hit_again_counts_and_ages_as_an_access)
{
	static const struct mmu_config c = {.itlb = {{4, 4}}, .dtlb = {{4, 4}}, .stlb = {{4, 4}}};
	mmu_free(&mmu);
	start(&c);
	struct tlb_entry *e = mmu_access(&mmu, GLA(0), ACC_READ);
	for (unsigned i = 1; i < 4; i++)
		mmu_access(&mmu, GLA(i * 4096ull), ACC_READ);
	ck_assert(mmu_entry_serves(&mmu, e, GLA(0x123)));
	ck_assert(!mmu_entry_serves(&mmu, e, GLA(0x1123)));
	mmu_hit_again(&mmu, e, ACC_READ);
	ck_assert_uint_eq(ev.n[EV_DTLB_HIT_4K], 1);
	mmu_access(&mmu, GLA(4 * 4096), ACC_READ); /* evicts page 1, not page 0 */
	ck_assert(mmu_entry_serves(&mmu, e, GLA(0)));
	ck_assert_ptr_eq(mmu_access(&mmu, GLA(0), ACC_READ), e);
	ck_assert_uint_eq(ev.n[EV_DTLB_HIT_4K], 2);
}
END_TEST

/* A pointer to a large page's entry, which may be kept, is of no use where a smaller page has come while the entry was away. */
START_TEST(a_large_page_that_comes_back_beside_a_smaller_one_does_not_serve)
{
	const uint64_t pde = TABLES + 0x3000, table = TABLES + 0x4000, large = 7ull << 21 | RWU | PTE_PS | PTE_G;

	write64(pde, large);
	write64(table, 0x100 << 12 | RWU | PTE_G);
	struct tlb_entry *e = mmu_access(&mmu, GLA(GIB), ACC_READ);
	ck_assert(tlb_stays(&mmu.dtlb, e));
	ck_assert(mmu_entry_serves(&mmu, e, GLA(GIB + 0x5000)));
	write64(pde, table | RWU);
	mmu_invlpg(&mmu, GLA(GIB));
	ck_assert_uint_eq(mmu_access(&mmu, GLA(GIB), ACC_READ)->part, TLB_4K);
	write64(pde, large);
	ck_assert_ptr_eq(mmu_access(&mmu, GLA(GIB + 0x5000), ACC_READ), e);
	ck_assert(!mmu_entry_serves(&mmu, e, GLA(GIB)));
	ck_assert_uint_eq(mmu_access(&mmu, GLA(GIB), ACC_READ)->part, TLB_4K);
}
END_TEST

START_TEST(stores_have_a_tlb_of_their_own_where_there_is_one)
{
	struct mmu_config config = mmu_config_default;
	config.store[TLB_4K] = (struct tlb_geometry){16, 16};
	mmu_free(&mmu);
	ck_assert_int_eq(mmu_init(&mmu, &mem, &ev, &config), 0);
	mmu_set_paging(&mmu, &regs);
	mmu_access(&mmu, GLA(0x1000), ACC_READ);
	mmu_access(&mmu, GLA(0x1000), ACC_WRITE); /* not there: from the STLB, whose entry is not dirty; another walk */
	ck_assert_uint_eq(ev.n[EV_DTLB_MISSES], 2);
	ck_assert_uint_eq(ev.n[EV_STLB_STORE_4K], 1);
	ck_assert_uint_eq(ev.n[EV_TLB_ASSISTS], 1);
	for (unsigned i = 0; i < 16; i++)
		mmu_access(&mmu, GLA((1 + i) * 0x1000ull), ACC_READ | ACC_WRITE);
	uint64_t misses = ev.n[EV_DTLB_MISSES];
	for (unsigned i = 0; i < 16; i++) /* sixteen fit */
		mmu_access(&mmu, GLA((1 + i) * 0x1000ull), ACC_WRITE);
	ck_assert_uint_eq(ev.n[EV_DTLB_MISSES], misses);
	mmu_access(&mmu, GLA(0x11000), ACC_WRITE);
	mmu_access(&mmu, GLA(0x1000), ACC_WRITE); /* the seventeenth has taken the place of the first */
	ck_assert_uint_eq(ev.n[EV_DTLB_MISSES], misses + 2);
	mmu_invlpg(&mmu, GLA(0x1000));
	ck_assert_ptr_null(mmu_peek_tlb(&mmu, GLA(0x1000), false));
	mmu_access(&mmu, GLA(0x2000), ACC_WRITE);
	mmu_flush_all(&mmu);
	ck_assert_ptr_null(mmu_peek_tlb(&mmu, GLA(0x2000), false));
}
END_TEST

START_TEST(instruction_and_data_tlbs_are_separate_and_share_the_second_level)
{
	mmu_access(&mmu, GLA(0), ACC_READ);
	mmu_access(&mmu, GLA(0), ACC_FETCH);
	mmu_access(&mmu, GLA(0), ACC_FETCH);
	ck_assert_uint_eq(ev.n[EV_DTLB_MISSES], 1);
	ck_assert_uint_eq(ev.n[EV_ITLB_MISSES], 1);
	ck_assert_uint_eq(ev.n[EV_ITLB_HIT_4K], 1);
	ck_assert_uint_eq(ev.n[EV_STLB_FETCH_4K], 1);
	ck_assert_uint_eq(event_walks(&ev), 1);
}
END_TEST

START_TEST(page_larger_than_any_part_is_cached_in_pieces)
{
	/* the default instruction TLB has no 1-GiB part */
	gla_t gla = GLA(2 * GIB + 0x12345678);
	struct tlb_entry *e = mmu_access(&mmu, gla, ACC_FETCH);
	ck_assert_ptr_nonnull(e);
	ck_assert_uint_eq(e->part, TLB_2M);
	ck_assert_uint_eq(tlb_entry_hpa(e, gla).u, 5 * GIB + 0x12345678);
	ck_assert_uint_eq(mmu_peek_tlb(&mmu, GLA(2 * GIB), true)->part, TLB_1G);
	mmu_access(&mmu, GLA(2 * GIB + 0x20000000), ACC_FETCH);
	mmu_invlpg(&mmu, GLA(2 * GIB));
	ck_assert_ptr_null(mmu_peek_tlb(&mmu, gla, true));
	ck_assert_ptr_null(mmu_peek_tlb(&mmu, GLA(2 * GIB + 0x20000000), true));
}
END_TEST

START_TEST(without_a_second_level_every_miss_of_the_first_walks)
{
	struct mmu one;
	struct mmu_config config = {.itlb = {{1, 1}}, .dtlb = {{2, 2}}};
	ck_assert_int_eq(mmu_init(&one, &mem, &ev, &config), 0);
	mmu_set_paging(&one, &regs);
	for (unsigned i = 0; i < 12; i++)
		ck_assert_ptr_nonnull(mmu_access(&one, GLA(i % 3 * 0x1000), ACC_READ));
	ck_assert_ptr_nonnull(mmu_access(&one, GLA(0x2000), ACC_READ));
	ck_assert_uint_eq(ev.n[EV_DTLB_MISSES], 12);
	ck_assert_uint_eq(ev.n[EV_STLB_MISSES], 12);
	ck_assert_uint_eq(event_walks(&ev), 12);
	mmu_invlpg(&one, GLA(0x2000));
	ck_assert_ptr_null(mmu_peek_tlb(&one, GLA(0x2000), false));
	ck_assert_ptr_nonnull(mmu_peek_tlb(&one, GLA(0x1000), false));
	mmu_flush_all(&one);
	ck_assert_ptr_null(mmu_peek_tlb(&one, GLA(0x1000), false));
	mmu_free(&one);
}
END_TEST

START_TEST(first_write_through_a_clean_entry_walks_and_sets_dirty)
{
	mmu_access(&mmu, GLA(0x5000), ACC_READ);
	ck_assert_uint_eq(mem_read(&mem, HPA(pte_address(0x5000)), 8) & (PTE_A | PTE_D), PTE_A);
	ck_assert_ptr_nonnull(mmu_access(&mmu, GLA(0x5000), ACC_WRITE));
	ck_assert_uint_eq(mem_read(&mem, HPA(pte_address(0x5000)), 8) & (PTE_A | PTE_D), PTE_A | PTE_D);
	ck_assert_uint_eq(ev.n[EV_TLB_ASSISTS], 1);
	ck_assert_uint_eq(ev.n[EV_DTLB_HIT_4K], 1);
	ck_assert_uint_eq(event_walks(&ev), 2);
	mmu_access(&mmu, GLA(0x5000), ACC_WRITE);
	ck_assert_uint_eq(event_walks(&ev), 2);
	ck_assert_uint_eq(event_walks(&ev), ev.n[EV_STLB_MISSES] + ev.n[EV_TLB_ASSISTS]);
}
END_TEST

START_TEST(stale_translation_serves_until_invalidated)
{
	mmu_access(&mmu, GLA(0x5000), ACC_READ);
	write64(pte_address(0x5000), 0);
	ck_assert_ptr_nonnull(mmu_access(&mmu, GLA(0x5000), ACC_READ));
	mmu_invlpg(&mmu, GLA(0x5fff));
	ck_assert_ptr_null(mmu_access(&mmu, GLA(0x5000), ACC_READ));
	ck_assert_int_eq(mmu.last.status, WALK_PAGE_FAULT);
	ck_assert_uint_eq(mmu.last.error, 0);
}
END_TEST

START_TEST(stale_translation_serves_until_evicted)
{
	mmu_access(&mmu, GLA(0x5000), ACC_READ);
	write64(pte_address(0x5000), 0);
	for (unsigned i = 1; i <= 12; i++) /* 128 sets of 12 ways: the same set */
		mmu_access(&mmu, GLA(0x5000 + i * 128 * 4096ull), ACC_READ);
	ck_assert_ptr_null(mmu_access(&mmu, GLA(0x5000), ACC_READ));
}
END_TEST

START_TEST(widened_rights_give_no_spurious_fault)
{
	write64(pte_address(0x5000), 0x5000 | PTE_P | PTE_US);
	mmu_access(&mmu, GLA(0x5000), ACC_READ | ACC_USER);
	write64(pte_address(0x5000), 0x5000 | RWU);
	ck_assert_ptr_nonnull(mmu_access(&mmu, GLA(0x5000), ACC_WRITE | ACC_USER));
}
END_TEST

START_TEST(fault_drops_what_was_cached_for_its_address)
{
	write64(pte_address(0x5000), 0x5000 | PTE_P | PTE_US);
	mmu_access(&mmu, GLA(0x5000), ACC_READ | ACC_USER);
	ck_assert_ptr_null(mmu_access(&mmu, GLA(0x5000), ACC_WRITE | ACC_USER));
	ck_assert_uint_eq(mmu.last.error, PF_P | PF_W | PF_U);
	ck_assert_ptr_null(mmu_peek_tlb(&mmu, GLA(0x5000), false));
}
END_TEST

/* Cached translations under every setting of the bits that may change without a flush, against the oracle. */
START_TEST(permission_changes_apply_to_cached_translations)
{
	struct oracle_machine m = {
	    .mode = ORACLE_4LEVEL, .cr4_pge = true, .efer_nxe = true, .maxphyaddr = 46, .cr3 = TABLES, .ram = mem.host, .ram_size = RAM};
	for (unsigned n = 0; n < 16; n++) /* RW, US, XD, key 0 or 5 */
		write64(pte_address(n * 4096), 0x200000 | PTE_P | (n & 1 ? PTE_RW : 0) | (n & 2 ? PTE_US : 0) | (n & 4 ? PTE_XD : 0) |
						   (n & 8 ? 5ull << 59 : 0) | PTE_A);
	for (unsigned round = 0; round < 4000; round++) {
		m.cr0_wp = any() & 1;
		m.cr4_smep = any() & 1;
		m.cr4_smap = any() & 1;
		m.cr4_pke = any() & 1;
		m.pkru = any() % 4 | any() % 4 << 10;
		regs.cr0 = CR0_PE | CR0_PG | (m.cr0_wp ? CR0_WP : 0);
		regs.cr4 = CR4_PAE | CR4_PGE | (m.cr4_smep ? CR4_SMEP : 0) | (m.cr4_smap ? CR4_SMAP : 0) | (m.cr4_pke ? CR4_PKE : 0);
		regs.pkru = m.pkru;
		mmu_set_paging(&mmu, &regs);
		for (unsigned i = 0; i < 64; i++) {
			static const unsigned kinds[] = {ACC_READ, ACC_WRITE, ACC_READ | ACC_WRITE, ACC_FETCH};
			static const unsigned who[] = {ACC_USER, ACC_USER | ACC_AC, 0, ACC_AC, ACC_IMPLICIT, ACC_IMPLICIT | ACC_AC};
			unsigned access = kinds[any() % 4] | who[any() % 6];
			uint64_t gla = any() % 16 * 4096ull + any() % 4096;
			struct oracle_access a = {.linear = gla,
						  .reads = access & ACC_READ,
						  .writes = access & ACC_WRITE,
						  .fetches = access & ACC_FETCH,
						  .user_mode = access & ACC_USER,
						  .implicit = access & ACC_IMPLICIT,
						  .eflags_ac = access & ACC_AC};
			struct oracle_result o = oracle_translate(&m, &a);
			struct tlb_entry *e = mmu_access(&mmu, GLA(gla), access);
			if (o.page_fault ? e || mmu.last.error != o.error_code : !e || tlb_entry_hpa(e, GLA(gla)).u != o.physical)
				ck_abort_msg("page %x access %x cr0 %" PRIx64 " cr4 %" PRIx64
					     " pkru %x: oracle fault %d error %x, mmu %d %x",
					     (unsigned)(gla >> 12), access, regs.cr0, regs.cr4, regs.pkru, o.page_fault, o.error_code, !e,
					     mmu.last.error);
		}
	}
	ck_assert_uint_gt(ev.n[EV_DTLB_HIT_4K], 50000);
}
END_TEST

START_TEST(paging_off_is_identity_above_4_gib_too)
{
	regs.cr0 = CR0_PE;
	mmu_set_paging(&mmu, &regs);
	mmu_flush_all(&mmu);
	for (uint64_t gla = 0; gla < 8 * GIB; gla += GIB / 2 + 0x1234) {
		struct tlb_entry *e = mmu_access(&mmu, GLA(gla), ACC_WRITE);
		ck_assert_ptr_nonnull(e);
		ck_assert_uint_eq(tlb_entry_hpa(e, GLA(gla)).u, gla);
	}
	ck_assert_uint_eq(event_walk_refs(&ev), 0);
}
END_TEST

START_TEST(engine_is_told_when_an_old_entry_it_holds_leaves)
{
	struct tlb_entry *e = mmu_access(&mmu, GLA(0x5000), ACC_READ);
	e->in_engine = true;
	for (unsigned i = 1; i <= 4; i++) /* evicted from the first level (16 sets of 4), still in the second */
		mmu_access(&mmu, GLA(0x5000 + i * 16 * 4096ull), ACC_READ);
	ck_assert(!mmu.engine_stale);
	e = mmu_access(&mmu, GLA(0x5000), ACC_READ);
	e->in_engine = true;
	write64(pte_address(0x5000), 0); /* now the entry is older than the tables */
	for (unsigned i = 1; i <= 4; i++)
		mmu_access(&mmu, GLA(0x5000 + i * 16 * 4096ull), ACC_READ);
	ck_assert(!mmu.engine_stale);
	for (unsigned i = 1; i <= 12; i++)
		mmu_access(&mmu, GLA(0x5000 + i * 128 * 4096ull), ACC_READ);
	ck_assert_ptr_null(mmu_peek_tlb(&mmu, GLA(0x5000), false));
	ck_assert(mmu.engine_stale);
}
END_TEST

START_TEST(engine_is_told_when_the_second_level_forgot_first)
{
	struct tlb_entry *e = mmu_access(&mmu, GLA(0x5000), ACC_READ);
	e->in_engine = true;
	write64(pte_address(0x5000), 0);
	for (unsigned i = 1; i <= 12; i++) { /* kept young in the first level, evicted from the second */
		mmu_access(&mmu, GLA(0x5000 + i * 128 * 4096ull), ACC_READ);
		ck_assert_ptr_nonnull(mmu_access(&mmu, GLA(0x5000), ACC_READ));
	}
	ck_assert(!mmu.engine_stale);
	for (unsigned i = 1; i <= 4; i++)
		mmu_access(&mmu, GLA(0x5000 + i * 16 * 4096ull), ACC_READ);
	ck_assert(mmu.engine_stale);
}
END_TEST

START_TEST(engine_is_told_when_an_old_entry_is_invalidated)
{
	mmu_access(&mmu, GLA(0x5000), ACC_READ)->in_engine = true;
	mmu_invlpg(&mmu, GLA(0x5000));
	ck_assert(!mmu.engine_stale); /* the tables say the same as the entry did */
	mmu_access(&mmu, GLA(0x5000), ACC_READ)->in_engine = true;
	write64(pte_address(0x5000), 0);
	mmu_invlpg(&mmu, GLA(0x5000));
	ck_assert(mmu.engine_stale);
}
END_TEST

START_TEST(generation_changes_when_a_first_level_entry_goes)
{
	uint64_t before = mmu.generation;
	mmu_access(&mmu, GLA(0x5000), ACC_READ);
	mmu_access(&mmu, GLA(0x5000), ACC_READ);
	ck_assert_uint_eq(mmu.generation, before);
	for (unsigned i = 1; i <= 4; i++)
		mmu_access(&mmu, GLA(0x5000 + i * 16 * 4096ull), ACC_READ);
	ck_assert_uint_eq(mmu.generation, before + 1);
	mmu_invlpg(&mmu, GLA(0));
	ck_assert_uint_eq(mmu.generation, before + 2);
}
END_TEST

START_TEST(more_contexts_than_numbers_empty_the_tlbs_and_go_on)
{
	regs.cr4 |= CR4_PCIDE;
	for (unsigned pcid = 0; pcid < 3000; pcid++) {
		regs.cr3 = TABLES | pcid;
		mmu_set_paging(&mmu, &regs);
		ck_assert_ptr_nonnull(mmu_access(&mmu, GLA(0x5000), ACC_READ));
		ck_assert_uint_eq(ev.n[EV_STLB_MISSES], pcid + 1);
	}
	mmu_set_paging(&mmu, &regs);
	mmu_access(&mmu, GLA(0x5000), ACC_READ);
	ck_assert_uint_eq(ev.n[EV_STLB_MISSES], 3000);
}
END_TEST

START_TEST(looking_is_not_touching)
{
	struct events before;
	mmu_access(&mmu, GLA(0x5000), ACC_READ);
	before = ev;
	ck_assert_uint_eq(mmu_peek(&mmu, GLA(0x6000), ACC_WRITE).hpa.u, 0x106000);
	ck_assert_int_eq(mmu_peek(&mmu, GLA(5 * GIB), ACC_WRITE).status, WALK_PAGE_FAULT);
	ck_assert_ptr_nonnull(mmu_peek_tlb(&mmu, GLA(0x5000), false));
	ck_assert_ptr_null(mmu_peek_tlb(&mmu, GLA(0x6000), false));
	ck_assert_int_eq(memcmp(&before, &ev, sizeof ev), 0);
	ck_assert_uint_eq(mem_read(&mem, HPA(pte_address(0x6000)), 8) & (PTE_A | PTE_D), 0);
}
END_TEST

static unsigned told;

static void on_operation(void *ctx, const struct mmu_operation *op)
{
	(void)ctx, (void)op;
	told++;
}

static void on_access(void *ctx, gla_t gla, unsigned access, const struct tlb_entry *entry, enum mmu_served served)
{
	(void)ctx, (void)gla, (void)access, (void)entry, (void)served;
	told++;
}

/* what a trace of VM exits alone costs nothing by: the short path and accounting by block stay */
START_TEST(observer_of_operations_alone_does_not_watch_accesses)
{
	const struct mmu_observer operations = {.operation = on_operation}, accesses = {.operation = on_operation, .access = on_access};
	struct tlb_entry *e = mmu_access(&mmu, GLA(0x5000), ACC_READ);

	told = 0;
	ck_assert(!mmu_observes_accesses(NULL));
	ck_assert(!mmu_observes_accesses(&operations));
	mmu_observe(&mmu, &operations);
	ck_assert(mmu_entry_serves(&mmu, e, GLA(0x5000)));
	mmu_access(&mmu, GLA(0x5000), ACC_READ);
	ck_assert_uint_eq(told, 0);
	mmu_invlpg(&mmu, GLA(0x7000));
	ck_assert_uint_eq(told, 1);
	ck_assert(mmu_observes_accesses(&accesses));
	mmu_observe(&mmu, &accesses);
	ck_assert(mmu_entry_serves(&mmu, e, GLA(0x5000))); /* who uses it tells the observer */
	ck_assert_ptr_eq(mmu_access(&mmu, GLA(0x5000), ACC_READ), e);
	ck_assert_uint_eq(told, 2);
	mmu_observe(&mmu, NULL);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("mmu");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, cyclic_chase_misses_as_its_geometry_says, 0, ARRAY_LEN(geometries));
	tcase_add_loop_test(tc, random_mix_of_page_sizes_counts_as_its_geometry_says, 0, ARRAY_LEN(geometries));
	tcase_add_test(tc, chase_over_twice_the_tlb_misses_every_time);
	tcase_add_test(tc, hit_again_counts_and_ages_as_an_access);
	tcase_add_test(tc, a_large_page_that_comes_back_beside_a_smaller_one_does_not_serve);
	tcase_add_test(tc, stores_have_a_tlb_of_their_own_where_there_is_one);
	tcase_add_test(tc, instruction_and_data_tlbs_are_separate_and_share_the_second_level);
	tcase_add_test(tc, page_larger_than_any_part_is_cached_in_pieces);
	tcase_add_test(tc, without_a_second_level_every_miss_of_the_first_walks);
	tcase_add_test(tc, first_write_through_a_clean_entry_walks_and_sets_dirty);
	tcase_add_test(tc, stale_translation_serves_until_invalidated);
	tcase_add_test(tc, stale_translation_serves_until_evicted);
	tcase_add_test(tc, widened_rights_give_no_spurious_fault);
	tcase_add_test(tc, fault_drops_what_was_cached_for_its_address);
	tcase_add_test(tc, permission_changes_apply_to_cached_translations);
	tcase_add_test(tc, paging_off_is_identity_above_4_gib_too);
	tcase_add_test(tc, engine_is_told_when_an_old_entry_it_holds_leaves);
	tcase_add_test(tc, engine_is_told_when_the_second_level_forgot_first);
	tcase_add_test(tc, engine_is_told_when_an_old_entry_is_invalidated);
	tcase_add_test(tc, generation_changes_when_a_first_level_entry_goes);
	tcase_add_test(tc, more_contexts_than_numbers_empty_the_tlbs_and_go_on);
	tcase_add_test(tc, looking_is_not_touching);
	tcase_add_test(tc, observer_of_operations_alone_does_not_watch_accesses);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("mmu", add_cases)
