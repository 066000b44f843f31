/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMX instructions: faults by mode and privilege, VM exits in non-root operation, operands, VMfail numbers in order. */
#include "tests/vmx_fixture.h"

static struct insn memory(enum sysop sys)
{
	struct insn insn = insn_memory(RCX, LAYOUT_DATA, 8);

	insn.sys = (uint8_t)sys;
	insn.flags |= INSN_MEM;
	insn.reg = RCX;
	insn.len = 4;
	return insn;
}

static struct insn registers(enum sysop sys)
{
	struct insn insn = insn_registers(RCX, RAX, 8);

	insn.sys = (uint8_t)sys;
	insn.len = 3;
	return insn;
}

static const struct {
	enum sysop sys;
	sysinsn_fn *handler;
	unsigned reason;
	bool memory;
} all[] = {
    {SYS_VMXON, sys_VMXON, EXIT_VMXON, true},		{SYS_VMXOFF, sys_VMXOFF, EXIT_VMXOFF, false},
    {SYS_VMCLEAR, sys_VMCLEAR, EXIT_VMCLEAR, true},	{SYS_VMPTRLD, sys_VMPTRLD, EXIT_VMPTRLD, true},
    {SYS_VMPTRST, sys_VMPTRST, EXIT_VMPTRST, true},	{SYS_VMREAD, sys_VMREAD, EXIT_VMREAD, false},
    {SYS_VMWRITE, sys_VMWRITE, EXIT_VMWRITE, false},	{SYS_VMLAUNCH, sys_VMLAUNCH, EXIT_VMLAUNCH, false},
    {SYS_VMRESUME, sys_VMRESUME, EXIT_VMRESUME, false}, {SYS_VMCALL, sys_VMCALL, EXIT_VMCALL, false},
    {SYS_INVEPT, sys_INVEPT, EXIT_INVEPT, true},	{SYS_INVVPID, sys_INVVPID, EXIT_INVVPID, true},
};

static struct insn operand(unsigned i)
{
	return all[i].memory ? memory(all[i].sys) : registers(all[i].sys);
}

START_TEST(outside_vmx_operation_all_but_vmxon_are_ud)
{
	for (unsigned i = 1; i < ARRAY_LEN(all); i++) {
		vmx_leave_operation(vmx_fixture_enter(LONG));
		ck_assert_msg(fixture_fault(all[i].handler, operand(i)) == VEC_UD, "%s", sysop_name(all[i].sys));
	}
}
END_TEST

/* In VMX operation of a host that has gone to compatibility mode, and of a V86 one. */
START_TEST(wrong_modes_are_ud_before_privilege)
{
	for (unsigned cpl = 0; cpl <= 3; cpl += 3)
		for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
			struct cpu *cpu = vmx_fixture_enter(LONG);

			cpu->cpl = (uint8_t)cpl;
			cpu->seg[SEG_CS].ar ^= AR_L | AR_DB;
			ck_assert_msg(fixture_fault(all[i].handler, operand(i)) == VEC_UD, "%s", sysop_name(all[i].sys));
		}
	for (enum mode mode = REAL; mode < MODES; mode++) {
		struct cpu *cpu = fixture_enter(mode, 0);
		bool wrong = mode == REAL || mode == V86 || mode == COMPAT;

		vmx_init(&fix_vmx, cpu);
		cpu->cr4 |= CR4_VMXE;
		ck_assert_int_eq(fixture_fault(sys_VMXON, memory(SYS_VMXON)), wrong ? VEC_UD : VEC_GP); /* else IA32_FEATURE_CONTROL */
	}
}
END_TEST

START_TEST(cpl_3_is_gp_in_root_operation)
{
	for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
		vmx_fixture_enter(LONG)->cpl = 3;
		ck_assert_msg(fixture_fault(all[i].handler, operand(i)) == VEC_GP, "%s", sysop_name(all[i].sys));
	}
}
END_TEST

START_TEST(in_non_root_operation_all_exit_at_any_cpl)
{
	for (unsigned cpl = 0; cpl <= 3; cpl += 3)
		for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
			struct cpu *cpu = vmx_fixture_enter(LONG);
			struct insn insn = operand(i);

			ck_assert(launch());
			cpu->cpl = (uint8_t)cpl;
			ck_assert(!fixture_run(all[i].handler, insn, NULL));
			ck_assert_int_eq(cpu->pending.kind, PENDING_VM_EXIT);
			ck_assert_uint_eq(cpu->pending.exit_reason, all[i].reason);
			ck_assert_uint_eq(cpu->pending.insn_len, insn.len);
			ck_assert_uint_eq(cpu->pending.qualification, all[i].memory ? LAYOUT_DATA : 0);
		}
}
END_TEST

START_TEST(instruction_information_describes_the_operand)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);
	struct insn insn = memory(SYS_VMPTRLD);

	insn.seg = SEG_GS, insn.base = R13, insn.index = RSI, insn.scale = 4, insn.addrsize = 8, insn.disp = -8;
	ck_assert(launch());
	ck_assert(!fixture_run(sys_VMPTRLD, insn, NULL));
	ck_assert_uint_eq(cpu->pending.exit_insn_info, 2u | 2u << 7 | 5u << 15 | 6u << 18 | 13u << 23);
	ck_assert_uint_eq(cpu->pending.qualification, -8ull);
	insn = memory(SYS_INVVPID);
	insn.base = REG_RIP, insn.index = REG_NONE, insn.addrsize = 4, insn.disp = 16, insn.reg = R9, insn.seg = SEG_DS;
	ck_assert(!fixture_run(sys_INVVPID, insn, NULL));
	ck_assert_uint_eq(cpu->pending.exit_insn_info, 1u << 7 | 3u << 15 | 1u << 22 | 1u << 27 | 9u << 28);
	ck_assert_uint_eq(cpu->pending.qualification, GUEST_RIP + 4 + 16);
	insn = registers(SYS_VMREAD);
	insn.reg = RDX, insn.rm = R8;
	ck_assert(!fixture_run(sys_VMREAD, insn, NULL));
	ck_assert_uint_eq(cpu->pending.exit_insn_info, 8u << 3 | 1u << 10 | 2u << 28);
	ck_assert_uint_eq(cpu->pending.qualification, 0);
}
END_TEST

static void point_at(uint64_t region)
{
	mem_write(&fix.mem, HPA(LAYOUT_DATA), region, 8);
}

/* Outside VMX operation, ready for VMXON. */
static struct cpu *before_vmxon(void)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);

	vmx_leave_operation(cpu);
	point_at(VMX_LAYOUT_VMXON);
	return cpu;
}

START_TEST(vmxon_needs_cr4_vmxe_fixed_bits_and_feature_control)
{
	ck_assert_int_eq((before_vmxon(), fixture_fault(sys_VMXON, memory(SYS_VMXON))), -1);
	ck_assert_uint_eq(fix.cpu.vmx_op, VMX_ROOT);
	before_vmxon()->cr4 &= ~CR4_VMXE;
	ck_assert_int_eq(fixture_fault(sys_VMXON, memory(SYS_VMXON)), VEC_UD);
	before_vmxon()->cpl = 3;
	ck_assert_int_eq(fixture_fault(sys_VMXON, memory(SYS_VMXON)), VEC_GP);
	before_vmxon()->cr0 &= ~CR0_NE;
	ck_assert_int_eq(fixture_fault(sys_VMXON, memory(SYS_VMXON)), VEC_GP);
	for (uint64_t value = 0; value < 8; value++) {
		before_vmxon()->feature_control = value;
		ck_assert_int_eq(fixture_fault(sys_VMXON, memory(SYS_VMXON)), (value & 5) == 5 ? -1 : VEC_GP);
	}
}
END_TEST

START_TEST(vmxon_checks_address_and_revision)
{
	static const uint64_t bad[] = {VMX_LAYOUT_VMXON + 8, BIT(46), ~0xfffull, LAYOUT_DATA, BIT(40)};

	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		struct cpu *cpu = before_vmxon();

		point_at(bad[i]);
		ck_assert(fixture_run(sys_VMXON, memory(SYS_VMXON), NULL));
		ck_assert_msg(vm_result() == -1 && cpu->vmx_op == VMX_OUTSIDE, "row %u", i);
	}
	struct cpu *cpu = before_vmxon();
	mem_write(&fix.mem, HPA(VMX_LAYOUT_VMXON), VMCS_REVISION | BIT(31), 4);
	ck_assert(fixture_run(sys_VMXON, memory(SYS_VMXON), NULL));
	ck_assert_int_eq(vm_result(), -1);
	ck_assert_uint_eq(cpu->vmx_op, VMX_OUTSIDE);
}
END_TEST

START_TEST(vmxon_in_root_operation_fails)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);

	ck_assert(fixture_run(sys_VMXON, memory(SYS_VMXON), NULL));
	ck_assert_int_eq(vm_result(), VMERR_VMXON_IN_ROOT);
	vmx_clear(cpu, VMX_LAYOUT_VMCS);
	ck_assert(fixture_run(sys_VMXON, memory(SYS_VMXON), NULL));
	ck_assert_int_eq(vm_result(), -1); /* no current VMCS */
}
END_TEST

START_TEST(vmcall_in_root_and_vmxoff)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);

	ck_assert(fixture_run(sys_VMCALL, registers(SYS_VMCALL), NULL));
	ck_assert_int_eq(vm_result(), VMERR_VMCALL_IN_ROOT);
	ck_assert(fixture_run(sys_VMXOFF, registers(SYS_VMXOFF), NULL));
	ck_assert_int_eq(vm_result(), 0);
	ck_assert_uint_eq(cpu->vmx_op, VMX_OUTSIDE);
}
END_TEST

START_TEST(vmclear_and_vmptrld_fail_by_their_numbers)
{
	static const struct {
		enum sysop sys;
		uint64_t region;
		int error;
	} rows[] = {
	    {SYS_VMCLEAR, VMX_LAYOUT_VMCS + 1, VMERR_VMCLEAR_ADDRESS},
	    {SYS_VMCLEAR, BIT(46), VMERR_VMCLEAR_ADDRESS},
	    {SYS_VMCLEAR, VMX_LAYOUT_VMXON, VMERR_VMCLEAR_VMXON_POINTER},
	    {SYS_VMCLEAR, VMX_LAYOUT_VMCS2, 0},
	    {SYS_VMCLEAR, BIT(40), 0},
	    {SYS_VMPTRLD, VMX_LAYOUT_VMCS + 16, VMERR_VMPTRLD_ADDRESS},
	    {SYS_VMPTRLD, BIT(63), VMERR_VMPTRLD_ADDRESS},
	    {SYS_VMPTRLD, VMX_LAYOUT_VMXON, VMERR_VMPTRLD_VMXON_POINTER},
	    {SYS_VMPTRLD, LAYOUT_DATA, VMERR_VMPTRLD_REVISION},
	    {SYS_VMPTRLD, BIT(40), VMERR_VMPTRLD_REVISION},
	    {SYS_VMPTRLD, VMX_LAYOUT_VMCS2, 0},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		vmx_fixture_enter(LONG);
		point_at(rows[i].region);
		ck_assert(fixture_run(rows[i].sys == SYS_VMCLEAR ? sys_VMCLEAR : sys_VMPTRLD, memory(rows[i].sys), NULL));
		ck_assert_msg(vm_result() == rows[i].error, "row %u: %d", i, vm_result());
	}
}
END_TEST

START_TEST(vmptrst_stores_the_pointer)
{
	vmx_fixture_enter(LONG);
	ck_assert(fixture_run(sys_VMPTRST, memory(SYS_VMPTRST), NULL));
	ck_assert_uint_eq(mem_read(&fix.mem, HPA(LAYOUT_DATA), 8), VMX_LAYOUT_VMCS);
	vmx_clear(&fix.cpu, VMX_LAYOUT_VMCS);
	ck_assert(fixture_run(sys_VMPTRST, memory(SYS_VMPTRST), NULL));
	ck_assert_uint_eq(mem_read(&fix.mem, HPA(LAYOUT_DATA), 8), ~0ull);
}
END_TEST

START_TEST(vmread_and_vmwrite_move_every_field)
{
	for (unsigned i = 0; i < VMCS_FIELDS; i++) {
		struct cpu *cpu = vmx_fixture_enter(LONG);
		uint64_t encoding = vmcs_field_encoding(i), mask = vmcs_width_mask(encoding);
		bool read_only = vmcs_is_read_only(encoding);

		cpu->gpr[RCX] = encoding;
		cpu->gpr[RAX] = 0xfedcba9876543210;
		ck_assert(fixture_run(sys_VMWRITE, registers(SYS_VMWRITE), NULL));
		ck_assert_int_eq(vm_result(), read_only ? VMERR_READ_ONLY_FIELD : 0);
		cpu->gpr[RAX] = 0;
		uint64_t expected = read_only ? fix_vmx.vmcs.field[i] : 0xfedcba9876543210 & mask;
		ck_assert(fixture_run(sys_VMREAD, registers(SYS_VMREAD), NULL));
		ck_assert_msg(cpu->gpr[RAX] == expected, "%s", vmcs_field_name(i));
		ck_assert_int_eq(vm_result(), 0);
	}
}
END_TEST

START_TEST(unsupported_fields_are_error_12_and_no_vmcs_is_invalid)
{
	static const uint64_t bad[] = {
	    0x0002, 0x2014, 0x4802 - 1, 0x4c02, 0x6828, 0x681f, BIT(32) | VMCS_GUEST_RIP, 0x1000 | VMCS_GUEST_RIP};

	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		struct cpu *cpu = vmx_fixture_enter(LONG);

		cpu->gpr[RCX] = bad[i];
		ck_assert(fixture_run(sys_VMREAD, registers(SYS_VMREAD), NULL));
		ck_assert_int_eq(vm_result(), VMERR_UNSUPPORTED_FIELD);
		ck_assert(fixture_run(sys_VMWRITE, registers(SYS_VMWRITE), NULL));
		ck_assert_int_eq(vm_result(), VMERR_UNSUPPORTED_FIELD);
		vmx_clear(cpu, VMX_LAYOUT_VMCS);
		ck_assert(fixture_run(sys_VMREAD, registers(SYS_VMREAD), NULL));
		ck_assert_int_eq(vm_result(), -1);
	}
}
END_TEST

START_TEST(in_protected_mode_operands_have_32_bits)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);

	fixture_enter(PAE, 0);
	cpu->vmx_op = VMX_ROOT;
	set(VMCS_EPTP, 0x1122334455667788);
	cpu->gpr[RCX] = VMCS_EPTP;
	ck_assert(fixture_run(sys_VMREAD, registers(SYS_VMREAD), NULL));
	ck_assert_uint_eq(cpu->gpr[RAX], 0x55667788);
	cpu->gpr[RCX] = VMCS_EPTP + 1;
	ck_assert(fixture_run(sys_VMREAD, registers(SYS_VMREAD), NULL));
	ck_assert_uint_eq(cpu->gpr[RAX], 0x11223344);
	cpu->gpr[RAX] = 5;
	ck_assert(fixture_run(sys_VMWRITE, registers(SYS_VMWRITE), NULL));
	ck_assert_uint_eq(get(VMCS_EPTP), 0x555667788);
	cpu->gpr[RCX] = VMCS_EPTP;
	ck_assert(fixture_run(sys_VMWRITE, registers(SYS_VMWRITE), NULL));
	ck_assert_uint_eq(get(VMCS_EPTP), 5);
}
END_TEST

START_TEST(memory_operands_fault_without_effect)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);
	struct insn insn = memory(SYS_VMPTRLD);

	insn.disp = LAYOUT_HOLE;
	ck_assert_int_eq(fixture_fault(sys_VMPTRLD, insn), VEC_PF);
	ck_assert_uint_eq(cpu->pending.cr2, LAYOUT_HOLE);
	insn.sys = SYS_VMREAD;
	cpu->gpr[RCX] = VMCS_GUEST_RIP;
	ck_assert_int_eq(fixture_fault(sys_VMREAD, insn), VEC_PF);
	cpu->gpr[RCX] = 0x0002; /* an unsupported field is looked at first */
	ck_assert(fixture_run(sys_VMREAD, insn, NULL));
	ck_assert_int_eq(vm_result(), VMERR_UNSUPPORTED_FIELD);
}
END_TEST

START_TEST(invept_and_invvpid_check_type_and_descriptor)
{
	static const struct {
		bool ept;
		uint64_t type, low, high;
		int error;
	} rows[] = {
	    {true, 0, 0x5e, 0, 28},	{true, 3, 0x5e, 0, 28},	    {true, 1, 0x5e, 0, 0},
	    {true, 1, 0x5d, 0, 28},	{true, 2, 0x5d, 0, 0},	    {true, BIT(32) | 1, 0x5e, 0, 28},
	    {false, 0, 1, 0x1000, 0},	{false, 0, 1, BIT(60), 28}, {false, 0, 0, 0x1000, 28},
	    {false, 1, 1, BIT(60), 0},	{false, 1, 0, 0, 28},	    {false, 2, 0, 0, 0},
	    {false, 2, 0x10000, 0, 28}, {false, 3, 1, 0, 0},	    {false, 3, 0, 0, 28},
	    {false, 4, 1, 0, 28},	{false, BIT(40), 1, 0, 28},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpu *cpu = vmx_fixture_enter(LONG);

		mem_write(&fix.mem, HPA(LAYOUT_DATA), rows[i].low, 8);
		mem_write(&fix.mem, HPA(LAYOUT_DATA + 8), rows[i].high, 8);
		cpu->gpr[RCX] = rows[i].type;
		ck_assert(fixture_run(rows[i].ept ? sys_INVEPT : sys_INVVPID, memory(rows[i].ept ? SYS_INVEPT : SYS_INVVPID), NULL));
		ck_assert_msg(vm_result() == rows[i].error, "row %u: %d", i, vm_result());
	}
}
END_TEST

/* A guest with EPTP switching; function, entry, and what comes of it: a vector, an exit (59), or 0. */
static int vmfunc(uint32_t function, uint32_t entry)
{
	struct cpu *cpu = &fix.cpu;

	cpu->gpr[RAX] = function;
	cpu->gpr[RCX] = entry;
	if (fixture_run(sys_VMFUNC, registers(SYS_VMFUNC), NULL))
		return 0;
	return cpu->pending.kind == PENDING_VM_EXIT ? (int)cpu->pending.exit_reason : cpu->pending.vector;
}

START_TEST(vmfunc_switches_eptp_by_the_list)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);

	ck_assert_int_eq(vmfunc(0, 0), VEC_UD); /* root operation */
	mem_write(&fix.mem, HPA(VMX_LAYOUT_EPTP_LIST + 8 * 511), 0x6605e, 8);
	mem_write(&fix.mem, HPA(VMX_LAYOUT_EPTP_LIST + 8), 0x6605d, 8);
	set_bits(VMCS_PROC2_CONTROLS, CTL(PROC2, EPT) | CTL(PROC2, VM_FUNCTIONS) | CTL(PROC2, VE));
	set(VMCS_VM_FUNCTION_CONTROLS, 1);
	ck_assert(launch());
	cpu->cpl = 3;
	ck_assert_int_eq(vmfunc(64, 0), VEC_UD);
	ck_assert_int_eq(vmfunc(1, 0), EXIT_VMFUNC);
	ck_assert_int_eq(vmfunc(0, 512), EXIT_VMFUNC);
	ck_assert_int_eq(vmfunc(0, 1), EXIT_VMFUNC); /* VM entry would fail with it */
	ck_assert_int_eq(vmfunc(0, 511), 0);
	ck_assert_uint_eq(get(VMCS_EPTP), 0x6605e);
	ck_assert_uint_eq(get(VMCS_EPTP_INDEX), 511);
	ck_assert_uint_eq(cpu->mmu.context.eptrta, 0x66000);
	fix_vmx.vmcs.proc2_controls &= ~CTL(PROC2, VM_FUNCTIONS);
	ck_assert_int_eq(vmfunc(0, 511), VEC_UD);
}
END_TEST

START_TEST(vmlaunch_goes_on_in_the_guest_and_a_late_failure_in_the_host)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);
	struct insn insn = registers(SYS_VMLAUNCH);

	set(VMCS_GUEST_INTERRUPTIBILITY, BLOCK_MOV_SS);
	ck_assert(sysinsn_execute(cpu, &fix.bus, &insn));
	ck_assert_uint_eq(cpu->rip, GUEST_RIP);
	ck_assert_uint_eq(cpu->interruptibility, BLOCK_MOV_SS);
	cpu = vmx_fixture_enter(LONG);
	set(VMCS_GUEST_RFLAGS, 0);
	ck_assert(sysinsn_execute(cpu, &fix.bus, &insn));
	ck_assert_uint_eq(cpu->rip, HOST_RIP);
	cpu = vmx_fixture_enter(LONG);
	set(VMCS_PIN_CONTROLS, 0);
	ck_assert(sysinsn_execute(cpu, &fix.bus, &insn));
	ck_assert_uint_eq(cpu->rip, 0x1000 + insn.len);
	ck_assert_int_eq(vm_result(), VMERR_ENTRY_CONTROLS);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("vmx_insn");

	tcase_add_checked_fixture(tc, vmx_fixture_setup, fixture_teardown);
	tcase_add_test(tc, outside_vmx_operation_all_but_vmxon_are_ud);
	tcase_add_test(tc, wrong_modes_are_ud_before_privilege);
	tcase_add_test(tc, cpl_3_is_gp_in_root_operation);
	tcase_add_test(tc, in_non_root_operation_all_exit_at_any_cpl);
	tcase_add_test(tc, instruction_information_describes_the_operand);
	tcase_add_test(tc, vmxon_needs_cr4_vmxe_fixed_bits_and_feature_control);
	tcase_add_test(tc, vmxon_checks_address_and_revision);
	tcase_add_test(tc, vmxon_in_root_operation_fails);
	tcase_add_test(tc, vmcall_in_root_and_vmxoff);
	tcase_add_test(tc, vmclear_and_vmptrld_fail_by_their_numbers);
	tcase_add_test(tc, vmptrst_stores_the_pointer);
	tcase_add_test(tc, vmread_and_vmwrite_move_every_field);
	tcase_add_test(tc, unsupported_fields_are_error_12_and_no_vmcs_is_invalid);
	tcase_add_test(tc, in_protected_mode_operands_have_32_bits);
	tcase_add_test(tc, memory_operands_fault_without_effect);
	tcase_add_test(tc, invept_and_invvpid_check_type_and_descriptor);
	tcase_add_test(tc, vmfunc_switches_eptp_by_the_list);
	tcase_add_test(tc, vmlaunch_goes_on_in_the_guest_and_a_late_failure_in_the_host);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("vmx_insn", add_cases)
