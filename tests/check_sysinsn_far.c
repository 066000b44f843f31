/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Far CALL and JMP: direct, through call gates, and what ends in a task switch. */
#include "tests/segment_fixture.h"

static uint64_t went_to;

/* A far transfer through a pointer in memory. */
static bool go(sysinsn_fn *handler, uint16_t selector, uint64_t offset, unsigned opsize)
{
	uint32_t at = 0x6000;
	struct insn insn = insn_memory(3, at, opsize);

	mem_write(&fix.mem, HPA(at), offset, opsize);
	mem_write(&fix.mem, HPA(at + opsize), selector, 2);
	struct sysinsn s = {.cpu = &fix.cpu, .bus = &fix.bus, .insn = &insn, .next_rip = fix.cpu.rip + 2};
	fix.cpu.pending.kind = PENDING_NONE;
	bool done = handler(&s);
	went_to = s.next_rip;
	return done;
}

START_TEST(real_mode_call_pushes_cs_and_ip)
{
	for (enum mode m = REAL; m <= V86; m += V86 - REAL) {
		struct cpu *cpu = segment_enter(m, 3);
		cpu->seg[SEG_CS].selector = 0x99;
		ck_assert(go(sys_CALL_FAR, 0x1234, 0x5678, 2));
		ck_assert_uint_eq(cpu->seg[SEG_CS].selector, 0x1234);
		ck_assert_uint_eq(cpu->seg[SEG_CS].base, 0x12340);
		ck_assert_uint_eq(went_to, 0x5678);
		ck_assert_uint_eq(stack_word(0, 2), 0x1002);
		ck_assert_uint_eq(stack_word(1, 2), 0x99);
	}
}
END_TEST

START_TEST(immediate_pointers_are_taken)
{
	struct cpu *cpu = segment_enter(PROTECTED, 0);
	struct insn insn = insn_registers(0, REG_NONE, 4);
	insn.imm = 0x1234;
	insn.imm2 = S_CODE32_0;
	ck_assert(fixture_run(sys_JMP_FAR, insn, NULL));
	ck_assert_uint_eq(cpu->seg[SEG_CS].selector, S_CODE32_0);
}
END_TEST

static const struct {
	const char *name;
	sysinsn_fn *handler;
	enum mode mode;
	unsigned cpl;
	uint16_t selector;
	uint64_t offset;
	int vector;
	long error;
} rows[] = {
    {"JMP same level", sys_JMP_FAR, PROTECTED, 0, S_CODE32_0, 0x1000, -1, 0},
    {"JMP to compatibility code", sys_JMP_FAR, LONG, 0, S_CODE32_0, 0x1000, -1, 0},
    {"CALL conforming from 3", sys_CALL_FAR, PROTECTED, 3, S_CONFORMING_0 | 3, 0x1000, -1, 0},
    {"JMP RPL below CPL", sys_JMP_FAR, PROTECTED, 3, S_CODE_3, 0x1000, -1, 0},
    {"null", sys_JMP_FAR, PROTECTED, 0, 3, 0x1000, VEC_GP, 0},
    {"beyond limit", sys_CALL_FAR, LONG, 0, S_END, 0x1000, VEC_GP, S_END},
    {"data", sys_CALL_FAR, PROTECTED, 0, S_DATA_0, 0x1000, VEC_GP, S_DATA_0},
    {"inner level", sys_JMP_FAR, PROTECTED, 3, S_CODE_0, 0x1000, VEC_GP, S_CODE_0},
    {"outer level", sys_CALL_FAR, PROTECTED, 0, S_CODE_3, 0x1000, VEC_GP, S_CODE_3},
    {"RPL above CPL", sys_CALL_FAR, PROTECTED, 0, S_CODE_0 | 3, 0x1000, VEC_GP, S_CODE_0},
    {"not present", sys_JMP_FAR, LONG, 0, S_ABSENT_CODE, 0x1000, VEC_NP, S_ABSENT_CODE},
    {"L and D both set", sys_JMP_FAR, LONG, 0, S_BAD_CODE, 0x1000, VEC_GP, S_BAD_CODE},
    {"L and D both set, no IA-32e mode", sys_JMP_FAR, PROTECTED, 0, S_BAD_CODE, 0x1000, -1, 0},
    {"target beyond CS limit", sys_JMP_FAR, PROTECTED, 0, S_SHORT_CODE_0, 0x1000, VEC_GP, 0},
    {"target at CS limit", sys_JMP_FAR, PROTECTED, 0, S_SHORT_CODE_0, 0xfff, -1, 0},
    {"target not canonical", sys_JMP_FAR, LONG, 0, S_CODE_0, 0x800000000000, VEC_GP, 0},
    {"LDT descriptor", sys_JMP_FAR, PROTECTED, 0, S_LDT, 0, VEC_GP, S_LDT},
    {"busy TSS", sys_JMP_FAR, PROTECTED, 0, S_TSS, 0, VEC_GP, S_TSS},
    {"TSS in IA-32e mode", sys_CALL_FAR, LONG, 0, S_TSS_AVAILABLE, 0, VEC_GP, S_TSS_AVAILABLE},
    {"task gate in IA-32e mode", sys_CALL_FAR, LONG, 0, S_TASK_GATE, 0, VEC_GP, S_TASK_GATE},
    {"call gate, 32-bit", sys_CALL_FAR, PROTECTED, 3, S_GATE | 3, 0, -1, 0},
    {"call gate, 64-bit", sys_CALL_FAR, LONG, 3, S_GATE | 3, 0, -1, 0},
    {"JMP through a gate to an inner level", sys_JMP_FAR, PROTECTED, 3, S_GATE | 3, 0, VEC_GP, S_CODE_0},
    {"JMP through a gate, same level", sys_JMP_FAR, PROTECTED, 0, S_GATE, 0, -1, 0},
};

START_TEST(far_transfers)
{
	const struct cpu *cpu = segment_enter(rows[_i].mode, rows[_i].cpl);
	uint16_t before = cpu->seg[SEG_CS].selector;
	unsigned opsize = rows[_i].mode == LONG ? 8 : 4;
	bool done = go(rows[_i].handler, rows[_i].selector, rows[_i].offset, opsize);
	expect_fault(rows[_i].name, rows[_i].vector, rows[_i].error);
	ck_assert_msg(done == (rows[_i].vector < 0), "%s", rows[_i].name);
	if (!done) {
		ck_assert_msg(cpu->seg[SEG_CS].selector == before, "%s", rows[_i].name);
		ck_assert_uint_eq(cpu->gpr[RSP], OUTER_STACK);
	} else {
		ck_assert_msg((cpu->seg[SEG_CS].selector & 3) == cpu->cpl, "%s", rows[_i].name);
	}
}
END_TEST

/* What is wrong with the call gate S_GATE, or with what it leads to. */
static const struct {
	const char *name;
	enum mode mode;
	unsigned type, dpl;
	uint16_t selector;
	bool absent;
	uint64_t high;
	int vector;
	long error;
} gate_rows[] = {
    {"DPL below CPL", PROTECTED, TYPE_CALL_GATE, 0, S_CODE_0, false, 0, VEC_GP, S_GATE},
    {"DPL below CPL, 64-bit", LONG, TYPE_CALL_GATE, 2, S_CODE_0, false, 0, VEC_GP, S_GATE},
    {"not present", PROTECTED, TYPE_CALL_GATE, 3, S_CODE_0, true, 0, VEC_NP, S_GATE},
    {"16-bit gate in IA-32e mode", LONG, TYPE_CALL_GATE16, 3, S_CODE_0, false, 0, VEC_GP, S_GATE},
    {"upper type not 0", LONG, TYPE_CALL_GATE, 3, S_CODE_0, false, BIT(40), VEC_GP, S_GATE},
    {"null", PROTECTED, TYPE_CALL_GATE, 3, 0, false, 0, VEC_GP, 0},
    {"beyond limit", LONG, TYPE_CALL_GATE, 3, S_END, false, 0, VEC_GP, S_END},
    {"data", PROTECTED, TYPE_CALL_GATE, 3, S_DATA_0, false, 0, VEC_GP, S_DATA_0},
    {"32-bit code in IA-32e mode", LONG, TYPE_CALL_GATE, 3, S_CODE32_0, false, 0, VEC_GP, S_CODE32_0},
    {"code not present", PROTECTED, TYPE_CALL_GATE, 3, S_ABSENT_CODE, false, 0, VEC_NP, S_ABSENT_CODE},
    {"target not canonical", LONG, TYPE_CALL_GATE, 3, S_CODE_0, false, 0x8000, VEC_GP, 0},
    {"target beyond limit", PROTECTED, TYPE_CALL_GATE, 3, S_SHORT_CODE_0, false, 0, VEC_GP, 0},
};

START_TEST(bad_call_gates)
{
	segment_enter(gate_rows[_i].mode, 3);
	const uint64_t at = AT_GDT + S_GATE;
	put_gate(at, gate_rows[_i].type, gate_rows[_i].dpl, gate_rows[_i].selector, AT_HANDLER, 0);
	if (gate_rows[_i].absent)
		mem_write(&fix.mem, HPA(at), gdt_entry(S_GATE) & ~BIT(47), 8);
	if (gate_rows[_i].high)
		mem_write(&fix.mem, HPA(at + 8), gate_rows[_i].high, 8);
	go(sys_CALL_FAR, S_GATE | 3, 0, 4);
	expect_fault(gate_rows[_i].name, gate_rows[_i].vector, gate_rows[_i].error);
	ck_assert_uint_eq(fix.cpu.cpl, 3);
}
END_TEST

START_TEST(a_32_bit_gate_switches_stacks_and_copies_parameters)
{
	struct cpu *cpu = segment_enter(PROTECTED, 3);
	put_gate(AT_GDT + S_GATE, TYPE_CALL_GATE, 3, S_CODE_0, AT_HANDLER, 2);
	mem_write(&fix.mem, HPA(OUTER_STACK), 0x11111111, 4);
	mem_write(&fix.mem, HPA(OUTER_STACK + 4), 0x22222222, 4);
	ck_assert(go(sys_CALL_FAR, S_GATE | 3, 0, 4));
	ck_assert_uint_eq(went_to, AT_HANDLER);
	ck_assert_uint_eq(cpu->cpl, 0);
	ck_assert_uint_eq(cpu->gpr[RSP], INNER_STACK - 24);
	static const uint32_t frame[] = {0x1002, S_CODE_3 | 3, 0x11111111, 0x22222222, OUTER_STACK, S_DATA_3 | 3};
	for (unsigned i = 0; i < ARRAY_LEN(frame); i++)
		ck_assert_uint_eq(stack_word(i, 4), frame[i]);
}
END_TEST

START_TEST(a_64_bit_gate_nulls_ss_and_pushes_8_bytes)
{
	struct cpu *cpu = segment_enter(LONG, 3);
	ck_assert(go(sys_CALL_FAR, S_GATE | 3, 0, 4));
	ck_assert_uint_eq(cpu->gpr[RSP], INNER_STACK - 32);
	static const uint32_t frame[] = {0x1002, S_CODE_3 | 3, OUTER_STACK, S_DATA_3 | 3};
	for (unsigned i = 0; i < ARRAY_LEN(frame); i++)
		ck_assert_uint_eq(stack_word(i, 8), frame[i]);
	ck_assert(cpu->seg[SEG_SS].ar & AR_UNUSABLE);
}
END_TEST

START_TEST(a_gate_whose_inner_stack_is_bad_is_ts_without_ext)
{
	segment_enter(PROTECTED, 3);
	mem_write(&fix.mem, HPA(AT_TSS + 8), S_DATA_3, 2);
	go(sys_CALL_FAR, S_GATE | 3, 0, 4);
	expect_fault("SS of the TSS", VEC_TS, S_DATA_3);
	fix.cpu.tr.limit = 8;
	go(sys_CALL_FAR, S_GATE | 3, 0, 4);
	expect_fault("TSS limit", VEC_TS, S_TSS);
}
END_TEST

START_TEST(call_without_room_on_the_stack_is_ss)
{
	struct cpu *cpu = segment_enter(PROTECTED, 0);
	cpu->seg[SEG_SS].limit = OUTER_STACK - 5;
	go(sys_CALL_FAR, S_CODE_0, 0x1000, 4);
	expect_fault("no room", VEC_SS, 0);
}
END_TEST

START_TEST(tasks_stop_the_run)
{
	static const uint16_t to[] = {S_TSS_AVAILABLE, S_TASK_GATE};

	for (unsigned i = 0; i < ARRAY_LEN(to); i++) {
		segment_enter(PROTECTED, 0);
		ck_assert(!go(sys_CALL_FAR, to[i], 0, 4));
		ck_assert_int_eq(fix.cpu.pending.kind, PENDING_STOP);
	}
}
END_TEST

START_TEST(a_tss_too_short_for_a_task_is_ts)
{
	static const struct {
		unsigned type, limit;
		bool good;
	} row[] = {{TYPE_TSS_AVAILABLE, 0x66, false},
		   {TYPE_TSS_AVAILABLE, 0x67, true},
		   {TYPE_TSS16_AVAILABLE, 0x2a, false},
		   {TYPE_TSS16_AVAILABLE, 0x2b, true}};
	static const uint16_t to[] = {S_TSS_AVAILABLE, S_TASK_GATE};

	for (unsigned i = 0; i < ARRAY_LEN(row) * ARRAY_LEN(to); i++) {
		segment_enter(PROTECTED, 0);
		put_descriptor(AT_GDT, S_TSS_AVAILABLE, (uint32_t)(AR_P | DPL3) | row[i / 2].type, AT_TSS, row[i / 2].limit);
		ck_assert(!go(sys_CALL_FAR, to[i % 2], 0, 4));
		if (row[i / 2].good)
			ck_assert_int_eq(fix.cpu.pending.kind, PENDING_STOP);
		else
			expect_fault("short TSS", VEC_TS, S_TSS_AVAILABLE);
	}
}
END_TEST

static void add_far(TCase *tc)
{
	tcase_add_test(tc, real_mode_call_pushes_cs_and_ip);
	tcase_add_test(tc, immediate_pointers_are_taken);
	tcase_add_loop_test(tc, far_transfers, 0, ARRAY_LEN(rows));
	tcase_add_loop_test(tc, bad_call_gates, 0, ARRAY_LEN(gate_rows));
	tcase_add_test(tc, a_32_bit_gate_switches_stacks_and_copies_parameters);
	tcase_add_test(tc, a_64_bit_gate_nulls_ss_and_pushes_8_bytes);
	tcase_add_test(tc, a_gate_whose_inner_stack_is_bad_is_ts_without_ext);
	tcase_add_test(tc, call_without_room_on_the_stack_is_ss);
	tcase_add_test(tc, tasks_stop_the_run);
	tcase_add_test(tc, a_tss_too_short_for_a_task_is_ts);
}

static void add_cases(Suite *suite)
{
	add_case(suite, "far CALL and JMP", add_far);
}

TEST_MAIN("sysinsn_far", add_cases)
