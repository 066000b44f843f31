/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event delivery: frames, flags, stacks, faults on the way, double and triple faults. */
#include "tests/segment_fixture.h"

#include "emu/deliver.h"

/* Raises an exception and delivers it. */
static bool deliver(enum vector vector, long error)
{
	if (error < 0)
		raise_exception(&fix.cpu, vector);
	else
		raise_error(&fix.cpu, vector, (uint32_t)error);
	return deliver_pending(&fix.cpu);
}

static bool deliver_software(uint8_t vector, enum event_type type)
{
	fix.cpu.pending = (struct pending){.kind = PENDING_EXCEPTION, .vector = vector, .type = (uint8_t)type, .insn_len = 2};
	return deliver_pending(&fix.cpu);
}

/* The handler that runs now: which vector it is of. */
static int handler(void)
{
	return (int)(fix.cpu.rip - AT_HANDLER);
}

START_TEST(real_mode_pushes_flags_cs_ip_and_enters_the_vector)
{
	struct cpu *cpu = segment_enter(REAL, 0);
	cpu->rflags |= FLAG_IF | FLAG_TF | FLAG_AC;
	cpu->rip = 0x1234;
	cpu->seg[SEG_CS].selector = 0x567;
	ck_assert(deliver(VEC_GP, 0));
	ck_assert_uint_eq(cpu->rip, VEC_GP);
	ck_assert_uint_eq(cpu->seg[SEG_CS].selector, 0x4000);
	ck_assert_uint_eq(cpu->seg[SEG_CS].base, 0x40000);
	ck_assert_uint_eq(cpu->gpr[RSP], 0x7000 - 6);
	ck_assert_uint_eq(stack_word(0, 2), 0x1234);
	ck_assert_uint_eq(stack_word(1, 2), 0x567);
	ck_assert_uint_eq(stack_word(2, 2), FLAG_FIXED | FLAG_IF | FLAG_TF);
	ck_assert_uint_eq(cpu->rflags, FLAG_FIXED);
}
END_TEST

START_TEST(protected_mode_same_level_pushes_eflags_cs_eip_error)
{
	struct cpu *cpu = segment_enter(PROTECTED, 0);
	cpu->rflags |= FLAG_IF;
	ck_assert(deliver(VEC_GP, 0x1234));
	ck_assert_int_eq(handler(), VEC_GP);
	ck_assert_uint_eq(cpu->gpr[RSP], OUTER_STACK - 16);
	ck_assert_uint_eq(stack_word(0, 4), 0x1234);
	ck_assert_uint_eq(stack_word(1, 4), 0x1000);
	ck_assert_uint_eq(stack_word(2, 4), S_CODE_0);
	ck_assert_uint_eq(stack_word(3, 4), FLAG_FIXED | FLAG_IF | FLAG_RF);
	ck_assert_uint_eq(cpu->rflags, FLAG_FIXED);
}
END_TEST

START_TEST(protected_mode_inner_level_switches_to_the_stack_of_the_tss)
{
	struct cpu *cpu = segment_enter(PROTECTED, 3);
	ck_assert(deliver(VEC_UD, -1));
	ck_assert_uint_eq(cpu->cpl, 0);
	ck_assert_uint_eq(cpu->seg[SEG_SS].selector, S_DATA_0);
	ck_assert_uint_eq(cpu->gpr[RSP], INNER_STACK - 20);
	ck_assert_uint_eq(stack_word(1, 4), S_CODE_3 | 3);
	ck_assert_uint_eq(stack_word(3, 4), OUTER_STACK);
	ck_assert_uint_eq(stack_word(4, 4), S_DATA_3 | 3);
}
END_TEST

START_TEST(from_v86_all_segments_are_pushed_and_nulled)
{
	struct cpu *cpu = segment_enter(V86, 3);
	for (unsigned i = 0; i < SEG_COUNT; i++)
		cpu->seg[i] = segment_v86((uint16_t)(0x100 + i));
	ck_assert(deliver(VEC_UD, -1));
	ck_assert_uint_eq(cpu->gpr[RSP], INNER_STACK - 36);
	static const uint8_t order[] = {SEG_SS, SEG_ES, SEG_DS, SEG_FS, SEG_GS};
	for (unsigned i = 0; i < ARRAY_LEN(order); i++)
		ck_assert_uint_eq(stack_word(4 + i, 4), 0x100u + order[i]);
	ck_assert(stack_word(2, 4) & FLAG_VM);
	ck_assert(!(cpu->rflags & FLAG_VM));
	ck_assert(cpu->seg[SEG_DS].ar & AR_UNUSABLE);
	ck_assert_uint_eq(cpu->cpl, 0);
}
END_TEST

START_TEST(from_v86_a_handler_at_level_1_is_gp)
{
	segment_enter(V86, 3);
	put_gate(idt_at(VEC_UD), TYPE_INTERRUPT_GATE, 0, S_CODE_1, 0, 0);
	ck_assert(deliver(VEC_UD, -1));
	ck_assert_int_eq(handler(), VEC_GP);
	ck_assert_uint_eq(stack_word(0, 4), S_CODE_1 | ERROR_EXT);
}
END_TEST

START_TEST(long_mode_aligns_the_stack_and_always_pushes_ss_rsp)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	cpu->gpr[RSP] = OUTER_STACK - 5;
	ck_assert(deliver(VEC_GP, 0x18));
	ck_assert_uint_eq(cpu->gpr[RSP], OUTER_STACK - 16 - 48);
	ck_assert_uint_eq(stack_word(0, 8), 0x18);
	ck_assert_uint_eq(stack_word(1, 8), 0x1000);
	ck_assert_uint_eq(stack_word(2, 8), S_CODE_0);
	ck_assert_uint_eq(stack_word(3, 8), FLAG_FIXED | FLAG_RF);
	ck_assert_uint_eq(stack_word(4, 8), OUTER_STACK - 5);
	ck_assert_uint_eq(stack_word(5, 8), S_DATA_0);
	ck_assert_uint_eq(cpu->seg[SEG_SS].selector, S_DATA_0);
}
END_TEST

START_TEST(long_mode_inner_level_has_a_null_ss)
{
	for (enum mode m = COMPAT; m <= LONG; m++) {
		struct cpu *cpu = segment_enter(m, 3);
		ck_assert(deliver(VEC_UD, -1));
		ck_assert_uint_eq(cpu->cpl, 0);
		ck_assert_uint_eq(cpu->seg[SEG_SS].selector, 0);
		ck_assert(cpu->seg[SEG_SS].ar & AR_UNUSABLE);
		ck_assert_uint_eq(cpu->gpr[RSP], INNER_STACK - 40);
		ck_assert(cpu_64bit(cpu));
	}
}
END_TEST

START_TEST(ist_replaces_the_stack_at_every_level_and_is_aligned)
{
	for (unsigned cpl = 0; cpl <= 3; cpl += 3) {
		struct cpu *cpu = segment_enter(LONG, cpl);
		put_gate(idt_at(VEC_DF), TYPE_INTERRUPT_GATE, 0, S_CODE_0, AT_HANDLER, 1);
		ck_assert(deliver(VEC_DF, 0));
		ck_assert_uint_eq(cpu->gpr[RSP], (IST1_STACK & ~0xf) - 48);
		ck_assert_uint_eq(stack_word(4, 8), OUTER_STACK);
	}
}
END_TEST

START_TEST(a_trap_gate_keeps_if)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	put_gate(idt_at(VEC_UD), TYPE_TRAP_GATE, 0, S_CODE_0, AT_HANDLER, 0);
	cpu->rflags |= FLAG_IF | FLAG_TF | FLAG_NT | FLAG_RF;
	ck_assert(deliver(VEC_UD, -1));
	ck_assert_uint_eq(cpu->rflags, FLAG_FIXED | FLAG_IF);
}
END_TEST

START_TEST(a_16_bit_gate_pushes_words)
{
	struct cpu *cpu = segment_enter(PROTECTED, 0);
	put_gate(idt_at(VEC_UD), TYPE_INTERRUPT_GATE16, 0, S_CODE_0, 0xabcd1234, 0);
	ck_assert(deliver(VEC_UD, -1));
	ck_assert_uint_eq(cpu->rip, 0x1234);
	ck_assert_uint_eq(cpu->gpr[RSP], OUTER_STACK - 6);
}
END_TEST

START_TEST(a_16_bit_tss_has_16_bit_stacks)
{
	struct cpu *cpu = segment_enter(PROTECTED, 3);
	cpu->tr.ar = AR_P | TYPE_TSS16_BUSY;
	mem_write(&fix.mem, HPA(AT_TSS + 2), 0x5000, 2);
	mem_write(&fix.mem, HPA(AT_TSS + 4), S_DATA_0, 2);
	ck_assert(deliver(VEC_UD, -1));
	ck_assert_uint_eq(cpu->gpr[RSP], 0x5000 - 20);
}
END_TEST

/* RF in the image: set for faults; as it is for interrupts, traps and aborts; clear for software events. */
static const struct {
	const char *name;
	uint8_t vector, type;
	uint64_t dr6;
	bool rf_before, rf_pushed;
} rf_rows[] = {
    {"#UD is a fault", VEC_UD, EVTYPE_HARDWARE, 0, false, true},
    {"#PF is a fault", VEC_PF, EVTYPE_HARDWARE, 0, false, true},
    {"#DB single step", VEC_DB, EVTYPE_HARDWARE, BIT(14), false, false},
    {"#DB instruction breakpoint", VEC_DB, EVTYPE_HARDWARE, 1, false, false},
    {"#DB general detect", VEC_DB, EVTYPE_HARDWARE, BIT(13), false, true},
    {"interrupt", 32, EVTYPE_EXTERNAL, 0, false, false},
    {"interrupt within REP", 32, EVTYPE_EXTERNAL, 0, true, true},
    {"INT n", 0x80, EVTYPE_SOFT_INT, 0, true, false},
};

START_TEST(rf_is_pushed_by_class)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	cpu->rflags |= rf_rows[_i].rf_before ? FLAG_RF : 0;
	cpu->pending = (struct pending){
	    .kind = PENDING_EXCEPTION, .vector = rf_rows[_i].vector, .type = rf_rows[_i].type, .dr6 = rf_rows[_i].dr6, .insn_len = 2};
	ck_assert(deliver_pending(cpu));
	ck_assert_msg(!!(stack_word(2, 8) & FLAG_RF) == rf_rows[_i].rf_pushed, "%s", rf_rows[_i].name);
}
END_TEST

START_TEST(a_software_interrupt_returns_to_the_next_instruction)
{
	segment_enter(LONG, 0);
	ck_assert(deliver_software(0x80, EVTYPE_SOFT_INT));
	ck_assert_int_eq(handler(), 0x80);
	ck_assert_uint_eq(stack_word(0, 8), 0x1002);
	ck_assert_uint_eq(fix.cpu.ev.n[EV_SOFT_INTS], 1);
}
END_TEST

/* The gate's DPL stands in the way of INT n, INT3 and INTO from user mode, not of INT1, interrupts and exceptions. */
START_TEST(gate_dpl_is_for_software_interrupts_only)
{
	static const struct {
		uint8_t type;
		bool checked;
	} row[] = {{EVTYPE_EXTERNAL, false}, {EVTYPE_NMI, false},	{EVTYPE_HARDWARE, false},
		   {EVTYPE_SOFT_INT, true},  {EVTYPE_PRIV_SOFT, false}, {EVTYPE_SOFT_EXC, true}};

	for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
		segment_enter(LONG, 3);
		ck_assert(deliver_software(VEC_BP, row[i].type));
		ck_assert_int_eq(handler(), row[i].checked ? VEC_GP : VEC_BP);
		if (row[i].checked)
			ck_assert_uint_eq(stack_word(0, 8), VEC_BP * 8 | ERROR_IDT);
	}
}
END_TEST

/* What is wrong with the gate of #UD, or with what it leads to: fault and error code, delivered in turn. */
enum flaw {
	BEYOND_IDT,
	GATE_TYPE,
	GATE_ABSENT,
	CS_NULL,
	CS_BEYOND,
	CS_DATA,
	CS_ABSENT,
	CS_OUTER,
	CS_WIDTH,
	TARGET,
	TSS_SHORT,
	STACK_ADDRESS
};

static const struct {
	const char *name;
	enum mode mode;
	unsigned cpl;
	enum flaw flaw;
	int vector;
	uint32_t error;
} flaw_rows[] = {
    {"type, 64-bit", LONG, 0, GATE_TYPE, VEC_GP, 6 * 8 | ERROR_IDT | ERROR_EXT},
    {"16-bit gate, 64-bit", LONG, 3, GATE_TYPE, VEC_GP, 6 * 8 | ERROR_IDT | ERROR_EXT},
    {"type, 32-bit", PROTECTED, 0, GATE_TYPE, VEC_GP, 6 * 8 | ERROR_IDT | ERROR_EXT},
    {"gate not present, 64-bit", LONG, 3, GATE_ABSENT, VEC_NP, 6 * 8 | ERROR_IDT | ERROR_EXT},
    {"gate not present, 32-bit", PROTECTED, 3, GATE_ABSENT, VEC_NP, 6 * 8 | ERROR_IDT | ERROR_EXT},
    {"CS null, 64-bit", LONG, 3, CS_NULL, VEC_GP, ERROR_EXT},
    {"CS null, 32-bit", PROTECTED, 0, CS_NULL, VEC_GP, ERROR_EXT},
    {"CS beyond limit, 64-bit", LONG, 0, CS_BEYOND, VEC_GP, S_END | ERROR_EXT},
    {"CS beyond limit, 32-bit", PROTECTED, 3, CS_BEYOND, VEC_GP, S_END | ERROR_EXT},
    {"CS is data, 64-bit", LONG, 0, CS_DATA, VEC_GP, S_DATA_0 | ERROR_EXT},
    {"CS is data, 32-bit", PROTECTED, 0, CS_DATA, VEC_GP, S_DATA_0 | ERROR_EXT},
    {"CS not present, 64-bit", LONG, 3, CS_ABSENT, VEC_NP, S_ABSENT_CODE | ERROR_EXT},
    {"CS not present, 32-bit", PROTECTED, 0, CS_ABSENT, VEC_NP, S_ABSENT_CODE | ERROR_EXT},
    {"CS less privileged", LONG, 0, CS_OUTER, VEC_GP, S_CODE_3 | ERROR_EXT},
    {"CS less privileged, 32-bit", PROTECTED, 0, CS_OUTER, VEC_GP, S_CODE_3 | ERROR_EXT},
    {"CS is 32-bit code in IA-32e mode", LONG, 0, CS_WIDTH, VEC_GP, S_CODE32_0 | ERROR_EXT},
    {"CS is 32-bit code, from compatibility mode", COMPAT, 3, CS_WIDTH, VEC_GP, S_CODE32_0 | ERROR_EXT},
    {"handler not canonical", LONG, 0, TARGET, VEC_GP, ERROR_EXT},
    {"handler beyond CS limit", PROTECTED, 0, TARGET, VEC_GP, ERROR_EXT},
    {"IST stack not canonical", LONG, 0, STACK_ADDRESS, VEC_SS, ERROR_EXT},
};

static void spoil(enum flaw flaw)
{
	bool wide = cpu_long_mode(&fix.cpu);
	uint64_t at = idt_at(VEC_UD), low = mem_read(&fix.mem, HPA(at), 8);
	static const uint16_t cs[] = {[CS_NULL] = 3,	     [CS_BEYOND] = S_END,    [CS_DATA] = S_DATA_0, [CS_ABSENT] = S_ABSENT_CODE,
				      [CS_OUTER] = S_CODE_3, [CS_WIDTH] = S_CODE32_0};

	if (flaw == GATE_TYPE)
		mem_write(&fix.mem, HPA(at), (low & ~BITS(43, 40)) | (wide ? 6ull : 12ull) << 40, 8);
	else if (flaw == GATE_ABSENT)
		mem_write(&fix.mem, HPA(at), low & ~BIT(47), 8);
	else if (flaw == STACK_ADDRESS) {
		put_gate(at, TYPE_INTERRUPT_GATE, 0, S_CODE_0, AT_HANDLER, 1);
		mem_write(&fix.mem, HPA(AT_TSS + 36), 0x800000001000, 8);
	} else if (flaw == TARGET)
		put_gate(at, TYPE_INTERRUPT_GATE, 0, wide ? S_CODE_0 : S_SHORT_CODE_0, wide ? 0x800000000000 : 0x1000, 0);
	else
		put_gate(at, TYPE_INTERRUPT_GATE, 0, cs[flaw], AT_HANDLER, 0);
}

START_TEST(a_bad_gate_is_the_right_fault_with_ext)
{
	segment_enter(flaw_rows[_i].mode, flaw_rows[_i].cpl);
	spoil(flaw_rows[_i].flaw);
	ck_assert_msg(deliver(VEC_UD, -1), "%s", flaw_rows[_i].name);
	ck_assert_msg(handler() == flaw_rows[_i].vector, "%s: handler %d", flaw_rows[_i].name, handler());
	uint64_t error = stack_word(0, cpu_long_mode(&fix.cpu) ? 8 : 4);
	ck_assert_msg(error == flaw_rows[_i].error, "%s: error %lx, expected %x", flaw_rows[_i].name, error, flaw_rows[_i].error);
}
END_TEST

START_TEST(int_n_beyond_the_idt_is_gp_without_ext)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	cpu->idtr.limit = 0x80 * 16 + 14;
	ck_assert(deliver_software(0x80, EVTYPE_SOFT_INT));
	ck_assert_int_eq(handler(), VEC_GP);
	ck_assert_uint_eq(stack_word(0, 8), 0x80 * 8 | ERROR_IDT);
	ck_assert_uint_eq(stack_word(1, 8), 0x1000);
}
END_TEST

/* The inner stack of the 32-bit TSS: #TS and #SS with the selector; delivered through a task-free #TS gate at the same level. */
static const struct {
	const char *name;
	uint16_t ss;
	int vector;
	uint32_t error;
} ss_rows[] = {
    {"null", 0, VEC_TS, ERROR_EXT},
    {"RPL is not 0", S_DATA_0 | 1, VEC_TS, S_DATA_0 | ERROR_EXT},
    {"DPL is not 0", S_DATA_3, VEC_TS, S_DATA_3 | ERROR_EXT},
    {"beyond limit", S_END, VEC_TS, S_END | ERROR_EXT},
    {"code", S_CODE_0, VEC_TS, S_CODE_0 | ERROR_EXT},
    {"not present", S_ABSENT_DATA, VEC_SS, S_ABSENT_DATA | ERROR_EXT},
};

START_TEST(a_bad_inner_stack_is_ts_or_ss)
{
	segment_enter(PROTECTED, 3);
	mem_write(&fix.mem, HPA(AT_TSS + 8), ss_rows[_i].ss, 2);
	put_gate(idt_at(VEC_TS), TYPE_INTERRUPT_GATE, 0, S_CONFORMING_0, AT_HANDLER + VEC_TS, 0);
	put_gate(idt_at(VEC_SS), TYPE_INTERRUPT_GATE, 0, S_CONFORMING_0, AT_HANDLER + VEC_SS, 0);
	ck_assert_msg(deliver(VEC_UD, -1), "%s", ss_rows[_i].name);
	ck_assert_msg(handler() == ss_rows[_i].vector, "%s: handler %d", ss_rows[_i].name, handler());
	ck_assert_msg(stack_word(0, 4) == ss_rows[_i].error, "%s: error %lx", ss_rows[_i].name, stack_word(0, 4));
	ck_assert_uint_eq(fix.cpu.cpl, 3);
}
END_TEST

START_TEST(a_tss_too_short_for_the_stack_is_ts_of_tr)
{
	struct cpu *cpu = segment_enter(LONG, 3);
	cpu->tr.limit = 10;
	put_gate(idt_at(VEC_TS), TYPE_INTERRUPT_GATE, 0, S_CONFORMING_0, AT_HANDLER + VEC_TS, 0);
	ck_assert(deliver(VEC_UD, -1));
	ck_assert_int_eq(handler(), VEC_TS);
	ck_assert_uint_eq(stack_word(0, 8), S_TSS | ERROR_EXT);
}
END_TEST

/* SDM 3A, table "Conditions for Generating a Double Fault": the second fault is made by breaking the first's gate or its stack. */
START_TEST(classes_combine_as_the_table_says)
{
	static const struct {
		const char *name;
		uint8_t first;
		bool page_fault; /* the second one; else #NP */
		int handler;
	} row[] = {
	    {"benign, contributory", VEC_UD, false, VEC_NP},	   {"benign, page fault", VEC_UD, true, VEC_PF},
	    {"contributory, contributory", VEC_GP, false, VEC_DF}, {"contributory, page fault", VEC_GP, true, VEC_PF},
	    {"page fault, contributory", VEC_PF, false, VEC_DF},   {"#VE is a page fault", VEC_VE, false, VEC_DF},
	    {"#DE is contributory", VEC_DE, false, VEC_DF},	   {"#AC is benign", VEC_AC, false, VEC_NP},
	};

	for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
		segment_enter(LONG, 0);
		put_gate(idt_at(row[i].first), TYPE_INTERRUPT_GATE, 0, S_CODE_0, AT_HANDLER, row[i].page_fault ? 1 : 0);
		mem_write(&fix.mem, HPA(AT_TSS + 36), LAYOUT_HOLE + 0x1000, 8);
		if (!row[i].page_fault)
			mem_write(&fix.mem, HPA(idt_at(row[i].first)), (uint64_t)TYPE_INTERRUPT_GATE << 40, 8);
		ck_assert_msg(deliver(row[i].first, -1), "%s", row[i].name);
		ck_assert_msg(handler() == row[i].handler, "%s: handler %d", row[i].name, handler());
		if (row[i].page_fault)
			ck_assert_uint_eq(fix.cpu.cr2, LAYOUT_HOLE + 0x1000 - 8);
	}
}
END_TEST

START_TEST(page_fault_twice_is_a_double_fault_with_error_0)
{
	segment_enter(LONG, 0);
	put_gate(idt_at(VEC_PF), TYPE_INTERRUPT_GATE, 0, S_CODE_0, AT_HANDLER, 1);
	mem_write(&fix.mem, HPA(AT_TSS + 36), LAYOUT_HOLE + 0x1000, 8);
	ck_assert(deliver(VEC_PF, 0));
	ck_assert_int_eq(handler(), VEC_DF);
	ck_assert_uint_eq(stack_word(0, 8), 0);
	ck_assert_uint_eq(fix.cpu.ev.n[EV_EXC_DF], 1);
}
END_TEST

START_TEST(a_fault_while_delivering_a_double_fault_shuts_down)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	cpu->idtr.limit = 0;
	ck_assert(!deliver(VEC_UD, -1));
	ck_assert_int_eq(cpu->activity, ACTIVITY_SHUTDOWN);
	ck_assert_int_eq(cpu->pending.kind, PENDING_NONE);
	ck_assert_uint_eq(cpu->rip, 0x1000);
}
END_TEST

START_TEST(endless_alignment_faults_stop_the_run)
{
	struct cpu *cpu = segment_enter(PROTECTED, 3);
	cpu->cr0 |= CR0_AM;
	cpu->rflags |= FLAG_AC;
	cpu->gpr[RSP] = OUTER_STACK + 1;
	put_gate(idt_at(VEC_AC), TYPE_INTERRUPT_GATE, 0, S_CODE_3, AT_HANDLER, 0);
	ck_assert(!deliver(VEC_AC, 0));
	ck_assert_int_eq(cpu->pending.kind, PENDING_STOP);
}
END_TEST

START_TEST(a_task_gate_stops_the_run_with_a_line)
{
	struct cpu *cpu = segment_enter(PROTECTED, 0);
	mem_write(&fix.mem, HPA(idt_at(VEC_DF)), (uint64_t)S_TSS_AVAILABLE << 16 | (uint64_t)(0x80 | TYPE_TASK_GATE) << 40, 8);
	ck_assert(!deliver(VEC_DF, 0));
	ck_assert_int_eq(cpu->pending.kind, PENDING_STOP);
	ck_assert(strstr(cpu->pending.stop_reason, "task switch") != NULL);
}
END_TEST

START_TEST(page_fault_writes_cr2_and_debug_writes_dr6_and_clears_gd)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	raise_error(cpu, VEC_PF, 2);
	cpu->pending.cr2 = 0x123456789;
	ck_assert(deliver_pending(cpu));
	ck_assert_uint_eq(cpu->cr2, 0x123456789);
	cpu->dr[6] |= 3;
	cpu->dr[7] |= BIT(13);
	raise_db(cpu, BIT(14) | 4);
	ck_assert(deliver_pending(cpu));
	ck_assert_uint_eq(cpu->dr[6], 0xffff0ff0 | BIT(14) | 4);
	ck_assert(!(cpu->dr[7] & BIT(13)));
}
END_TEST

START_TEST(an_nmi_blocks_nmis_and_ends_shadows_and_halt)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	cpu->interruptibility = BLOCK_STI;
	cpu->activity = ACTIVITY_HLT;
	ck_assert(deliver_interrupt(cpu, 0, true));
	ck_assert_int_eq(handler(), VEC_NMI);
	ck_assert_uint_eq(cpu->interruptibility, BLOCK_NMI);
	ck_assert_int_eq(cpu->activity, ACTIVITY_ACTIVE);
	ck_assert_uint_eq(cpu->ev.n[EV_INTERRUPTS], 1);
	ck_assert(!cpu->delivery.active);
}
END_TEST

START_TEST(delivery_sets_accessed_in_the_handlers_code_segment)
{
	segment_enter(LONG, 0);
	ck_assert(!(gdt_entry(S_CODE_0) & BIT(40)));
	ck_assert(deliver(VEC_UD, -1));
	ck_assert(gdt_entry(S_CODE_0) & BIT(40));
}
END_TEST

static void add_frames(TCase *tc)
{
	tcase_add_test(tc, real_mode_pushes_flags_cs_ip_and_enters_the_vector);
	tcase_add_test(tc, protected_mode_same_level_pushes_eflags_cs_eip_error);
	tcase_add_test(tc, protected_mode_inner_level_switches_to_the_stack_of_the_tss);
	tcase_add_test(tc, from_v86_all_segments_are_pushed_and_nulled);
	tcase_add_test(tc, from_v86_a_handler_at_level_1_is_gp);
	tcase_add_test(tc, long_mode_aligns_the_stack_and_always_pushes_ss_rsp);
	tcase_add_test(tc, long_mode_inner_level_has_a_null_ss);
	tcase_add_test(tc, ist_replaces_the_stack_at_every_level_and_is_aligned);
	tcase_add_test(tc, a_trap_gate_keeps_if);
	tcase_add_test(tc, a_16_bit_gate_pushes_words);
	tcase_add_test(tc, a_16_bit_tss_has_16_bit_stacks);
	tcase_add_loop_test(tc, rf_is_pushed_by_class, 0, ARRAY_LEN(rf_rows));
	tcase_add_test(tc, a_software_interrupt_returns_to_the_next_instruction);
	tcase_add_test(tc, page_fault_writes_cr2_and_debug_writes_dr6_and_clears_gd);
	tcase_add_test(tc, an_nmi_blocks_nmis_and_ends_shadows_and_halt);
	tcase_add_test(tc, delivery_sets_accessed_in_the_handlers_code_segment);
}

static void add_faults(TCase *tc)
{
	tcase_add_test(tc, gate_dpl_is_for_software_interrupts_only);
	tcase_add_loop_test(tc, a_bad_gate_is_the_right_fault_with_ext, 0, ARRAY_LEN(flaw_rows));
	tcase_add_test(tc, int_n_beyond_the_idt_is_gp_without_ext);
	tcase_add_loop_test(tc, a_bad_inner_stack_is_ts_or_ss, 0, ARRAY_LEN(ss_rows));
	tcase_add_test(tc, a_tss_too_short_for_the_stack_is_ts_of_tr);
	tcase_add_test(tc, classes_combine_as_the_table_says);
	tcase_add_test(tc, page_fault_twice_is_a_double_fault_with_error_0);
	tcase_add_test(tc, a_fault_while_delivering_a_double_fault_shuts_down);
	tcase_add_test(tc, endless_alignment_faults_stop_the_run);
	tcase_add_test(tc, a_task_gate_stops_the_run_with_a_line);
}

static void add_cases(Suite *suite)
{
	add_case(suite, "frames", add_frames);
	add_case(suite, "faults", add_faults);
}

TEST_MAIN("deliver", add_cases)
