/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PUSHF, POPF, CLI, STI, STAC, CLAC. */
#include "tests/sysinsn_fixture.h"

static const unsigned sizes[] = {2, 4, 8};

static void set_iopl(unsigned iopl)
{
	fix.cpu.rflags = (fix.cpu.rflags & ~FLAG_IOPL) | (uint64_t)iopl << 12;
}

START_TEST(pushf_hides_vm_and_rf)
{
	struct cpu *cpu = fixture_enter(V86, 3);

	set_iopl(3);
	cpu->rflags |= FLAG_RF | FLAG_AC | FLAG_ID | FLAG_IF | FLAG_CF;
	ck_assert(fixture_run(sys_PUSHF, insn_registers(0, 0, 4), NULL));
	ck_assert_uint_eq(cpu->gpr[RSP], LAYOUT_STACK - 4);
	ck_assert_uint_eq(mem_read(&fix.mem, HPA(LAYOUT_STACK - 4), 4), FLAG_FIXED | FLAG_IOPL | FLAG_AC | FLAG_ID | FLAG_IF | FLAG_CF);
}
END_TEST

START_TEST(the_stack_pointer_has_the_width_of_the_stack)
{
	struct cpu *cpu = fixture_enter(REAL, 0);

	cpu->gpr[RSP] = 0x12340000;
	ck_assert(fixture_run(sys_PUSHF, insn_registers(0, 0, 2), NULL));
	ck_assert_uint_eq(cpu->gpr[RSP], 0x1234fffe);
	ck_assert(fixture_run(sys_POPF, insn_registers(0, 0, 2), NULL));
	ck_assert_uint_eq(cpu->gpr[RSP], 0x12340000);
	cpu = fixture_enter(LONG, 0);
	ck_assert(fixture_run(sys_PUSHF, insn_registers(0, 0, 8), NULL));
	ck_assert_uint_eq(cpu->gpr[RSP], LAYOUT_STACK - 8);
}
END_TEST

START_TEST(v86_needs_iopl_3)
{
	static sysinsn_fn *const handlers[] = {sys_PUSHF, sys_POPF, sys_CLI, sys_STI};

	for (unsigned h = 0; h < ARRAY_LEN(handlers); h++)
		for (unsigned iopl = 0; iopl <= 3; iopl++) {
			fixture_enter(V86, 3);
			set_iopl(iopl);
			ck_assert_msg(fixture_fault(handlers[h], insn_registers(0, 0, 2)) == (iopl == 3 ? -1 : VEC_GP), "%u, IOPL %u", h,
				      iopl);
		}
}
END_TEST

/* SDM 2B, "POPF", table "Effect of POPF/POPFD on the EFLAGS Register", by privilege, from all flags 0 and from all 1 */
START_TEST(popf_changes_what_the_privilege_allows)
{
	const uint64_t any = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_TF | FLAG_DF | FLAG_OF | FLAG_NT;

	for (unsigned cpl = 0; cpl <= 3; cpl++)
		for (unsigned iopl = 0; iopl <= 3; iopl++)
			for (unsigned i = 0; i < 3; i++)
				for (unsigned set = 0; set < 2; set++) {
					struct cpu *cpu = fixture_enter(i < 2 ? PAE : LONG, cpl);
					const uint64_t before =
					    (set ? 0 : any | FLAG_IF | FLAG_AC | FLAG_ID | FLAG_VIF | FLAG_VIP) | FLAG_FIXED;
					uint64_t changes = any | (sizes[i] > 2 ? FLAG_AC | FLAG_ID : 0);
					changes |= cpl == 0 ? FLAG_IOPL : 0;
					changes |= cpl <= iopl ? FLAG_IF : 0;
					cpu->rflags = before;
					set_iopl(iopl);
					const uint64_t old = cpu->rflags;
					mem_write(&fix.mem, HPA(LAYOUT_STACK), set ? ~0ull : 0, 8);
					ck_assert(fixture_run(sys_POPF, insn_registers(0, 0, sizes[i]), NULL));
					const uint64_t want = set ? old | changes : old & ~changes;
					ck_assert_msg(cpu->rflags == want, "CPL %u IOPL %u size %u: %llx not %llx", cpl, iopl, sizes[i],
						      (unsigned long long)cpu->rflags, (unsigned long long)want);
				}
}
END_TEST

START_TEST(popf_of_ac_tells_the_engine)
{
	struct cpu *cpu = fixture_enter(LONG, 3);

	mem_write(&fix.mem, HPA(LAYOUT_STACK), 0, 8);
	ck_assert(fixture_run(sys_POPF, insn_registers(0, 0, 8), NULL));
	ck_assert(!cpu->engine_flush);
	cpu->gpr[RSP] = LAYOUT_STACK;
	mem_write(&fix.mem, HPA(LAYOUT_STACK), FLAG_AC, 8);
	ck_assert(fixture_run(sys_POPF, insn_registers(0, 0, 8), NULL));
	ck_assert(cpu->engine_flush);
}
END_TEST

START_TEST(a_fault_on_the_stack_changes_nothing)
{
	static sysinsn_fn *const handlers[] = {sys_PUSHF, sys_POPF};

	for (unsigned h = 0; h < 2; h++) {
		struct cpu *cpu = fixture_enter(LONG, 3);
		cpu->gpr[RSP] = LAYOUT_HOLE + 0x100;
		const uint64_t flags = cpu->rflags;
		ck_assert_int_eq(fixture_fault(handlers[h], insn_registers(0, 0, 8)), VEC_PF);
		ck_assert_uint_eq(cpu->gpr[RSP], LAYOUT_HOLE + 0x100);
		ck_assert_uint_eq(cpu->rflags, flags);
	}
}
END_TEST

START_TEST(cli_and_sti_need_iopl)
{
	for (enum mode m = PROTECTED; m < MODES; m++)
		for (unsigned cpl = 0; cpl <= 3; cpl++)
			for (unsigned iopl = 0; iopl <= 3; iopl++) {
				if (m == V86)
					continue;
				struct cpu *cpu = fixture_enter(m, cpl);
				int want = cpl <= iopl ? -1 : VEC_GP;
				set_iopl(iopl);
				ck_assert_int_eq(fixture_fault(sys_STI, insn_registers(0, 0, 4)), want);
				ck_assert_int_eq(!!(cpu->rflags & FLAG_IF), want < 0);
				cpu->rflags |= FLAG_IF;
				ck_assert_int_eq(fixture_fault(sys_CLI, insn_registers(0, 0, 4)), want);
				ck_assert_int_eq(!(cpu->rflags & FLAG_IF), want < 0);
			}
}
END_TEST

START_TEST(sti_blocks_interrupts_only_if_it_enables_them)
{
	struct cpu *cpu = fixture_enter(REAL, 0);

	ck_assert(fixture_run(sys_STI, insn_registers(0, 0, 2), NULL));
	ck_assert_uint_eq(cpu->interruptibility, BLOCK_STI);
	cpu->interruptibility = 0;
	ck_assert(fixture_run(sys_STI, insn_registers(0, 0, 2), NULL));
	ck_assert_uint_eq(cpu->interruptibility, 0);
}
END_TEST

START_TEST(stac_and_clac_are_ud_above_cpl_0)
{
	for (enum mode m = REAL; m < MODES; m++)
		for (unsigned cpl = 0; cpl <= 3; cpl += 3) {
			if ((m == REAL) != (cpl == 0) && (m == REAL || m == V86))
				continue;
			struct cpu *cpu = fixture_enter(m, cpl);
			int want = cpu->cpl ? VEC_UD : -1;
			ck_assert_msg(fixture_fault(sys_STAC, insn_registers(0, 0, 4)) == want, "%s", mode_name[m]);
			ck_assert_int_eq(!!(cpu->rflags & FLAG_AC), want < 0);
			ck_assert_int_eq(cpu->engine_flush, want < 0);
			ck_assert_msg(fixture_fault(sys_CLAC, insn_registers(0, 0, 4)) == want, "%s", mode_name[m]);
			ck_assert(!(cpu->rflags & FLAG_AC));
		}
}
END_TEST

static void add_flags(TCase *tc)
{
	tcase_add_test(tc, pushf_hides_vm_and_rf);
	tcase_add_test(tc, the_stack_pointer_has_the_width_of_the_stack);
	tcase_add_test(tc, v86_needs_iopl_3);
	tcase_add_test(tc, popf_changes_what_the_privilege_allows);
	tcase_add_test(tc, popf_of_ac_tells_the_engine);
	tcase_add_test(tc, a_fault_on_the_stack_changes_nothing);
	tcase_add_test(tc, cli_and_sti_need_iopl);
	tcase_add_test(tc, sti_blocks_interrupts_only_if_it_enables_them);
	tcase_add_test(tc, stac_and_clac_are_ud_above_cpl_0);
}

static void add_cases(Suite *suite)
{
	add_case(suite, "flags", add_flags);
}

TEST_MAIN("sysinsn_flags", add_cases)
