/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profile files: those that come with vtxray, and what is wrong with bad ones: each row changes one line of a good profile. */
#include "emu/profile.h"
#include "tests/test.h"
#include "vmx/exit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct profile profile;
static char error[PROFILE_ERROR];

static const char *const names[] = {"nehalem", "haswell", "skylake", "icelake", "goldencove"};

static int read_file(const char *path)
{
	error[0] = '\0';
	return profile_read(&profile, path, error);
}

START_TEST(profile_that_comes_with_vtxray_is_good_and_can_be_modelled)
{
	static struct mem mem;
	static struct events ev;
	static struct mmu mmu;
	char path[PROFILE_PATH];
	snprintf(path, sizeof path, "emu/profiles/%s.ini", names[_i]);
	ck_assert_msg(read_file(path) == 0, "%s", error);
	ck_assert_str_eq(profile.name, names[_i]);
	ck_assert_int_eq(mem_init(&mem, 1 << 20), 0);
	ck_assert_int_eq(mmu_init(&mmu, &mem, &ev, &profile.tlbs), 0);
	mmu_free(&mmu);
	mem_free(&mem);
}
END_TEST

START_TEST(every_key_before_a_figure_has_a_source)
{
	char path[PROFILE_PATH], line[512];
	bool comment = false, blank = true;
	snprintf(path, sizeof path, "emu/profiles/%s.ini", names[_i]);
	FILE *file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof line, file)) {
		if (line[0] == '[')
			comment = false;
		else if (line[0] == '#')
			comment = true;
		else if (line[0] != '\n')
			ck_assert_msg(comment, "%s: %s", path, line);
		blank = line[0] == '\n';
	}
	ck_assert(!blank);
	fclose(file);
}
END_TEST

START_TEST(figures_of_skylake_arrive)
{
	ck_assert_int_eq(read_file("emu/profiles/skylake.ini"), 0);
	ck_assert_uint_eq(profile.tlbs.stlb[TLB_4K].entries, 1536);
	ck_assert_uint_eq(profile.tlbs.stlb[TLB_4K].ways, 12);
	ck_assert_uint_eq(profile.tlbs.stlb_rule[TLB_4K].policy, POLICY_MRU3_PLRU4);
	ck_assert_uint_eq(profile.tlbs.stlb_rule[TLB_4K].fold, 7);
	ck_assert_uint_eq(profile.tlbs.stlb[TLB_2M].entries, 0);
	ck_assert(profile.tlbs.stlb_shared);
	ck_assert_uint_eq(profile.pscs.linear[0].entries, 32);
	ck_assert_uint_eq(profile.pscs.nested.entries, 64);
	ck_assert_uint_eq(profile.caches.level[2].size, 8 << 20);
	ck_assert_uint_eq(profile.prices.of[COST_WALK_L2], 12);
	ck_assert_uint_eq(profile.prices.of[COST_DATA_L2], 8);
	ck_assert_uint_eq(profile.prices.of[COST_DATA_MEMORY], 242);
	ck_assert_uint_eq(profile.prices.exit[EXIT_EPT_VIOLATION], 800);
	ck_assert_uint_eq(profile.prices.exit[EXIT_CPUID], 700);
	ck_assert_uint_eq(profile.prices.exit[EXIT_EXCEPTION_NMI], 700);
}
END_TEST

/* A line of skylake.ini that begins with `line` (in its section) becomes `instead`; the error must end in `text`. */
static const struct {
	const char *section, *line, *instead, *text;
} faults[] = {
    {"dtlb", "4k =", "4k = 64/5", ": [dtlb] 4k = 64/5: entries must be a multiple of ways"},
    {"dtlb", "4k =", "4k = 48/4", "the number of sets, must be a power of two"},
    {"dtlb", "4k =", "4k = 64", ": must be ENTRIES/WAYS [policy] [xorN], or none"},
    {"dtlb", "4k =", "4k = 64/4 fifo", "neither a policy (lru, plru, mru3plru4) nor xorN, N 1 to 20"},
    {"dtlb", "4k =", "4k = 64/4 mru3plru4", "this policy does not go with so many ways (plru: 1, 2, 4, 8, 16; mru3plru4: 12)"},
    {"dtlb", "4k =", "4k = 64/32", "entries must be at most 16384, ways at most 16"},
    {"dtlb", "4k =", "4k = none", ": each TLB needs a part for 4-KiB pages"},
    {"dtlb", "4k =", "4k: 64/4\n4k = 64/4", ": [dtlb] 4k = 64/4: given twice"},
    {"dtlb", "4k =", "", ": [dtlb] has no key '4k'"},
    {"dtlb", "4k =", "nonsense", ": neither [section] nor key = value"},
    {"dtlb", "4k =", "8k = 64/4", ": [dtlb] 8k = 64/4: no such key"},
    {"stlb", "2m =", "2m = 32/4", "[stlb] shared = yes: 2-MiB translations live in the 4-KiB part, so 2m must be none"},
    {"stlb", "shared", "shared = maybe", ": [stlb] shared = maybe: must be yes or no"},
    {"psc", "pde", "pde = 32/4 xor3", ": paging-structure caches are indexed linearly"},
    {"l1d", "size", "size = 1000", ": [l1d]: size must be ways x 64 bytes x sets, 16 sets or more, and the policy must suit the ways"},
    {"l1d", "ways", "ways = 12", ": [l1d]: size must be ways x 64 bytes x sets, 16 sets or more, and the policy must suit the ways"},
    {"l2", "latency", "latency = 2", ": latencies must not fall from L1 to memory"},
    {"l2", "policy", "policy = best", ": [l2] policy = best: no such policy (lru, plru, mru3plru4)"},
    {"instructions", "alu", "alu = 0", ": [instructions] alu = 0: must be at least 1"},
    {"instructions", "alu", "alu = -1", ": [instructions] alu = -1: not a number"},
    {"vmx", "exit", "exit = 1.5", ": [vmx] exit = 1.5: not a number"},
    {"vmx", "exit", "exit = 99999999", ": [vmx] exit = 99999999: too large"},
    {"vmx exit", "EPT_VIOLATION", "EPT_VIOLENCE = 1", ": no such VM-exit reason (names as KVM has them: EPT_VIOLATION)"},
};

/* Copies skylake.ini with the change; returns the number of the changed line. */
static unsigned make_bad(const char *path, unsigned i)
{
	char line[512], section[64] = "";
	unsigned number = 0, changed = 0;
	FILE *from = fopen("emu/profiles/skylake.ini", "r"), *to = fopen(path, "w");
	ck_assert(from && to);
	while (fgets(line, sizeof line, from)) {
		number++;
		sscanf(line, "[%63[^]]", section);
		if (!strcmp(section, faults[i].section) && !strncmp(line, faults[i].line, strlen(faults[i].line))) {
			ck_assert_uint_eq(changed, 0);
			changed = number;
			fprintf(to, "%s\n", faults[i].instead);
		} else {
			fputs(line, to);
		}
	}
	fclose(from);
	fclose(to);
	ck_assert_uint_ne(changed, 0);
	return changed;
}

START_TEST(bad_profile_is_refused_with_file_line_key_and_reason)
{
	char path[] = "/tmp/check_profile.XXXXXX", place[64];
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	unsigned line = make_bad(path, (unsigned)_i);
	int err = read_file(path);
	size_t length = strlen(error), tail = strlen(faults[_i].text);
	close(fd);
	unlink(path);
	ck_assert_int_eq(err, -ERR_FORMAT);
	ck_assert_msg(length >= tail && !strcmp(error + length - tail, faults[_i].text), "%s: %s", faults[_i].instead, error);
	ck_assert_msg(!strncmp(error, path, strlen(path)), "%s", error);
	snprintf(place, sizeof place, "%s:%u:", path, line + (strchr(faults[_i].instead, '\n') ? 1 : 0));
	if (error[strlen(path)] == ':' && error[strlen(path) + 1] != ' ')
		ck_assert_msg(!strncmp(error, place, strlen(place)), "%s, expected %s", error, place);
}
END_TEST

START_TEST(line_too_long_is_refused)
{
	char path[] = "/tmp/check_profile.XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");
	fputs("[cpu]\n", file);
	for (unsigned i = 0; i < 300; i++)
		fputc('#', file);
	fputs("\n", file);
	fclose(file);
	int err = read_file(path);
	unlink(path);
	ck_assert_int_eq(err, -ERR_FORMAT);
	ck_assert_msg(strstr(error, ":2: line longer than"), "%s", error);
}
END_TEST

START_TEST(file_that_is_not_there_is_named)
{
	ck_assert_int_eq(read_file("emu/profiles/none.ini"), -ERR_IO);
	ck_assert_str_eq(error, "emu/profiles/none.ini: No such file or directory");
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("profile");
	tcase_add_loop_test(tc, profile_that_comes_with_vtxray_is_good_and_can_be_modelled, 0, ARRAY_LEN(names));
	tcase_add_loop_test(tc, every_key_before_a_figure_has_a_source, 0, ARRAY_LEN(names));
	tcase_add_test(tc, figures_of_skylake_arrive);
	tcase_add_loop_test(tc, bad_profile_is_refused_with_file_line_key_and_reason, 0, ARRAY_LEN(faults));
	tcase_add_test(tc, line_too_long_is_refused);
	tcase_add_test(tc, file_that_is_not_there_is_named);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("profile", add_cases)
