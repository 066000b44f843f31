/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HLT, PAUSE, MONITOR, MWAIT, WBINVD, INVD, RDRAND, RDSEED, #UD; XGETBV, XSETBV, RDPKRU, WRPKRU, XSAVE, XSAVEOPT, XRSTOR; VMX without VMX.
 */
#include "emu/xsave.h"
#include "tests/sysinsn_fixture.h"

static const struct insn none = {.len = 2, .opsize = 4, .addrsize = 8, .seg = SEG_DS, .base = REG_NONE, .index = REG_NONE, .rm = REG_NONE};

START_TEST(cpl_0_instructions)
{
	static const struct {
		sysinsn_fn *handler;
		int vector; /* at CPL > 0 */
	} rows[] = {{sys_HLT, VEC_GP},	   {sys_WBINVD, VEC_GP}, {sys_INVD, VEC_GP},
		    {sys_MONITOR, VEC_UD}, {sys_MWAIT, VEC_UD},	 {sys_PAUSE, -1}};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned cpl = 0; cpl <= 3; cpl++) {
			fixture_enter(LONG, cpl);
			ck_assert_msg(fixture_fault(rows[i].handler, none) == (cpl ? rows[i].vector : -1), "row %u, CPL %u", i, cpl);
		}
}
END_TEST

START_TEST(hlt_changes_the_activity_state)
{
	ck_assert(fixture_run(sys_HLT, none, NULL));
	ck_assert_uint_eq(fix.cpu.activity, ACTIVITY_HLT);
}
END_TEST

START_TEST(ud_of_15_bytes_or_more_is_gp)
{
	struct insn insn = none;

	ck_assert_int_eq(fixture_fault(sys_UD, insn), VEC_UD);
	ck_assert(!fix.cpu.pending.has_error);
	insn.imm = 1;
	ck_assert_int_eq(fixture_fault(sys_UD, insn), VEC_GP);
	ck_assert_int_eq(fixture_fault(sys_RSM, none), VEC_UD);
}
END_TEST

START_TEST(without_vmx_its_instructions_are_ud)
{
	static sysinsn_fn *const handlers[] = {sys_VMXON,    sys_VMXOFF,   sys_VMCLEAR, sys_VMPTRLD, sys_VMPTRST, sys_VMREAD, sys_VMWRITE,
					       sys_VMLAUNCH, sys_VMRESUME, sys_VMCALL,	sys_VMFUNC,  sys_INVEPT,  sys_INVVPID};

	for (unsigned i = 0; i < ARRAY_LEN(handlers); i++)
		for (unsigned cpl = 0; cpl <= 3; cpl += 3) {
			fixture_enter(LONG, cpl);
			ck_assert_int_eq(fixture_fault(handlers[i], insn_memory(0, LAYOUT_DATA, 8)), VEC_UD);
		}
}
END_TEST

START_TEST(monitor_checks_its_operands_and_address)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	cpu->gpr[RAX] = LAYOUT_DATA;
	ck_assert(fixture_run(sys_MONITOR, none, NULL));
	ck_assert(cpu->monitor_armed);
	cpu->gpr[RCX] = 1;
	ck_assert_int_eq(fixture_fault(sys_MONITOR, none), VEC_GP);
	cpu->gpr[RCX] = BIT(63);
	ck_assert_int_eq(fixture_fault(sys_MONITOR, none), VEC_GP);
	cpu->gpr[RCX] = 0;
	cpu->gpr[RAX] = LAYOUT_HOLE;
	ck_assert_int_eq(fixture_fault(sys_MONITOR, none), VEC_PF);
	cpu->gpr[RAX] = BIT(62);
	ck_assert_int_eq(fixture_fault(sys_MONITOR, none), VEC_GP);
	cpu->misc_enable &= ~MISC_ENABLE_MONITOR;
	ck_assert_int_eq(fixture_fault(sys_MONITOR, none), VEC_UD);
	ck_assert_int_eq(fixture_fault(sys_MWAIT, none), VEC_UD);
}
END_TEST

START_TEST(mwait_knows_one_extension)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	cpu->monitor_armed = true;
	cpu->gpr[RCX] = 1;
	ck_assert(fixture_run(sys_MWAIT, none, NULL));
	ck_assert(!cpu->monitor_armed);
	cpu->gpr[RCX] = 2;
	ck_assert_int_eq(fixture_fault(sys_MWAIT, none), VEC_GP);
}
END_TEST

START_TEST(random_numbers_repeat_from_reset_and_set_cf)
{
	uint64_t first[8];

	for (unsigned run = 0; run < 2; run++) {
		struct cpu *cpu = fixture_enter(LONG, 3);
		for (unsigned i = 0; i < 8; i++) {
			cpu->rflags |= FLAG_ZF | FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF;
			ck_assert(fixture_run(i % 2 ? sys_RDSEED : sys_RDRAND, insn_registers(6, RBX, 8), NULL));
			ck_assert_uint_eq(cpu->rflags, FLAG_FIXED | FLAG_CF);
			if (run)
				ck_assert_uint_eq(cpu->gpr[RBX], first[i]);
			first[i] = cpu->gpr[RBX];
			for (unsigned j = 0; j < i; j++)
				ck_assert_uint_ne(first[i], first[j]);
		}
	}
	fix.cpu.gpr[RBX] = ~0ull;
	ck_assert(fixture_run(sys_RDRAND, insn_registers(6, RBX, 2), NULL));
	ck_assert_uint_eq(fix.cpu.gpr[RBX] >> 16, ~0ull >> 16);
}
END_TEST

START_TEST(xsetbv_checks_xcr0)
{
	static const struct {
		uint64_t ecx, value;
		int vector;
	} rows[] = {{0, 1, -1},	    {0, 3, -1},	    {0, 0x203, -1},	      {0, 0x201, -1},	{0, 0, VEC_GP},	   {0, 2, VEC_GP},
		    {0, 7, VEC_GP}, {1, 1, VEC_GP}, {0, 0x100000001, VEC_GP}, {BIT(32), 3, -1}, {0, 0x401, VEC_GP}};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpu *cpu = fixture_enter(LONG, 0);
		cpu->cr4 |= CR4_OSXSAVE;
		cpu->gpr[RCX] = rows[i].ecx;
		cpu->gpr[RAX] = (uint32_t)rows[i].value;
		cpu->gpr[RDX] = rows[i].value >> 32;
		ck_assert_msg(fixture_fault(sys_XSETBV, none) == rows[i].vector, "row %u", i);
		ck_assert_uint_eq(cpu->xcr0, rows[i].vector < 0 ? rows[i].value : 1);
		cpu->gpr[RCX] = 0;
		ck_assert(fixture_run(sys_XGETBV, none, NULL));
		ck_assert_uint_eq(cpu->gpr[RAX], cpu->xcr0);
	}
	fix.cpu.gpr[RCX] = 1;
	ck_assert_int_eq(fixture_fault(sys_XGETBV, none), VEC_GP);
}
END_TEST

START_TEST(xcr_instructions_are_ud_without_osxsave_before_gp)
{
	fixture_enter(LONG, 3);
	ck_assert_int_eq(fixture_fault(sys_XSETBV, none), VEC_UD);
	ck_assert_int_eq(fixture_fault(sys_XGETBV, none), VEC_UD);
	fix.cpu.cr4 |= CR4_OSXSAVE;
	ck_assert_int_eq(fixture_fault(sys_XSETBV, none), VEC_GP);
	ck_assert_int_eq(fixture_fault(sys_XGETBV, none), -1);
}
END_TEST

START_TEST(pkru_instructions)
{
	struct cpu *cpu = fixture_enter(LONG, 3);

	ck_assert_int_eq(fixture_fault(sys_RDPKRU, none), VEC_UD);
	ck_assert_int_eq(fixture_fault(sys_WRPKRU, none), VEC_UD);
	cpu->cr4 |= CR4_PKE;
	cpu->gpr[RAX] = 0xffff12345678;
	cpu->gpr[RDX] = 0;
	ck_assert_int_eq(fixture_fault(sys_WRPKRU, none), -1);
	ck_assert_uint_eq(cpu->pkru, 0x12345678);
	ck_assert_uint_eq(cpu->mmu.mode.pkru, 0x12345678);
	cpu->gpr[RDX] = 5;
	ck_assert_int_eq(fixture_fault(sys_WRPKRU, none), VEC_GP);
	ck_assert_int_eq(fixture_fault(sys_RDPKRU, none), -1);
	ck_assert_uint_eq(cpu->gpr[RAX], 0x12345678);
	ck_assert_uint_eq(cpu->gpr[RDX], 0);
	cpu->gpr[RCX] = 1;
	ck_assert_int_eq(fixture_fault(sys_RDPKRU, none), VEC_GP);
	ck_assert_int_eq(fixture_fault(sys_WRPKRU, none), VEC_GP);
}
END_TEST

/* A processor with all components enabled, and fx, PKRU and the area filled with patterns. */
static struct cpu *xstate_setup(enum mode mode, uint64_t request)
{
	struct cpu *cpu = fixture_enter(mode, 0);

	cpu->cr4 |= CR4_OSXSAVE | CR4_PKE | CR4_OSFXSR;
	cpu->xcr0 = XCR0_OFFERED;
	cpu->pkru = 0x89abcdef;
	for (unsigned i = 0; i < sizeof cpu->fx; i++)
		cpu->fx[i] = (uint8_t)(i % 251 + 1);
	memcpy(cpu->fx + 24, &(uint32_t){0x1f80}, 4);
	for (unsigned i = 0; i < 2752; i++)
		mem_write(&fix.mem, HPA(LAYOUT_DATA + i), 0xee, 1);
	for (unsigned i = 512; i < 576; i += 8)
		mem_write(&fix.mem, HPA(LAYOUT_DATA + i), 0, 8);
	cpu->gpr[RAX] = (uint32_t)request;
	cpu->gpr[RDX] = request >> 32;
	return cpu;
}

static uint8_t area(unsigned offset)
{
	return (uint8_t)mem_read(&fix.mem, HPA(LAYOUT_DATA + offset), 1);
}

static uint64_t xstate_bv(void)
{
	return mem_read(&fix.mem, HPA(LAYOUT_DATA + XSAVE_HEADER), 8);
}

/* Which component's bytes an offset of the legacy region belongs to, in 64-bit mode; 0: none. */
static uint64_t component(unsigned offset)
{
	if (offset < 24 || (offset >= 32 && offset < 160))
		return XCR0_X87;
	return offset < 32 || (offset >= 160 && offset < 416) ? XCR0_SSE : 0;
}

START_TEST(xsave_writes_the_components_asked_for_and_no_byte_more)
{
	for (unsigned request = 0; request < 8; request++) {
		const uint64_t rfbm = (request & 3) | (request & 4 ? XCR0_PKRU : 0);
		struct cpu *cpu = xstate_setup(LONG, rfbm | BIT(2) | BIT(40));
		ck_assert(fixture_run(sys_XSAVE, insn_memory(4, LAYOUT_DATA, 8), NULL));
		for (unsigned i = 0; i < 512; i++) {
			uint8_t want = component(i) & rfbm ? cpu->fx[i] : 0xee;
			if ((rfbm & XCR0_SSE) && i >= 28 && i < 32)
				want = i < 30 ? 0xff : 0; /* MXCSR_MASK */
			ck_assert_msg(area(i) == want, "request %llx, byte %u", (unsigned long long)rfbm, i);
		}
		ck_assert_uint_eq(xstate_bv(), rfbm);
		ck_assert_uint_eq(area(2687), 0xee);
		ck_assert_uint_eq(mem_read(&fix.mem, HPA(LAYOUT_DATA + 2688), 8), rfbm & XCR0_PKRU ? 0x89abcdef : 0xeeeeeeeeeeeeeeee);
		ck_assert_uint_eq(area(2696), 0xee);
	}
}
END_TEST

START_TEST(xsave_outside_64_bit_mode_leaves_xmm8_to_15)
{
	struct cpu *cpu = xstate_setup(COMPAT, 3);

	ck_assert(fixture_run(sys_XSAVE, insn_memory(4, LAYOUT_DATA, 4), NULL));
	ck_assert_uint_eq(area(287), cpu->fx[287]);
	ck_assert_uint_eq(area(288), 0xee);
	ck_assert_uint_eq(area(11), cpu->fx[11]);
	ck_assert_uint_eq(mem_read(&fix.mem, HPA(LAYOUT_DATA + 12), 4), 0); /* FCS is not kept */
}
END_TEST

START_TEST(xstate_bv_says_what_is_in_use_and_keeps_the_rest)
{
	struct cpu *cpu = xstate_setup(LONG, 3);

	memset(cpu->fx, 0, sizeof cpu->fx);
	cpu->fx[0] = 0x7f;
	cpu->fx[1] = 0x03;
	mem_write(&fix.mem, HPA(LAYOUT_DATA + XSAVE_HEADER), XCR0_PKRU | 3, 8);
	ck_assert(fixture_run(sys_XSAVE, insn_memory(4, LAYOUT_DATA, 8), NULL));
	ck_assert_uint_eq(xstate_bv(), XCR0_PKRU);
	ck_assert_uint_eq(area(0), 0x7f); /* XSAVE writes them all the same */
	ck_assert_uint_eq(area(160), 0);
}
END_TEST

START_TEST(xsaveopt_leaves_out_initial_components)
{
	struct cpu *cpu = xstate_setup(LONG, 3);

	memset(cpu->fx + 160, 0, 256);
	ck_assert(fixture_run(sys_XSAVEOPT, insn_memory(6, LAYOUT_DATA, 8), NULL));
	ck_assert_uint_eq(xstate_bv(), XCR0_X87);
	ck_assert_uint_eq(area(0), cpu->fx[0]);
	ck_assert_uint_eq(area(160), 0xee);
	ck_assert_uint_eq(area(24), 0x80); /* MXCSR goes with the request */
}
END_TEST

START_TEST(xrstor_gives_back_what_xsave_wrote)
{
	struct cpu *cpu = xstate_setup(LONG, XCR0_OFFERED);
	uint8_t fx[512];

	memcpy(fx, cpu->fx, sizeof fx);
	ck_assert(fixture_run(sys_XSAVE, insn_memory(4, LAYOUT_DATA, 8), NULL));
	memset(cpu->fx, 0x11, sizeof cpu->fx);
	cpu->pkru = 0;
	ck_assert(fixture_run(sys_XRSTOR, insn_memory(5, LAYOUT_DATA, 8), NULL));
	for (unsigned i = 0; i < 416; i++)
		if (i < 28 || i >= 32)
			ck_assert_msg(cpu->fx[i] == fx[i], "byte %u", i);
	ck_assert_uint_eq(cpu->pkru, 0x89abcdef);
	ck_assert_uint_eq(cpu->mmu.mode.pkru, 0x89abcdef);
}
END_TEST

START_TEST(xrstor_initialises_components_that_xstate_bv_lacks)
{
	struct cpu *cpu = xstate_setup(LONG, XCR0_OFFERED);

	mem_write(&fix.mem, HPA(LAYOUT_DATA + 24), 0x1fa0, 4);
	ck_assert(fixture_run(sys_XRSTOR, insn_memory(5, LAYOUT_DATA, 8), NULL));
	ck_assert_uint_eq(cpu->fx[0] | cpu->fx[1] << 8, 0x037f);
	ck_assert_uint_eq(cpu->fx[32] | cpu->fx[160] | cpu->fx[415] | cpu->fx[4], 0);
	ck_assert_uint_eq(cpu->fx[24] | cpu->fx[25] << 8, 0x1fa0); /* MXCSR comes from memory all the same */
	ck_assert_uint_eq(cpu->pkru, 0);
	cpu = xstate_setup(LONG, XCR0_X87);
	ck_assert(fixture_run(sys_XRSTOR, insn_memory(5, LAYOUT_DATA, 8), NULL));
	ck_assert_uint_eq(cpu->fx[160], 161); /* not asked for: kept */
	ck_assert_uint_eq(cpu->pkru, 0x89abcdef);
}
END_TEST

START_TEST(xrstor_checks_header_and_mxcsr)
{
	static const struct {
		const char *name;
		unsigned offset;
		uint64_t value;
		int vector;
	} rows[] = {
	    {"good", 512, 3, -1},
	    {"XSTATE_BV not in XCR0", 512, BIT(2), VEC_GP},
	    {"XSTATE_BV bit 63", 512, BIT(63), VEC_GP},
	    {"compacted", 520, BIT(63), VEC_GP},
	    {"XCOMP_BV", 520, 1, VEC_GP},
	    {"bytes 16 to 23", 528, BIT(56), VEC_GP},
	    {"bytes 24 and up are not looked at", 536, 1, -1},
	    {"MXCSR bit 16", 24, 0x11f80, VEC_GP},
	    {"MXCSR with DAZ", 24, 0x1fc0, -1},
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpu *cpu = xstate_setup(LONG, 3);
		mem_write(&fix.mem, HPA(LAYOUT_DATA + 24), 0x1f80, 8);
		mem_write(&fix.mem, HPA(LAYOUT_DATA + rows[i].offset), rows[i].value, 8);
		cpu->fx[100] = 0x5a;
		ck_assert_msg(fixture_fault(sys_XRSTOR, insn_memory(5, LAYOUT_DATA, 8)) == rows[i].vector, "%s", rows[i].name);
		ck_assert_msg(rows[i].vector < 0 || cpu->fx[100] == 0x5a, "%s", rows[i].name);
	}
}
END_TEST

START_TEST(xsave_and_xrstor_check_in_order)
{
	static sysinsn_fn *const handlers[] = {sys_XSAVE, sys_XSAVEOPT, sys_XRSTOR};

	for (unsigned h = 0; h < 3; h++) {
		struct cpu *cpu = xstate_setup(LONG, 1);
		ck_assert_int_eq(fixture_fault(handlers[h], insn_memory(4, LAYOUT_HOLE, 8)), VEC_PF);
		ck_assert_int_eq(fixture_fault(handlers[h], insn_memory(4, LAYOUT_HOLE + 32, 8)), VEC_GP);
		ck_assert_int_eq(fixture_fault(handlers[h], insn_memory(4, LAYOUT_HOLE - 512, 8)), VEC_PF);
		cpu->cr0 |= CR0_TS;
		ck_assert_int_eq(fixture_fault(handlers[h], insn_memory(4, LAYOUT_DATA + 32, 8)), VEC_NM);
		cpu->cr4 &= ~CR4_OSXSAVE;
		ck_assert_int_eq(fixture_fault(handlers[h], insn_memory(4, LAYOUT_DATA + 32, 8)), VEC_UD);
	}
}
END_TEST

static void add_state(TCase *tc)
{
	tcase_add_test(tc, cpl_0_instructions);
	tcase_add_test(tc, hlt_changes_the_activity_state);
	tcase_add_test(tc, ud_of_15_bytes_or_more_is_gp);
	tcase_add_test(tc, without_vmx_its_instructions_are_ud);
	tcase_add_test(tc, monitor_checks_its_operands_and_address);
	tcase_add_test(tc, mwait_knows_one_extension);
	tcase_add_test(tc, random_numbers_repeat_from_reset_and_set_cf);
}

static void add_xstate(TCase *tc)
{
	tcase_add_test(tc, xsetbv_checks_xcr0);
	tcase_add_test(tc, xcr_instructions_are_ud_without_osxsave_before_gp);
	tcase_add_test(tc, pkru_instructions);
	tcase_add_test(tc, xsave_writes_the_components_asked_for_and_no_byte_more);
	tcase_add_test(tc, xsave_outside_64_bit_mode_leaves_xmm8_to_15);
	tcase_add_test(tc, xstate_bv_says_what_is_in_use_and_keeps_the_rest);
	tcase_add_test(tc, xsaveopt_leaves_out_initial_components);
	tcase_add_test(tc, xrstor_gives_back_what_xsave_wrote);
	tcase_add_test(tc, xrstor_initialises_components_that_xstate_bv_lacks);
	tcase_add_test(tc, xrstor_checks_header_and_mxcsr);
	tcase_add_test(tc, xsave_and_xrstor_check_in_order);
}

static void add_cases(Suite *suite)
{
	add_case(suite, "state", add_state);
	add_case(suite, "extended state", add_xstate);
}

TEST_MAIN("sysinsn_state", add_cases)
