/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The short form of plans: which accesses are looked at together, where their group lies, and the order of groups. Tables by hand. */
#include "emu/plan.h"
#include "tests/test.h"

enum { T0 = PLAN_TEMP, OPS = 6 };

static struct plan_op access_at(unsigned kind, unsigned base, int64_t imm, unsigned size)
{
	return (struct plan_op){
	    .kind = (uint8_t)kind, .a = (uint8_t)base, .b = PLAN_ZERO, .imm = imm, .size = (uint8_t)size, .dst = PLAN_NOWHERE};
}

static struct plan_op with(struct plan_op op, unsigned flags)
{
	op.flags = (uint8_t)flags;
	return op;
}

static struct plan_op loads(struct plan_op op, unsigned dst)
{
	op.dst = (uint8_t)dst;
	return op;
}

static struct plan_op indexed(struct plan_op op, unsigned index, unsigned shift)
{
	op.b = (uint8_t)index;
	op.shift = (uint8_t)shift;
	return op;
}

static struct plan_op in_segment(struct plan_op op, unsigned seg)
{
	op.seg = (uint8_t)seg;
	return op;
}

static unsigned shorten(const struct plan_op *op, unsigned ops, struct plan_op *steps)
{
	static struct plan_op copy[OPS];

	for (unsigned i = 0; i < ops; i++)
		copy[i] = op[i];
	return plan_shorten(copy, ops, steps);
}

static void assert_group(const struct plan_op *step, unsigned number, int64_t imm, unsigned span, unsigned count)
{
	ck_assert_uint_eq(step->kind, PLAN_GROUP);
	ck_assert_uint_eq(step->group, number);
	ck_assert_int_eq(step->imm, imm);
	ck_assert_uint_eq(step->span, span);
	ck_assert_uint_eq(step->count, count);
}

START_TEST(accesses_by_one_base_are_a_group)
{
	struct plan_op steps[2 * OPS];
	const struct plan_op op[] = {access_at(PLAN_WRITE, RSP, -8, 8), access_at(PLAN_WRITE, RSP, -16, 8),
				     access_at(PLAN_READ, RSP, 24, 4), access_at(PLAN_RMW, RSP, -1, 1)};

	ck_assert_uint_eq(shorten(op, 4, steps), 1);
	assert_group(steps, 0, -16, 44, 4);
	ck_assert_uint_eq(steps->kinds, BIT(PLAN_READ) | BIT(PLAN_WRITE) | BIT(PLAN_RMW));
	ck_assert(steps->flags & PLAN_OFFSET && steps->flags & PLAN_APART && !(steps->flags & PLAN_ALIGN16));
}
END_TEST

/* Two accesses: are they one group? */
static const struct {
	const char *what;
	struct plan_op a, b;
	unsigned groups;
} pairs[] = {
    {"another base", {.a = RAX, .b = PLAN_ZERO, .size = 8}, {.a = RBX, .b = PLAN_ZERO, .size = 8}, 2},
    {"another index", {.a = RAX, .b = RCX, .size = 8}, {.a = RAX, .b = RDX, .size = 8}, 2},
    {"another scale", {.a = RAX, .b = RCX, .shift = 1, .size = 8}, {.a = RAX, .b = RCX, .shift = 2, .size = 8}, 2},
    {"the same index", {.a = RAX, .b = RCX, .shift = 3, .size = 8}, {.a = RAX, .b = RCX, .shift = 3, .imm = 8, .size = 8}, 1},
    {"another segment", {.a = RAX, .b = PLAN_ZERO, .seg = SEG_FS, .size = 8}, {.a = RAX, .b = PLAN_ZERO, .size = 8}, 2},
    {"near enough", {.a = RAX, .b = PLAN_ZERO, .size = 8}, {.a = RAX, .b = PLAN_ZERO, .imm = PLAN_SPAN_MAX - 8, .size = 8}, 1},
    {"too far", {.a = RAX, .b = PLAN_ZERO, .size = 8}, {.a = RAX, .b = PLAN_ZERO, .imm = PLAN_SPAN_MAX - 7, .size = 8}, 2},
    {"around the base", {.a = RAX, .b = PLAN_ZERO, .imm = -8, .size = 8}, {.a = RAX, .b = PLAN_ZERO, .imm = 8, .size = 8}, 1},
    {"around the end of addresses",
     {.a = RAX, .b = PLAN_ZERO, .imm = INT64_MAX - 3, .size = 8},
     {.a = RAX, .b = PLAN_ZERO, .imm = INT64_MAX - 11, .size = 8},
     2},
    {"one page", {.a = PLAN_PAGE, .b = PLAN_ZERO, .imm = 0x2000, .size = 8}, {.a = PLAN_PAGE, .b = PLAN_ZERO, .imm = 0x2ff8, .size = 8}, 1},
    {"two pages",
     {.a = PLAN_PAGE, .b = PLAN_ZERO, .imm = 0x2ff8, .size = 8},
     {.a = PLAN_PAGE, .b = PLAN_ZERO, .imm = 0x3000, .size = 8},
     2},
    {"one page by address",
     {.a = PLAN_ZERO, .b = PLAN_ZERO, .imm = 0x2000, .size = 8},
     {.a = PLAN_ZERO, .b = PLAN_ZERO, .imm = 0x2800, .size = 8},
     1},
    {"aligned alike",
     {.a = RAX, .b = PLAN_ZERO, .flags = PLAN_ALIGN16, .size = 16},
     {.a = RAX, .b = PLAN_ZERO, .imm = 32, .flags = PLAN_ALIGN16, .size = 16},
     1},
    {"never both aligned",
     {.a = RAX, .b = PLAN_ZERO, .flags = PLAN_ALIGN16, .size = 16},
     {.a = RAX, .b = PLAN_ZERO, .imm = 24, .flags = PLAN_ALIGN16, .size = 16},
     2},
};

START_TEST(what_may_differ_is_apart)
{
	struct plan_op steps[2 * OPS], op[2] = {pairs[_i].a, pairs[_i].b};

	op[0].dst = op[1].dst = PLAN_NOWHERE;
	ck_assert_msg(shorten(op, 2, steps) == pairs[_i].groups, "%s", pairs[_i].what);
}
END_TEST

START_TEST(an_aligned_access_says_where_its_group_must_lie)
{
	struct plan_op steps[2 * OPS];
	const struct plan_op op[] = {with(access_at(PLAN_READ, RAX, 32, 16), PLAN_ALIGN16), access_at(PLAN_READ, RAX, 12, 4)};
	const struct plan_op later[] = {op[1], op[0]};

	ck_assert_uint_eq(shorten(op, 2, steps), 1);
	ck_assert_uint_eq(steps->dst, 12);
	ck_assert(steps->flags & PLAN_ALIGN16);
	ck_assert_uint_eq(shorten(later, 2, steps), 1);
	ck_assert_uint_eq(steps->dst, 12);
}
END_TEST

START_TEST(groups_are_numbered_by_their_last_accesses)
{
	struct plan_op steps[2 * OPS];
	const struct plan_op op[] = {access_at(PLAN_READ, RAX, 0, 8), access_at(PLAN_READ, RBX, 0, 8), access_at(PLAN_READ, RAX, 8, 8),
				     access_at(PLAN_READ, RCX, 0, 8)};

	ck_assert_uint_eq(shorten(op, 4, steps), 3);
	assert_group(&steps[0], 1, 0, 16, 2);
	assert_group(&steps[1], 0, 0, 8, 1);
	assert_group(&steps[2], 2, 0, 8, 1);
	ck_assert(steps[0].flags & PLAN_APART && !(steps[1].flags & PLAN_APART) && steps[2].flags & PLAN_APART);
	ck_assert_uint_eq(steps[2].insn, 3);
}
END_TEST

START_TEST(an_address_that_was_loaded_comes_after_its_group)
{
	struct plan_op steps[2 * OPS];
	const struct plan_op op[] = {access_at(PLAN_WRITE, RSP, -8, 8), loads(access_at(PLAN_READ, RSP, 8, 8), T0),
				     access_at(PLAN_READ, T0, 16, 4)};

	ck_assert_uint_eq(shorten(op, 3, steps), 3);
	assert_group(&steps[0], 0, -8, 24, 2);
	ck_assert_uint_eq(steps[1].kind, PLAN_VALUE);
	ck_assert_uint_eq(steps[1].group, 0);
	ck_assert_int_eq(steps[1].imm, 16);
	ck_assert_uint_eq(steps[1].dst, T0);
	assert_group(&steps[2], 1, 16, 4, 1);
	ck_assert(!(steps[2].flags & PLAN_OFFSET));
}
END_TEST

START_TEST(a_value_that_its_group_stores_first_has_no_short_form)
{
	struct plan_op steps[2 * OPS];
	const struct plan_op store = indexed(access_at(PLAN_WRITE, RAX, 0, 8), RCX, 3);
	struct plan_op load = with(loads(indexed(access_at(PLAN_READ, RAX, 4, 8), RCX, 3), T0), PLAN_GUARD);
	const struct plan_op use = access_at(PLAN_READ, T0, 0, 1);

	ck_assert_uint_eq(shorten((struct plan_op[]){store, load, use}, 3, steps), 0);
	load.imm = 8;
	ck_assert_uint_eq(shorten((struct plan_op[]){store, load, use}, 3, steps), 3);
	load.imm = -8;
	ck_assert_uint_eq(shorten((struct plan_op[]){store, load, use}, 3, steps), 3);
	load.imm = -7;
	ck_assert_uint_eq(shorten((struct plan_op[]){store, load, use}, 3, steps), 0);
}
END_TEST

START_TEST(what_an_indirect_call_overwrites_is_kept_when_all_is_looked_at)
{
	struct plan_op steps[2 * OPS];
	const struct plan_op call = with(access_at(PLAN_WRITE, RSP, -8, 8), PLAN_CALL),
			     other = in_segment(access_at(PLAN_READ, RAX, 0, 8), SEG_GS);

	ck_assert_uint_eq(shorten((struct plan_op[]){other, call}, 2, steps), 3);
	ck_assert_uint_eq(steps[2].kind, PLAN_UNDO);
	ck_assert_uint_eq(shorten((struct plan_op[]){call, other}, 2, steps), 0);
}
END_TEST

START_TEST(addresses_of_32_bits_have_no_short_form)
{
	struct plan_op steps[2 * OPS];

	ck_assert_uint_eq(shorten((struct plan_op[]){with(access_at(PLAN_READ, RAX, 0, 8), PLAN_ADDR32)}, 1, steps), 0);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("short form");

	tcase_add_test(tc, accesses_by_one_base_are_a_group);
	tcase_add_loop_test(tc, what_may_differ_is_apart, 0, ARRAY_LEN(pairs));
	tcase_add_test(tc, an_aligned_access_says_where_its_group_must_lie);
	tcase_add_test(tc, groups_are_numbered_by_their_last_accesses);
	tcase_add_test(tc, an_address_that_was_loaded_comes_after_its_group);
	tcase_add_test(tc, a_value_that_its_group_stores_first_has_no_short_form);
	tcase_add_test(tc, what_an_indirect_call_overwrites_is_kept_when_all_is_looked_at);
	tcase_add_test(tc, addresses_of_32_bits_have_no_short_form);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("plan_short", add_cases)
