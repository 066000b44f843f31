/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is common to all system instructions: retirement, RF, the interrupt shadow; and any instruction with any operands in any mode. */
#include "tests/sysinsn_fixture.h"

static bool execute(enum sysop op, struct insn insn)
{
	insn.sys = (uint8_t)op;
	fix.cpu.pending.kind = PENDING_NONE;
	return sysinsn_execute(&fix.cpu, &fix.bus, &insn);
}

static const struct insn two_bytes = {.len = 2, .opsize = 4, .addrsize = 4, .seg = SEG_DS, .base = REG_NONE, .index = REG_NONE, .scale = 1};

START_TEST(a_completed_instruction_advances_rip_and_clears_rf)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	cpu->rip = 0xffffffff;
	cpu->rflags |= FLAG_RF;
	ck_assert(execute(SYS_CLI, two_bytes));
	ck_assert_uint_eq(cpu->rip, 0x100000001);
	ck_assert_uint_eq(cpu->rflags & FLAG_RF, 0);
	cpu = fixture_enter(PROTECTED, 0);
	cpu->rip = 0xffffffff;
	ck_assert(execute(SYS_CLI, two_bytes));
	ck_assert_uint_eq(cpu->rip, 1);
}
END_TEST

START_TEST(a_fault_leaves_rip_rf_and_the_shadow)
{
	struct cpu *cpu = fixture_enter(LONG, 3);

	cpu->rflags |= FLAG_RF;
	cpu->interruptibility = BLOCK_STI;
	ck_assert(!execute(SYS_HLT, two_bytes));
	ck_assert_uint_eq(cpu->rip, 0x1000);
	ck_assert_uint_eq(cpu->rflags & FLAG_RF, FLAG_RF);
	ck_assert_uint_eq(cpu->interruptibility, BLOCK_STI);
}
END_TEST

START_TEST(a_shadow_lasts_one_instruction)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	cpu->interruptibility = BLOCK_NMI;
	ck_assert(execute(SYS_STI, two_bytes));
	ck_assert_uint_eq(cpu->interruptibility, BLOCK_STI | BLOCK_NMI);
	ck_assert(execute(SYS_STI, two_bytes)); /* IF = 1 already: no new shadow */
	ck_assert_uint_eq(cpu->interruptibility, BLOCK_NMI);
	cpu->rflags &= ~FLAG_IF;
	cpu->interruptibility = BLOCK_MOV_SS;
	ck_assert(execute(SYS_STI, two_bytes));
	ck_assert_uint_eq(cpu->interruptibility, BLOCK_STI);
}
END_TEST

START_TEST(rep_retires_with_its_last_iteration)
{
	struct cpu *cpu = fixture_enter(LONG, 0);
	struct insn insn = two_bytes;

	insn.flags = INSN_REP;
	insn.opsize = 1;
	cpu->gpr[RCX] = 2;
	cpu->gpr[RDX] = 0x1234;
	cpu->gpr[RSI] = LAYOUT_DATA;
	cpu->rflags |= FLAG_RF;
	ck_assert(execute(SYS_OUTS, insn));
	ck_assert_uint_eq(cpu->rip, 0x1000);
	ck_assert(cpu->rflags & FLAG_RF);
	ck_assert(execute(SYS_OUTS, insn));
	ck_assert_uint_eq(cpu->rip, 0x1002);
	ck_assert(!(cpu->rflags & FLAG_RF));
}
END_TEST

static uint64_t seed;

static uint64_t any(uint64_t below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 20) % below;
}

/* A value that checks are likely to care about. */
static uint64_t any_value(void)
{
	static const uint64_t pool[] = {0, 1, LAYOUT_DATA, LAYOUT_HOLE, ~0ull, BIT(31), BIT(47), BIT(63), 0xffff, 0x80000000ffffffff};

	return any(2) ? pool[any(ARRAY_LEN(pool))] : BIT(any(64)) | any(1 << 16);
}

static struct insn any_insn(void)
{
	static const uint8_t size[] = {1, 2, 4, 8};
	struct insn insn = two_bytes;

	insn.len = (uint8_t)(1 + any(15));
	insn.opsize = size[any(4)];
	insn.addrsize = size[1 + any(3)];
	insn.reg = (uint8_t)any(16);
	insn.rm = (uint8_t)any(16);
	insn.opcode = (uint8_t)any(256);
	insn.imm = any_value();
	insn.imm2 = (uint16_t)any_value();
	insn.flags = any(2) ? INSN_MEM : 0;
	insn.flags |= any(4) ? 0 : INSN_REP;
	insn.seg = (uint8_t)any(SEG_COUNT);
	insn.base = any(2) ? (uint8_t)any(16) : (uint8_t)REG_NONE;
	insn.disp = (int64_t)any_value();
	return insn;
}

/* Under the sanitizers this is the test that hostile operands are harmless; here, that each call ends in one of the ways there are. */
START_TEST(any_operands_in_any_mode_end_defined)
{
	seed = (uint64_t)_i + 1;
	for (unsigned round = 0; round < 5000; round++) {
		if (round % 8 == 0) {
			const enum mode m = (enum mode)any(MODES);
			fixture_enter(m, m == REAL ? 0 : (unsigned)any(2) * 3);
			fix.cpu.cr4 |= any_value() & CR4_OFFERED & ~CR4_LA57;
			fix.cpu.gdtr = (struct table_reg){LAYOUT_DATA, 0xfff};
		}
		for (unsigned r = 0; r < GPR_COUNT; r++)
			fix.cpu.gpr[r] = any_value();
		const enum sysop op = (enum sysop)(1 + any(SYSOP_COUNT - 1));
		struct insn insn = any_insn();
		if (op >= SYS_IN && op <= SYS_OUTS && insn.opsize == 8)
			insn.opsize = 4; /* as the decoder gives it */
		const bool done = execute(op, insn);
		ck_assert_msg(done == (fix.cpu.pending.kind == PENDING_NONE), "%s", sysop_name(op));
		ck_assert_msg(done || fix.cpu.pending.kind != PENDING_EXCEPTION || fix.cpu.pending.vector != VEC_DF, "%s", sysop_name(op));
	}
}
END_TEST

static void add_retire(TCase *tc)
{
	tcase_add_test(tc, a_completed_instruction_advances_rip_and_clears_rf);
	tcase_add_test(tc, a_fault_leaves_rip_rf_and_the_shadow);
	tcase_add_test(tc, a_shadow_lasts_one_instruction);
	tcase_add_test(tc, rep_retires_with_its_last_iteration);
}

static void add_hostile(TCase *tc)
{
	tcase_add_loop_test(tc, any_operands_in_any_mode_end_defined, 0, 8);
}

static void add_cases(Suite *suite)
{
	add_case(suite, "retirement", add_retire);
	add_case(suite, "hostile operands", add_hostile);
}

TEST_MAIN("sysinsn", add_cases)
