/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What exits in non-root operation: each instruction with its control off and on, operands, bitmaps, masks, events and their order. */
#include "tests/vmx_fixture.h"

static struct insn insn_of(enum sysop sys)
{
	return (struct insn){
	    .len = 3, .sys = (uint8_t)sys, .opsize = 4, .addrsize = 8, .seg = SEG_DS, .base = REG_NONE, .index = REG_NONE, .rm = RBX};
}

/* The guest runs with these controls more than the good VMCS has. */
static struct cpu *guest_with(uint64_t pin, uint64_t proc, uint64_t proc2)
{
	set_bits(VMCS_PIN_CONTROLS, pin);
	set_bits(VMCS_PROC_CONTROLS, proc);
	set_bits(VMCS_PROC2_CONTROLS, proc2);
	ck_assert_msg(launch(), "%s", fix_vmx.failure.text ? fix_vmx.failure.text : "");
	return &fix.cpu;
}

/* The exit reason of an instruction, or -1. */
static int exits(struct insn insn)
{
	struct cpu *cpu = &fix.cpu;

	cpu->pending = (struct pending){.kind = PENDING_NONE};
	if (!vmx_intercept(cpu, &insn))
		return -1;
	ck_assert_int_eq(cpu->pending.kind, PENDING_VM_EXIT);
	ck_assert_uint_eq(cpu->pending.insn_len, insn.len);
	return (int)cpu->pending.exit_reason;
}

START_TEST(instructions_exit_by_their_control)
{
	static const struct {
		enum sysop sys;
		uint64_t proc, proc2;
		int reason;
	} rows[] = {
	    {SYS_CPUID, 0, 0, EXIT_CPUID},
	    {SYS_INVD, 0, 0, EXIT_INVD},
	    {SYS_XSETBV, 0, 0, EXIT_XSETBV},
	    {SYS_RDMSR, 0, 0, EXIT_MSR_READ},
	    {SYS_WRMSR, 0, 0, EXIT_MSR_WRITE},
	    {SYS_HLT, CTL(PROC, HLT), 0, EXIT_HLT},
	    {SYS_INVLPG, CTL(PROC, INVLPG), 0, EXIT_INVLPG},
	    {SYS_INVPCID, CTL(PROC, INVLPG), 0, EXIT_INVPCID},
	    {SYS_MWAIT, CTL(PROC, MWAIT), 0, EXIT_MWAIT},
	    {SYS_MONITOR, CTL(PROC, MONITOR), 0, EXIT_MONITOR},
	    {SYS_RDPMC, CTL(PROC, RDPMC), 0, EXIT_RDPMC},
	    {SYS_RDTSC, CTL(PROC, RDTSC), 0, EXIT_RDTSC},
	    {SYS_RDTSCP, CTL(PROC, RDTSC), 0, EXIT_RDTSCP},
	    {SYS_MOV_TO_DR, CTL(PROC, MOV_DR), 0, EXIT_DR_ACCESS},
	    {SYS_MOV_FROM_DR, CTL(PROC, MOV_DR), 0, EXIT_DR_ACCESS},
	    {SYS_PAUSE, CTL(PROC, PAUSE), 0, EXIT_PAUSE},
	    {SYS_IN, CTL(PROC, UNCONDITIONAL_IO), 0, EXIT_IO_INSTRUCTION},
	    {SYS_OUT, CTL(PROC, UNCONDITIONAL_IO), 0, EXIT_IO_INSTRUCTION},
	    {SYS_INS, CTL(PROC, UNCONDITIONAL_IO), 0, EXIT_IO_INSTRUCTION},
	    {SYS_OUTS, CTL(PROC, UNCONDITIONAL_IO), 0, EXIT_IO_INSTRUCTION},
	    {SYS_WBINVD, 0, CTL(PROC2, WBINVD), EXIT_WBINVD},
	    {SYS_RDRAND, 0, CTL(PROC2, RDRAND), EXIT_RDRAND},
	    {SYS_RDSEED, 0, CTL(PROC2, RDSEED), EXIT_RDSEED},
	    {SYS_LGDT, 0, CTL(PROC2, DESCRIPTOR_TABLE), EXIT_GDTR_IDTR},
	    {SYS_LIDT, 0, CTL(PROC2, DESCRIPTOR_TABLE), EXIT_GDTR_IDTR},
	    {SYS_SGDT, 0, CTL(PROC2, DESCRIPTOR_TABLE), EXIT_GDTR_IDTR},
	    {SYS_SIDT, 0, CTL(PROC2, DESCRIPTOR_TABLE), EXIT_GDTR_IDTR},
	    {SYS_LLDT, 0, CTL(PROC2, DESCRIPTOR_TABLE), EXIT_LDTR_TR},
	    {SYS_LTR, 0, CTL(PROC2, DESCRIPTOR_TABLE), EXIT_LDTR_TR},
	    {SYS_SLDT, 0, CTL(PROC2, DESCRIPTOR_TABLE), EXIT_LDTR_TR},
	    {SYS_STR, 0, CTL(PROC2, DESCRIPTOR_TABLE), EXIT_LDTR_TR},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned on = 0; on < 2; on++) {
			bool always = !rows[i].proc && !rows[i].proc2;

			vmx_fixture_enter(LONG);
			guest_with(0, on ? rows[i].proc : 0, on ? rows[i].proc2 : 0);
			int reason = exits(insn_of(rows[i].sys));
			ck_assert_msg(reason == (always || on ? rows[i].reason : -1), "%s, %u: %d", sysop_name(rows[i].sys), on, reason);
		}
}
END_TEST

START_TEST(what_has_no_control_never_exits)
{
	static const enum sysop never[] = {SYS_SMSW, SYS_LAR, SYS_CLI, SYS_STI, SYS_SYSCALL, SYS_IRET, SYS_XGETBV, SYS_RDPKRU, SYS_SWAPGS};

	guest_with(0, CTL(PROC, HLT) | CTL(PROC, UNCONDITIONAL_IO), CTL(PROC2, DESCRIPTOR_TABLE));
	for (unsigned i = 0; i < ARRAY_LEN(never); i++)
		ck_assert_int_eq(exits(insn_of(never[i])), -1);
}
END_TEST

START_TEST(enable_controls_off_are_ud)
{
	static const struct {
		enum sysop sys;
		uint64_t enable;
	} rows[] = {{SYS_RDTSCP, CTL(PROC2, RDTSCP)}, {SYS_RDPID, CTL(PROC2, RDTSCP)}, {SYS_INVPCID, CTL(PROC2, INVPCID)}, {SYS_RDTSC, 0}};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned on = 0; on < 2; on++) {
			struct insn insn = insn_of(rows[i].sys);

			vmx_fixture_enter(LONG);
			ck_assert(!vmx_undefined(&fix.cpu, &insn)); /* root operation */
			guest_with(0, 0, on ? rows[i].enable : 0);
			ck_assert_int_eq(vmx_undefined(&fix.cpu, &insn), rows[i].enable && !on);
		}
}
END_TEST

START_TEST(msr_bitmaps_cover_both_ranges_and_directions)
{
	static const struct {
		uint32_t msr;
		unsigned offset, bit; /* of the read bitmap; writes lie 2 KiB further */
		bool covered;
	} rows[] = {
	    {0, 0, 0, true}, {0x1fff, 1023, 7, true}, {0xc0000000, 1024, 0, true}, {0xc0001fff, 2047, 7, true}, {0x2000, 0, 0, false}};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned write = 0; write < 2; write++)
			for (unsigned marked = 0; marked < 2; marked++) {
				hpa_t byte = HPA(VMX_LAYOUT_MSR + rows[i].offset + 2048 * write);

				vmx_fixture_enter(LONG);
				guest_with(0, CTL(PROC, MSR_BITMAPS), 0)->gpr[RCX] = rows[i].msr;
				mem_write(&fix.mem, byte, rows[i].covered && marked ? BIT(rows[i].bit) : 0, 1);
				bool read_exits = exits(insn_of(SYS_RDMSR)) >= 0, write_exits = exits(insn_of(SYS_WRMSR)) >= 0;
				mem_write(&fix.mem, byte, 0, 1);
				ck_assert_msg((write ? write_exits : read_exits) == (!rows[i].covered || marked), "row %u", i);
				ck_assert_msg((write ? read_exits : write_exits) == !rows[i].covered, "row %u", i);
			}
}
END_TEST

START_TEST(io_bitmaps_cover_every_byte_of_the_access)
{
	static const struct {
		uint16_t port, marked;
		uint8_t size;
		bool exits;
	} rows[] = {{0x60, 0x60, 1, true},     {0x60, 0x61, 1, false},	   {0x60, 0x63, 4, true},     {0x60, 0x64, 4, false},
		    {0x7fff, 0x8000, 2, true}, {0x8000, 0x7fff, 2, false}, {0xffff, 0xffff, 1, true}, {0xffff, 1, 2, true}};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct insn insn = insn_of(SYS_IN);
		hpa_t byte = HPA(VMX_LAYOUT_IO_A + rows[i].marked / 8); /* B follows A */

		vmx_fixture_enter(LONG);
		guest_with(0, CTL(PROC, IO_BITMAPS) | CTL(PROC, UNCONDITIONAL_IO), 0)->gpr[RDX] = rows[i].port;
		insn.opcode = 0xed, insn.opsize = rows[i].size;
		mem_write(&fix.mem, byte, BIT(rows[i].marked % 8), 1);
		ck_assert_msg((exits(insn) >= 0) == rows[i].exits, "row %u", i);
		mem_write(&fix.mem, byte, 0, 1);
	}
}
END_TEST

START_TEST(io_qualification_has_all_its_fields)
{
	struct cpu *cpu = guest_with(0, CTL(PROC, UNCONDITIONAL_IO), 0);
	struct insn insn = insn_of(SYS_OUT);

	insn.opcode = 0xe7, insn.imm = 0x80, insn.opsize = 4;
	exits(insn);
	ck_assert_uint_eq(cpu->pending.qualification, 3 | BIT(6) | 0x80 << 16);
	insn.sys = SYS_IN, insn.opcode = 0xec, insn.opsize = 1;
	cpu->gpr[RDX] = 0x12345;
	exits(insn);
	ck_assert_uint_eq(cpu->pending.qualification, BIT(3) | 0x2345 << 16);
	insn = insn_of(SYS_INS);
	insn.opsize = 2, insn.flags = INSN_REP, insn.addrsize = 4, insn.opcode = 0x6d;
	cpu->gpr[RDI] = 0xff00001000;
	exits(insn);
	ck_assert_uint_eq(cpu->pending.qualification, 1 | BIT(3) | BIT(4) | BIT(5) | 0x2345 << 16);
	ck_assert_uint_eq(cpu->pending.exit_gla, 0x1000);
	ck_assert_uint_eq(cpu->pending.exit_insn_info, 1u << 7);
	insn.sys = SYS_OUTS, insn.seg = SEG_FS, insn.addrsize = 8, insn.flags = 0, insn.opcode = 0x6f;
	cpu->seg[SEG_FS].base = 0x100000, cpu->gpr[RSI] = 0x20;
	exits(insn);
	ck_assert_uint_eq(cpu->pending.qualification, 1 | BIT(4) | 0x2345 << 16);
	ck_assert_uint_eq(cpu->pending.exit_gla, 0x100020);
	ck_assert_uint_eq(cpu->pending.exit_insn_info, 2u << 7 | (uint32_t)SEG_FS << 15);
}
END_TEST

START_TEST(other_qualifications)
{
	struct cpu *cpu =
	    guest_with(0, CTL(PROC, INVLPG) | CTL(PROC, MOV_DR) | CTL(PROC, MWAIT), CTL(PROC2, DESCRIPTOR_TABLE) | CTL(PROC2, RDRAND));
	struct insn insn = insn_of(SYS_INVLPG);

	insn.flags = INSN_MEM, insn.disp = 0x1234, insn.scale = 1;
	exits(insn);
	ck_assert_uint_eq(cpu->pending.qualification, 0x1234);
	insn = insn_of(SYS_MOV_FROM_DR);
	insn.reg = 6, insn.rm = R9;
	exits(insn);
	ck_assert_uint_eq(cpu->pending.qualification, 6 | BIT(4) | 9 << 8);
	cpu->monitor_armed = true;
	exits(insn_of(SYS_MWAIT));
	ck_assert_uint_eq(cpu->pending.qualification, 1);
	insn = insn_of(SYS_SIDT);
	insn.flags = INSN_MEM, insn.base = RBX, insn.disp = -16, insn.scale = 1;
	exits(insn);
	ck_assert_uint_eq(cpu->pending.qualification, -16ull);
	ck_assert_uint_eq(cpu->pending.exit_insn_info, 2u << 7 | 3u << 15 | 1u << 22 | 3u << 23 | 1u << 28);
	insn = insn_of(SYS_LTR);
	insn.rm = RDI;
	exits(insn);
	ck_assert_uint_eq(cpu->pending.exit_insn_info, 7u << 3 | 1u << 10 | 3u << 28);
	insn = insn_of(SYS_RDRAND);
	insn.rm = R10, insn.opsize = 8;
	exits(insn);
	ck_assert_uint_eq(cpu->pending.exit_insn_info, 10u << 3 | 2u << 11);
}
END_TEST

/* MOV to CRn of a value in RBX; the qualification, or -1 */
static int64_t mov_to(unsigned cr, uint64_t value)
{
	struct insn insn = insn_of(SYS_MOV_TO_CR);

	insn.reg = (uint8_t)cr;
	fix.cpu.gpr[RBX] = value;
	return exits(insn) < 0 ? -1 : (int64_t)fix.cpu.pending.qualification;
}

START_TEST(cr0_and_cr4_exit_where_masked_bits_differ_from_the_shadow)
{
	set(VMCS_CR0_MASK, CR0_TS | CR0_NE), set(VMCS_CR0_SHADOW, CR0_TS);
	set(VMCS_CR4_MASK, CR4_VMXE), set(VMCS_CR4_SHADOW, 0);
	struct cpu *cpu = guest_with(0, 0, 0);

	ck_assert_int_eq(mov_to(0, CR0_PE | CR0_PG | CR0_TS), -1);
	ck_assert_int_eq(mov_to(0, CR0_PE | CR0_PG | CR0_TS | CR0_NE), 0 | RBX << 8);
	ck_assert_int_eq(mov_to(0, 0), 0 | RBX << 8);
	ck_assert_int_eq(mov_to(4, CR4_PAE | CR4_PGE), -1);
	ck_assert_int_eq(mov_to(4, CR4_VMXE), 4 | RBX << 8);
	ck_assert_uint_eq(vmx_visible_cr0(cpu), (cpu->cr0 & ~CR0_NE) | CR0_TS);
	ck_assert_uint_eq(vmx_visible_cr4(cpu), CR4_PAE);
	ck_assert_uint_eq(vmx_merge_cr0(cpu, CR0_PE | CR0_TS), CR0_PE | CR0_NE);
	ck_assert_uint_eq(vmx_merge_cr4(cpu, CR4_PGE), CR4_PGE | CR4_VMXE);
	ck_assert(!vmx_cr0_allowed(cpu, CR0_PE | CR0_NE));
	ck_assert(!vmx_cr4_allowed(cpu, CR4_PAE));
}
END_TEST

START_TEST(unrestricted_guests_may_leave_paging_and_protection)
{
	vmx_fixture_enter(REAL);
	struct cpu *cpu = guest_with(0, 0, 0);

	ck_assert(vmx_cr0_allowed(cpu, CR0_NE));
	ck_assert(!vmx_cr0_allowed(cpu, CR0_PE));
}
END_TEST

START_TEST(cr3_target_values_do_not_exit)
{
	set(VMCS_CR3_TARGET_COUNT, 2), set(VMCS_CR3_TARGET0, 0x5000), set(VMCS_CR3_TARGET1, 0x6000), set(VMCS_CR3_TARGET2, 0x7000);
	struct cpu *cpu = guest_with(0, CTL(PROC, CR3_LOAD) | CTL(PROC, CR3_STORE) | CTL(PROC, CR8_STORE) | CTL(PROC, CR8_LOAD), 0);
	struct insn insn = insn_of(SYS_MOV_FROM_CR);

	ck_assert_int_eq(mov_to(3, 0x5000), -1);
	ck_assert_int_eq(mov_to(3, 0x6000), -1);
	ck_assert_int_eq(mov_to(3, 0x7000), 3 | RBX << 8);
	ck_assert_int_eq(mov_to(8, 1), 8 | RBX << 8);
	ck_assert_int_eq(mov_to(2, 1), -1);
	insn.reg = 3;
	ck_assert_int_eq(exits(insn), EXIT_CR_ACCESS);
	ck_assert_uint_eq(cpu->pending.qualification, 3 | 1 << 4 | RBX << 8);
	insn.reg = 0;
	ck_assert_int_eq(exits(insn), -1);
}
END_TEST

/* LMSW's exit reason, or -1 */
static int lmsw_exits(struct insn insn, uint64_t msw)
{
	fix.cpu.pending = (struct pending){.kind = PENDING_NONE};
	return vmx_intercept_lmsw(&fix.cpu, &insn, msw) ? (int)fix.cpu.pending.exit_reason : -1;
}

START_TEST(clts_and_lmsw_follow_mask_and_shadow)
{
	for (unsigned bits = 0; bits < 4; bits++) {
		vmx_fixture_enter(LONG);
		set(VMCS_CR0_MASK, bits & 1 ? CR0_TS : 0), set(VMCS_CR0_SHADOW, bits & 2 ? CR0_TS : 0);
		guest_with(0, 0, 0);
		ck_assert_int_eq(exits(insn_of(SYS_CLTS)), bits == 3 ? EXIT_CR_ACCESS : -1);
	}
	ck_assert_uint_eq(fix.cpu.pending.qualification, 2 << 4);
	static const struct {
		uint64_t mask, shadow, source;
		bool exits;
	} rows[] = {{CR0_PE, CR0_PE, 0, false}, {CR0_PE, 0, 1, true}, {CR0_EM, CR0_EM, 0, true},      {CR0_EM, 0, CR0_EM, true},
		    {CR0_EM, 0, CR0_TS, false}, {0, 0, 15, false},    {BITS(63, 4), 0, 0xfff1, false}};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		vmx_fixture_enter(LONG);
		set(VMCS_CR0_MASK, rows[i].mask), set(VMCS_CR0_SHADOW, rows[i].shadow);
		struct cpu *cpu = guest_with(0, 0, 0);
		ck_assert_msg((lmsw_exits(insn_of(SYS_LMSW), rows[i].source) >= 0) == rows[i].exits, "row %u", i);
		if (rows[i].exits)
			ck_assert_uint_eq(cpu->pending.qualification, 3 << 4 | rows[i].source << 16);
	}
	struct insn insn = insn_of(SYS_LMSW);
	vmx_fixture_enter(LONG);
	set(VMCS_CR0_MASK, CR0_EM);
	struct cpu *cpu = guest_with(0, 0, 0);
	insn.flags = INSN_MEM, insn.rm = REG_NONE, insn.disp = LAYOUT_DATA, insn.scale = 1;
	ck_assert_int_eq(lmsw_exits(insn, 5), EXIT_CR_ACCESS);
	ck_assert_uint_eq(cpu->pending.qualification, 3 << 4 | BIT(6) | 5 << 16);
	ck_assert_uint_eq(cpu->pending.exit_gla, LAYOUT_DATA);
}
END_TEST

START_TEST(lmsw_reads_its_operand_once)
{
	for (unsigned bit = 0; bit < 2; bit++) { /* without and with an exit */
		struct cpu *cpu = vmx_fixture_enter(LONG);
		struct insn insn = insn_of(SYS_LMSW);

		set(VMCS_CR0_MASK, CR0_EM);
		guest_with(0, 0, 0);
		insn.flags = INSN_MEM, insn.rm = REG_NONE, insn.disp = LAYOUT_DATA, insn.scale = 1;
		mem_write(&fix.mem, HPA(LAYOUT_DATA), bit ? 5 : 1, 2);
		cpu->insn_loads = 0;
		struct sysinsn s = {.cpu = cpu, .bus = &fix.bus, .insn = &insn};
		ck_assert_int_eq(sys_LMSW(&s), !bit);
		ck_assert_uint_eq(cpu->insn_loads, 1);
	}
}
END_TEST

START_TEST(tpr_shadow_stands_in_for_cr8)
{
	uint64_t value;

	mem_write(&fix.mem, HPA(VMX_LAYOUT_APIC + 0x80), 0x50, 4);
	set(VMCS_TPR_THRESHOLD, 3);
	ck_assert(!vmx_read_cr8(&fix.cpu, &value)); /* root operation */
	struct cpu *cpu = guest_with(0, CTL(PROC, TPR_SHADOW), 0);
	ck_assert(vmx_read_cr8(cpu, &value));
	ck_assert_uint_eq(value, 5);
	ck_assert(vmx_write_cr8(cpu, 3));
	ck_assert_uint_eq(mem_read(&fix.mem, HPA(VMX_LAYOUT_APIC + 0x80), 4), 0x30);
	ck_assert(!vmx_before_instruction(cpu, false));
	ck_assert(vmx_write_cr8(cpu, 2));
	ck_assert(vmx_before_instruction(cpu, false));
	ck_assert_uint_eq(cpu->pending.exit_reason, EXIT_TPR_BELOW_THRESHOLD);
}
END_TEST

START_TEST(tsc_is_scaled_then_offset)
{
	set(VMCS_TSC_OFFSET, -1000ull), set(VMCS_TSC_MULTIPLIER, 3ull << 47);
	struct cpu *cpu = guest_with(0, 0, CTL(PROC2, TSC_SCALING));
	ck_assert_uint_eq(vmx_visible_tsc(cpu, 2000), 2000);
	fix_vmx.vmcs.proc_controls |= CTL(PROC, TSC_OFFSETTING);
	ck_assert_uint_eq(vmx_visible_tsc(cpu, 2000), 2000);
	ck_assert_uint_eq(vmx_visible_tsc(cpu, 4000), 5000);
	ck_assert_uint_eq(vmx_visible_tsc(cpu, ~0ull), (~0ull >> 1) + ~0ull - 1000 + 0);
	fix_vmx.vmcs.proc2_controls = 0;
	ck_assert_uint_eq(vmx_visible_tsc(cpu, 2000), 1000);
}
END_TEST

START_TEST(pause_loops_exit_after_the_window)
{
	set(VMCS_PLE_GAP, 10), set(VMCS_PLE_WINDOW, 100);
	struct cpu *cpu = guest_with(0, 0, CTL(PROC2, PAUSE_LOOP));
	unsigned pauses = 0;

	while (exits(insn_of(SYS_PAUSE)) < 0)
		cpu->clock += 10, pauses++;
	ck_assert_uint_eq(pauses, 11); /* 110 is the first beyond 100 */
	cpu->clock += 11;	       /* a new loop */
	ck_assert_int_eq(exits(insn_of(SYS_PAUSE)), -1);
	cpu->cpl = 3;
	for (unsigned i = 0; i < 100; i++, cpu->clock += 10)
		ck_assert_int_eq(exits(insn_of(SYS_PAUSE)), -1);
}
END_TEST

START_TEST(exceptions_exit_by_the_bitmap_and_page_faults_by_mask_and_match)
{
	for (unsigned vector = 0; vector < 32; vector++)
		for (unsigned set_bit = 0; set_bit < 2; set_bit++) {
			vmx_fixture_enter(LONG);
			set(VMCS_EXCEPTION_BITMAP, set_bit ? BIT(vector) : ~BIT(vector) & BITS(31, 0));
			struct cpu *cpu = guest_with(0, 0, 0);
			raise_exception(cpu, (enum vector)vector);
			ck_assert_int_eq(vmx_intercept_event(cpu), set_bit);
		}
	for (unsigned bit = 0; bit < 2; bit++)
		for (uint32_t error = 0; error < 8; error++) {
			vmx_fixture_enter(LONG);
			set(VMCS_EXCEPTION_BITMAP, bit ? BIT(VEC_PF) : 0), set(VMCS_PF_MASK, 5), set(VMCS_PF_MATCH, 4);
			struct cpu *cpu = guest_with(0, 0, 0);
			raise_error(cpu, VEC_PF, error);
			cpu->pending.cr2 = 0xabc;
			bool match = (error & 5) == 4;
			ck_assert_int_eq(vmx_intercept_event(cpu), match == bit);
			if (match == bit)
				ck_assert_uint_eq(cpu->pending.qualification, 0xabc);
		}
}
END_TEST

START_TEST(debug_exceptions_qualify_with_dr6_and_int_n_never_exits)
{
	set(VMCS_EXCEPTION_BITMAP, 0xffffffff);
	struct cpu *cpu = guest_with(0, 0, 0);

	raise_db(cpu, BIT(14) | BIT(2));
	ck_assert(vmx_intercept_event(cpu));
	ck_assert_uint_eq(cpu->pending.qualification, BIT(14) | BIT(2));
	raise_exception(cpu, VEC_BP);
	cpu->pending.type = EVTYPE_SOFT_EXC, cpu->pending.insn_len = 1;
	ck_assert(vmx_intercept_event(cpu));
	vmx_exit(cpu);
	ck_assert_uint_eq(get(VMCS_EXIT_INTR_INFO), INTR_VALID | EVTYPE_SOFT_EXC << 8 | VEC_BP);
	ck_assert_uint_eq(get(VMCS_EXIT_INSN_LEN), 1);
	vmx_fixture_enter(LONG);
	set(VMCS_EXCEPTION_BITMAP, 0xffffffff);
	guest_with(0, 0, 0);
	raise_exception(cpu, (enum vector)3);
	cpu->pending.type = EVTYPE_SOFT_INT;
	ck_assert(!vmx_intercept_event(cpu));
}
END_TEST

/* All at once; then, highest first, each is taken away, and the next shows. */
START_TEST(boundary_exits_come_in_the_sdms_order)
{
	struct cpu *cpu = guest_with(CTL(PIN, EXTERNAL_INTERRUPT) | CTL(PIN, NMI) | CTL(PIN, VIRTUAL_NMIS) | CTL(PIN, PREEMPTION_TIMER),
				     CTL(PROC, MONITOR_TRAP) | CTL(PROC, INTERRUPT_WINDOW) | CTL(PROC, NMI_WINDOW), 0);
	struct vmcs *v = &fix_vmx.vmcs;

	cpu->rflags |= FLAG_IF;
	cpu->init_pending = cpu->nmi_pending = fix_vmx.tpr_below_threshold = fix_vmx.mtf_pending = true;
	ck_assert(vmx_before_instruction(cpu, true));
	ck_assert_uint_eq(cpu->pending.exit_reason, EXIT_INIT_SIGNAL);
	ck_assert(vmx_before_instruction(cpu, true));
	ck_assert_uint_eq(cpu->pending.exit_reason, EXIT_TPR_BELOW_THRESHOLD);
	fix_vmx.tpr_below_threshold = false;
	ck_assert(vmx_before_instruction(cpu, true));
	ck_assert_uint_eq(cpu->pending.exit_reason, EXIT_MONITOR_TRAP_FLAG);
	v->proc_controls &= ~CTL(PROC, MONITOR_TRAP), fix_vmx.mtf_pending = false;
	cpu->pending_dbg = BIT(14);
	ck_assert(!vmx_before_instruction(cpu, true)); /* the debug trap */
	cpu->pending_dbg = 0;
	ck_assert(vmx_before_instruction(cpu, true));
	ck_assert_uint_eq(cpu->pending.exit_reason, EXIT_PREEMPTION_TIMER);
	v->pin_controls &= ~CTL(PIN, PREEMPTION_TIMER);
	ck_assert(vmx_before_instruction(cpu, true));
	ck_assert_uint_eq(cpu->pending.exit_reason, EXIT_NMI_WINDOW);
	v->proc_controls &= ~CTL(PROC, NMI_WINDOW);
	ck_assert(vmx_before_instruction(cpu, true));
	ck_assert_uint_eq(cpu->pending.exit_reason, EXIT_EXCEPTION_NMI);
	cpu->nmi_pending = false;
	ck_assert(vmx_before_instruction(cpu, true));
	ck_assert_uint_eq(cpu->pending.exit_reason, EXIT_INTERRUPT_WINDOW);
	v->proc_controls &= ~CTL(PROC, INTERRUPT_WINDOW);
	ck_assert(vmx_before_instruction(cpu, true));
	ck_assert_uint_eq(cpu->pending.exit_reason, EXIT_EXTERNAL_INTERRUPT);
	ck_assert(!vmx_before_instruction(cpu, false));
}
END_TEST

START_TEST(windows_stay_shut_while_blocked)
{
	static const struct {
		uint8_t blocking;
		bool interrupts; /* RFLAGS.IF */
		int reason;
	} rows[] = {{0, true, EXIT_NMI_WINDOW}, {BLOCK_NMI, true, EXIT_INTERRUPT_WINDOW}, {BLOCK_NMI, false, -1}, {BLOCK_MOV_SS, true, -1},
		    {BLOCK_STI, true, -1},	{BLOCK_NMI | BLOCK_STI, true, -1}};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		vmx_fixture_enter(LONG);
		struct cpu *cpu =
		    guest_with(CTL(PIN, NMI) | CTL(PIN, VIRTUAL_NMIS), CTL(PROC, INTERRUPT_WINDOW) | CTL(PROC, NMI_WINDOW), 0);
		cpu->interruptibility = rows[i].blocking;
		cpu->rflags |= rows[i].interrupts ? FLAG_IF : 0;
		int reason = vmx_before_instruction(cpu, false) ? (int)cpu->pending.exit_reason : -1;
		ck_assert_msg(reason == rows[i].reason, "row %u: %d", i, reason);
	}
}
END_TEST

START_TEST(monitor_trap_comes_after_one_instruction_or_the_injected_event)
{
	struct cpu *cpu = guest_with(0, CTL(PROC, MONITOR_TRAP), 0);

	ck_assert(vmx_steps(cpu));
	ck_assert(!vmx_before_instruction(cpu, false));
	ck_assert(vmx_before_instruction(cpu, false));
	ck_assert_uint_eq(cpu->pending.exit_reason, EXIT_MONITOR_TRAP_FLAG);
	vmx_fixture_enter(LONG);
	set(VMCS_ENTRY_INTR_INFO, INTR_VALID | EVTYPE_HARDWARE << 8 | VEC_UD);
	guest_with(0, CTL(PROC, MONITOR_TRAP), 0);
	ck_assert(vmx_before_instruction(cpu, false));
	vmx_fixture_enter(LONG);
	set(VMCS_ENTRY_INTR_INFO, INTR_VALID | INTR_TYPE_OTHER << 8); /* pending MTF, without the control */
	guest_with(0, 0, 0);
	ck_assert(vmx_steps(cpu));
	ck_assert(vmx_before_instruction(cpu, false));
	ck_assert_uint_eq(cpu->pending.exit_reason, EXIT_MONITOR_TRAP_FLAG);
	ck_assert(!vmx_steps(cpu));
}
END_TEST

/* Looked at again and again while nothing happens; then an event is delivered. */
START_TEST(monitor_trap_in_inactive_states)
{
	static const struct {
		enum activity activity;
		bool after_event;
	} rows[] = {{ACTIVITY_HLT, true}, {ACTIVITY_SHUTDOWN, false}, {ACTIVITY_WAIT_FOR_SIPI, false}};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		vmx_fixture_enter(LONG);
		set(VMCS_GUEST_ACTIVITY, rows[i].activity);
		struct cpu *cpu = guest_with(0, CTL(PROC, MONITOR_TRAP), 0);
		for (unsigned n = 0; n < 3; n++)
			ck_assert_msg(!vmx_before_instruction(cpu, false), "row %u", i);
		vmx_delivered(cpu);
		ck_assert_msg(vmx_before_instruction(cpu, false) == rows[i].after_event, "row %u", i);
	}
	vmx_fixture_enter(LONG);
	struct cpu *cpu = guest_with(0, CTL(PROC, MONITOR_TRAP), 0);
	ck_assert(!vmx_before_instruction(cpu, false));
	cpu->activity = ACTIVITY_HLT; /* by the instruction that follows */
	ck_assert(vmx_before_instruction(cpu, false));
	vmx_exit(cpu);
	ck_assert_uint_eq(get(VMCS_EXIT_REASON), EXIT_MONITOR_TRAP_FLAG);
	ck_assert_uint_eq(get(VMCS_GUEST_ACTIVITY), ACTIVITY_HLT);
}
END_TEST

START_TEST(preemption_timer_expires_at_its_tick)
{
	for (uint64_t value = 0; value < 4; value++) {
		vmx_fixture_enter(LONG);
		fix.cpu.clock = 100; /* tick 3 */
		set(VMCS_PREEMPTION_TIMER, value);
		struct cpu *cpu = guest_with(CTL(PIN, PREEMPTION_TIMER), 0, 0);
		uint64_t deadline = (3 + value) << VMX_TIMER_RATE;
		ck_assert_uint_eq(vmx_next_deadline(cpu), deadline);
		cpu->clock = deadline - 1 < 100 ? 100 : deadline - 1;
		ck_assert_int_eq(vmx_before_instruction(cpu, false), value == 0);
		cpu->clock = deadline < 100 ? 100 : deadline;
		ck_assert(vmx_before_instruction(cpu, false));
		ck_assert_uint_eq(cpu->pending.exit_reason, EXIT_PREEMPTION_TIMER);
	}
	vmx_fixture_enter(LONG);
	guest_with(0, 0, 0);
	ck_assert_uint_eq(vmx_next_deadline(&fix.cpu), ~0ull);
}
END_TEST

START_TEST(nmi_blocking_and_iret_follow_the_controls)
{
	static const struct {
		uint64_t pin;
		bool blocked, exits, unblocks;
	} rows[] = {{0, false, false, true},
		    {CTL(PIN, NMI), false, true, false},
		    {CTL(PIN, NMI), true, false, false},
		    {CTL(PIN, NMI) | CTL(PIN, VIRTUAL_NMIS), true, true, true}};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		vmx_fixture_enter(LONG);
		struct cpu *cpu = guest_with(rows[i].pin, 0, 0);
		cpu->nmi_pending = true;
		cpu->interruptibility = rows[i].blocked ? BLOCK_NMI : 0;
		ck_assert_msg(vmx_before_instruction(cpu, false) == rows[i].exits, "row %u", i);
		ck_assert_msg(vmx_iret_unblocks_nmi(cpu) == rows[i].unblocks, "row %u", i);
	}
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("intercept");

	tcase_add_checked_fixture(tc, vmx_fixture_setup, fixture_teardown);
	tcase_add_test(tc, instructions_exit_by_their_control);
	tcase_add_test(tc, what_has_no_control_never_exits);
	tcase_add_test(tc, enable_controls_off_are_ud);
	tcase_add_test(tc, msr_bitmaps_cover_both_ranges_and_directions);
	tcase_add_test(tc, io_bitmaps_cover_every_byte_of_the_access);
	tcase_add_test(tc, io_qualification_has_all_its_fields);
	tcase_add_test(tc, other_qualifications);
	tcase_add_test(tc, cr0_and_cr4_exit_where_masked_bits_differ_from_the_shadow);
	tcase_add_test(tc, unrestricted_guests_may_leave_paging_and_protection);
	tcase_add_test(tc, cr3_target_values_do_not_exit);
	tcase_add_test(tc, clts_and_lmsw_follow_mask_and_shadow);
	tcase_add_test(tc, lmsw_reads_its_operand_once);
	tcase_add_test(tc, tpr_shadow_stands_in_for_cr8);
	tcase_add_test(tc, tsc_is_scaled_then_offset);
	tcase_add_test(tc, pause_loops_exit_after_the_window);
	tcase_add_test(tc, exceptions_exit_by_the_bitmap_and_page_faults_by_mask_and_match);
	tcase_add_test(tc, debug_exceptions_qualify_with_dr6_and_int_n_never_exits);
	tcase_add_test(tc, boundary_exits_come_in_the_sdms_order);
	tcase_add_test(tc, windows_stay_shut_while_blocked);
	tcase_add_test(tc, monitor_trap_comes_after_one_instruction_or_the_injected_event);
	tcase_add_test(tc, monitor_trap_in_inactive_states);
	tcase_add_test(tc, preemption_timer_expires_at_its_tick);
	tcase_add_test(tc, nmi_blocking_and_iret_follow_the_controls);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("intercept", add_cases)
