/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INT n and its kin, SYSCALL, SYSRET, SYSENTER, SYSEXIT, SWAPGS, the FS and GS base instructions. */
#include "tests/segment_fixture.h"

static uint64_t went_to;

static bool run(sysinsn_fn *handler, struct insn insn)
{
	struct sysinsn s = {.cpu = &fix.cpu, .bus = &fix.bus, .insn = &insn, .next_rip = fix.cpu.rip + insn.len};

	fix.cpu.pending.kind = PENDING_NONE;
	bool done = handler(&s);
	went_to = s.next_rip;
	return done;
}

static bool run_sized(sysinsn_fn *handler, unsigned opsize)
{
	return run(handler, insn_registers(0, RBX, opsize));
}

START_TEST(software_interrupts_have_their_types)
{
	static const struct {
		sysinsn_fn *handler;
		uint8_t vector, type;
	} row[] = {{sys_INT_N, 0x80, EVTYPE_SOFT_INT},
		   {sys_INT3, VEC_BP, EVTYPE_SOFT_EXC},
		   {sys_INT1, VEC_DB, EVTYPE_PRIV_SOFT},
		   {sys_INTO, VEC_OF, EVTYPE_SOFT_EXC}};

	for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
		struct cpu *cpu = segment_enter(PROTECTED, 3);
		struct insn insn = insn_registers(0, REG_NONE, 4);
		insn.imm = 0x80;
		cpu->rflags |= FLAG_OF;
		ck_assert(!run(row[i].handler, insn));
		ck_assert_uint_eq(cpu->pending.vector, row[i].vector);
		ck_assert_uint_eq(cpu->pending.type, row[i].type);
		ck_assert_uint_eq(cpu->pending.insn_len, 2);
	}
}
END_TEST

START_TEST(into_needs_of_and_does_not_exist_in_64_bit_mode)
{
	segment_enter(PROTECTED, 0);
	ck_assert(run_sized(sys_INTO, 4));
	segment_enter(LONG, 0)->rflags |= FLAG_OF;
	run_sized(sys_INTO, 4);
	expect_fault("INTO", VEC_UD, -1);
}
END_TEST

START_TEST(int_n_in_v86_needs_iopl_3)
{
	segment_enter(V86, 3);
	run_sized(sys_INT_N, 2);
	expect_fault("INT n", VEC_GP, 0);
	fix.cpu.rflags |= FLAG_IOPL;
	run_sized(sys_INT_N, 2);
	ck_assert_uint_eq(fix.cpu.pending.type, EVTYPE_SOFT_INT);
}
END_TEST

START_TEST(syscall_enters_flat_64_bit_code_of_level_0)
{
	struct cpu *cpu = segment_enter(LONG, 3);
	cpu->star = (uint64_t)S_CODE_0 << 32;
	cpu->lstar = 0xffff800012345678;
	cpu->sfmask = FLAG_IF | FLAG_TF;
	cpu->rflags |= FLAG_IF | FLAG_CF | FLAG_RF;
	ck_assert(run_sized(sys_SYSCALL, 4));
	ck_assert_uint_eq(went_to, 0xffff800012345678);
	ck_assert_uint_eq(cpu->gpr[RCX], 0x1002);
	ck_assert_uint_eq(cpu->gpr[R11], FLAG_FIXED | FLAG_IF | FLAG_CF);
	ck_assert_uint_eq(cpu->rflags & ~FLAG_RF, FLAG_FIXED | FLAG_CF);
	ck_assert_uint_eq(cpu->seg[SEG_CS].selector, S_CODE_0);
	ck_assert_uint_eq(cpu->seg[SEG_CS].ar, 0xa09b);
	ck_assert_uint_eq(cpu->seg[SEG_SS].selector, S_DATA_0);
	ck_assert_uint_eq(cpu->seg[SEG_SS].ar, 0xc093);
	ck_assert_uint_eq(cpu->cpl, 0);
}
END_TEST

START_TEST(syscall_and_sysret_are_undefined_outside_64_bit_mode_or_without_sce)
{
	static sysinsn_fn *const handler[] = {sys_SYSCALL, sys_SYSRET};

	for (unsigned i = 0; i < 2; i++) {
		for (enum mode m = REAL; m < LONG; m++) {
			segment_enter(m, 0);
			run_sized(handler[i], 4);
			expect_fault(mode_name[m], VEC_UD, -1);
		}
		segment_enter(LONG, 0)->efer &= ~EFER_SCE;
		run_sized(handler[i], 4);
		expect_fault("SCE", VEC_UD, -1);
	}
}
END_TEST

START_TEST(sysret_returns_to_64_bit_or_compatibility_code)
{
	for (unsigned opsize = 4; opsize <= 8; opsize += 4) {
		struct cpu *cpu = segment_enter(LONG, 0);
		cpu->star = (uint64_t)0x20 << 48;
		cpu->gpr[RCX] = 0x123456789a;
		cpu->gpr[R11] = ~0ull;
		ck_assert(run_sized(sys_SYSRET, opsize));
		ck_assert_uint_eq(went_to, opsize == 8 ? 0x123456789a : 0x3456789a);
		ck_assert_uint_eq(cpu->seg[SEG_CS].selector, opsize == 8 ? 0x33 : 0x23);
		ck_assert_uint_eq(cpu->seg[SEG_CS].ar, opsize == 8 ? 0xa0fb : 0xc0fb);
		ck_assert_uint_eq(cpu->seg[SEG_SS].selector, 0x2b);
		ck_assert_uint_eq(cpu->rflags, 0x3c7fd7);
		ck_assert_uint_eq(cpu->cpl, 3);
	}
}
END_TEST

START_TEST(sysret_faults)
{
	segment_enter(LONG, 3);
	run_sized(sys_SYSRET, 8);
	expect_fault("CPL 3", VEC_GP, 0);
	segment_enter(LONG, 0)->gpr[RCX] = 0x800000000000;
	run_sized(sys_SYSRET, 8);
	expect_fault("RCX not canonical", VEC_GP, 0);
	ck_assert_uint_eq(fix.cpu.cpl, 0);
	ck_assert(run_sized(sys_SYSRET, 4));
}
END_TEST

START_TEST(sysenter_and_sysexit_need_a_selector_and_protected_mode)
{
	segment_enter(REAL, 0)->sysenter_cs = 8;
	run_sized(sys_SYSENTER, 4);
	expect_fault("real-address mode", VEC_GP, -1);
	segment_enter(PROTECTED, 3)->sysenter_cs = 3;
	run_sized(sys_SYSENTER, 4);
	expect_fault("null", VEC_GP, 0);
	segment_enter(PROTECTED, 0);
	run_sized(sys_SYSEXIT, 4);
	expect_fault("SYSEXIT, null", VEC_GP, 0);
	segment_enter(PROTECTED, 3)->sysenter_cs = 8;
	run_sized(sys_SYSEXIT, 4);
	expect_fault("SYSEXIT at CPL 3", VEC_GP, 0);
	segment_enter(LONG, 0)->sysenter_cs = 8;
	fix.cpu.gpr[RCX] = 0x800000000000;
	run_sized(sys_SYSEXIT, 8);
	expect_fault("RCX not canonical", VEC_GP, 0);
}
END_TEST

START_TEST(sysenter_loads_stack_and_target)
{
	static const enum mode modes[] = {PROTECTED, V86, COMPAT, LONG};

	for (unsigned i = 0; i < ARRAY_LEN(modes); i++) {
		struct cpu *cpu = segment_enter(modes[i], 3);
		bool wide = modes[i] >= COMPAT;
		cpu->sysenter_cs = S_CODE_0 | 3;
		cpu->sysenter_esp = 0xffff800000001000;
		cpu->sysenter_eip = 0xffff800000002000;
		cpu->rflags |= FLAG_IF;
		ck_assert(run_sized(sys_SYSENTER, 4));
		ck_assert_uint_eq(went_to, wide ? 0xffff800000002000 : 0x2000);
		ck_assert_uint_eq(cpu->gpr[RSP], wide ? 0xffff800000001000 : 0x1000);
		ck_assert_uint_eq(cpu->seg[SEG_CS].selector, S_CODE_0);
		ck_assert_uint_eq(cpu->seg[SEG_SS].selector, S_DATA_0);
		ck_assert_int_eq(cpu_code_width(cpu), wide ? 64 : 32);
		ck_assert_uint_eq(cpu->rflags, FLAG_FIXED);
		ck_assert_uint_eq(cpu->cpl, 0);
	}
}
END_TEST

START_TEST(sysexit_takes_rdx_and_rcx)
{
	for (unsigned opsize = 4; opsize <= 8; opsize += 4) {
		struct cpu *cpu = segment_enter(LONG, 0);
		cpu->sysenter_cs = 0x10;
		cpu->gpr[RDX] = 0x1111111111;
		cpu->gpr[RCX] = 0x2222222222;
		ck_assert(run_sized(sys_SYSEXIT, opsize));
		ck_assert_uint_eq(went_to, opsize == 8 ? 0x1111111111 : 0x11111111);
		ck_assert_uint_eq(cpu->gpr[RSP], opsize == 8 ? 0x2222222222 : 0x22222222);
		ck_assert_uint_eq(cpu->seg[SEG_CS].selector, opsize == 8 ? 0x33 : 0x23);
		ck_assert_uint_eq(cpu->seg[SEG_SS].selector, opsize == 8 ? 0x3b : 0x2b);
		ck_assert_int_eq(cpu_code_width(cpu), opsize == 8 ? 64 : 32);
		ck_assert_uint_eq(cpu->cpl, 3);
	}
}
END_TEST

START_TEST(swapgs_swaps_at_cpl_0_of_64_bit_mode_only)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	cpu->seg[SEG_GS].base = 1;
	cpu->kernel_gs_base = 2;
	ck_assert(run_sized(sys_SWAPGS, 8));
	ck_assert_uint_eq(cpu->seg[SEG_GS].base, 2);
	ck_assert_uint_eq(cpu->kernel_gs_base, 1);
	segment_enter(LONG, 3);
	run_sized(sys_SWAPGS, 8);
	expect_fault("CPL 3", VEC_GP, 0);
	segment_enter(COMPAT, 3);
	run_sized(sys_SWAPGS, 4);
	expect_fault("compatibility mode", VEC_UD, -1);
}
END_TEST

START_TEST(base_instructions_need_fsgsbase_and_canonical_addresses)
{
	struct cpu *cpu = segment_enter(LONG, 3);
	run_sized(sys_WRFSBASE, 8);
	expect_fault("CR4.FSGSBASE = 0", VEC_UD, -1);
	cpu->cr4 |= CR4_FSGSBASE;
	cpu->gpr[RBX] = BIT(56);
	run_sized(sys_WRGSBASE, 8);
	expect_fault("not canonical", VEC_GP, 0);
	cpu->gpr[RBX] = 0x800000000000; /* canonical with 57 bits, whatever CR4.LA57 */
	ck_assert(run_sized(sys_WRGSBASE, 8));
	ck_assert_uint_eq(cpu->seg[SEG_GS].base, 0x800000000000);
	cpu->gpr[RBX] = 0x123456789abc;
	ck_assert(run_sized(sys_WRFSBASE, 8) && run_sized(sys_WRGSBASE, 4));
	ck_assert_uint_eq(cpu->seg[SEG_FS].base, 0x123456789abc);
	ck_assert_uint_eq(cpu->seg[SEG_GS].base, 0x56789abc);
	ck_assert(run_sized(sys_RDFSBASE, 4));
	ck_assert_uint_eq(cpu->gpr[RBX], 0x56789abc);
}
END_TEST

static void add_calls(TCase *tc)
{
	tcase_add_test(tc, software_interrupts_have_their_types);
	tcase_add_test(tc, into_needs_of_and_does_not_exist_in_64_bit_mode);
	tcase_add_test(tc, int_n_in_v86_needs_iopl_3);
	tcase_add_test(tc, syscall_enters_flat_64_bit_code_of_level_0);
	tcase_add_test(tc, syscall_and_sysret_are_undefined_outside_64_bit_mode_or_without_sce);
	tcase_add_test(tc, sysret_returns_to_64_bit_or_compatibility_code);
	tcase_add_test(tc, sysret_faults);
	tcase_add_test(tc, sysenter_and_sysexit_need_a_selector_and_protected_mode);
	tcase_add_test(tc, sysenter_loads_stack_and_target);
	tcase_add_test(tc, sysexit_takes_rdx_and_rcx);
	tcase_add_test(tc, swapgs_swaps_at_cpl_0_of_64_bit_mode_only);
	tcase_add_test(tc, base_instructions_need_fsgsbase_and_canonical_addresses);
}

static void add_cases(Suite *suite)
{
	add_case(suite, "system calls", add_calls);
}

TEST_MAIN("sysinsn_call", add_cases)
