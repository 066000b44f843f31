/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replacement policies against the plain texts of them: a list for LRU, a tree of nodes for PLRU. */
#include "mmu/policy.h"
#include "tests/test.h"

#include <string.h>

enum { WAYS_MAX = 16, STEPS = 20000 };
static uint32_t noise = 5;

static uint32_t any(uint32_t below)
{
	noise = noise * 1664525 + 1013904223;
	return below ? (noise >> 8) % below : 0;
}

static uint64_t use(enum policy p, uint64_t word, unsigned ways, unsigned way)
{
	struct policy_use u = policy_use(p, ways, way);
	return p == POLICY_LRU ? policy_lru_use(word, way) : (word & u.keep) | u.set;
}

/* PLRU as its text has it: every node of the tree says which half to give up; a use makes all nodes on the way point elsewhere. */
struct tree {
	bool right[WAYS_MAX]; /* by node; 1 is the root */
};

static void tree_use(struct tree *t, unsigned ways, unsigned way)
{
	for (unsigned node = 1, low = 0, size = ways; size > 1;) {
		size /= 2;
		bool in_right = way >= low + size;
		t->right[node] = !in_right;
		low += in_right ? size : 0;
		node = 2 * node + in_right;
	}
}

static unsigned tree_victim(const struct tree *t, unsigned ways)
{
	unsigned low = 0, node = 1;
	for (unsigned size = ways; size > 1; node = 2 * node + t->right[node]) {
		size /= 2;
		low += t->right[node] ? size : 0;
	}
	return low;
}

static const unsigned all_ways[] = {1, 2, 4, 8, 16};

START_TEST(plru_gives_up_what_its_tree_points_to)
{
	unsigned ways = all_ways[_i];
	struct tree tree = {0};
	uint64_t word = policy_fresh(POLICY_PLRU);
	for (unsigned way = 0; way < ways; way++) {
		ck_assert_uint_eq(policy_victim(POLICY_PLRU, word, ways), way); /* empty ways first */
		word = use(POLICY_PLRU, word, ways, way);
		tree_use(&tree, ways, way);
	}
	for (unsigned i = 0; i < STEPS; i++) {
		unsigned victim = policy_victim(POLICY_PLRU, word, ways), way = any(3) ? any(ways) : victim;
		ck_assert_msg(victim == tree_victim(&tree, ways), "%u ways, step %u: %u", ways, i, victim);
		word = use(POLICY_PLRU, word, ways, way);
		tree_use(&tree, ways, way);
	}
}
END_TEST

START_TEST(mru3plru4_gives_up_the_plru_way_of_the_group_after_the_last_used)
{
	struct tree tree[3] = {0};
	uint64_t word = policy_fresh(POLICY_MRU3_PLRU4);
	unsigned last = 0;
	for (unsigned i = 0; i < STEPS; i++) {
		unsigned victim = policy_victim(POLICY_MRU3_PLRU4, word, 12);
		unsigned group = (last + 1) % 3, expected = i < 12 ? i : 4 * group + tree_victim(&tree[group], 4);
		ck_assert_msg(victim == expected, "step %u: %u, expected %u", i, victim, expected);
		unsigned way = i < 12 || !any(3) ? victim : any(12);
		word = use(POLICY_MRU3_PLRU4, word, 12, way);
		tree_use(&tree[way / 4], 4, way % 4);
		last = way / 4;
	}
}
END_TEST

START_TEST(lru_gives_up_the_way_not_used_longest)
{
	unsigned ways = (unsigned)_i;
	unsigned list[WAYS_MAX]; /* latest first */
	uint64_t word = policy_fresh(POLICY_LRU);
	for (unsigned i = 0; i < ways; i++)
		list[i] = i;
	for (unsigned i = 0; i < STEPS / 4; i++) {
		ck_assert_uint_eq(policy_victim(POLICY_LRU, word, ways), list[ways - 1]);
		unsigned at = any(ways), way = list[at];
		if (any(8) == 0) { /* emptied: goes last */
			word = policy_lru_empty(word, ways, way);
			memmove(&list[at], &list[at + 1], (ways - 1 - at) * sizeof list[0]);
			list[ways - 1] = way;
			continue;
		}
		word = use(POLICY_LRU, word, ways, way);
		memmove(&list[1], &list[0], at * sizeof list[0]);
		list[0] = way;
	}
}
END_TEST

START_TEST(policies_fit_the_ways_that_they_are_made_for)
{
	for (unsigned ways = 0; ways <= 17; ways++) {
		ck_assert_int_eq(policy_fits(POLICY_LRU, ways), ways >= 1 && ways <= 16);
		ck_assert_int_eq(policy_fits(POLICY_PLRU, ways), ways == 1 || ways == 2 || ways == 4 || ways == 8 || ways == 16);
		ck_assert_int_eq(policy_fits(POLICY_MRU3_PLRU4, ways), ways == 12);
	}
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("policy");
	tcase_add_loop_test(tc, plru_gives_up_what_its_tree_points_to, 0, sizeof all_ways / sizeof all_ways[0]);
	tcase_add_test(tc, mru3plru4_gives_up_the_plru_way_of_the_group_after_the_last_used);
	tcase_add_loop_test(tc, lru_gives_up_the_way_not_used_longest, 1, WAYS_MAX + 1);
	tcase_add_test(tc, policies_fit_the_ways_that_they_are_made_for);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("policy", add_cases)
