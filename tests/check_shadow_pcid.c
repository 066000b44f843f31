/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCIDs under the shadow VMM: what MOV to CR3 and INVPCID leave cached is what they leave natively, walk for walk; the checks of INVPCID's
 * operands. The guest: PML4 at 1000H, another at 5000H with the same tables, PDPT 2000H, PD 3000H, PT 4000H; linear page n is frame n.
 */
#include "tests/shadow_pair.h"
#include "tests/test.h"
#include "vmx/offer.h"

enum { PML4 = 0x1000, PDPT = 0x2000, PD = 0x3000, PT = 0x4000, OTHER = 0x5000, TABLE = PTE_P | PTE_RW | PTE_US };
enum { DESCRIPTOR = 0x20000, PAGE = 0x10000, BEGIN_PCID = 3, OTHER_PCID = 7 };
enum { ONE_ADDRESS, ONE_PCID, ALL, ALL_BUT_GLOBAL };

static struct pair pair;

static void start(uint64_t leaf)
{
	const struct pair_guest guest = {
	    .levels = 4, .cr3 = PML4, .cr0_more = CR0_WP, .cr4_more = CR4_PCIDE | CR4_PGE, .efer_more = EFER_NXE};
	const struct shadow_vmm_config config = {.pages = 64};
	pair_init(&pair, config.pages);
	pair_poke(&pair, PML4, PDPT | TABLE, 8);
	pair_poke(&pair, OTHER, PDPT | TABLE, 8);
	pair_poke(&pair, PDPT, PD | TABLE, 8);
	pair_poke(&pair, PD, PT | TABLE, 8);
	for (unsigned i = 0; i < 512; i++)
		pair_poke(&pair, PT + 8 * i, (uint64_t)i << 12 | TABLE | leaf, 8);
	ck_assert_int_eq(pair_start(&pair, &guest, config), 0);
}

static void access_page(uint64_t gla)
{
	ck_assert(pair_access(&pair, GLA(gla), 8, ACC_READ, 0));
}

static void enter(uint64_t root, unsigned pcid, bool keep)
{
	ck_assert(pair_mov_cr(&pair, 3, root | pcid | (keep ? CR3_NO_FLUSH : 0)));
}

/* Both PCIDs have the page cached; the guest is in the first. */
static void warm_up(void)
{
	for (unsigned round = 0; round < 2; round++) {
		enter(OTHER, OTHER_PCID, true);
		access_page(PAGE);
		access_page(DESCRIPTOR);
		enter(PML4, BEGIN_PCID, true);
		access_page(PAGE);
		access_page(DESCRIPTOR);
	}
}

static uint64_t walks(const struct pair_side *side)
{
	return side->cpu.ev.n[EV_WALKS_LOAD];
}

/* The page is read: whether that takes a walk, natively; the same under the VMM. */
static bool is_cached(uint64_t gla)
{
	uint64_t native = walks(&pair.native), shadow = walks(&pair.shadow);
	access_page(gla);
	native = walks(&pair.native) - native;
	shadow = walks(&pair.shadow) - shadow;
	ck_assert_msg(!native == !shadow, "%lu walks, natively %lu", shadow, native);
	return !native;
}

static bool is_cached_in_both(uint64_t gla)
{
	bool first = is_cached(gla);
	enter(OTHER, OTHER_PCID, true);
	return is_cached(gla) && first;
}

START_TEST(bit_63_keeps_what_every_pcid_has_cached)
{
	start(0);
	warm_up();
	ck_assert(is_cached_in_both(PAGE));
	pair_free(&pair);
}
END_TEST

START_TEST(mov_to_cr3_invalidates_its_own_pcid_only)
{
	start(0);
	warm_up();
	enter(PML4, BEGIN_PCID, false);
	ck_assert(!is_cached(PAGE));
	enter(OTHER, OTHER_PCID, true);
	ck_assert(is_cached(PAGE));
	pair_free(&pair);
}
END_TEST

START_TEST(global_translations_stay)
{
	start(PTE_G);
	warm_up();
	enter(PML4, BEGIN_PCID, false);
	ck_assert(is_cached_in_both(PAGE));
	pair_free(&pair);
}
END_TEST

static void invpcid(unsigned type, uint64_t pcid, uint64_t address)
{
	pair_poke(&pair, DESCRIPTOR, pcid, 8);
	pair_poke(&pair, DESCRIPTOR + 8, address, 8);
	ck_assert(pair_invpcid(&pair, type, SEG_DS, DESCRIPTOR));
}

START_TEST(invpcid_of_one_pcid_leaves_the_other)
{
	start(0);
	warm_up();
	invpcid(ONE_PCID, OTHER_PCID, 0);
	ck_assert(!pair.a.fault && is_cached(PAGE));
	enter(OTHER, OTHER_PCID, true);
	ck_assert(!is_cached(PAGE));
	invpcid(ONE_PCID, OTHER_PCID, 0);
	ck_assert(!is_cached(PAGE)); /* its own */
	enter(PML4, BEGIN_PCID, true);
	ck_assert(is_cached(PAGE));
	pair_free(&pair);
}
END_TEST

START_TEST(invpcid_of_one_address_leaves_the_others)
{
	start(0);
	warm_up();
	invpcid(ONE_ADDRESS, BEGIN_PCID, PAGE);
	ck_assert(!is_cached(PAGE));
	ck_assert(is_cached(DESCRIPTOR));
	pair_free(&pair);
}
END_TEST

START_TEST(a_changed_entry_of_another_pcid_is_seen_after_invpcid)
{
	for (unsigned type = ONE_ADDRESS; type <= ALL_BUT_GLOBAL; type++) {
		start(0);
		warm_up();
		ck_assert(pair_access(&pair, GLA(PT + 8 * (PAGE >> 12)), 8, ACC_WRITE, 0x30000 | TABLE));
		invpcid(type, OTHER_PCID, PAGE);
		enter(OTHER, OTHER_PCID, true);
		pair_poke(&pair, 0x30000, 0x1234, 8);
		access_page(PAGE);
		ck_assert_uint_eq(pair.b.value, 0x1234);
		pair_free(&pair);
	}
}
END_TEST

START_TEST(more_invalidations_than_there_are_pcids)
{
	start(0);
	warm_up();
	for (unsigned i = 0; i < 9000; i++)
		enter(PML4, BEGIN_PCID, false);
	ck_assert(!is_cached(PAGE));
	ck_assert(is_cached(PAGE));
	ck_assert(pair_access(&pair, GLA(PT + 8 * (PAGE >> 12)), 8, ACC_WRITE, 0x30000 | TABLE));
	enter(PML4, BEGIN_PCID, false);
	pair_poke(&pair, 0x30000, 0x1234, 8);
	access_page(PAGE);
	ck_assert_uint_eq(pair.b.value, 0x1234);
	pair_free(&pair);
}
END_TEST

/* The same outcome as natively, whatever it is; and for each kind of fault one row that has it. */
START_TEST(operands_are_checked_as_natively)
{
	static const struct {
		const char *name;
		uint64_t type, low, high;
		bool fault;
	} rows[] = {
	    {"an address", ONE_ADDRESS, 1, 0x123000, false},
	    {"a type that is none", 4, 0, 0, true},
	    {"a type beyond 32 bits", BIT(32), 0, 0, true},
	    {"reserved bits of the PCID", ONE_PCID, BIT(12), 0, true},
	    {"reserved bits that no type uses", ALL, BIT(63), 0, true},
	    {"an address that is not canonical", ONE_ADDRESS, 1, BIT(60), true},
	    {"one that is not used", ONE_PCID, 1, BIT(60), false},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		start(0);
		pair_poke(&pair, DESCRIPTOR, rows[i].low, 8);
		pair_poke(&pair, DESCRIPTOR + 8, rows[i].high, 8);
		ck_assert_msg(pair_invpcid(&pair, rows[i].type, SEG_DS, DESCRIPTOR), "%s", rows[i].name);
		ck_assert_msg(pair.a.fault == rows[i].fault, "%s", rows[i].name);
		pair_free(&pair);
	}
	start(0);
	ck_assert(pair_invpcid(&pair, ALL, SEG_DS, BIT(47) - 8) && pair.a.vector == VEC_GP);
	ck_assert(pair_invpcid(&pair, ALL, SEG_SS, BIT(47)) && pair.a.vector == VEC_SS);
	pair_poke(&pair, PT + 8 * 0x60, 0, 8);
	ck_assert(pair_invpcid(&pair, ALL, SEG_DS, 0x60010) && pair.a.vector == VEC_PF && pair.a.cr2 == 0x60010);
	pair_free(&pair);
}
END_TEST

static void set_segment(enum segreg seg, uint32_t ar, uint32_t limit)
{
	struct segment *segments[] = {&pair.native.cpu.seg[seg], &pair.shadow.cpu.seg[seg]};
	for (unsigned i = 0; i < 2; i++)
		*segments[i] = (struct segment){.selector = 0x18, .ar = ar, .limit = limit, .base = 0x100};
}

/* Without paging: only segmentation can fault. */
START_TEST(segments_are_checked_as_natively_in_32_bit_code)
{
	const uint32_t data = AR_P | AR_S | AR_A | AR_DB;
	const struct {
		const char *name;
		uint32_t ar, limit, offset;
		bool fault;
	} rows[] = {
	    {"within", data | AR_RW, 0xfff, 0xff0, false},
	    {"one byte beyond", data | AR_RW, 0xfff, 0xff1, true},
	    {"expand-down, above the limit", data | AR_RW | AR_DC, 0xfff, 0x1000, false},
	    {"expand-down, at the limit", data | AR_RW | AR_DC, 0xfff, 0xfff, true},
	    {"expand-down of 16 bits", (data | AR_RW | AR_DC) & ~AR_DB, 0xfff, 0xfff1, true},
	    {"code that can be read", data | AR_CODE | AR_RW, 0xfff, 0, false},
	    {"code that cannot", data | AR_CODE, 0xfff, 0, true},
	    {"unusable", AR_UNUSABLE, 0xfff, 0, true},
	    {"across 4 GiB", data | AR_RW | AR_G, ~0u, 0xfffffff8, true},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		const struct pair_guest guest = {.levels = 0};
		pair_init(&pair, 64);
		ck_assert_int_eq(pair_start(&pair, &guest, (struct shadow_vmm_config){.pages = 64}), 0);
		enum segreg seg = rows[i].ar & AR_CODE ? SEG_CS : SEG_FS;
		set_segment(seg, rows[i].ar, rows[i].limit);
		ck_assert_msg(pair_invpcid(&pair, ALL, seg, rows[i].offset), "%s: %d %d", rows[i].name, pair.a.fault, pair.b.fault);
		ck_assert_msg(pair.a.fault == rows[i].fault, "%s", rows[i].name);
		pair_free(&pair);
	}
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("shadow PCIDs");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, bit_63_keeps_what_every_pcid_has_cached);
	tcase_add_test(tc, mov_to_cr3_invalidates_its_own_pcid_only);
	tcase_add_test(tc, global_translations_stay);
	tcase_add_test(tc, invpcid_of_one_pcid_leaves_the_other);
	tcase_add_test(tc, invpcid_of_one_address_leaves_the_others);
	tcase_add_test(tc, a_changed_entry_of_another_pcid_is_seen_after_invpcid);
	tcase_add_test(tc, more_invalidations_than_there_are_pcids);
	tcase_add_test(tc, operands_are_checked_as_natively);
	tcase_add_test(tc, segments_are_checked_as_natively_in_32_bit_code);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("shadow PCIDs", add_cases)
