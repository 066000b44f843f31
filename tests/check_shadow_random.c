/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generated guests under the shadow VMM see what they see natively (shadow_random.h). SHADOW_GUESTS=n runs n of them instead of the usual
 * number, SHADOW_SEED=s just the one numbered s.
 */
#include "tests/shadow_random.h"
#include "tests/test.h"

enum { GUESTS = 600, STEPS = 120 };

static unsigned long setting(const char *name, unsigned long usual)
{
	const char *value = getenv(name);
	return value ? strtoul(value, NULL, 0) : usual;
}

static void run_guest(uint64_t seed)
{
	struct numbers n = {.state = seed * 0x5851f42d4c957f2dull};
	char text[256] = "";
	ck_assert_msg(shadow_random_guest(&n, STEPS, text), "guest %llu: %s", (unsigned long long)seed, text);
}

START_TEST(generated_guests_see_what_they_see_natively)
{
	unsigned long guests = setting("SHADOW_GUESTS", GUESTS);
	if (getenv("SHADOW_SEED"))
		run_guest(setting("SHADOW_SEED", 0));
	else
		for (uint64_t seed = 0; seed < guests; seed++)
			run_guest(seed);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("shadow random");
	tcase_set_timeout(tc, 1200);
	tcase_add_test(tc, generated_guests_see_what_they_see_natively);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("shadow random", add_cases)
