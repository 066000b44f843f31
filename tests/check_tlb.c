/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One TLB by itself: geometry, tags, sets, replacement. */
#include "mmu/tlb.h"
#include "tests/test.h"

static const struct {
	const char *name;
	struct tlb_geometry g[TLB_PARTS];
	bool shared;
	int result;
	unsigned slots;
} geometries[] = {
    {"64/4, 32/4, 4/4", {{64, 4}, {32, 4}, {4, 4}}, false, 0, 100},
    {"128 sets of 12", {{1536, 12}, {0, 0}, {16, 4}}, true, 0, 1552},
    {"one entry", {{1, 1}}, false, 0, 1},
    {"no ways", {{64, 0}}, false, -ERR_ARG, 0},
    {"sets not a power of two", {{48, 4}, {0, 0}}, false, -ERR_ARG, 0},
    {"ways do not divide entries", {{64, 5}}, false, -ERR_ARG, 0},
    {"no part for 4 KiB", {{0, 0}, {32, 4}}, false, -ERR_ARG, 0},
    {"shared and separate", {{64, 4}, {32, 4}}, true, -ERR_ARG, 0},
};

START_TEST(geometry_is_checked)
{
	struct tlb t;
	int err = tlb_init(&t, geometries[_i].g, NULL, geometries[_i].shared);
	ck_assert_msg(err == geometries[_i].result, "%s: %d", geometries[_i].name, err);
	if (err < 0)
		return;
	ck_assert_uint_eq(t.slots, geometries[_i].slots);
	tlb_free(&t);
}
END_TEST

static void put(struct tlb *t, unsigned part, uint64_t page, uint32_t context)
{
	uint64_t tag = tlb_tag(part, GLA(page << tlb_part_shift[part]), context);
	tlb_put(t, tlb_victim(t, part, tag), part, tag, &(struct tlb_entry){.tag = tag});
}

static void touch(struct tlb *t, uint64_t gla)
{
	tlb_touch(t, &t->entry[tlb_find(t, GLA(gla), 1, 1)]);
}

static bool has(struct tlb *t, uint64_t gla, uint32_t context, uint32_t group)
{
	return tlb_find(t, GLA(gla), context, group) >= 0;
}

START_TEST(least_recently_used_way_of_the_set_is_replaced)
{
	struct tlb t;
	ck_assert_int_eq(tlb_init(&t, (struct tlb_geometry[TLB_PARTS]){{16, 4}}, NULL, false), 0);
	for (uint64_t page = 0; page < 16; page += 4) /* set 0: pages 0, 4, 8, 12 */
		put(&t, TLB_4K, page, 1);
	put(&t, TLB_4K, 1, 1);
	touch(&t, 0);
	put(&t, TLB_4K, 16, 1);
	ck_assert(has(&t, 0, 1, 1));
	ck_assert(!has(&t, 4 << 12, 1, 1));
	ck_assert(has(&t, 8 << 12, 1, 1) && has(&t, 12 << 12, 1, 1) && has(&t, 16 << 12, 1, 1) && has(&t, 1 << 12, 1, 1));
	ck_assert_uint_eq(t.live[TLB_4K], 5);
	tlb_drop(&t, (uint32_t)tlb_find(&t, GLA(16 << 12), 1, 1));
	put(&t, TLB_4K, 20, 1); /* takes the empty way */
	ck_assert(has(&t, 0, 1, 1) && has(&t, 8 << 12, 1, 1) && has(&t, 12 << 12, 1, 1) && has(&t, 20 << 12, 1, 1));
	tlb_free(&t);
}
END_TEST

START_TEST(entry_serves_its_own_context_or_its_group)
{
	struct tlb t;
	ck_assert_int_eq(tlb_init(&t, (struct tlb_geometry[TLB_PARTS]){{16, 4}}, NULL, false), 0);
	put(&t, TLB_4K, 3, 7);
	ck_assert(has(&t, 0x3fff, 7, 9));
	ck_assert(has(&t, 0x3000, 8, 7));
	ck_assert(!has(&t, 0x3000, 8, 9));
	ck_assert(!has(&t, 0x4000, 7, 9));
	tlb_free(&t);
}
END_TEST

START_TEST(sizes_that_share_slots_are_told_apart)
{
	struct tlb t;
	ck_assert_int_eq(tlb_init(&t, (struct tlb_geometry[TLB_PARTS]){{16, 4}, {0, 0}, {4, 4}}, NULL, true), 0);
	put(&t, TLB_2M, 5, 1);
	ck_assert(!has(&t, 5 << 12, 1, 1));
	ck_assert(has(&t, 5ull << 21 | 0x1fffff, 1, 1));
	put(&t, TLB_1G, 5, 1);
	ck_assert(has(&t, 5ull << 30, 1, 1));
	ck_assert_uint_eq(tlb_part_for(&t, 30), TLB_1G);
	ck_assert_uint_eq(tlb_part_for(&t, 29), TLB_2M);
	ck_assert_uint_eq(tlb_part_for(&t, 20), TLB_4K);
	tlb_free(&t);
}
END_TEST

static struct tlb_entry *put_global(struct tlb *t, unsigned part, uint64_t page)
{
	uint64_t tag = tlb_tag(part, GLA(page << tlb_part_shift[part]), 9);
	return tlb_put(t, tlb_victim(t, part, tag), part, tag, &(struct tlb_entry){.tag = tag, .global = true});
}

/* Of a large page, one that is global and has nothing smaller in it; what comes into its slot later is looked at anew. */
START_TEST(an_entry_stays_what_is_found_for_all_of_its_page)
{
	struct tlb t;
	ck_assert_int_eq(tlb_init(&t, (struct tlb_geometry[TLB_PARTS]){{16, 4}, {1, 1}, {1, 1}}, NULL, false), 0);
	put(&t, TLB_4K, 0x201, 7);
	ck_assert(tlb_stays(&t, &t.entry[tlb_find(&t, GLA(0x201000), 7, 9)]));
	ck_assert(!tlb_stays(&t, put_global(&t, TLB_2M, 1))); /* 200000H to 3FFFFFH */
	ck_assert(tlb_stays(&t, put_global(&t, TLB_2M, 2)));
	ck_assert(!tlb_stays(&t, put_global(&t, TLB_2M, 1)));
	put(&t, TLB_2M, 2, 7); /* not global */
	ck_assert(!tlb_stays(&t, &t.entry[tlb_find(&t, GLA(2 << PAGE_SHIFT_2M), 7, 9)]));
	ck_assert(!tlb_stays(&t, put_global(&t, TLB_1G, 0)));
	ck_assert(tlb_stays(&t, put_global(&t, TLB_1G, 1)));
	tlb_free(&t);
}
END_TEST

static uint32_t put_piece(struct tlb *t, uint64_t page, unsigned guest_shift)
{
	uint64_t tag = tlb_tag(TLB_4K, GLA(page << PAGE_SHIFT), 7);
	uint32_t slot = tlb_victim(t, TLB_4K, tag);

	tlb_put(t, slot, TLB_4K, tag, &(struct tlb_entry){.gla = page << PAGE_SHIFT, .guest_shift = (uint8_t)guest_shift});
	return slot;
}

/* Whatever the size of the guest's page, any address in it tells of the pieces; when the last is gone or replaced, none does. */
START_TEST(pieces_are_known_by_the_guest_page_that_they_are_of)
{
	struct tlb t;
	ck_assert_int_eq(tlb_init(&t, (struct tlb_geometry[TLB_PARTS]){{2, 2}}, NULL, false), 0);
	put_piece(&t, 0x600, PAGE_SHIFT);
	ck_assert(!tlb_has_pieces(&t, GLA(0x600000)));
	put_piece(&t, 0x601, PAGE_SHIFT_2M);
	ck_assert(tlb_has_pieces(&t, GLA(0x7fffff)));
	ck_assert(!tlb_has_pieces(&t, GLA(0x800000)));
	put_piece(&t, 0x800, PAGE_SHIFT_4M);
	ck_assert(tlb_has_pieces(&t, GLA(0xbff000)));
	uint32_t slot = put_piece(&t, 0x40000, PAGE_SHIFT_1G); /* 1 GiB, in the place of the piece at 601000H */
	ck_assert(!tlb_has_pieces(&t, GLA(0x7fffff)));
	ck_assert(tlb_has_pieces(&t, GLA(0x7fffffff)));
	tlb_drop(&t, slot);
	ck_assert(!tlb_has_pieces(&t, GLA(0x7fffffff)));
	ck_assert(tlb_has_pieces(&t, GLA(0x800000)));
	tlb_free(&t);
}
END_TEST

START_TEST(tag_keeps_all_57_bits)
{
	for (unsigned bit = 12; bit < 57; bit++)
		ck_assert(tlb_tag(TLB_4K, GLA(1ull << bit), 1) != tlb_tag(TLB_4K, GLA(0), 1));
	ck_assert(tlb_tag(TLB_4K, GLA(~0ull), CONTEXTS_MAX) >> 63 == 0);
}
END_TEST

static struct contexts all;

START_TEST(contexts_keep_their_number_until_all_are_taken)
{
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < CONTEXTS_MAX; i++) {
			struct tlb_context c = {.pcid = (uint16_t)(i % 7), .vpid = (uint16_t)(i % 11), .eptrta = i / 77 * 4096ull};
			ck_assert_uint_eq(context_number(&all, &c), i + 1);
		}
	ck_assert_uint_eq(context_number(&all, &(struct tlb_context){.vpid = 77}), 0);
	context_forget_all(&all);
	ck_assert_uint_eq(context_number(&all, &(struct tlb_context){.vpid = 77}), 1);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("tlb");
	tcase_add_loop_test(tc, geometry_is_checked, 0, ARRAY_LEN(geometries));
	tcase_add_test(tc, least_recently_used_way_of_the_set_is_replaced);
	tcase_add_test(tc, entry_serves_its_own_context_or_its_group);
	tcase_add_test(tc, sizes_that_share_slots_are_told_apart);
	tcase_add_test(tc, an_entry_stays_what_is_found_for_all_of_its_page);
	tcase_add_test(tc, pieces_are_known_by_the_guest_page_that_they_are_of);
	tcase_add_test(tc, tag_keeps_all_57_bits);
	tcase_add_test(tc, contexts_keep_their_number_until_all_are_taken);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("tlb", add_cases)
