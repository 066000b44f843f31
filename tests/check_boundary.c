/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the delivery of events is charged as, natively and under each built-in VMM: every exception, software interrupt and interrupt that
 * is delivered once, under its own cause; one that causes a VM exit instead not at all. (The paging image has page faults, INT n and a
 * timer.)
 */
#include "emu/machine.h"
#include "tests/test.h"

#include <stdio.h>

enum { FLUSHES_AT_RESET = 1 };

static const struct {
	const char *name;
	enum paging_kind paging;
	bool no_unsync;
} modes[] = {{"native", PAGING_NATIVE, false},
	     {"ept", PAGING_EPT, false},
	     {"shadow", PAGING_SHADOW, false},
	     {"shadow-sync", PAGING_SHADOW, true},
	     {"agile", PAGING_AGILE, true}};

static struct machine m;
static struct console console;

static void run(unsigned mode)
{
	char error[LOAD_ERROR_SIZE] = "", path[512];
	const char *images = getenv("IMAGES");

	snprintf(path, sizeof path, "%s/paging.elf", images ? images : "build/images");
	ck_assert_int_eq(console_init(&console, NULL, -1, 1 << 20), 0);
	const struct machine_config config = {
	    .console = &console, .ram_size = 256 << 20, .paging = modes[mode].paging, .shadow = {.no_unsync = modes[mode].no_unsync}};
	const struct load_request request = {.path = path};
	ck_assert_int_eq(machine_init(&m, &config), 0);
	ck_assert_msg(machine_load(&m, &request, error) == 0, "%s", error);
	ck_assert_int_eq(machine_run(&m), END_EXIT);
}

static void done(void)
{
	machine_free(&m);
	console_free(&console);
}

START_TEST(what_is_charged_is_what_was_delivered)
{
	uint64_t exceptions = 0;
	run(_i);
	const uint64_t *n = m.cpu.ev.n, *charged = m.cpu.cost.n;
	for (unsigned e = EV_EXC_DE; e <= EV_EXC_CP; e++)
		exceptions += n[e];
	ck_assert_uint_gt(n[EV_INTERRUPTS], 0);
	ck_assert_uint_gt(n[EV_SOFT_INTS], 0);
	ck_assert_uint_eq(n[EV_EXC_NMI] + n[EV_EXC_BP] + n[EV_EXC_OF] + n[EV_EXC_DB], 0); /* so no event is in two of the sums below */
	ck_assert_uint_eq(charged[COST_EXCEPTION], exceptions + n[EV_SOFT_INTS]);
	ck_assert_uint_eq(charged[COST_INTERRUPT], n[EV_INTERRUPTS]);
	done();
}
END_TEST

/* The guest's own invalidations exit under shadow paging, so all that there are after its start are the VMM's; with EPT, one a device
 * access. */
START_TEST(invalidations_of_a_built_in_vmm_are_charged)
{
	run(_i);
	const uint64_t *n = m.cpu.ev.n, *charged = m.cpu.cost.n;
	uint64_t expected = 0;
	if (paging_is_shadow(modes[_i].paging))
		expected = n[EV_TLB_FLUSHES] + n[EV_INVLPG] - FLUSHES_AT_RESET;
	else if (modes[_i].paging == PAGING_EPT)
		expected = m.cpu.cost.exit[EXIT_MONITOR_TRAP_FLAG].count;
	ck_assert_uint_eq(charged[COST_INVVPID] + charged[COST_INVEPT], expected);
	ck_assert(expected || modes[_i].paging == PAGING_NATIVE);
	done();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("boundary");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, what_is_charged_is_what_was_delivered, 0, ARRAY_LEN(modes));
	tcase_add_loop_test(tc, invalidations_of_a_built_in_vmm_are_charged, 0, ARRAY_LEN(modes));
	suite_add_tcase(suite, tc);
}

TEST_MAIN("boundary", add_cases)
