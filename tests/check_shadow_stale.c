/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may outlive a change of the guest's tables under the shadow VMM, in shadow entries and in the TLBs, and must not be used: each test
 * is one way in which the VMM's own invalidations (shadow/sync.c, frame.c, inval.c, fill.c) are needed beyond the guest's.
 * The guest: PML4 at 1000H, another at 5000H with the same tables, PDPT 2000H, PD 3000H, PT 4000H; linear page n is frame n.
 */
#include "tests/shadow_pair.h"
#include "tests/test.h"

enum { PML4 = 0x1000, PDPT = 0x2000, PD = 0x3000, PT = 0x4000, OTHER = 0x5000, TABLE = PTE_P | PTE_RW | PTE_US };
enum { A = 0x50000, FRAME = 0x50000, ELSEWHERE = 0x60000, NEW = 0x61000 };
#define MIB2 0x200000ull

static struct pair pair;

static void put(uint64_t gpa, uint64_t value)
{
	pair_poke(&pair, gpa, value, 8);
}

static void start(struct shadow_vmm_config config, uint64_t cr0_more, uint64_t cr4_more)
{
	const struct pair_guest guest = {.levels = 4, .cr3 = PML4, .cr0_more = cr0_more, .cr4_more = cr4_more, .efer_more = EFER_NXE};
	config.pages = 64;
	pair_init(&pair, config.pages);
	put(PML4, PDPT | TABLE);
	put(OTHER, PDPT | TABLE);
	put(PDPT, PD | TABLE);
	put(PD, PT | TABLE);
	for (unsigned i = 0; i < 512; i++)
		put(PT + 8 * i, (uint64_t)i << 12 | TABLE);
	ck_assert_int_eq(pair_start(&pair, &guest, config), 0);
}

static void stop(void)
{
	pair_free(&pair);
}

static void access_is_same(uint64_t gla, unsigned access)
{
	ck_assert_msg(pair_access(&pair, GLA(gla), 8, access, 0x1122334455667788),
		      "access %x of %#lx: native %d %x %#lx, shadow %d %x %#lx", access, gla, pair.a.vector, pair.a.error, pair.a.value,
		      pair.b.vector, pair.b.error, pair.b.value);
}

static void reads(uint64_t gla, uint64_t value)
{
	access_is_same(gla, ACC_READ);
	ck_assert_uint_eq(pair.b.value, value);
}

static void store(uint64_t gla, uint64_t value)
{
	ck_assert(pair_access(&pair, GLA(gla), 8, ACC_WRITE, value));
}

/* The frame becomes the page table of 2 MiB and up, whose first page it maps ELSEWHERE. */
static void frame_becomes_a_table(void)
{
	put(ELSEWHERE, 1);
	put(NEW, 2);
	put(PD + 8, FRAME | TABLE); /* not present before */
	reads(MIB2, 1);
}

/*
 * The guest writes through A, which the TLB may still map to the frame (it need not; natively it does). Wherever the store goes: after
 * INVLPG the translation is what memory says.
 */
static void write_through_a(void)
{
	side_access(&pair.shadow, GLA(A), 8, ACC_WRITE, NEW | TABLE);
	ck_assert(pair_invlpg(&pair, GLA(MIB2)));
	struct outcome o = side_access(&pair.shadow, GLA(MIB2), 8, ACC_READ, 0);
	uint64_t first = mem_read(&pair.shadow.mem, HPA(FRAME), 8);
	ck_assert_uint_eq(o.value, (first & BITS(45, 12)) == NEW ? 2 : 1);
}

START_TEST(a_writable_translation_that_no_slot_knows_cannot_write_a_table)
{
	start((struct shadow_vmm_config){.no_unsync = true}, CR0_WP, 0);
	put(FRAME, ELSEWHERE | TABLE);
	store(A + 8, 7); /* writable in the slot, and in the TLBs */
	access_is_same(PT, ACC_READ);
	store(PT + 8 * (A >> 12), 0x70000 | TABLE); /* A is mapped elsewhere: the slot goes, the TLBs' entries need not */
	frame_becomes_a_table();
	write_through_a();
	stop();
}
END_TEST

/* The same when the slot is not emptied but filled anew, for a fetch, its table being out of sync; the TLBs hold A for another PCID. */
START_TEST(nor_can_one_whose_slot_maps_another_frame_now)
{
	start((struct shadow_vmm_config){.no_unsync = false}, CR0_WP, CR4_PCIDE);
	put(FRAME, ELSEWHERE | TABLE);
	put(PT + 8 * (A >> 12), FRAME | TABLE | PTE_XD);
	ck_assert(pair_mov_cr(&pair, 3, PML4 | 1));
	store(A + 8, 7);
	ck_assert(pair_mov_cr(&pair, 3, OTHER | 2));
	access_is_same(PT, ACC_READ);
	store(PT + 8 * (A >> 12), 0x70000 | TABLE);
	ck_assert_uint_eq(pair.shadow.cpu.ev.n[EV_SHADOW_UNSYNCS], 1);
	access_is_same(A, ACC_FETCH);
	ck_assert(!pair.b.fault);
	frame_becomes_a_table();
	ck_assert(pair_mov_cr(&pair, 3, PML4 | 1 | CR3_NO_FLUSH));
	write_through_a();
	stop();
}
END_TEST

/* SDM 3A, "Optional Invalidation": P from 0 to 1 needs none. The table is out of sync when it is used for a second region. */
START_TEST(a_table_out_of_sync_shows_no_stale_entry_at_a_new_place)
{
	start((struct shadow_vmm_config){.no_unsync = false}, CR0_WP, 0);
	put(ELSEWHERE, 1);
	access_is_same(0x10000, ACC_READ);
	access_is_same(0x11000, ACC_READ);
	store(PT + 8 * 0x11, ELSEWHERE | TABLE); /* and nothing is invalidated: linear 11000H is undetermined from now on */
	ck_assert_uint_eq(pair.shadow.cpu.ev.n[EV_SHADOW_UNSYNCS], 1);
	store(PD + 8, PT | TABLE);
	access_is_same(MIB2 + 0x10000, ACC_READ);
	reads(MIB2 + 0x11000, 1);
	stop();
}
END_TEST

/* A large page that the VMM maps in pieces, since tables lie in it: 2 MiB at 4 MiB, of the first frames; then it is the second 2 MiB. */
static void cache_pieces(void)
{
	put(PD + 16, PTE_PS | TABLE);
	put(MIB2 + 0x10000, 1);
	put(MIB2 + 0x11000, 2);
	access_is_same(2 * MIB2 + 0x10000, ACC_READ);
	access_is_same(2 * MIB2 + 0x11000, ACC_READ);
}

START_TEST(invlpg_strikes_all_pieces_of_a_large_page)
{
	start((struct shadow_vmm_config){.no_unsync = true}, CR0_WP, 0);
	cache_pieces();
	store(PD + 16, MIB2 | PTE_PS | TABLE);
	ck_assert(pair_invlpg(&pair, GLA(2 * MIB2 + 0x10000)));
	reads(2 * MIB2 + 0x10000, 1);
	reads(2 * MIB2 + 0x11000, 2);
	stop();
}
END_TEST

START_TEST(so_does_invpcid_for_another_pcid)
{
	start((struct shadow_vmm_config){.no_unsync = true}, CR0_WP, CR4_PCIDE);
	ck_assert(pair_mov_cr(&pair, 3, OTHER | 2));
	cache_pieces();
	ck_assert(pair_mov_cr(&pair, 3, PML4 | 1));
	store(PD + 16, MIB2 | PTE_PS | TABLE);
	put(0x20000, 2);
	put(0x20008, 2 * MIB2 + 0x10000);
	ck_assert(pair_invpcid(&pair, 0, SEG_DS, 0x20000));
	ck_assert(pair_mov_cr(&pair, 3, OTHER | 2 | CR3_NO_FLUSH));
	reads(2 * MIB2 + 0x10000, 1);
	reads(2 * MIB2 + 0x11000, 2);
	stop();
}
END_TEST

/* INVLPG strikes what paging-structure caches hold of any address: also of another region, whose table has changed. */
START_TEST(invlpg_strikes_the_walk_caches_of_other_regions)
{
	static const struct psc_config pscs = {
	    .linear = {{32, 4, POLICY_PLRU}, {4, 4, POLICY_PLRU}, {4, 4, POLICY_PLRU}, {2, 2, POLICY_PLRU}}};
	start((struct shadow_vmm_config){.no_unsync = true}, CR0_WP, 0);
	ck_assert_int_eq(mmu_model(&pair.native.cpu.mmu, &pscs, NULL), 0);
	ck_assert_int_eq(mmu_model(&pair.shadow.cpu.mmu, &pscs, NULL), 0);
	put(PD + 8, PT | TABLE);
	put(0x30000 + 8 * 0x11, NEW | TABLE);
	put(NEW, 2);
	access_is_same(MIB2 + 0x11000, ACC_READ); /* its shadow entry is made */
	ck_assert(pair_invlpg(&pair, GLA(MIB2 + 0x11000)));
	access_is_same(MIB2 + 0x10000, ACC_READ); /* the PDE is cached, the first page's translation is not */
	store(PD + 8, 0x30000 | TABLE);
	ck_assert(pair_invlpg(&pair, GLA(0x10000)));
	reads(MIB2 + 0x11000, 2);
	stop();
}
END_TEST

/* Natively the TLBs' rights are judged by the new CR0.WP; a shadow entry made for CR0.WP = 0 permits what is denied now. */
START_TEST(mov_to_cr0_that_sets_wp_takes_what_supervisor_writes_were_given)
{
	start((struct shadow_vmm_config){.no_unsync = true}, 0, 0);
	put(PT + 8 * 0x10, 0x10000 | PTE_P);
	access_is_same(0x10000, ACC_WRITE);
	ck_assert(!pair.b.fault);
	ck_assert(pair_mov_cr(&pair, 0, pair_cr(&pair, 0) | CR0_WP));
	access_is_same(0x10000, ACC_WRITE);
	ck_assert_uint_eq(pair.b.error, PF_P | PF_W);
	stop();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("shadow stale");
	tcase_add_test(tc, a_writable_translation_that_no_slot_knows_cannot_write_a_table);
	tcase_add_test(tc, nor_can_one_whose_slot_maps_another_frame_now);
	tcase_add_test(tc, a_table_out_of_sync_shows_no_stale_entry_at_a_new_place);
	tcase_add_test(tc, invlpg_strikes_all_pieces_of_a_large_page);
	tcase_add_test(tc, so_does_invpcid_for_another_pcid);
	tcase_add_test(tc, invlpg_strikes_the_walk_caches_of_other_regions);
	tcase_add_test(tc, mov_to_cr0_that_sets_wp_takes_what_supervisor_writes_were_given);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("shadow_stale", add_cases)
