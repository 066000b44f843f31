/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What emu/engine.c relies on in Unicorn, on Unicorn alone (see check_engine.c): fetches, code and block hooks, code that is rewritten, the
 * code buffer.
 */
#include "tests/bare_engine.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

static struct bare b;

static void start(void)
{
	bare_open(&b, UC_MODE_64);
}
static void stop(void)
{
	bare_close(&b);
}

#define NOP 0x90

/* ---- fetches ---- */

/* Eight NOPs before a page, and a MOV RAX,imm64 that reaches into it. */
static void put_crossing(void)
{
	BARE_PUT(&b, BARE_CODE + 0xff2, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP);
	BARE_PUT(&b, BARE_CODE + 0xffa, 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, NOP, NOP);
}

START_TEST(a_fetch_fill_that_fails_is_reported_at_the_start_of_the_block)
{
	put_crossing();
	b.fail = BARE_CODE + 0x1000;
	ck_assert_int_ne(bare_run(&b, BARE_CODE + 0xff2, BARE_ELSEWHERE), UC_ERR_OK);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RIP), BARE_CODE + 0xff2);
	ck_assert_uint_eq(b.codes, 0);
}
END_TEST

START_TEST(translation_reads_ahead_and_a_poison_page_is_never_executed)
{
	memset(b.private_page, 0xcc, 4096);
	put_crossing();
	b.poison = BARE_CODE + 0x1000;
	b.stop_code = BARE_CODE + 0xffa;
	b.log = LOG_FILL | LOG_CODE; /* the last fill is for `until` */
	ck_assert_int_eq(bare_run(&b, BARE_CODE + 0xff9, BARE_ELSEWHERE), UC_ERR_OK);
	ck_assert_str_eq(b.text, "x:400000 x:401000 c400ff9 c400ffa x:7ffffffffffff000 ");
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RIP), BARE_CODE + 0xffa);
	/* the page is there now: after a flush the block is made anew by itself */
	b.poison = b.stop_code = BARE_NOWHERE;
	uc_ctl_flush_tlb(b.uc);
	ck_assert_int_eq(bare_run(&b, BARE_CODE + 0xffa, BARE_CODE + 0x1004), UC_ERR_OK);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RAX), 0x0807060504030201);
}
END_TEST

START_TEST(a_block_on_two_pages_is_made_anew_when_the_second_translates_elsewhere)
{
	put_crossing();
	ck_assert_int_eq(bare_run(&b, BARE_CODE + 0xffa, BARE_CODE + 0x1004), UC_ERR_OK);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RAX), 0x0807060504030201);
	memset(b.private_page, 0x11, 4);
	memset(b.private_page + 4, NOP, 8);
	b.poison = BARE_CODE + 0x1000;
	uc_ctl_flush_tlb(b.uc);
	ck_assert_int_eq(bare_run(&b, BARE_CODE + 0xffa, BARE_CODE + 0x1004), UC_ERR_OK);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RAX), 0x1111111104030201);
}
END_TEST

START_TEST(an_until_that_is_not_canonical_is_never_reached)
{
	BARE_PUT(&b, BARE_CODE, NOP, 0xeb, 0xfd); /* nop; jmp back */
	b.stop_code = BARE_CODE + 1;
	ck_assert_int_eq(bare_run(&b, BARE_CODE, BARE_ELSEWHERE), UC_ERR_OK);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RIP), BARE_CODE + 1);
}
END_TEST

/* ---- hooks on code ---- */

START_TEST(the_code_hook_runs_before_the_instruction_with_rip_and_flags_in_step)
{
	BARE_PUT(&b, BARE_CODE, 0x31, 0xc0, 0xff, 0xc8, NOP, 0xf9, NOP); /* xor eax,eax; dec eax; nop; stc; nop */
	b.stop_code = BARE_CODE + 2;
	bare_run(&b, BARE_CODE, BARE_ELSEWHERE);
	ck_assert_uint_eq(b.rip, BARE_CODE + 2);
	ck_assert_uint_eq(b.flags & 0xc1, 0x40); /* ZF */
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RAX), 0);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RIP), BARE_CODE + 2);
	b.stop_code = BARE_CODE + 4;
	bare_run(&b, BARE_CODE + 2, BARE_ELSEWHERE);
	ck_assert_uint_eq(b.flags & 0xc1, 0x80); /* SF */
	b.stop_code = BARE_CODE + 6;
	bare_run(&b, BARE_CODE + 4, BARE_ELSEWHERE);
	ck_assert_uint_eq(b.flags & 0xc1, 0x81); /* and CF */
}
END_TEST

START_TEST(the_block_hook_runs_before_the_block_and_a_stop_there_runs_nothing)
{
	BARE_PUT(&b, BARE_CODE, 0x48, 0xff, 0xc0, 0x48, 0xff, 0xc0, 0xeb, 0x00, NOP); /* inc rax; inc rax; jmp +0; nop */
	b.log = LOG_BLOCK | LOG_CODE;
	b.stop_block = BARE_CODE;
	bare_run(&b, BARE_CODE, BARE_CODE + 8);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RAX), 0);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RIP), BARE_CODE);
	ck_assert_msg(!strncmp(b.text, "b400000/8 ", 10), "%s", b.text);
}
END_TEST

static unsigned narrow_calls;
static void on_narrow(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
	(void)address;
	(void)size;
	(void)user;
	narrow_calls++;
	uc_emu_stop(uc);
}

START_TEST(a_code_hook_of_one_address_added_later_takes_over_after_remove_cache)
{
	uc_hook hook;

	BARE_PUT(&b, BARE_CODE, 0x48, 0xff, 0xc0, 0x48, 0xff, 0xc0, NOP);
	bare_run(&b, BARE_CODE, BARE_CODE + 6);
	ck_assert(!uc_hook_add(b.uc, &hook, UC_HOOK_CODE, (void *)on_narrow, NULL, BARE_CODE + 3, BARE_CODE + 3));
	ck_assert(!uc_ctl_remove_cache(b.uc, BARE_CODE, BARE_CODE + 4096));
	narrow_calls = 0;
	bare_run(&b, BARE_CODE, BARE_CODE + 6);
	ck_assert_uint_eq(narrow_calls, 1);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RIP), BARE_CODE + 3);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RAX), 3);
}
END_TEST

static void on_second(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
	(void)size;
	(void)user;
	if (address == BARE_CODE + 10)
		uc_emu_stop(uc);
}

/* An instance of its own, with hooks at two addresses or at all. */
static uc_engine *open_hooked(const uint8_t between[5], bool narrow)
{
	static const uint8_t before[] = {0x21, 0xd8, NOP}, after[] = {0x21, 0xf0, NOP, NOP}; /* and eax,ebx; nop; and eax,esi; nop; nop */
	uc_engine *uc;
	uc_hook hook;

	CHECK(!uc_open(UC_ARCH_X86, UC_MODE_64, &uc) && !uc_mem_map(uc, BARE_CODE, 4096, UC_PROT_ALL));
	CHECK(!uc_mem_write(uc, BARE_CODE, before, 3) && !uc_mem_write(uc, BARE_CODE + 3, between, 5));
	CHECK(!uc_mem_write(uc, BARE_CODE + 8, after, 4));
	if (narrow)
		CHECK(!uc_hook_add(uc, &hook, UC_HOOK_CODE, (void *)on_second, NULL, BARE_CODE + 2, BARE_CODE + 2));
	CHECK(!uc_hook_add(uc, &hook, UC_HOOK_CODE, (void *)on_second, NULL, narrow ? BARE_CODE + 10 : 1, narrow ? BARE_CODE + 10 : 0));
	return uc;
}

static uint64_t flags_of(uc_engine *uc, uint64_t values)
{
	static const int regs[] = {UC_X86_REG_RAX, UC_X86_REG_RBX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RSI};
	uint64_t flags = 2;

	uc_reg_write(uc, UC_X86_REG_EFLAGS, &flags);
	for (unsigned r = 0; r < ARRAY_LEN(regs); r++, values >>= 7) {
		uint64_t value = (uint32_t)values;
		uc_reg_write(uc, regs[r], &value);
	}
	CHECK(!uc_emu_start(uc, BARE_CODE, BARE_CODE + 12, 0, 0));
	uc_reg_read(uc, UC_X86_REG_EFLAGS, &flags);
	return flags;
}

/* The flags come of AND at both hooks, in between of SUB and SETO, SHL by CL, ADC, SUB and LAHF. */
START_TEST(flags_are_in_step_at_the_second_hook_of_a_block)
{
	static const uint8_t between[][5] = {
	    {0x29, 0xd1, 0x0f, 0x90, 0xc2}, {0xd3, 0xe2, NOP, NOP, NOP}, {0x11, 0xd1, NOP, NOP, NOP}, {0x29, 0xd1, 0x9f, NOP, NOP}};
	uc_engine *all = open_hooked(between[_i], false), *narrow = open_hooked(between[_i], true);
	uint64_t values = 0x9e3779b97f4a7c15;

	for (unsigned i = 0; i < 200; i++, values = values * 6364136223846793005u + 1442695040888963407u)
		ck_assert_uint_eq(flags_of(all, values), flags_of(narrow, values));
	uc_close(all);
	uc_close(narrow);
}
END_TEST

START_TEST(the_code_hook_runs_at_each_iteration_of_rep_and_once_more)
{
	BARE_PUT(&b, BARE_CODE, 0xf3, 0xa4, NOP);
	bare_set(&b, UC_X86_REG_RSI, BARE_DATA);
	bare_set(&b, UC_X86_REG_RDI, BARE_DATA + 0x1000);
	bare_set(&b, UC_X86_REG_RCX, 5);
	b.log = LOG_CODE;
	bare_run(&b, BARE_CODE, BARE_CODE + 2);
	ck_assert_uint_eq(b.codes, 6);
	ck_assert_str_eq(b.text, "c400000 c400000 c400000 c400000 c400000 c400000 ");
}
END_TEST

START_TEST(the_size_of_bytes_that_unicorn_cannot_decode_is_garbage)
{
	BARE_PUT(&b, BARE_CODE, 0x0f, 0x04, NOP);
	ck_assert_int_eq(bare_run(&b, BARE_CODE, BARE_ELSEWHERE), UC_ERR_INSN_INVALID);
	ck_assert_uint_eq(b.codes, 1);
	ck_assert_uint_eq(b.size, 0xf1f1f1f1);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RIP), BARE_CODE);
}
END_TEST

/* ---- code that is rewritten ---- */

static const struct {
	const char *name;
	unsigned run_window, store_window;
	bool seen;
} rewrites[] = {
    {"runs through 0, store through 0", 0, 0, true},
    {"runs through 0, store through 1", 0, 1, false},
    {"runs through 1, store through 0", 1, 0, true},
    {"runs through 1, store through 1", 1, 1, false},
};

/* call rdi; call rdi; mov byte [rsi],2; then call rdi again, whose MOV AL,1 says 2 now */
static void rewrite(unsigned run_window, unsigned store_window)
{
	BARE_PUT(&b, BARE_CODE, 0xff, 0xd7, 0xff, 0xd7, 0xc6, 0x06, 2, NOP);
	BARE_PUT(&b, BARE_CODE + 0x100, 0xff, 0xd7, NOP);
	BARE_PUT(&b, BARE_CODE + 0x5000, 0xb0, 1, 0xc3);
	bare_set(&b, UC_X86_REG_RDI, BARE_WINDOW(run_window) + BARE_CODE + 0x5000);
	bare_set(&b, UC_X86_REG_RSI, BARE_WINDOW(store_window) + BARE_CODE + 0x5001);
	ck_assert_int_eq(bare_run(&b, BARE_CODE, BARE_CODE + 7), UC_ERR_OK);
	ck_assert_uint_eq(b.ram[BARE_CODE + 0x5001], 2);
}

static uint64_t run_rewritten(void)
{
	ck_assert_int_eq(bare_run(&b, BARE_CODE + 0x100, BARE_CODE + 0x102), UC_ERR_OK);
	return bare_reg(&b, UC_X86_REG_RAX) & 255;
}

START_TEST(only_a_store_through_window_0_is_noticed)
{
	rewrite(rewrites[_i].run_window, rewrites[_i].store_window);
	ck_assert_msg(run_rewritten() == (rewrites[_i].seen ? 2 : 1), "%s", rewrites[_i].name);
}
END_TEST

START_TEST(remove_cache_of_a_linear_range_mends_a_store_through_any_window)
{
	uint64_t at = BARE_WINDOW(rewrites[_i].run_window) + BARE_CODE + 0x5000;

	rewrite(rewrites[_i].run_window, rewrites[_i].store_window);
	ck_assert(!uc_ctl_remove_cache(b.uc, at, at + 4096));
	ck_assert_msg(run_rewritten() == 2, "%s", rewrites[_i].name);
}
END_TEST

START_TEST(a_store_by_the_host_is_not_noticed_until_remove_cache)
{
	rewrite(0, 0);
	ck_assert_uint_eq(run_rewritten(), 2);
	b.ram[BARE_CODE + 0x5001] = 7;
	ck_assert_uint_eq(run_rewritten(), 2);
	uc_ctl_remove_cache(b.uc, BARE_CODE + 0x5000, BARE_CODE + 0x6000);
	ck_assert_uint_eq(run_rewritten(), 7);
}
END_TEST

START_TEST(a_store_to_its_own_block_runs_the_storing_instruction_again)
{
	/* mov byte [rip+1],0xc3: the modrm byte of the next instruction; inc rax becomes inc rbx */
	BARE_PUT(&b, BARE_CODE, 0xc6, 0x05, 0x02, 0, 0, 0, 0xc3, 0x48, 0xff, 0xc0, NOP);
	b.log = LOG_CODE | LOG_ACCESS;
	bare_run(&b, BARE_CODE, BARE_CODE + 10);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RAX), 0);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RBX), 1);
	ck_assert_str_eq(b.text, "c400000 w400009/1 c400000 w400009/1 c400007 ");
}
END_TEST

/* ---- the code buffer ---- */

/* bytes of this process' address space */
static unsigned long address_space(void)
{
	unsigned long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	ck_assert(statm && fscanf(statm, "%lu", &pages) == 1);
	fclose(statm);
	return pages * 4096;
}

/* MiB of the address space that an instance takes */
static unsigned long space_taken(bool tlb_mode_first)
{
	unsigned long before = address_space();
	uc_engine *uc;

	ck_assert(!uc_open(UC_ARCH_X86, UC_MODE_64, &uc));
	if (tlb_mode_first)
		uc_ctl_tlb_mode(uc, UC_TLB_VIRTUAL);
	uc_ctl_set_tcg_buffer_size(uc, 32 << 20);
	uc_ctl_tlb_mode(uc, UC_TLB_VIRTUAL);
	unsigned long taken = address_space() - before;
	uc_close(uc);
	return taken >> 20;
}

START_TEST(the_size_of_the_code_buffer_counts_only_if_set_first)
{
	ck_assert_uint_lt(space_taken(false), 256);
	ck_assert_uint_ge(space_taken(true), 1024);
}
END_TEST

enum { OVERFLOW_ROUNDS = 1500 }; /* each translates some 30 KiB; the buffer holds 16 MiB */

/* Without bare_open's flush, Unicorn 2.1.1 keeps its lists of a page's blocks when it first begins the buffer anew: it crashes here. */
START_TEST(a_flush_after_opening_makes_the_first_overflow_of_the_code_buffer_harmless)
{
	BARE_PUT(&b, BARE_CODE, 0xeb, 0x1e); /* to +20H: 00 00 .. is a block as long as can be */
	bare_set(&b, UC_X86_REG_RAX, BARE_DATA);
	b.stop_code = BARE_CODE + 0x20;
	for (unsigned round = 0; round < OVERFLOW_ROUNDS; round++) {
		ck_assert(!uc_ctl_remove_cache(b.uc, BARE_CODE, BARE_CODE + 0x2000));
		ck_assert_int_eq(bare_run(&b, BARE_CODE, BARE_ELSEWHERE), UC_ERR_OK);
	}
	ck_assert_uint_eq(b.codes, 2 * OVERFLOW_ROUNDS);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("code");
	tcase_add_checked_fixture(tc, start, stop);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_fetch_fill_that_fails_is_reported_at_the_start_of_the_block);
	tcase_add_test(tc, translation_reads_ahead_and_a_poison_page_is_never_executed);
	tcase_add_test(tc, a_block_on_two_pages_is_made_anew_when_the_second_translates_elsewhere);
	tcase_add_test(tc, an_until_that_is_not_canonical_is_never_reached);
	tcase_add_test(tc, the_code_hook_runs_before_the_instruction_with_rip_and_flags_in_step);
	tcase_add_test(tc, the_block_hook_runs_before_the_block_and_a_stop_there_runs_nothing);
	tcase_add_test(tc, a_code_hook_of_one_address_added_later_takes_over_after_remove_cache);
	tcase_add_loop_test(tc, flags_are_in_step_at_the_second_hook_of_a_block, 0, 4);
	tcase_add_test(tc, the_code_hook_runs_at_each_iteration_of_rep_and_once_more);
	tcase_add_test(tc, the_size_of_bytes_that_unicorn_cannot_decode_is_garbage);
	tcase_add_loop_test(tc, only_a_store_through_window_0_is_noticed, 0, ARRAY_LEN(rewrites));
	tcase_add_loop_test(tc, remove_cache_of_a_linear_range_mends_a_store_through_any_window, 0, ARRAY_LEN(rewrites));
	tcase_add_test(tc, a_store_by_the_host_is_not_noticed_until_remove_cache);
	tcase_add_test(tc, a_store_to_its_own_block_runs_the_storing_instruction_again);
	tcase_add_test(tc, the_size_of_the_code_buffer_counts_only_if_set_first);
	tcase_add_test(tc, a_flush_after_opening_makes_the_first_overflow_of_the_code_buffer_harmless);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("engine_code", add_cases)
