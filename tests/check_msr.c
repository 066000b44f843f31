/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RDMSR, WRMSR, the table of MSRs, RDTSC, RDTSCP, RDPID, RDPMC. */
#include "emu/msr.h"
#include "tests/sysinsn_fixture.h"

static int wrmsr(uint32_t index, uint64_t value)
{
	fix.cpu.gpr[RCX] = 0xabcd00000000 | index; /* RCX[63:32] are ignored */
	fix.cpu.gpr[RAX] = ~0ull << 32 | (uint32_t)value;
	fix.cpu.gpr[RDX] = ~0ull << 32 | value >> 32;
	return fixture_fault(sys_WRMSR, insn_registers(0, 0, 4));
}

static uint64_t rdmsr(uint32_t index)
{
	fix.cpu.gpr[RCX] = index;
	fix.cpu.gpr[RAX] = fix.cpu.gpr[RDX] = ~0ull;
	ck_assert_msg(fixture_run(sys_RDMSR, insn_registers(0, 0, 4), NULL), "RDMSR %x", index);
	ck_assert_uint_eq(fix.cpu.gpr[RAX] >> 32 | fix.cpu.gpr[RDX] >> 32, 0);
	return fix.cpu.gpr[RDX] << 32 | fix.cpu.gpr[RAX];
}

static int rdmsr_fault(uint32_t index)
{
	fix.cpu.gpr[RCX] = index;
	return fixture_fault(sys_RDMSR, insn_registers(0, 0, 4));
}

START_TEST(privilege_comes_first)
{
	static sysinsn_fn *const handlers[] = {sys_RDMSR, sys_WRMSR};

	for (unsigned h = 0; h < 2; h++)
		for (enum mode m = REAL; m < MODES; m++) {
			fixture_enter(m, m == REAL ? 0 : 3);
			fix.cpu.gpr[RCX] = 0x277;
			fix.cpu.gpr[RAX] = fix.cpu.gpr[RDX] = 0;
			ck_assert_msg(fixture_fault(handlers[h], insn_registers(0, 0, 4)) == (m == REAL ? -1 : VEC_GP), "%s", mode_name[m]);
		}
}
END_TEST

START_TEST(unknown_msrs_are_gp_and_change_nothing)
{
	static const uint32_t unknown[] = {0x2, 0x48, 0x10a, 0x214, 0x480, 0x8fff, 0x40000000, 0xc0000105, 0xc0010015, ~0u};

	for (unsigned i = 0; i < ARRAY_LEN(unknown); i++) {
		ck_assert_int_eq(rdmsr_fault(unknown[i]), VEC_GP);
		ck_assert_int_eq(wrmsr(unknown[i], 0), VEC_GP);
		ck_assert_ptr_null(msr_name(unknown[i]));
	}
	ck_assert_str_eq(msr_name(0xc0000080), "IA32_EFER");
}
END_TEST

START_TEST(every_row_reads_back_what_it_was_last_given)
{
	/* a value each check accepts, and one it does not (0: none) */
	static const struct {
		uint32_t index;
		uint64_t good, stored, bad;
	} rows[] = {
	    {0x174, 0x123456789, 0x23456789, 0},
	    {0x175, 0x00ffffffffffffff, 0x00ffffffffffffff, 0x0100000000000000},
	    {0x176, 0xff00000000000000, 0xff00000000000000, 0xfe00000000000000},
	    {0x17a, 7, 7, 8},
	    {0x1d9, 0, 0, 1},
	    {0x200, 0x3ffffffff006, 0x3ffffffff006, 0x3ffffffff002},
	    {0x201, 0x3ffffffff800, 0x3ffffffff800, 0x400000000800},
	    {0x212, 5, 5, 0x105},
	    {0x213, 0x800, 0x800, 0x801},
	    {0x250, 0x0001040506000101, 0x0001040506000101, 0x02},
	    {0x26f, 0x0606060606060606, 0x0606060606060606, 0x0700000000000000},
	    {0x277, 0x0007040600070406, 0x0007040600070406, 0x0300000000000000},
	    {0x2ff, 0xc06, 0xc06, 0x1006},
	    {0xc0000081, ~0ull, ~0ull, 0},
	    {0xc0000082, 0x00ffffffffffffff, 0x00ffffffffffffff, BIT(57)},
	    {0xc0000083, ~0ull, ~0ull, BIT(63)},
	    {0xc0000084, 0x47700, 0x47700, 0},
	    {0xc0000100, 0xff00000000000000, 0xff00000000000000, BIT(60)},
	    {0xc0000101, 0x1234, 0x1234, BIT(60)},
	    {0xc0000102, ~0ull, ~0ull, BIT(60)},
	    {0xc0000103, 0xffffffff, 0xffffffff, BIT(32)},
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		ck_assert_msg(wrmsr(rows[i].index, rows[i].good) == -1, "%x", rows[i].index);
		ck_assert_msg(rdmsr(rows[i].index) == rows[i].stored, "%x", rows[i].index);
		if (!rows[i].bad)
			continue;
		ck_assert_msg(wrmsr(rows[i].index, rows[i].bad) == VEC_GP, "%x", rows[i].index);
		ck_assert_msg(rdmsr(rows[i].index) == rows[i].stored, "%x", rows[i].index);
	}
	ck_assert_uint_eq(fix.cpu.seg[SEG_GS].base, 0x1234);
}
END_TEST

START_TEST(read_only_msrs_refuse_writes)
{
	static const uint32_t index[] = {0x17, 0xfe, 0x179};

	for (unsigned i = 0; i < ARRAY_LEN(index); i++)
		ck_assert_int_eq(wrmsr(index[i], rdmsr(index[i])), VEC_GP);
	ck_assert_uint_eq(rdmsr(0xfe), 0x50a);
}
END_TEST

START_TEST(efer_checks_and_paging)
{
	struct cpu *cpu = fixture_enter(PROTECTED, 0);

	ck_assert_int_eq(wrmsr(0xc0000080, BIT(9)), VEC_GP);
	ck_assert_int_eq(wrmsr(0xc0000080, BIT(12)), VEC_GP);
	ck_assert_int_eq(wrmsr(0xc0000080, EFER_LME | EFER_LMA | EFER_NXE | EFER_SCE), -1);
	ck_assert_uint_eq(cpu->efer, EFER_LME | EFER_NXE | EFER_SCE);
	cpu = fixture_enter(LONG, 0);
	ck_assert_int_eq(wrmsr(0xc0000080, EFER_SCE), VEC_GP); /* LME cleared while PG */
	ck_assert_int_eq(wrmsr(0xc0000080, EFER_LME), -1);
	ck_assert_uint_eq(cpu->efer, EFER_LME | EFER_LMA);
	ck_assert(!cpu->mmu.mode.nxe);
	ck_assert_int_eq(wrmsr(0xc0000080, EFER_LME | EFER_NXE), -1);
	ck_assert(cpu->mmu.mode.nxe);
}
END_TEST

START_TEST(misc_enable_keeps_read_only_bits_and_can_disable_xd)
{
	const uint64_t before = rdmsr(0x1a0);

	ck_assert_int_eq(wrmsr(0x1a0, BIT(34)), -1);
	ck_assert_uint_eq(rdmsr(0x1a0), (before & (BIT(11) | BIT(12))) | BIT(34));
	ck_assert_int_eq(wrmsr(0xc0000080, EFER_LME | EFER_NXE), VEC_GP);
	ck_assert_int_eq(wrmsr(0x1a0, BIT(1)), VEC_GP);
}
END_TEST

START_TEST(tsc_and_tsc_adjust_move_together)
{
	struct cpu *cpu = &fix.cpu;

	cpu->clock = 1000;
	ck_assert_uint_eq(rdmsr(0x10), 1000);
	ck_assert_int_eq(wrmsr(0x10, 5000), -1);
	ck_assert_uint_eq(rdmsr(0x3b), 4000);
	cpu->clock = 1010;
	ck_assert_uint_eq(rdmsr(0x10), 5010);
	ck_assert_int_eq(wrmsr(0x3b, -10ull), -1);
	ck_assert_uint_eq(rdmsr(0x10), 1000);
}
END_TEST

START_TEST(the_tsc_deadline_is_in_terms_of_the_tsc)
{
	struct cpu *cpu = &fix.cpu;

	ck_assert_int_eq(wrmsr(0x1b, 0xfee00d00), -1); /* x2APIC */
	ck_assert_int_eq(wrmsr(0x80f, 0x1ff), -1);     /* software enable */
	ck_assert_int_eq(wrmsr(0x832, 0x40040), -1);   /* TSC-deadline mode, vector 40H */
	cpu->clock = 1000;
	ck_assert_int_eq(wrmsr(0x10, 1000000), -1);
	ck_assert_int_eq(wrmsr(0x6e0, 1000500), -1);
	ck_assert_uint_eq(rdmsr(0x6e0), 1000500);
	ck_assert_uint_eq(bus_next_event(&fix.bus), 1500);
	ck_assert_int_eq(wrmsr(0x3b, 999100), -1); /* the TSC jumps 100 forward */
	ck_assert_uint_eq(rdmsr(0x6e0), 1000500);
	ck_assert_uint_eq(bus_next_event(&fix.bus), 1400);
	ck_assert_int_eq(wrmsr(0x10, 2000000), -1); /* beyond the deadline */
	ck_assert(bus_interrupt_pending(&fix.bus));
	ck_assert_uint_eq(rdmsr(0x6e0), 0);
}
END_TEST

START_TEST(x2apic_msrs_exist_in_x2apic_mode_only)
{
	ck_assert_int_eq(rdmsr_fault(0x802), VEC_GP);
	ck_assert_int_eq(wrmsr(0x1b, 0xfee00d00), -1);
	ck_assert_uint_eq(rdmsr(0x802), 0);
	ck_assert_uint_eq(fix.cpu.apic_base, 0xfee00d00);
	ck_assert_int_eq(wrmsr(0x802, 0), VEC_GP); /* read-only */
	ck_assert_int_eq(rdmsr_fault(0x8ff), VEC_GP);
}
END_TEST

START_TEST(feature_control_exists_with_vmx_and_locks)
{
	ck_assert_int_eq(rdmsr_fault(0x3a), VEC_GP);
	ck_assert_int_eq(wrmsr(0x3a, 1), VEC_GP);
	fix.cpu.vmx = (struct vmx *)&fix; /* offered, not used here */
	fix.cpu.feature_control = 0;
	ck_assert_int_eq(wrmsr(0x3a, 2), VEC_GP);
	ck_assert_int_eq(wrmsr(0x3a, 4), -1);
	ck_assert_int_eq(wrmsr(0x3a, 5), -1);
	ck_assert_uint_eq(rdmsr(0x3a), 5);
	ck_assert_int_eq(wrmsr(0x3a, 5), VEC_GP);
}
END_TEST

START_TEST(rdtsc_needs_cpl_0_with_tsd)
{
	static sysinsn_fn *const handlers[] = {sys_RDTSC, sys_RDTSCP};

	for (unsigned h = 0; h < 2; h++)
		for (unsigned cpl = 0; cpl <= 3; cpl++)
			for (unsigned tsd = 0; tsd < 2; tsd++) {
				struct cpu *cpu = fixture_enter(LONG, cpl);
				cpu->cr4 |= tsd ? CR4_TSD : 0;
				int want = cpl && tsd ? VEC_GP : -1;
				ck_assert_msg(fixture_fault(handlers[h], insn_registers(0, 0, 4)) == want, "CPL %u, TSD %u", cpl, tsd);
			}
}
END_TEST

START_TEST(rdtscp_and_rdpid_give_tsc_aux)
{
	struct cpu *cpu = fixture_enter(LONG, 3);

	cpu->clock = 0x123456789a;
	cpu->tsc_aux = 0xdeadbeef;
	cpu->gpr[RAX] = cpu->gpr[RCX] = cpu->gpr[RDX] = cpu->gpr[RBX] = ~0ull;
	ck_assert(fixture_run(sys_RDTSCP, insn_registers(0, 0, 4), NULL));
	ck_assert_uint_eq(cpu->gpr[RAX], 0x3456789a);
	ck_assert_uint_eq(cpu->gpr[RDX], 0x12);
	ck_assert_uint_eq(cpu->gpr[RCX], 0xdeadbeef);
	ck_assert(fixture_run(sys_RDPID, insn_registers(7, RBX, 8), NULL));
	ck_assert_uint_eq(cpu->gpr[RBX], 0xdeadbeef);
}
END_TEST

START_TEST(rdpmc_finds_no_counter)
{
	for (unsigned cpl = 0; cpl <= 3; cpl += 3) {
		fixture_enter(LONG, cpl);
		fix.cpu.cr4 |= CR4_PCE;
		ck_assert_int_eq(fixture_fault(sys_RDPMC, insn_registers(0, 0, 4)), VEC_GP);
	}
}
END_TEST

static void add_msr(TCase *tc)
{
	tcase_add_test(tc, privilege_comes_first);
	tcase_add_test(tc, unknown_msrs_are_gp_and_change_nothing);
	tcase_add_test(tc, every_row_reads_back_what_it_was_last_given);
	tcase_add_test(tc, read_only_msrs_refuse_writes);
	tcase_add_test(tc, efer_checks_and_paging);
	tcase_add_test(tc, misc_enable_keeps_read_only_bits_and_can_disable_xd);
	tcase_add_test(tc, tsc_and_tsc_adjust_move_together);
	tcase_add_test(tc, the_tsc_deadline_is_in_terms_of_the_tsc);
	tcase_add_test(tc, x2apic_msrs_exist_in_x2apic_mode_only);
	tcase_add_test(tc, feature_control_exists_with_vmx_and_locks);
	tcase_add_test(tc, rdtsc_needs_cpl_0_with_tsd);
	tcase_add_test(tc, rdtscp_and_rdpid_give_tsc_aux);
	tcase_add_test(tc, rdpmc_finds_no_counter);
}

static void add_cases(Suite *suite)
{
	add_case(suite, "MSRs", add_msr);
}

TEST_MAIN("msr", add_cases)
