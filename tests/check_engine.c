/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What emu/engine.c relies on in Unicorn, one test for each fact, on Unicorn alone: translations, data faults, memory callbacks.
 * A release of Unicorn that changes one shows here. What Unicorn does with code is in check_engine_code.c, with modes, exceptions and
 * state in check_engine_modes.c. Not tested: that `count` of uc_emu_start can hang together with a code hook (it is not used).
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
#define LOAD 0x48, 0x8b, 0x03  /* mov rax,[rbx] */
#define STORE 0x48, 0x89, 0x03 /* mov [rbx],rax */

/* ---- translations ---- */

START_TEST(a_fill_is_asked_for_once_until_the_next_flush)
{
	BARE_PUT(&b, BARE_CODE, LOAD, LOAD, NOP);
	bare_set(&b, UC_X86_REG_RBX, BARE_DATA);
	bare_run(&b, BARE_CODE, BARE_CODE + 6);
	b.log = LOG_FILL;
	bare_run(&b, BARE_CODE, BARE_CODE + 6);
	ck_assert_str_eq(b.text, "");
	uc_ctl_flush_tlb(b.uc);
	bare_run(&b, BARE_CODE, BARE_CODE + 6);
	ck_assert_str_eq(b.text, "x:400000 r:500000 ");
}
END_TEST

START_TEST(under_smap_the_softmmu_has_tables_of_their_own_for_both_values_of_ac)
{
	enum { AC = 1 << 18, SMAP = 1 << 21, FIXED = 2 };

	BARE_PUT(&b, BARE_CODE, LOAD, NOP);
	bare_set(&b, UC_X86_REG_RBX, BARE_DATA);
	bare_set(&b, UC_X86_REG_CR4, bare_reg(&b, UC_X86_REG_CR4) | SMAP);
	for (unsigned i = 0; i < 4; i++) {
		bare_set(&b, UC_X86_REG_EFLAGS, i % 2 ? FIXED | AC : FIXED);
		bare_forget(&b);
		b.log = LOG_FILL;
		ck_assert_int_eq(bare_run(&b, BARE_CODE, BARE_CODE + 3), UC_ERR_OK);
		ck_assert_str_eq(b.text, i < 2 ? "x:400000 r:500000 " : "");
		ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_EFLAGS) & AC, i % 2 ? AC : 0);
	}
}
END_TEST

START_TEST(a_fill_tells_kind_and_page_only)
{
	BARE_PUT(&b, BARE_CODE, STORE, NOP);
	bare_set(&b, UC_X86_REG_RBX, BARE_DATA + 0x123);
	b.log = LOG_FILL;
	bare_run(&b, BARE_CODE, BARE_CODE + 3);
	ck_assert_str_eq(b.text, "x:400000 w:500000 ");
}
END_TEST

START_TEST(memory_hooks_get_the_engine_physical_address)
{
	BARE_PUT(&b, BARE_CODE, LOAD, STORE, NOP);
	bare_set(&b, UC_X86_REG_RBX, BARE_WINDOW(2) + BARE_DATA + 8);
	b.log = LOG_ACCESS;
	bare_run(&b, BARE_CODE, BARE_CODE + 6);
	ck_assert_str_eq(b.text, "r2500008/8 w2500008/8 ");
}
END_TEST

START_TEST(memory_hooks_run_after_the_fill)
{
	BARE_PUT(&b, BARE_CODE, LOAD, NOP);
	bare_set(&b, UC_X86_REG_RBX, BARE_DATA);
	b.log = LOG_ACCESS | LOG_FILL;
	bare_run(&b, BARE_CODE, BARE_CODE + 3);
	ck_assert_str_eq(b.text, "x:400000 r:500000 r500000/8 ");
}
END_TEST

START_TEST(windows_show_the_same_memory)
{
	BARE_PUT(&b, BARE_CODE, STORE, 0x48, 0x8b, 0x09, NOP); /* mov rcx,[rcx] */
	bare_set(&b, UC_X86_REG_RBX, BARE_WINDOW(3) + BARE_DATA);
	bare_set(&b, UC_X86_REG_RCX, BARE_WINDOW(1) + BARE_DATA);
	bare_set(&b, UC_X86_REG_RAX, 0x1234);
	ck_assert_int_eq(bare_run(&b, BARE_CODE, BARE_CODE + 6), UC_ERR_OK);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RCX), 0x1234);
	ck_assert_uint_eq(b.ram[BARE_DATA], 0x34);
}
END_TEST

START_TEST(addresses_that_are_not_canonical_reach_the_fill)
{
	BARE_PUT(&b, BARE_CODE, LOAD, NOP);
	bare_set(&b, UC_X86_REG_RBX, 0x8000000000000000);
	b.log = LOG_FILL;
	bare_run(&b, BARE_CODE, BARE_CODE + 3);
	ck_assert_str_eq(b.text, "x:400000 r:8000000000000000 ");
}
END_TEST

/* ---- faults ---- */

static const struct {
	const char *name;
	uint8_t code[8]; /* after stc */
	unsigned size;
	uint64_t rbx;
} faults[] = {
    {"load", {0x48, 0x13, 0x03}, 3, BARE_DATA + 0x10}, /* adc rax,[rbx] */
    {"store", {0x48, 0x89, 0x03}, 3, BARE_DATA + 0x10},
    {"read-modify-write", {0x48, 0x11, 0x03}, 3, BARE_DATA + 0x10}, /* adc [rbx],rax */
    {"push of memory", {0xff, 0x33}, 2, BARE_DATA + 0x10},
    {"load that splits, second page", {0x48, 0x8b, 0x03}, 3, BARE_DATA - 4},
    {"store that splits, second page", {0x48, 0x89, 0x03}, 3, BARE_DATA - 4},
    {"store that splits, first page", {0x48, 0x89, 0x03}, 3, BARE_DATA + 0xffc},
    {"16-byte store, second half", {0x0f, 0x11, 0x03}, 3, BARE_DATA - 8},
    {"REP MOVS", {0xf3, 0xa4}, 2, BARE_DATA},
};

START_TEST(a_data_fill_that_fails_leaves_the_state_before_the_instruction)
{
	uint64_t rip = BARE_CODE + 1;

	BARE_PUT(&b, BARE_CODE, 0xf9);
	bare_put(&b, rip, faults[_i].code, faults[_i].size);
	bare_set(&b, UC_X86_REG_RAX, 0x77);
	bare_set(&b, UC_X86_REG_RBX, faults[_i].rbx);
	bare_set(&b, UC_X86_REG_RSI, faults[_i].rbx);
	bare_set(&b, UC_X86_REG_RDI, BARE_DATA + 0x2000);
	bare_set(&b, UC_X86_REG_RCX, 5);
	b.fail = BARE_DATA;
	uc_err err = bare_run(&b, BARE_CODE, BARE_ELSEWHERE);
	ck_assert_msg(err == UC_ERR_EXCEPTION, "%s: %s", faults[_i].name, uc_strerror(err));
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RIP), rip);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RSP), BARE_STACK);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RAX), 0x77);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RCX), 5);
	ck_assert_msg(bare_reg(&b, UC_X86_REG_EFLAGS) & 1, "%s: CF", faults[_i].name);
	for (uint64_t at = BARE_DATA - 16; at < BARE_DATA + 0x1010; at++)
		ck_assert_msg(!b.ram[at], "%s: wrote at %lx", faults[_i].name, at);
}
END_TEST

START_TEST(a_push_whose_fill_fails_leaves_rsp)
{
	BARE_PUT(&b, BARE_CODE, 0x50);
	b.fail = BARE_STACK - 0x1000;
	ck_assert_int_eq(bare_run(&b, BARE_CODE, BARE_ELSEWHERE), UC_ERR_EXCEPTION);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RSP), BARE_STACK);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RIP), BARE_CODE);
}
END_TEST

static const struct {
	const char *name;
	uint8_t code[8];
	uint64_t rbx;
	const char *told;
} traps[] = {
    {"8-byte load", {0x48, 0x8b, 0x03}, BARE_DATA + 0x18, "R:4000018/8 "},
    {"1-byte load", {0x8a, 0x03}, BARE_DATA + 0xfff, "R:4000fff/1 "},
    {"2-byte store", {0x66, 0x89, 0x03}, BARE_DATA + 0x22, "W:4000022/2 "},
    {"8-byte store", {0x48, 0x89, 0x03}, BARE_DATA + 0x20, "W:4000020/8 "},
};

START_TEST(a_region_without_rights_tells_address_size_and_kind_and_nothing_happens)
{
	uc_context *before;

	ck_assert(!uc_context_alloc(b.uc, &before));
	bare_put(&b, BARE_CODE, traps[_i].code, sizeof traps[_i].code);
	bare_set(&b, UC_X86_REG_RAX, 0x77);
	bare_set(&b, UC_X86_REG_RBX, traps[_i].rbx);
	uc_context_save(b.uc, before);
	b.trap = BARE_DATA;
	b.log = LOG_ACCESS;
	uc_err err = bare_run(&b, BARE_CODE, BARE_ELSEWHERE);
	/* the plain callback may come first: with the trap page's address */
	const char *told = strchr(b.text, traps[_i].told[0]);
	ck_assert_msg(told && !strncmp(told, traps[_i].told, strlen(traps[_i].told)), "%s: %s", traps[_i].name, b.text);
	ck_assert_msg(err == UC_ERR_READ_PROT || err == UC_ERR_WRITE_PROT, "%s: %s", traps[_i].name, uc_strerror(err));
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RAX), 0x77);
	uc_context_restore(b.uc, before);
	uc_context_free(before);
	b.trap = BARE_NOWHERE;
	uc_ctl_flush_tlb(b.uc);
	b.stop_code = BARE_CODE + (_i == 1 ? 2 : 3);
	ck_assert_int_eq(bare_run(&b, BARE_CODE, BARE_ELSEWHERE), UC_ERR_OK);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RIP), b.stop_code);
}
END_TEST

START_TEST(a_read_only_window_traps_the_store_and_shows_the_data_to_loads)
{
	BARE_PUT(&b, BARE_CODE, 0x48, 0x11, 0x03); /* adc [rbx],rax */
	bare_set(&b, UC_X86_REG_RBX, BARE_DATA + 0x28);
	bare_set(&b, UC_X86_REG_RAX, 1);
	b.ram[BARE_DATA + 0x28] = 0x55;
	b.read_only = BARE_DATA;
	b.log = LOG_ACCESS;
	ck_assert_int_eq(bare_run(&b, BARE_CODE, BARE_ELSEWHERE), UC_ERR_WRITE_PROT);
	ck_assert_msg(strstr(b.text, "W:5500028/8 ") != NULL, "%s", b.text);
	ck_assert_uint_eq(b.ram[BARE_DATA + 0x28], 0x55);
}
END_TEST

/* ---- callbacks of one instruction ---- */

static const struct {
	const char *name;
	uint8_t code[8];
	unsigned size;
	uint64_t rbx;
	const char *told;
} accesses[] = {
    {"load that splits a page: whole, then its aligned parts", {0x48, 0x8b, 0x03}, 3, BARE_DATA + 0xffc, "r500ffc/8 r500ff8/8 r501000/8 "},
    {"store that splits a page: one", {0x48, 0x89, 0x03}, 3, BARE_DATA + 0xffc, "w500ffc/8 "},
    {"load that splits a cache line: one", {0x48, 0x8b, 0x03}, 3, BARE_DATA + 0x3c, "r50003c/8 "},
    {"16-byte load: halves", {0x0f, 0x10, 0x03}, 3, BARE_DATA, "r500000/8 r500008/8 "},
    {"16-byte store: halves", {0x0f, 0x11, 0x03}, 3, BARE_DATA, "w500000/8 w500008/8 "},
    {"CMPXCHG16B: halves", {0x48, 0x0f, 0xc7, 0x0b}, 4, BARE_DATA, "r500000/8 r500008/8 w500000/8 w500008/8 "},
    {"read-modify-write: read, then write", {0x48, 0x01, 0x03}, 3, BARE_DATA, "r500000/8 w500000/8 "},
    {"locked read-modify-write", {0xf0, 0x48, 0x0f, 0xb1, 0x0b}, 5, BARE_DATA, "r500000/8 w500000/8 "},
    {"PUSH of memory: load, then store", {0xff, 0x33}, 2, BARE_DATA, "r500000/8 w5ffff8/8 "},
    {"two instructions: in program order", {0x48, 0x8b, 0x03, 0x88, 0x43, 0x40}, 6, BARE_DATA, "r500000/8 w500040/1 "},
};

START_TEST(accesses_are_told_piece_by_piece)
{
	bare_put(&b, BARE_CODE, accesses[_i].code, sizeof accesses[_i].code);
	bare_set(&b, UC_X86_REG_RBX, accesses[_i].rbx);
	b.log = LOG_ACCESS;
	uc_err err = bare_run(&b, BARE_CODE, BARE_CODE + accesses[_i].size);
	ck_assert_int_eq(err, UC_ERR_OK);
	ck_assert_msg(!strcmp(b.text, accesses[_i].told), "%s: %s", accesses[_i].name, b.text);
}
END_TEST

static size_t say(char *text, size_t at, char kind, unsigned offset, unsigned size)
{
	return at + (size_t)sprintf(text + at, "%c%llx/%u ", kind, BARE_DATA + offset, size);
}

/* emu/engine_area.c books just these. */
START_TEST(fxsave_and_fxrstor_are_told_in_the_same_pieces_always)
{
	const bool restore = _i & 1, rex_w = _i & 2;
	const char kind = restore ? 'r' : 'w';
	char wanted[BARE_TEXT];
	size_t at = 0;

	for (unsigned i = 0; i < 3; i++) /* FCW, FSW, FTW */
		at = say(wanted, at, kind, 2 * i, 2);
	if (!restore) {
		at = say(wanted, at, kind, 8, 8);
		at = say(wanted, at, kind, 16, 8);
	}
	for (unsigned i = 0; i < 8; i++) { /* ST(i) */
		at = say(wanted, at, kind, 32 + 16 * i, 8);
		at = say(wanted, at, kind, 40 + 16 * i, 2);
	}
	at = say(wanted, at, kind, 24, 4); /* MXCSR */
	if (!restore)
		at = say(wanted, at, kind, 28, 4);
	for (unsigned i = 0; i < 32; i++) /* XMM */
		at = say(wanted, at, kind, 160 + 8 * i, 8);

	BARE_PUT(&b, BARE_CODE, rex_w ? 0x48 : 0x3e, 0x0f, 0xae, restore ? 0x0b : 0x03, NOP); /* REX.W or DS: FXSAVE, FXRSTOR [rbx] */
	bare_set(&b, UC_X86_REG_CR4, bare_reg(&b, UC_X86_REG_CR4) | 3 << 9);
	bare_set(&b, UC_X86_REG_RBX, BARE_DATA);
	b.log = LOG_ACCESS;
	ck_assert_int_eq(bare_run(&b, BARE_CODE, BARE_CODE + 4), UC_ERR_OK);
	ck_assert_str_eq(b.text, wanted);
}
END_TEST

START_TEST(stopping_in_a_memory_hook_leaves_rip_at_the_instruction_whose_access_happens)
{
	BARE_PUT(&b, BARE_CODE, STORE, NOP);
	bare_set(&b, UC_X86_REG_RBX, BARE_DATA);
	bare_set(&b, UC_X86_REG_RAX, 0x77);
	b.stop_access = BARE_DATA;
	ck_assert_int_eq(bare_run(&b, BARE_CODE, BARE_CODE + 4), UC_ERR_OK);
	ck_assert_uint_eq(b.ram[BARE_DATA], 0x77);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RIP), BARE_CODE);
}
END_TEST

START_TEST(device_accesses_of_eight_bytes_come_as_two_of_four)
{
	BARE_PUT(&b, BARE_CODE, LOAD, STORE, NOP);
	bare_set(&b, UC_X86_REG_RBX, BARE_DATA + 0x10);
	b.device = BARE_DATA;
	b.log = LOG_ACCESS;
	ck_assert_int_eq(bare_run(&b, BARE_CODE, BARE_CODE + 6), UC_ERR_OK);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RAX), 0x1500000011);
	const char *read = strstr(b.text, "dr10/4 dr14/4 "), *write = strstr(b.text, "dw10/4=11 dw14/4=15 ");
	ck_assert_msg(read && write && read < write, "%s", b.text);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("translations, faults, accesses");
	tcase_add_checked_fixture(tc, start, stop);
	tcase_add_test(tc, a_fill_is_asked_for_once_until_the_next_flush);
	tcase_add_test(tc, under_smap_the_softmmu_has_tables_of_their_own_for_both_values_of_ac);
	tcase_add_test(tc, a_fill_tells_kind_and_page_only);
	tcase_add_test(tc, memory_hooks_get_the_engine_physical_address);
	tcase_add_test(tc, memory_hooks_run_after_the_fill);
	tcase_add_test(tc, windows_show_the_same_memory);
	tcase_add_test(tc, addresses_that_are_not_canonical_reach_the_fill);
	tcase_add_loop_test(tc, a_data_fill_that_fails_leaves_the_state_before_the_instruction, 0, ARRAY_LEN(faults));
	tcase_add_test(tc, a_push_whose_fill_fails_leaves_rsp);
	tcase_add_loop_test(tc, a_region_without_rights_tells_address_size_and_kind_and_nothing_happens, 0, ARRAY_LEN(traps));
	tcase_add_test(tc, a_read_only_window_traps_the_store_and_shows_the_data_to_loads);
	tcase_add_loop_test(tc, accesses_are_told_piece_by_piece, 0, ARRAY_LEN(accesses));
	tcase_add_loop_test(tc, fxsave_and_fxrstor_are_told_in_the_same_pieces_always, 0, 4);
	tcase_add_test(tc, stopping_in_a_memory_hook_leaves_rip_at_the_instruction_whose_access_happens);
	tcase_add_test(tc, device_accesses_of_eight_bytes_come_as_two_of_four);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("engine", add_cases)
