/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segment registers and descriptor tables: what loads, what faults, with which error code. */
#include "tests/segment_fixture.h"

static void load(enum segreg seg, uint16_t selector)
{
	fix.cpu.gpr[RBX] = selector;
	fixture_run(sys_MOV_TO_SEG, insn_registers(seg, RBX, 2), NULL);
}

static const struct {
	const char *name;
	enum mode mode;
	unsigned cpl;
	enum segreg seg;
	uint16_t selector;
	int vector;
	long error;
} load_rows[] = {
    {"DS data", LONG, 0, SEG_DS, S_DATA_0, -1, 0},
    {"DS null", PROTECTED, 0, SEG_DS, 0, -1, 0},
    {"DS null with RPL 3", LONG, 3, SEG_DS, 3, -1, 0},
    {"DS read-only", PROTECTED, 3, SEG_DS, S_READ_ONLY | 3, -1, 0},
    {"DS from LDT", PROTECTED, 3, SEG_DS, S_IN_LDT | 3, -1, 0},
    {"DS conforming code of inner level", PROTECTED, 3, SEG_DS, S_CONFORMING_0 | 3, -1, 0},
    {"ES readable code", COMPAT, 3, SEG_ES, S_CODE32_3 | 3, -1, 0},
    {"ES execute-only", PROTECTED, 3, SEG_ES, S_EXECUTE_ONLY | 3, VEC_GP, S_EXECUTE_ONLY},
    {"ES beyond limit", PROTECTED, 0, SEG_ES, S_END, VEC_GP, S_END},
    {"ES beyond LDT", LONG, 0, SEG_ES, 0x14, VEC_GP, 0x14},
    {"FS system descriptor", LONG, 0, SEG_FS, S_LDT, VEC_GP, S_LDT},
    {"FS CPL > DPL", PROTECTED, 3, SEG_FS, S_DATA_0, VEC_GP, S_DATA_0},
    {"FS RPL > DPL", PROTECTED, 0, SEG_FS, S_DATA_0 | 3, VEC_GP, S_DATA_0},
    {"FS nonconforming code of inner level", PROTECTED, 3, SEG_FS, S_CODE_0, VEC_GP, S_CODE_0},
    {"GS not present", LONG, 0, SEG_GS, S_ABSENT_DATA, VEC_NP, S_ABSENT_DATA},
    {"GS not present and no privilege", PROTECTED, 3, SEG_GS, S_ABSENT_DATA, VEC_GP, S_ABSENT_DATA},
    {"SS data", PROTECTED, 3, SEG_SS, S_DATA_3 | 3, -1, 0},
    {"SS null in 32-bit mode", PROTECTED, 0, SEG_SS, 0, VEC_GP, 0},
    {"SS null in compatibility mode", COMPAT, 0, SEG_SS, 0, VEC_GP, 0},
    {"SS null in 64-bit mode", LONG, 0, SEG_SS, 0, -1, 0},
    {"SS null with RPL other than CPL", LONG, 0, SEG_SS, 1, VEC_GP, 0},
    {"SS null at CPL 3", LONG, 3, SEG_SS, 3, VEC_GP, 0},
    {"SS RPL other than CPL", PROTECTED, 0, SEG_SS, S_DATA_0 | 3, VEC_GP, S_DATA_0},
    {"SS DPL other than CPL", LONG, 0, SEG_SS, S_DATA_3, VEC_GP, S_DATA_3},
    {"SS read-only", LONG, 3, SEG_SS, S_READ_ONLY | 3, VEC_GP, S_READ_ONLY},
    {"SS code", PROTECTED, 0, SEG_SS, S_CODE_0, VEC_GP, S_CODE_0},
    {"SS not present", PROTECTED, 0, SEG_SS, S_ABSENT_DATA, VEC_SS, S_ABSENT_DATA},
    {"SS beyond limit", PROTECTED, 0, SEG_SS, S_END, VEC_GP, S_END},
    {"CS", PROTECTED, 0, SEG_CS, S_CODE_0, VEC_UD, -1},
    {"real-address mode takes anything", REAL, 0, SEG_DS, 0xffff, -1, 0},
    {"virtual-8086 mode takes anything", V86, 3, SEG_SS, 0x1234, -1, 0},
};

START_TEST(mov_to_segment)
{
	const struct cpu *cpu = segment_enter(load_rows[_i].mode, load_rows[_i].cpl);
	struct segment before = cpu->seg[load_rows[_i].seg];
	load(load_rows[_i].seg, load_rows[_i].selector);
	expect_fault(load_rows[_i].name, load_rows[_i].vector, load_rows[_i].error);
	uint16_t want = load_rows[_i].vector < 0 ? load_rows[_i].selector : before.selector;
	ck_assert_msg(cpu->seg[load_rows[_i].seg].selector == want, "%s", load_rows[_i].name);
}
END_TEST

START_TEST(a_load_sets_the_accessed_bit_in_memory)
{
	segment_enter(PROTECTED, 0);
	load(SEG_DS, S_DATA_3);
	ck_assert(gdt_entry(S_DATA_3) & BIT(40));
	ck_assert(fix.cpu.seg[SEG_DS].ar & AR_A);
}
END_TEST

START_TEST(a_faulting_load_leaves_the_accessed_bit)
{
	segment_enter(PROTECTED, 0);
	load(SEG_DS, S_ABSENT_DATA);
	ck_assert(!(gdt_entry(S_ABSENT_DATA) & BIT(40)));
}
END_TEST

START_TEST(base_and_limit_come_from_the_descriptor)
{
	segment_enter(PROTECTED, 0);
	put_descriptor(AT_GDT, S_DATA_1, AR_P | AR_S | AR_RW | AR_A, 0x89abcdef, 0x12345);
	load(SEG_ES, S_DATA_1);
	ck_assert_uint_eq(fix.cpu.seg[SEG_ES].base, 0x89abcdef);
	ck_assert_uint_eq(fix.cpu.seg[SEG_ES].limit, 0x12345);
	put_descriptor(AT_GDT, S_DATA_1, AR_P | AR_S | AR_RW | AR_A | AR_G, 0, 0x12345);
	load(SEG_ES, S_DATA_1);
	ck_assert_uint_eq(fix.cpu.seg[SEG_ES].limit, 0x12345fff);
}
END_TEST

START_TEST(real_mode_keeps_the_limit)
{
	struct cpu *cpu = segment_enter(REAL, 0);
	cpu->seg[SEG_DS].limit = ~0u;
	load(SEG_DS, 0x1234);
	ck_assert_uint_eq(cpu->seg[SEG_DS].base, 0x12340);
	ck_assert_uint_eq(cpu->seg[SEG_DS].limit, ~0u);
}
END_TEST

START_TEST(mov_ss_and_pop_ss_block_interrupts_but_not_lss)
{
	struct cpu *cpu = segment_enter(PROTECTED, 0);
	load(SEG_DS, S_DATA_0);
	ck_assert_uint_eq(cpu->interruptibility, 0);
	load(SEG_SS, S_DATA_0);
	ck_assert_uint_eq(cpu->interruptibility, BLOCK_MOV_SS);
	cpu->interruptibility = 0;
	mem_write(&fix.mem, HPA(OUTER_STACK), S_DATA_0, 4);
	ck_assert(fixture_run(sys_POP_SEG, insn_registers(SEG_SS, REG_NONE, 4), NULL));
	ck_assert_uint_eq(cpu->interruptibility, BLOCK_MOV_SS);
	ck_assert_uint_eq(cpu->gpr[RSP], OUTER_STACK + 4);
	cpu->interruptibility = 0;
	mem_write(&fix.mem, HPA(LAYOUT_DATA), 0x5678 | (uint64_t)S_DATA_0 << 32, 8);
	struct insn lss = insn_memory(RBX, LAYOUT_DATA, 4);
	lss.opcode = 0xb2;
	ck_assert(fixture_run(sys_LOAD_FAR, lss, NULL));
	ck_assert_uint_eq(cpu->interruptibility, 0);
	ck_assert_uint_eq(cpu->gpr[RBX], 0x5678);
}
END_TEST

START_TEST(a_faulting_lds_leaves_the_register)
{
	segment_enter(PROTECTED, 0);
	fix.cpu.gpr[RBX] = 7;
	mem_write(&fix.mem, HPA(LAYOUT_DATA), 0x5678 | (uint64_t)S_END << 32, 8);
	struct insn lds = insn_memory(RBX, LAYOUT_DATA, 4);
	lds.opcode = 0xc5;
	ck_assert_int_eq(fixture_fault(sys_LOAD_FAR, lds), VEC_GP);
	ck_assert_uint_eq(fix.cpu.gpr[RBX], 7);
}
END_TEST

START_TEST(push_of_a_segment_in_32_bit_writes_two_bytes)
{
	segment_enter(PROTECTED, 0);
	mem_write(&fix.mem, HPA(OUTER_STACK - 4), 0xdeadbeef, 4);
	ck_assert(fixture_run(sys_PUSH_SEG, insn_registers(SEG_DS, REG_NONE, 4), NULL));
	ck_assert_uint_eq(stack_word(0, 4), 0xdead0000u | fix.cpu.seg[SEG_DS].selector);
	ck_assert_uint_eq(fix.cpu.gpr[RSP], OUTER_STACK - 4);
}
END_TEST

START_TEST(lgdt_takes_base_by_operand_size_and_mode)
{
	static const struct {
		enum mode mode;
		unsigned opsize;
		uint64_t base;
	} row[] = {{REAL, 2, 0xbcdef0}, {PROTECTED, 2, 0xbcdef0}, {PROTECTED, 4, 0x9abcdef0}, {LONG, 8, 0x129abcdef0}};

	for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
		segment_enter(row[i].mode, 0);
		mem_write(&fix.mem, HPA(0x6000), 0x1234, 2);
		mem_write(&fix.mem, HPA(0x6002), 0x129abcdef0, 8);
		ck_assert(fixture_run(sys_LGDT, insn_memory(2, 0x6000, row[i].opsize), NULL));
		ck_assert_uint_eq(fix.cpu.gdtr.limit, 0x1234);
		ck_assert_msg(fix.cpu.gdtr.base == row[i].base, "%s: %lx", mode_name[row[i].mode], fix.cpu.gdtr.base);
	}
}
END_TEST

START_TEST(bases_follow_the_processors_linear_address_width_not_la57)
{
	struct cpu *cpu = segment_enter(LONG, 0);

	mem_write(&fix.mem, HPA(LAYOUT_DATA + 2), 0x800000000000, 8); /* canonical with 57 bits only */
	ck_assert(fixture_run(sys_LIDT, insn_memory(3, LAYOUT_DATA, 8), NULL));
	ck_assert_uint_eq(cpu->idtr.base, 0x800000000000);
	for (unsigned bad = 0; bad < 2; bad++) {
		mem_write(&fix.mem, HPA(AT_GDT + S_LDT + 8), bad ? BIT(24) : 0x8000, 8); /* bits 63:32 of the base */
		cpu->gpr[RBX] = S_LDT;
		ck_assert_int_eq(fixture_fault(sys_LLDT, insn_registers(2, RBX, 2)), bad ? VEC_GP : -1);
		ck_assert_uint_eq(cpu->ldtr.base, 0x8000ull << 32 | AT_LDT);
	}
	mem_write(&fix.mem, HPA(AT_GDT + S_LDT + 8), 0, 8);
}
END_TEST

START_TEST(lidt_of_a_base_not_canonical_is_gp)
{
	segment_enter(LONG, 0);
	mem_write(&fix.mem, HPA(LAYOUT_DATA + 2), BIT(56), 8);
	ck_assert_int_eq(fixture_fault(sys_LIDT, insn_memory(3, LAYOUT_DATA, 8)), VEC_GP);
	ck_assert_uint_eq(fix.cpu.idtr.base, AT_IDT);
}
END_TEST

START_TEST(sgdt_stores_limit_and_whole_base)
{
	segment_enter(PROTECTED, 3);
	mem_write(&fix.mem, HPA(LAYOUT_DATA), ~0ull, 8);
	ck_assert(fixture_run(sys_SGDT, insn_memory(0, LAYOUT_DATA, 2), NULL));
	ck_assert_uint_eq(mem_read(&fix.mem, HPA(LAYOUT_DATA), 8), 0xffff000000000000u | (uint64_t)AT_GDT << 16 | (S_END - 1));
}
END_TEST

START_TEST(umip_keeps_stores_from_user_mode)
{
	static sysinsn_fn *const handler[] = {sys_SGDT, sys_SIDT, sys_SLDT, sys_STR};

	for (unsigned i = 0; i < ARRAY_LEN(handler); i++)
		for (unsigned cpl = 0; cpl <= 3; cpl += 3) {
			segment_enter(LONG, cpl)->cr4 |= CR4_UMIP;
			ck_assert_int_eq(fixture_fault(handler[i], insn_memory(0, LAYOUT_DATA, 2)), cpl ? VEC_GP : -1);
		}
}
END_TEST

START_TEST(system_register_instructions_need_protected_mode_and_cpl_0)
{
	for (enum mode m = REAL; m < MODES; m++)
		for (unsigned i = 0; i < 2; i++) {
			segment_enter(m, m == REAL ? 0 : 3)->gpr[RBX] = 0;
			int want = m == REAL || m == V86 ? VEC_UD : VEC_GP;
			ck_assert_int_eq(fixture_fault(i ? sys_LTR : sys_LLDT, insn_registers(2, RBX, 2)), want);
		}
}
END_TEST

static const struct {
	const char *name;
	sysinsn_fn *handler;
	enum mode mode;
	uint16_t selector;
	int vector;
	long error;
} system_rows[] = {
    {"LLDT", sys_LLDT, PROTECTED, S_LDT, -1, 0},
    {"LLDT, 64-bit", sys_LLDT, LONG, S_LDT, -1, 0},
    {"LLDT null", sys_LLDT, LONG, 0, -1, 0},
    {"LLDT of the LDT", sys_LLDT, PROTECTED, S_IN_LDT, VEC_GP, S_IN_LDT},
    {"LLDT beyond limit", sys_LLDT, PROTECTED, S_END, VEC_GP, S_END},
    {"LLDT of a TSS", sys_LLDT, PROTECTED, S_TSS_AVAILABLE, VEC_GP, S_TSS_AVAILABLE},
    {"LLDT of data", sys_LLDT, PROTECTED, S_DATA_0, VEC_GP, S_DATA_0},
    {"LLDT not present", sys_LLDT, PROTECTED, S_ABSENT_LDT, VEC_NP, S_ABSENT_LDT},
    {"LTR", sys_LTR, PROTECTED, S_TSS_AVAILABLE, -1, 0},
    {"LTR, 64-bit", sys_LTR, LONG, S_TSS_AVAILABLE, -1, 0},
    {"LTR null", sys_LTR, PROTECTED, 0, VEC_GP, 0},
    {"LTR busy", sys_LTR, LONG, S_TSS, VEC_GP, S_TSS},
    {"LTR of an LDT", sys_LTR, LONG, S_LDT, VEC_GP, S_LDT},
    {"LTR in the LDT", sys_LTR, LONG, S_IN_LDT, VEC_GP, S_IN_LDT},
};

START_TEST(lldt_and_ltr)
{
	struct cpu *cpu = segment_enter(system_rows[_i].mode, 0);
	cpu->gpr[RBX] = system_rows[_i].selector;
	fixture_run(system_rows[_i].handler, insn_registers(2, RBX, 2), NULL);
	expect_fault(system_rows[_i].name, system_rows[_i].vector, system_rows[_i].error);
}
END_TEST

START_TEST(ltr_sets_busy_in_memory_and_in_the_register)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	mem_write(&fix.mem, HPA(AT_GDT + S_TSS_AVAILABLE + 8), 0xffff8000, 8);
	cpu->gpr[RBX] = S_TSS_AVAILABLE;
	ck_assert(fixture_run(sys_LTR, insn_registers(3, RBX, 2), NULL));
	ck_assert_uint_eq(FIELD(gdt_entry(S_TSS_AVAILABLE), 43, 40), TYPE_TSS_BUSY);
	ck_assert_uint_eq(cpu->tr.ar & AR_TYPE, TYPE_TSS_BUSY);
	ck_assert_uint_eq(cpu->tr.base, 0xffff800000000000 | AT_TSS);
}
END_TEST

START_TEST(a_16_byte_descriptor_must_fit_and_have_a_zero_type_above)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	cpu->gpr[RBX] = S_LDT;
	cpu->gdtr.limit = S_LDT + 14;
	ck_assert_int_eq(fixture_fault(sys_LLDT, insn_registers(2, RBX, 2)), VEC_GP);
	ck_assert_uint_eq(cpu->pending.error, S_LDT);
	cpu->gdtr.limit = S_END - 1;
	mem_write(&fix.mem, HPA(AT_GDT + S_LDT + 8), BIT(40), 8);
	ck_assert_int_eq(fixture_fault(sys_LLDT, insn_registers(2, RBX, 2)), VEC_GP);
}
END_TEST

/* ZF of the four questions about each descriptor, at CPL 3 with RPL 3 in 32-bit mode. */
static const struct {
	uint16_t selector;
	bool lar, lsl, verr, verw;
} question_rows[] = {
    {0, false, false, false, false},	    {S_DATA_0, false, false, false, false},	{S_DATA_3, true, true, true, true},
    {S_READ_ONLY, true, true, true, false}, {S_EXECUTE_ONLY, true, true, false, false}, {S_CODE_3, true, true, true, false},
    {S_CODE_0, false, false, false, false}, {S_CONFORMING_0, true, true, true, false},	{S_TSS_AVAILABLE, true, true, false, false},
    {S_GATE, true, false, false, false},    {S_ABSENT_DATA_3, true, true, true, true},	{S_END, false, false, false, false},
};

static bool ask(sysinsn_fn *handler, uint16_t selector)
{
	fix.cpu.gpr[RBX] = selector | 3;
	ck_assert(fixture_run(handler, insn_registers(RCX, RBX, 4), NULL));
	return fix.cpu.rflags & FLAG_ZF;
}

START_TEST(questions_about_descriptors)
{
	segment_enter(PROTECTED, 3);
	uint16_t s = question_rows[_i].selector;
	ck_assert_msg(ask(sys_LAR, s) == question_rows[_i].lar, "LAR %x", s);
	ck_assert_msg(ask(sys_LSL, s) == question_rows[_i].lsl, "LSL %x", s);
	ck_assert_msg(ask(sys_VERR, s) == question_rows[_i].verr, "VERR %x", s);
	ck_assert_msg(ask(sys_VERW, s) == question_rows[_i].verw, "VERW %x", s);
}
END_TEST

START_TEST(lar_and_lsl_give_rights_and_limit)
{
	segment_enter(PROTECTED, 3);
	ck_assert(ask(sys_LAR, S_DATA_3));
	ck_assert_uint_eq(fix.cpu.gpr[RCX], 0x00c0f200);
	ck_assert(ask(sys_LSL, S_DATA_3));
	ck_assert_uint_eq(fix.cpu.gpr[RCX], 0xffffffff);
}
END_TEST

START_TEST(arpl_raises_rpl_and_says_so)
{
	struct cpu *cpu = segment_enter(PROTECTED, 3);
	cpu->gpr[RBX] = 0x11;
	cpu->gpr[RCX] = 3;
	ck_assert(fixture_run(sys_ARPL, insn_registers(RCX, RBX, 2), NULL));
	ck_assert_uint_eq(cpu->gpr[RBX], 0x13);
	ck_assert(cpu->rflags & FLAG_ZF);
	ck_assert(fixture_run(sys_ARPL, insn_registers(RCX, RBX, 2), NULL));
	ck_assert(!(cpu->rflags & FLAG_ZF));
}
END_TEST

START_TEST(descriptor_reads_are_supervisor_accesses_and_fault_as_such)
{
	struct cpu *cpu = segment_enter(LONG, 3);
	cpu->gdtr.base = LAYOUT_HOLE;
	load(SEG_DS, S_DATA_3 | 3);
	expect_fault("GDT on a page that is not present", VEC_PF, 0);
	ck_assert_uint_eq(cpu->pending.cr2, LAYOUT_HOLE + S_DATA_3);
	cpu->gdtr.base = 0x800000000000;
	load(SEG_DS, S_DATA_3 | 3);
	expect_fault("GDT base not canonical", VEC_GP, 0);
}
END_TEST

static void add_segments(TCase *tc)
{
	tcase_add_loop_test(tc, mov_to_segment, 0, ARRAY_LEN(load_rows));
	tcase_add_test(tc, a_load_sets_the_accessed_bit_in_memory);
	tcase_add_test(tc, a_faulting_load_leaves_the_accessed_bit);
	tcase_add_test(tc, base_and_limit_come_from_the_descriptor);
	tcase_add_test(tc, real_mode_keeps_the_limit);
	tcase_add_test(tc, mov_ss_and_pop_ss_block_interrupts_but_not_lss);
	tcase_add_test(tc, a_faulting_lds_leaves_the_register);
	tcase_add_test(tc, push_of_a_segment_in_32_bit_writes_two_bytes);
	tcase_add_test(tc, descriptor_reads_are_supervisor_accesses_and_fault_as_such);
}

static void add_tables(TCase *tc)
{
	tcase_add_test(tc, lgdt_takes_base_by_operand_size_and_mode);
	tcase_add_test(tc, bases_follow_the_processors_linear_address_width_not_la57);
	tcase_add_test(tc, lidt_of_a_base_not_canonical_is_gp);
	tcase_add_test(tc, sgdt_stores_limit_and_whole_base);
	tcase_add_test(tc, umip_keeps_stores_from_user_mode);
	tcase_add_test(tc, system_register_instructions_need_protected_mode_and_cpl_0);
	tcase_add_loop_test(tc, lldt_and_ltr, 0, ARRAY_LEN(system_rows));
	tcase_add_test(tc, ltr_sets_busy_in_memory_and_in_the_register);
	tcase_add_test(tc, a_16_byte_descriptor_must_fit_and_have_a_zero_type_above);
	tcase_add_loop_test(tc, questions_about_descriptors, 0, ARRAY_LEN(question_rows));
	tcase_add_test(tc, lar_and_lsl_give_rights_and_limit);
	tcase_add_test(tc, arpl_raises_rpl_and_says_so);
}

static void add_cases(Suite *suite)
{
	add_case(suite, "segment registers", add_segments);
	add_case(suite, "tables", add_tables);
}

TEST_MAIN("sysinsn_segment", add_cases)
