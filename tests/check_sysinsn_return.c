/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Far RET and IRET: to the same and to outer levels, to and from virtual-8086 mode, the flags, the faults. */
#include "tests/segment_fixture.h"

static uint64_t went_to;

static bool run(sysinsn_fn *handler, unsigned opsize, unsigned release)
{
	struct insn insn = insn_registers(0, REG_NONE, opsize);

	insn.imm2 = (uint16_t)release;
	struct sysinsn s = {.cpu = &fix.cpu, .bus = &fix.bus, .insn = &insn, .next_rip = fix.cpu.rip + 2};
	fix.cpu.pending.kind = PENDING_NONE;
	bool done = handler(&s);
	went_to = s.next_rip;
	return done;
}

/* Puts words on the current stack, the first on top. */
static void put_stack(unsigned size, const uint64_t *word, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		mem_write(&fix.mem, HPA(fix.cpu.seg[SEG_SS].base + fix.cpu.gpr[RSP] + i * size), word[i], size);
}
#define STACK(size, ...) put_stack(size, (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / 8)

START_TEST(ret_to_the_same_level_releases_parameters)
{
	struct cpu *cpu = segment_enter(PROTECTED, 0);
	STACK(4, 0x1234, S_CODE32_0);
	ck_assert(run(sys_RET_FAR, 4, 12));
	ck_assert_uint_eq(went_to, 0x1234);
	ck_assert_uint_eq(cpu->seg[SEG_CS].selector, S_CODE32_0);
	ck_assert_uint_eq(cpu->gpr[RSP], OUTER_STACK + 8 + 12);
}
END_TEST

START_TEST(ret_to_an_outer_level_takes_ss_esp_and_releases_on_both_stacks)
{
	struct cpu *cpu = segment_enter(PROTECTED, 0);
	STACK(4, 0x1234, S_CODE_3 | 3, 0xaaaa, 0xbbbb, INNER_STACK, S_DATA_3 | 3);
	ck_assert(run(sys_RET_FAR, 4, 8));
	ck_assert_uint_eq(cpu->cpl, 3);
	ck_assert_uint_eq(cpu->seg[SEG_SS].selector, S_DATA_3 | 3);
	ck_assert_uint_eq(cpu->gpr[RSP], INNER_STACK + 8);
}
END_TEST

START_TEST(return_to_an_outer_level_nulls_inner_data_segments_only)
{
	for (unsigned iret = 0; iret < 2; iret++) {
		struct cpu *cpu = segment_enter(PROTECTED, 0);
		cpu->seg[SEG_DS].selector = S_DATA_0;
		cpu->seg[SEG_ES].ar |= AR_DPL;
		cpu->seg[SEG_FS].ar = CODE32 | AR_DC;
		if (iret)
			STACK(4, 0x1234, S_CODE_3 | 3, FLAG_FIXED, INNER_STACK, S_DATA_3 | 3);
		else
			STACK(4, 0x1234, S_CODE_3 | 3, INNER_STACK, S_DATA_3 | 3);
		ck_assert(run(iret ? sys_IRET : sys_RET_FAR, 4, 0));
		ck_assert(cpu->seg[SEG_DS].ar & AR_UNUSABLE);
		ck_assert_uint_eq(cpu->seg[SEG_DS].selector, 0);
		ck_assert(!(cpu->seg[SEG_ES].ar & AR_UNUSABLE));
		ck_assert(!(cpu->seg[SEG_FS].ar & AR_UNUSABLE));
	}
}
END_TEST

START_TEST(a_null_fs_keeps_its_64_bit_base_on_return)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	cpu->seg[SEG_FS] = segment_null(0, 0);
	cpu->seg[SEG_FS].base = 0x7fff00000000;
	STACK(8, 0x1234, S_CODE_3 | 3, FLAG_FIXED, INNER_STACK, S_DATA_3 | 3);
	ck_assert(run(sys_IRET, 8, 0));
	ck_assert_uint_eq(cpu->seg[SEG_FS].base, 0x7fff00000000);
}
END_TEST

/* RET and IRET with one thing wrong. SS is that of the frame; used when the return is to an outer level or from 64-bit mode. */
static const struct {
	const char *name;
	enum mode mode;
	unsigned cpl;
	uint64_t rip;
	uint16_t cs, ss;
	int vector;
	long error;
} rows[] = {
    {"same level", PROTECTED, 0, 0x1000, S_CODE32_0, S_DATA_0, -1, 0},
    {"outer level", PROTECTED, 0, 0x1000, S_CODE_3 | 3, S_DATA_3 | 3, -1, 0},
    {"outer level, 64-bit", LONG, 0, 0x1000, S_CODE_3 | 3, S_DATA_3 | 3, -1, 0},
    {"to compatibility mode", LONG, 0, 0x1000, S_CODE32_3 | 3, S_DATA_3 | 3, -1, 0},
    {"conforming, outer level", PROTECTED, 0, 0x1000, S_CONFORMING_0 | 3, S_DATA_3 | 3, -1, 0},
    {"CS null", PROTECTED, 0, 0x1000, 0, S_DATA_0, VEC_GP, 0},
    {"CS null, 64-bit", LONG, 3, 0x1000, 3, S_DATA_3 | 3, VEC_GP, 0},
    {"CS beyond limit", LONG, 0, 0x1000, S_END, S_DATA_0, VEC_GP, S_END},
    {"CS is data", PROTECTED, 0, 0x1000, S_DATA_0, S_DATA_0, VEC_GP, S_DATA_0},
    {"CS to an inner level", PROTECTED, 3, 0x1000, S_CODE_0, S_DATA_0, VEC_GP, S_CODE_0},
    {"CS DPL other than RPL", PROTECTED, 0, 0x1000, S_CODE_0 | 3, S_DATA_3 | 3, VEC_GP, S_CODE_0},
    {"CS DPL above RPL", LONG, 0, 0x1000, S_CODE_3, S_DATA_0, VEC_GP, S_CODE_3},
    {"CS not present", LONG, 0, 0x1000, S_ABSENT_CODE, S_DATA_0, VEC_NP, S_ABSENT_CODE},
    {"CS with L and D both set", LONG, 0, 0x1000, S_BAD_CODE, S_DATA_0, VEC_GP, S_BAD_CODE},
    {"SS null, 32-bit", PROTECTED, 0, 0x1000, S_CODE_1 | 1, 0, VEC_GP, 0},
    {"SS null for 64-bit code of level 1", LONG, 0, 0x1000, S_CODE_1 | 1, 1, -1, 0},
    {"SS null for level 3", LONG, 0, 0x1000, S_CODE_3 | 3, 3, VEC_GP, 0},
    {"SS null for compatibility mode", LONG, 0, 0x1000, S_CODE32_3 | 3, 3, VEC_GP, 0},
    {"SS beyond limit", LONG, 0, 0x1000, S_CODE_3 | 3, S_END | 3, VEC_GP, S_END},
    {"SS RPL", PROTECTED, 0, 0x1000, S_CODE_3 | 3, S_DATA_3, VEC_GP, S_DATA_3},
    {"SS DPL", PROTECTED, 0, 0x1000, S_CODE_3 | 3, S_DATA_0 | 3, VEC_GP, S_DATA_0},
    {"SS read-only", LONG, 0, 0x1000, S_CODE_3 | 3, S_READ_ONLY | 3, VEC_GP, S_READ_ONLY},
    {"SS not present", PROTECTED, 0, 0x1000, S_CODE_3 | 3, S_ABSENT_DATA_3 | 3, VEC_SS, S_ABSENT_DATA_3},
    {"target beyond limit", PROTECTED, 0, 0x1000, S_SHORT_CODE_0, S_DATA_0, VEC_GP, 0},
    {"target not canonical", LONG, 0, 0x800000000000, S_CODE_3 | 3, S_DATA_3 | 3, VEC_GP, 0},
};

static void check_row(int i, sysinsn_fn *handler, bool flags)
{
	struct cpu *cpu = segment_enter(rows[i].mode, rows[i].cpl);
	uint16_t before = cpu->seg[SEG_CS].selector;
	unsigned size = rows[i].mode == LONG ? 8 : 4;

	if (flags)
		STACK(size, rows[i].rip, rows[i].cs, FLAG_FIXED, INNER_STACK, rows[i].ss);
	else
		STACK(size, rows[i].rip, rows[i].cs, INNER_STACK, rows[i].ss);
	bool done = run(handler, size, 0);
	expect_fault(rows[i].name, rows[i].vector, rows[i].error);
	ck_assert(done == (rows[i].vector < 0));
	ck_assert_msg(cpu->seg[SEG_CS].selector == (done ? rows[i].cs : before), "%s", rows[i].name);
	ck_assert_uint_eq(cpu->cpl, done ? rows[i].cs & 3u : rows[i].cpl);
}

START_TEST(ret_checks)
{
	check_row(_i, sys_RET_FAR, false);
}
END_TEST

START_TEST(iret_checks)
{
	check_row(_i, sys_IRET, true);
}
END_TEST

START_TEST(iretq_takes_ss_rsp_at_the_same_level_too)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	STACK(8, 0x1234, S_CODE_0, FLAG_FIXED, 0x123456789, S_DATA_0);
	ck_assert(run(sys_IRET, 8, 0));
	ck_assert_uint_eq(cpu->gpr[RSP], 0x123456789);
}
END_TEST

START_TEST(return_to_a_16_bit_stack_writes_sp_only)
{
	struct cpu *cpu = segment_enter(PROTECTED, 0);
	put_descriptor(AT_GDT, S_DATA_3, AR_P | AR_S | AR_RW | DPL3, 0, 0xffff);
	STACK(4, 0x1234, S_CODE_3 | 3, FLAG_FIXED, 0xabcd5678, S_DATA_3 | 3);
	ck_assert(run(sys_IRET, 4, 0));
	ck_assert_uint_eq(cpu->gpr[RSP], (OUTER_STACK & ~0xffff) | 0x5678);
}
END_TEST

/* Which flags an IRET of all ones, and of all zeros, changes. */
static const struct {
	const char *name;
	enum mode mode;
	unsigned cpl, iopl, size;
	uint64_t changes;
} flag_rows[] = {
    {"64-bit, CPL 0", LONG, 0, 0, 8, 0x3c0000 | 0x17fd5 | FLAG_IOPL | FLAG_NT},
    {"64-bit, CPL 3", LONG, 3, 0, 8, 0x250000 | 0x4dd5},
    {"64-bit, CPL 3, IOPL 3", LONG, 3, 3, 8, 0x250000 | 0x4fd5},
    {"32-bit, CPL 3", PROTECTED, 3, 0, 4, 0x250000 | 0x4dd5},
    {"16-bit, CPL 0", PROTECTED, 0, 0, 2, 0x7fd5},
    {"real-address mode, 32-bit", REAL, 0, 0, 4, 0x250000 | 0x7fd5},
    {"virtual-8086 mode, 16-bit", V86, 3, 3, 2, 0x4fd5},
};

START_TEST(iret_changes_the_flags_that_it_may)
{
	const uint64_t all = BITS(21, 0) & ~(FLAG_VM | BIT(15) | BIT(5) | BIT(3));

	for (unsigned ones = 0; ones < 2; ones++) {
		struct cpu *cpu = segment_enter(flag_rows[_i].mode, flag_rows[_i].cpl);
		bool real = cpu_real_segments(cpu);
		uint64_t fixed = FLAG_FIXED | (uint64_t)flag_rows[_i].iopl << 12 | (cpu->rflags & FLAG_VM);
		uint64_t other =
		    BITS(21, 0) & ~flag_rows[_i].changes & ~(FLAG_NT | FLAG_RF | FLAG_VM | FLAG_IOPL | BIT(15) | BIT(5) | BIT(3));
		cpu->rflags = fixed | (ones ? 0 : (flag_rows[_i].changes & ~(FLAG_NT | FLAG_IOPL)) | other);
		uint64_t before = cpu->rflags;
		STACK(flag_rows[_i].size, 0x1000, real ? 0x40 : cpu->seg[SEG_CS].selector, ones ? all : 0, cpu->gpr[RSP],
		      cpu->seg[SEG_SS].selector);
		ck_assert_msg(run(sys_IRET, flag_rows[_i].size, 0), "%s: fault %d", flag_rows[_i].name, cpu->pending.vector);
		uint64_t want = (before & ~flag_rows[_i].changes) | (ones ? flag_rows[_i].changes : 0) | FLAG_FIXED;
		if (flag_rows[_i].size == 2)
			want &= ~FLAG_RF;
		ck_assert_msg(cpu->rflags == want, "%s, %s: %lx, expected %lx", flag_rows[_i].name, ones ? "ones" : "zeros", cpu->rflags,
			      want);
	}
}
END_TEST

START_TEST(iret_enters_v86_from_level_0)
{
	struct cpu *cpu = segment_enter(PROTECTED, 0);
	STACK(4, 0x1234, 0x100, FLAG_FIXED | FLAG_VM | FLAG_IF | FLAG_IOPL, 0x5678, 0x102, 0x103, 0x104, 0x105, 0x106);
	ck_assert(run(sys_IRET, 4, 0));
	ck_assert(cpu_v86(cpu));
	ck_assert_uint_eq(cpu->cpl, 3);
	ck_assert_uint_eq(cpu->gpr[RSP], 0x5678);
	static const uint8_t order[] = {SEG_SS, SEG_ES, SEG_DS, SEG_FS, SEG_GS};
	for (unsigned i = 0; i < ARRAY_LEN(order); i++)
		ck_assert_uint_eq(cpu->seg[order[i]].base, (0x102u + i) << 4);
	ck_assert_uint_eq(cpu->seg[SEG_CS].base, 0x1000);
	ck_assert_uint_eq(cpu->seg[SEG_CS].ar, 0xf3);
	ck_assert_uint_eq(cpu->rflags & (FLAG_IF | FLAG_IOPL), FLAG_IF | FLAG_IOPL);
}
END_TEST

START_TEST(iret_to_v86_beyond_64_kib_is_gp)
{
	segment_enter(PROTECTED, 0);
	STACK(4, 0x10000, 0x100, FLAG_FIXED | FLAG_VM, 0x5678, 0x102, 0x103, 0x104, 0x105, 0x106);
	run(sys_IRET, 4, 0);
	expect_fault("EIP", VEC_GP, 0);
	ck_assert(!(fix.cpu.rflags & FLAG_VM));
}
END_TEST

START_TEST(vm_in_the_frame_is_ignored_above_level_0_and_in_ia32e_mode)
{
	segment_enter(PROTECTED, 3);
	STACK(4, 0x1000, S_CODE_3 | 3, FLAG_FIXED | FLAG_VM);
	ck_assert(run(sys_IRET, 4, 0));
	ck_assert(!(fix.cpu.rflags & FLAG_VM));
	segment_enter(LONG, 0);
	STACK(8, 0x1000, S_CODE_0, FLAG_FIXED | FLAG_VM, INNER_STACK, S_DATA_0);
	ck_assert(run(sys_IRET, 8, 0));
	ck_assert(!(fix.cpu.rflags & FLAG_VM));
}
END_TEST

START_TEST(iret_in_v86_needs_iopl_3)
{
	segment_enter(V86, 3);
	run(sys_IRET, 2, 0);
	expect_fault("IOPL 0", VEC_GP, 0);
}
END_TEST

START_TEST(iret_with_nt_is_gp_in_ia32e_mode_and_a_task_switch_else)
{
	segment_enter(LONG, 0)->rflags |= FLAG_NT;
	run(sys_IRET, 8, 0);
	expect_fault("NT, IA-32e", VEC_GP, 0);
	segment_enter(PROTECTED, 0)->rflags |= FLAG_NT;
	mem_write(&fix.mem, HPA(AT_TSS), S_TSS_AVAILABLE, 2);
	run(sys_IRET, 4, 0);
	expect_fault("back link to a TSS that is not busy", VEC_TS, S_TSS_AVAILABLE);
	mem_write(&fix.mem, HPA(AT_TSS), S_TSS, 2);
	ck_assert(!run(sys_IRET, 4, 0));
	ck_assert_int_eq(fix.cpu.pending.kind, PENDING_STOP);
}
END_TEST

START_TEST(iret_unblocks_nmis_even_when_it_faults)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	cpu->interruptibility = BLOCK_NMI;
	STACK(8, 0x1000, 0, FLAG_FIXED, INNER_STACK, S_DATA_0);
	ck_assert(!run(sys_IRET, 8, 0));
	ck_assert_uint_eq(cpu->interruptibility, 0);
	ck_assert(cpu->pending.nmi_unblocked);
}
END_TEST

START_TEST(a_frame_beyond_the_stack_limit_is_ss)
{
	segment_enter(PROTECTED, 0)->seg[SEG_SS].limit = OUTER_STACK + 10;
	run(sys_IRET, 4, 0);
	expect_fault("IRET", VEC_SS, 0);
	fix.cpu.seg[SEG_SS].limit = OUTER_STACK + 6;
	run(sys_RET_FAR, 4, 0);
	expect_fault("RET", VEC_SS, 0);
}
END_TEST

static void add_return(TCase *tc)
{
	tcase_add_test(tc, ret_to_the_same_level_releases_parameters);
	tcase_add_test(tc, ret_to_an_outer_level_takes_ss_esp_and_releases_on_both_stacks);
	tcase_add_test(tc, return_to_an_outer_level_nulls_inner_data_segments_only);
	tcase_add_test(tc, a_null_fs_keeps_its_64_bit_base_on_return);
	tcase_add_loop_test(tc, ret_checks, 0, ARRAY_LEN(rows));
	tcase_add_loop_test(tc, iret_checks, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, iretq_takes_ss_rsp_at_the_same_level_too);
	tcase_add_test(tc, return_to_a_16_bit_stack_writes_sp_only);
	tcase_add_loop_test(tc, iret_changes_the_flags_that_it_may, 0, ARRAY_LEN(flag_rows));
	tcase_add_test(tc, iret_enters_v86_from_level_0);
	tcase_add_test(tc, iret_to_v86_beyond_64_kib_is_gp);
	tcase_add_test(tc, vm_in_the_frame_is_ignored_above_level_0_and_in_ia32e_mode);
	tcase_add_test(tc, iret_in_v86_needs_iopl_3);
	tcase_add_test(tc, iret_with_nt_is_gp_in_ia32e_mode_and_a_task_switch_else);
	tcase_add_test(tc, iret_unblocks_nmis_even_when_it_faults);
	tcase_add_test(tc, a_frame_beyond_the_stack_limit_is_ss);
}

static void add_cases(Suite *suite)
{
	add_case(suite, "far RET and IRET", add_return);
}

TEST_MAIN("sysinsn_return", add_cases)
