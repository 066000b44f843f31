/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the built-in VMMs share: start, the exit loop, the common handlers. */
#include "tests/vmx_fixture.h"

#include "vmx/vmm.h"
#include "vmx/vmm_handlers.h"

static struct vmm vmm;
static uint32_t port_value;
static uint16_t port_last;
static bool line;

static uint32_t device_in(void *ctx, uint16_t port, unsigned size)
{
	(void)ctx, (void)size;
	port_last = port;
	return port_value;
}

static void device_out(void *ctx, uint16_t port, unsigned size, uint32_t value)
{
	(void)ctx, (void)size;
	port_last = port;
	port_value = value;
}

static void device_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, uint32_t reg[4])
{
	(void)ctx;
	reg[0] = leaf;
	reg[1] = subleaf;
	reg[2] = ~0u;
	reg[3] = 4;
}

static bool device_interrupt(void *ctx)
{
	(void)ctx;
	return line;
}

static uint8_t device_acknowledge(void *ctx)
{
	(void)ctx;
	line = false;
	return 0x41;
}

static bool guest_access(struct vmm *v, uint64_t gla, void *data, unsigned size, unsigned access)
{
	(void)v;
	if (!data)
		return true;
	return access == ACC_WRITE ? mem_write_bytes(&fix.mem, HPA(gla), data, size) : mem_read_bytes(&fix.mem, HPA(gla), data, size);
}

/* The fixture's 64-bit processor becomes a guest. */
static struct cpu *start(void)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	cpu->ldtr.ar = AR_UNUSABLE;
	vmx_init(&fix_vmx, cpu);
	vmm_init(&vmm, cpu, "test", VMX_LAYOUT_VMXON, VMX_LAYOUT_VMCS, VMX_LAYOUT_MSR);
	vmm.devices = (struct vmm_devices){
	    .in = device_in, .out = device_out, .cpuid = device_cpuid, .interrupt = device_interrupt, .acknowledge = device_acknowledge};
	vmm.access = guest_access;
	cpu->pending.kind = PENDING_NONE;
	ck_assert_msg(vmm_start(&vmm), "%s", vmm.text);
	return cpu;
}

static struct insn plain(enum sysop sys)
{
	return (struct insn){
	    .len = 2, .sys = (uint8_t)sys, .opsize = 4, .addrsize = 8, .seg = SEG_DS, .base = REG_NONE, .index = REG_NONE, .rm = RAX};
}

/* An instruction of the guest that exits, and the way back. */
static bool round_trip(const struct insn *insn)
{
	struct cpu *cpu = &fix.cpu;

	if (!vmx_intercept(cpu, insn))
		return true;
	vmx_exit(cpu);
	ck_assert(vmm_is_next(cpu));
	return vmm_run(cpu);
}

START_TEST(the_processor_becomes_a_guest_where_it_was)
{
	struct cpu *cpu = start();

	ck_assert_uint_eq(cpu->vmx_op, VMX_NONROOT);
	ck_assert_uint_eq(cpu->rip, 0x1000);
	ck_assert_uint_eq(cpu->gpr[RSP], LAYOUT_STACK);
	ck_assert_uint_eq(cpu->cr3, LAYOUT_PML4);
	ck_assert_uint_eq(vmx_visible_cr4(cpu) & CR4_VMXE, 0);
	ck_assert_uint_eq(cpu->mmu.mode.levels, 4);
	ck_assert_uint_eq(cpu->mmu.context.vpid, 1);
}
END_TEST

/* From reset on: real mode, caches off. */
START_TEST(a_guest_in_real_mode_keeps_cd_and_nw)
{
	struct cpu *cpu = fixture_enter(REAL, 0);

	cpu_reset(cpu);
	vmx_init(&fix_vmx, cpu);
	fix_vmx.hooks.ept_valid = fake_ept_valid;
	fix_vmx.hooks.ept_use = fake_ept_use;
	vmm_init(&vmm, cpu, "test", VMX_LAYOUT_VMXON, VMX_LAYOUT_VMCS, VMX_LAYOUT_MSR);
	vmm_write(&vmm, PROC2_CONTROLS, vmm_read(&vmm, PROC2_CONTROLS) | CTL(PROC2, EPT) | CTL(PROC2, UNRESTRICTED));
	vmm_write(&vmm, EPTP, 0x5e);
	cpu->pending.kind = PENDING_NONE;
	ck_assert_msg(vmm_start(&vmm), "%s", vmm.text);
	ck_assert_uint_eq(vmx_visible_cr0(cpu), CR0_CD | CR0_NW | CR0_ET);
	ck_assert_uint_eq(cpu->rip, 0xfff0);
	ck_assert_uint_eq(cpu->seg[SEG_CS].base, 0xffff0000);
	ck_assert_uint_eq(cpu->mmu.mode.levels, 0);
}
END_TEST

START_TEST(every_reason_has_a_row)
{
	start();
	for (unsigned i = 0; i < VMX_REASONS; i++) {
		ck_assert_ptr_nonnull(vmm.row[i].handler);
		ck_assert_int_eq(vmm.row[i].name != NULL, exit_is_reason(i));
	}
}
END_TEST

START_TEST(cpuid_is_answered_without_vmx)
{
	struct cpu *cpu = start();
	struct insn insn = plain(SYS_CPUID);

	cpu->gpr[RAX] = 1;
	ck_assert(round_trip(&insn));
	ck_assert_uint_eq(cpu->rip, 0x1002);
	ck_assert_uint_eq(cpu->gpr[RAX], 1);
	ck_assert_uint_eq(cpu->gpr[RCX], ~0u & ~(BIT(5) | BIT(27)));
	ck_assert_uint_eq(fix_vmx.exits[EXIT_CPUID], 1);
	ck_assert_uint_eq(cpu->ev.n[EV_VM_EXITS], 1);
	ck_assert_uint_eq(cpu->ev.n[EV_VM_ENTRIES], 2);
}
END_TEST

START_TEST(io_goes_to_the_devices)
{
	struct cpu *cpu = start();
	struct insn out = plain(SYS_OUT), in = plain(SYS_IN);

	out.imm = 0xe9, out.opcode = 0xe6, out.opsize = 1;
	cpu->gpr[RAX] = 0x1234;
	ck_assert(round_trip(&out));
	ck_assert_uint_eq(port_value, 0x34);
	ck_assert_uint_eq(port_last, 0xe9);
	in.opcode = 0xed, in.opsize = 2;
	cpu->gpr[RDX] = 0x3f8;
	cpu->gpr[RAX] = ~0ull;
	port_value = 0x5678;
	ck_assert(round_trip(&in));
	ck_assert_uint_eq(cpu->gpr[RAX], 0xffffffffffff5678);
	ck_assert_uint_eq(port_last, 0x3f8);
}
END_TEST

START_TEST(rep_outs_exits_once_an_iteration)
{
	struct cpu *cpu = start();
	struct insn insn = plain(SYS_OUTS);

	insn.opsize = 1;
	insn.flags = INSN_REP;
	mem_write(&fix.mem, HPA(LAYOUT_DATA), 0x4241, 2);
	cpu->gpr[RSI] = LAYOUT_DATA;
	cpu->gpr[RCX] = 2;
	ck_assert(round_trip(&insn));
	ck_assert_uint_eq(port_value, 0x41);
	ck_assert_uint_eq(cpu->rip, 0x1000);
	ck_assert(round_trip(&insn));
	ck_assert_uint_eq(port_value, 0x42);
	ck_assert_uint_eq(cpu->rip, 0x1002);
	ck_assert_uint_eq(cpu->gpr[RCX], 0);
	ck_assert_uint_eq(cpu->gpr[RSI], LAYOUT_DATA + 2);
}
END_TEST

START_TEST(vmx_msrs_are_gp_in_the_guest)
{
	static const uint32_t msrs[] = {VMM_MSR_FEATURE_CONTROL, MSR_VMX_BASIC, MSR_VMX_VMFUNC};

	for (unsigned i = 0; i < ARRAY_LEN(msrs); i++) {
		struct cpu *cpu = start();
		struct insn insn = plain(SYS_RDMSR);

		cpu->gpr[RCX] = msrs[i];
		ck_assert(!round_trip(&insn));
		ck_assert_int_eq(cpu->pending.kind, PENDING_EXCEPTION);
		ck_assert(cpu->pending.injected && cpu->pending.vector == VEC_GP && cpu->pending.has_error);
		ck_assert_uint_eq(cpu->rip, 0x1000);
	}
}
END_TEST

START_TEST(hlt_waits_in_the_guest)
{
	struct cpu *cpu = start();
	struct insn insn = plain(SYS_HLT);

	cpu->interruptibility = BLOCK_STI;
	cpu->rflags |= FLAG_IF;
	ck_assert(round_trip(&insn));
	ck_assert_uint_eq(cpu->activity, ACTIVITY_HLT);
	ck_assert_uint_eq(cpu->interruptibility, 0);
	ck_assert_uint_eq(cpu->rip, 0x1002);
}
END_TEST

START_TEST(an_interrupt_waits_for_a_pending_debug_exception)
{
	struct cpu *cpu = start();

	cpu->rflags |= FLAG_IF;
	line = true;
	ck_assert(vmx_before_instruction(cpu, line));
	vmx_exit(cpu);
	vmm_write(&vmm, GUEST_RFLAGS, FLAG_FIXED | FLAG_IF | FLAG_TF);
	vmm_completed(&vmm);
	ck_assert(vmm_run(cpu));
	ck_assert(line);
	ck_assert_uint_eq(cpu->pending_dbg, BIT(14));
	line = false;
}
END_TEST

/* What CPUID says of CR4 and of the mode is the guest's: the VMM's own differ. */
START_TEST(cpuid_tells_of_the_guests_cr4_and_mode)
{
	static const struct {
		uint32_t leaf, subleaf;
		uint64_t cr4, bit;
		unsigned reg;
	} rows[] = {{1, 0, CR4_OSXSAVE, BIT(27), RCX}, {7, 0, CR4_PKE, BIT(4), RCX}, {0x80000001, 0, 0, BIT(11), RDX}};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned on = 0; on < 2; on++) {
			struct cpu *cpu = start();
			struct insn insn = plain(SYS_CPUID);

			cpu->cr4 |= on ? rows[i].cr4 : 0;
			if (!on && !rows[i].cr4)
				cpu->seg[SEG_CS].ar ^= (uint32_t)(AR_L | AR_DB);
			cpu->gpr[RAX] = rows[i].leaf, cpu->gpr[RCX] = rows[i].subleaf;
			ck_assert(round_trip(&insn));
			ck_assert_msg(!!(cpu->gpr[rows[i].reg] & rows[i].bit) == on, "row %u, %u", i, on);
		}
}
END_TEST

/* INS and OUTS exit before their operand is checked: the VMM makes the checks. */
START_TEST(string_io_faults_where_the_instruction_would)
{
	static const struct {
		enum sysop sys;
		bool in_32_bit;
		uint8_t seg;
		uint64_t address;
		int vector;
	} rows[] = {
	    {SYS_OUTS, false, SEG_DS, LAYOUT_DATA, -1},
	    {SYS_OUTS, false, SEG_DS, 0x800000000000, VEC_GP},
	    {SYS_OUTS, false, SEG_SS, 0x7fffffffffff, VEC_SS},
	    {SYS_INS, false, SEG_ES, 0x800000000000, VEC_GP},
	    {SYS_OUTS, true, SEG_DS, 0x1000, VEC_GP},
	    {SYS_OUTS, true, SEG_DS, 0xffe, -1},
	    {SYS_OUTS, true, SEG_SS, 0xfff, VEC_SS},
	    {SYS_INS, true, SEG_ES, 0x800, VEC_GP}, /* read-only */
	    {SYS_OUTS, true, SEG_ES, 0x800, -1},
	    {SYS_OUTS, true, SEG_FS, 0, VEC_GP}, /* unusable */
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpu *cpu = start();
		struct insn insn = plain(rows[i].sys);

		insn.opsize = 2, insn.seg = rows[i].seg, insn.addrsize = rows[i].in_32_bit ? 4 : 8;
		if (rows[i].in_32_bit) {
			cpu->seg[SEG_CS].ar ^= (uint32_t)(AR_L | AR_DB);
			for (unsigned s = 0; s < SEG_COUNT; s++)
				if (s != SEG_CS)
					cpu->seg[s] =
					    (struct segment){.ar = AR_P | AR_S | AR_A | (s == SEG_ES ? 0 : AR_RW), .limit = 0xfff};
			cpu->seg[SEG_FS].ar |= AR_UNUSABLE;
		}
		cpu->gpr[RSI] = cpu->gpr[RDI] = rows[i].address;
		port_last = 0;
		cpu->gpr[RDX] = 0x99;
		ck_assert_msg(round_trip(&insn) == (rows[i].vector < 0), "row %u: %s", i, vmm.text);
		ck_assert_msg(port_last == (rows[i].vector < 0 ? 0x99 : 0), "row %u", i);
		if (rows[i].vector >= 0)
			ck_assert_msg(cpu->pending.vector == rows[i].vector && cpu->pending.has_error, "row %u", i);
	}
}
END_TEST

static bool guest_faults(struct vmm *v, uint64_t gla, void *data, unsigned size, unsigned access)
{
	(void)gla, (void)data, (void)size, (void)access;
	vmm_inject(v, VEC_PF, true, 2);
	return false;
}

START_TEST(ins_that_faults_reads_no_port)
{
	struct cpu *cpu = start();
	struct insn insn = plain(SYS_INS);

	vmm.access = guest_faults;
	insn.opsize = 1;
	cpu->gpr[RDI] = LAYOUT_DATA;
	cpu->gpr[RDX] = 0x99;
	port_last = 0;
	ck_assert(!round_trip(&insn));
	ck_assert_uint_eq(cpu->pending.vector, VEC_PF);
	ck_assert_uint_eq(port_last, 0);
}
END_TEST

START_TEST(an_interrupt_waits_for_its_window)
{
	struct cpu *cpu = start();

	line = true;
	ck_assert(vmx_before_instruction(cpu, line));
	ck_assert_uint_eq(cpu->pending.exit_reason, EXIT_EXTERNAL_INTERRUPT);
	vmx_exit(cpu);
	ck_assert(vmm_run(cpu));
	ck_assert(line);
	ck_assert(!vmx_before_instruction(cpu, line)); /* IF = 0: nothing, and no endless exits */
	cpu->rflags |= FLAG_IF;
	ck_assert(vmx_before_instruction(cpu, line));
	ck_assert_uint_eq(cpu->pending.exit_reason, EXIT_INTERRUPT_WINDOW);
	vmx_exit(cpu);
	ck_assert(!vmm_run(cpu));
	ck_assert(!line);
	ck_assert_uint_eq(cpu->pending.vector, 0x41);
	ck_assert_uint_eq(cpu->pending.type, EVTYPE_EXTERNAL);
	ck_assert(vmx_exits_on_interrupt(cpu));
}
END_TEST

START_TEST(cr0_ne_is_the_guests_own_belief)
{
	struct cpu *cpu = start();
	struct insn insn = plain(SYS_MOV_TO_CR);

	cpu->gpr[RAX] = cpu->cr0 & ~CR0_NE;
	ck_assert(round_trip(&insn));
	ck_assert_uint_eq(cpu->rip, 0x1000); /* tried again, and now it does not exit */
	ck_assert(!vmx_intercept(cpu, &insn));
	ck_assert_uint_eq(vmx_visible_cr0(cpu) & CR0_NE, 0);
	ck_assert_uint_eq(vmx_merge_cr0(cpu, cpu->gpr[RAX]) & CR0_NE, CR0_NE);
}
END_TEST

START_TEST(triple_fault_shuts_the_guest_down_and_surprises_stop)
{
	struct cpu *cpu = start();

	raise_vm_exit(cpu, EXIT_TRIPLE_FAULT, 0);
	vmx_exit(cpu);
	ck_assert(!vmm_run(cpu));
	ck_assert_uint_eq(cpu->activity, ACTIVITY_SHUTDOWN);
	cpu = start();
	raise_vm_exit(cpu, EXIT_EPT_VIOLATION, 5);
	vmx_exit(cpu);
	ck_assert(!vmm_run(cpu));
	ck_assert_int_eq(cpu->pending.kind, PENDING_STOP);
	ck_assert_str_eq(cpu->pending.stop_reason,
			 "test VMM: unexpected VM exit EPT_VIOLATION (48), qualification 0x5, at guest RIP 0x1000");
}
END_TEST

/* A data translation of the guest, then an exit in which the VMM writes something: kept unless that something matters. */
START_TEST(an_exit_keeps_the_guests_translations_unless_the_vmm_changes_its_state)
{
	static const struct {
		enum vmcs_index field;
		uint64_t value;
		bool engine_flushed;
	} rows[] = {{VMCS_I_GUEST_RSP, 0x9000, false},
		    {VMCS_I_GUEST_CR3, LAYOUT_PML4 | 0x18, true},
		    {VMCS_I_VPID, 2, true},
		    {VMCS_I_GUEST_FS_BASE, 0x100, true},
		    {VMCS_I_GUEST_RFLAGS, FLAG_FIXED | FLAG_AC, true}};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpu *cpu = start();
		struct insn insn = plain(SYS_CPUID);

		ck_assert(mmu_access(&cpu->mmu, GLA(LAYOUT_DATA), ACC_READ));
		cpu->engine_flush = false;
		ck_assert(vmx_intercept(cpu, &insn));
		vmx_exit(cpu);
		vmm_put(&vmm, rows[i].field, rows[i].value);
		ck_assert(vmm_run(cpu));
		ck_assert_msg(cpu->engine_flush == rows[i].engine_flushed, "row %u", i);
		uint64_t misses = cpu->ev.n[EV_STLB_MISSES];
		ck_assert(mmu_access(&cpu->mmu, GLA(LAYOUT_DATA), ACC_READ));
		ck_assert_msg(cpu->ev.n[EV_STLB_MISSES] - misses == (rows[i].field == VMCS_I_VPID), "row %u", i);
		ck_assert_uint_eq(cpu->mmu.context.vpid, rows[i].field == VMCS_I_VPID ? 2 : 1);
	}
}
END_TEST

START_TEST(a_bad_control_of_the_vmm_is_a_clear_stop)
{
	struct cpu *cpu = start();
	struct insn insn = plain(SYS_CPUID);

	vmx_intercept(cpu, &insn);
	vmx_exit(cpu);
	vmm_write(&vmm, VPID, 0);
	ck_assert(!vmm_run(cpu));
	ck_assert_int_eq(cpu->pending.kind, PENDING_STOP);
	ck_assert_str_eq(
	    cpu->pending.stop_reason,
	    "test VMM: VM entry failed: virtual-processor identifier (VPID): must not be 0000H (it is 0x0; SDM 3C, \"VM-Execution "
	    "Control Fields\"), at guest RIP 0x1002");
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("vmm");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_test(tc, the_processor_becomes_a_guest_where_it_was);
	tcase_add_test(tc, a_guest_in_real_mode_keeps_cd_and_nw);
	tcase_add_test(tc, every_reason_has_a_row);
	tcase_add_test(tc, cpuid_is_answered_without_vmx);
	tcase_add_test(tc, io_goes_to_the_devices);
	tcase_add_test(tc, rep_outs_exits_once_an_iteration);
	tcase_add_test(tc, vmx_msrs_are_gp_in_the_guest);
	tcase_add_test(tc, hlt_waits_in_the_guest);
	tcase_add_test(tc, an_interrupt_waits_for_a_pending_debug_exception);
	tcase_add_test(tc, cpuid_tells_of_the_guests_cr4_and_mode);
	tcase_add_test(tc, string_io_faults_where_the_instruction_would);
	tcase_add_test(tc, ins_that_faults_reads_no_port);
	tcase_add_test(tc, an_interrupt_waits_for_its_window);
	tcase_add_test(tc, cr0_ne_is_the_guests_own_belief);
	tcase_add_test(tc, triple_fault_shuts_the_guest_down_and_surprises_stop);
	tcase_add_test(tc, an_exit_keeps_the_guests_translations_unless_the_vmm_changes_its_state);
	tcase_add_test(tc, a_bad_control_of_the_vmm_is_a_clear_stop);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("vmm", add_cases)
