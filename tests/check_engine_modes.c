/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What emu/engine.c relies on in Unicorn, on Unicorn alone (see check_engine.c): exceptions, the state after opening, instances of 32- and
 * 16-bit code, what its CPU model executes, the names its library exports.
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
static void start_32(void)
{
	bare_open(&b, UC_MODE_32);
}
static void stop(void)
{
	bare_close(&b);
}

#define NOP 0x90

/* ---- exceptions ---- */

static const struct {
	const char *name;
	uint8_t code[8];
	const char *told; /* NULL: UC_ERR_INSN_INVALID */
} exceptions[] = {
    {"DIV by zero", {0x48, 0xf7, 0xf1}, "i0 "},
    {"INT3", {0xcc}, "i3 "},
    {"INT 80H", {0xcd, 0x80}, "i128 "},
    {"UD2", {0x0f, 0x0b}, NULL},
    {"VMCALL", {0x0f, 0x01, 0xc1}, NULL},
    {"INVEPT", {0x66, 0x0f, 0x38, 0x80, 0x08}, NULL},
    {"VADDPS (no AVX)", {0xc5, 0xf4, 0x58, 0xc1}, NULL},
};

START_TEST(exceptions_come_with_their_vector_and_ud_as_an_error)
{
	bare_put(&b, BARE_CODE, exceptions[_i].code, sizeof exceptions[_i].code);
	b.log = LOG_INTR;
	uc_err err = bare_run(&b, BARE_CODE, BARE_ELSEWHERE);
	ck_assert_msg(err == (exceptions[_i].told ? UC_ERR_OK : UC_ERR_INSN_INVALID), "%s: %s", exceptions[_i].name, uc_strerror(err));
	ck_assert_msg(!strcmp(b.text, exceptions[_i].told ? exceptions[_i].told : ""), "%s: %s", exceptions[_i].name, b.text);
}
END_TEST

START_TEST(a_divide_error_leaves_rip_at_the_instruction)
{
	BARE_PUT(&b, BARE_CODE, NOP, 0x48, 0xf7, 0xf1);
	bare_run(&b, BARE_CODE, BARE_ELSEWHERE);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RIP), BARE_CODE + 1);
}
END_TEST

START_TEST(a_second_divide_error_is_a_double_fault_unless_a_fresh_context_is_restored)
{
	uc_context *fresh;

	ck_assert(!uc_context_alloc(b.uc, &fresh));
	ck_assert(!uc_context_save(b.uc, fresh));
	BARE_PUT(&b, BARE_CODE, 0x48, 0xf7, 0xf1);
	b.log = LOG_INTR;
	bare_run(&b, BARE_CODE, BARE_ELSEWHERE);
	bare_run(&b, BARE_CODE, BARE_ELSEWHERE);
	ck_assert_str_eq(b.text, "i0 i8 ");
	bare_forget(&b);
	uc_context_restore(b.uc, fresh);
	bare_run(&b, BARE_CODE, BARE_ELSEWHERE);
	uc_context_restore(b.uc, fresh);
	bare_run(&b, BARE_CODE, BARE_ELSEWHERE);
	ck_assert_str_eq(b.text, "i0 i0 ");
	uc_context_free(fresh);
}
END_TEST

/* ---- state ---- */

START_TEST(a_context_restores_registers_flags_and_rip)
{
	uc_context *kept;

	ck_assert(!uc_context_alloc(b.uc, &kept));
	BARE_PUT(&b, BARE_CODE, 0xf9, 0x48, 0xff, 0xc0, 0xf8, NOP); /* stc; inc rax; clc; nop */
	bare_run(&b, BARE_CODE, BARE_CODE + 4);
	uint64_t rip = bare_reg(&b, UC_X86_REG_RIP);
	ck_assert(!uc_context_save(b.uc, kept));
	bare_run(&b, BARE_CODE, BARE_CODE + 5);
	ck_assert(!(bare_reg(&b, UC_X86_REG_EFLAGS) & 1));
	ck_assert(!uc_context_restore(b.uc, kept));
	uc_context_free(kept);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RAX), 1);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RIP), rip);
	ck_assert(bare_reg(&b, UC_X86_REG_EFLAGS) & 1);
}
END_TEST

START_TEST(mxcsr_and_the_x87_control_word_are_0_after_opening)
{
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_MXCSR), 0);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_FPCW), 0);
}
END_TEST

START_TEST(paging_is_off_and_cpl_0)
{
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_CR0) >> 31, 0);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_CS) & 3, 0);
}
END_TEST

START_TEST(fs_base_is_written_by_name)
{
	BARE_PUT(&b, BARE_CODE, 0x64, 0x48, 0x8b, 0x04, 0x25, 0x10, 0, 0, 0, NOP); /* mov rax,fs:[0x10] */
	b.ram[BARE_DATA + 0x10] = 0x42;
	bare_set(&b, UC_X86_REG_FS_BASE, BARE_DATA);
	ck_assert_int_eq(bare_run(&b, BARE_CODE, BARE_CODE + 9), UC_ERR_OK);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RAX), 0x42);
}
END_TEST

/* ---- the CPU model ---- */

START_TEST(the_cpu_model_executes_popcnt_and_sse4_2)
{
	BARE_PUT(&b, BARE_CODE, 0xf3, 0x48, 0x0f, 0xb8, 0xc3, 0x66, 0x0f, 0x3a, 0x61, 0xc1, 0, NOP); /* popcnt rax,rbx; pcmpestri */
	bare_set(&b, UC_X86_REG_RBX, 0xff0f);
	ck_assert_int_eq(bare_run(&b, BARE_CODE, BARE_CODE + 11), UC_ERR_OK);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_RAX), 12);
}
END_TEST

START_TEST(the_default_cpu_model_does_not)
{
	uc_engine *uc;

	ck_assert(!uc_open(UC_ARCH_X86, UC_MODE_64, &uc));
	ck_assert(!uc_mem_map_ptr(uc, 0, BARE_RAM, UC_PROT_ALL, b.ram));
	BARE_PUT(&b, BARE_CODE, 0xf3, 0x48, 0x0f, 0xb8, 0xc3, NOP);
	ck_assert_int_eq(uc_emu_start(uc, BARE_CODE, BARE_CODE + 5, 0, 0), UC_ERR_INSN_INVALID);
	uc_close(uc);
}
END_TEST

/* ---- 32- and 16-bit code ---- */

START_TEST(a_descriptor_is_loaded_through_fills_and_hooks)
{
	b.log = LOG_FILL | LOG_ACCESS;
	bare_segment(&b, UC_X86_REG_DS, 3, BARE_DATA, 0xfffff, false, true);
	ck_assert_msg(strstr(b.text, "r:f0000000 ") != NULL, "%s", b.text);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_DS), 0x18);
}
END_TEST

START_TEST(the_segment_base_counts_and_the_limit_does_not)
{
	bare_segment(&b, UC_X86_REG_DS, 3, BARE_DATA, 0xfff, false, true);
	BARE_PUT(&b, BARE_CODE, 0xa1, 0x10, 0, 0, 0, 0x90);
	b.ram[BARE_DATA + 0x10] = 0x42;
	ck_assert_int_eq(bare_run(&b, BARE_CODE, BARE_CODE + 5), UC_ERR_OK);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_EAX), 0x42);
	BARE_PUT(&b, BARE_CODE + 0x100, 0xa1, 0, 0x20, 0, 0, 0x90);
	b.ram[BARE_DATA + 0x2000] = 0x43;
	ck_assert_int_eq(bare_run(&b, BARE_CODE + 0x100, BARE_CODE + 0x105), UC_ERR_OK);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_EAX), 0x43);
}
END_TEST

START_TEST(the_code_hook_and_until_are_linear_and_the_start_is_an_offset)
{
	bare_segment(&b, UC_X86_REG_CS, 5, 0x10000, 0xfffff, true, true);
	BARE_PUT(&b, BARE_CODE, NOP, NOP, NOP);
	b.log = LOG_CODE;
	ck_assert_int_eq(bare_run(&b, BARE_CODE - 0x10000, BARE_CODE + 2), UC_ERR_OK);
	ck_assert_str_eq(b.text, "c400000 c400001 ");
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_EIP), BARE_CODE + 2 - 0x10000);
}
END_TEST

START_TEST(a_code_segment_with_d_0_runs_16_bit_code)
{
	bare_segment(&b, UC_X86_REG_CS, 5, BARE_CODE, 0xffff, true, false);
	bare_segment(&b, UC_X86_REG_SS, 6, BARE_STACK, 0xffff, false, false);
	BARE_PUT(&b, BARE_CODE + 0x100, 0xb8, 0x34, 0x12, 0x50, NOP); /* mov ax,1234h; push ax */
	bare_set(&b, UC_X86_REG_EAX, 0xffff0000);
	bare_set(&b, UC_X86_REG_ESP, 0x200);
	ck_assert_int_eq(bare_run(&b, 0x100, BARE_CODE + 0x104), UC_ERR_OK);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_EAX), 0xffff1234);
	ck_assert_uint_eq(bare_reg(&b, UC_X86_REG_ESP), 0x1fe);
	ck_assert_uint_eq(b.ram[BARE_STACK + 0x1fe], 0x34);
	ck_assert_uint_eq(b.ram[BARE_STACK + 0x1ff], 0x12);
}
END_TEST

/* ---- the library ---- */

/* libunicorn exports names of QEMU's such as mmu_flush_all: one of ours that it would call in its place is a bug. */
START_TEST(the_program_exports_no_function_of_its_own)
{
	const char *given = getenv("VTXRAY"), *program = given ? given : "build/release/vtxray";
	char command[4096], line[4096];
	unsigned exported = 0, lines = 0;

	snprintf(command, sizeof command, "nm -D '%s'", program);
	FILE *nm = popen(command, "r");
	ck_assert(nm != NULL);
	while (fgets(line, sizeof line, nm)) {
		lines++;
		exported += strstr(line, " T ") != NULL;
	}
	ck_assert_int_eq(pclose(nm), 0);
	ck_assert_uint_gt(lines, 10);
	ck_assert_uint_eq(exported, 0);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("64-bit");
	tcase_add_checked_fixture(tc, start, stop);
	tcase_add_loop_test(tc, exceptions_come_with_their_vector_and_ud_as_an_error, 0, ARRAY_LEN(exceptions));
	tcase_add_test(tc, a_divide_error_leaves_rip_at_the_instruction);
	tcase_add_test(tc, a_second_divide_error_is_a_double_fault_unless_a_fresh_context_is_restored);
	tcase_add_test(tc, a_context_restores_registers_flags_and_rip);
	tcase_add_test(tc, mxcsr_and_the_x87_control_word_are_0_after_opening);
	tcase_add_test(tc, paging_is_off_and_cpl_0);
	tcase_add_test(tc, fs_base_is_written_by_name);
	tcase_add_test(tc, the_cpu_model_executes_popcnt_and_sse4_2);
	tcase_add_test(tc, the_default_cpu_model_does_not);
	tcase_add_test(tc, the_program_exports_no_function_of_its_own);
	suite_add_tcase(suite, tc);
	tc = tcase_create("32- and 16-bit");
	tcase_add_checked_fixture(tc, start_32, stop);
	tcase_add_test(tc, a_descriptor_is_loaded_through_fills_and_hooks);
	tcase_add_test(tc, the_segment_base_counts_and_the_limit_does_not);
	tcase_add_test(tc, the_code_hook_and_until_are_linear_and_the_start_is_an_offset);
	tcase_add_test(tc, a_code_segment_with_d_0_runs_16_bit_code);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("engine_modes", add_cases)
