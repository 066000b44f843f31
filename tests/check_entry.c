/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VM entry: what is loaded in each mode, event injection, MSR loading. The checks, one by one, are in check_entry_checks.c. */
#include "tests/vmx_fixture.h"

START_TEST(the_good_vmcs_enters_in_every_mode)
{
	for (enum mode mode = REAL; mode < MODES; mode++) {
		struct cpu *cpu = vmx_fixture_enter(mode);

		ck_assert_msg(launch(), "%s: %s", mode_name[mode], fix_vmx.failure.text ? fix_vmx.failure.text : "");
		ck_assert_uint_eq(cpu->rip, GUEST_RIP);
		ck_assert_uint_eq(cpu->gpr[RSP], GUEST_STACK);
		ck_assert_uint_eq(cpu->cpl, mode == V86 ? 3 : 0);
		ck_assert_uint_eq(cpu_code_width(cpu), mode == LONG ? 64 : mode == REAL || mode == V86 ? 16 : 32);
		ck_assert_uint_eq(cpu->mmu.mode.levels, mode == REAL || mode == PROTECTED ? 0 : mode == V86 ? 2 : mode == PAE ? 3 : 4);
		ck_assert_int_eq(cpu->pending.kind, PENDING_NONE);
		ck_assert(fix_vmx.vmcs.launched);
	}
}
END_TEST

START_TEST(launch_state_decides_between_vmlaunch_and_vmresume)
{
	bool entered;
	struct cpu *cpu = vmx_fixture_enter(LONG);

	vmx_launch_or_resume(cpu, false, &entered);
	ck_assert_int_eq(vm_result(), VMERR_VMRESUME_NOT_LAUNCHED);
	ck_assert(launch());
	raise_vm_exit(cpu, EXIT_HLT, 0);
	vmx_exit(cpu);
	vmx_launch_or_resume(cpu, true, &entered);
	ck_assert_int_eq(vm_result(), VMERR_VMLAUNCH_NOT_CLEAR);
	vmx_launch_or_resume(cpu, false, &entered);
	ck_assert(entered && cpu->vmx_op == VMX_NONROOT);
}
END_TEST

START_TEST(entry_fails_without_vmcs_and_after_mov_ss)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);

	cpu->interruptibility = BLOCK_MOV_SS;
	ck_assert(!launch());
	ck_assert_int_eq(vm_result(), VMERR_ENTRY_MOV_SS);
	vmx_clear(cpu, VMX_LAYOUT_VMCS);
	ck_assert(!launch());
	ck_assert_int_eq(vm_result(), -1);
}
END_TEST

START_TEST(cr0_keeps_cd_nw_and_et)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);

	cpu->cr0 |= CR0_CD;
	clear_bits(VMCS_GUEST_CR0, CR0_ET);
	set_bits(VMCS_GUEST_CR0, CR0_NW | CR0_WP);
	ck_assert(launch());
	ck_assert_uint_eq(cpu->cr0, CR0_PE | CR0_PG | CR0_NE | CR0_WP | CR0_CD | CR0_ET);
}
END_TEST

START_TEST(efer_follows_ia32e_mode_unless_loaded)
{
	struct cpu *cpu = vmx_fixture_enter(PAE);

	ck_assert(launch());
	ck_assert_uint_eq(cpu->efer & (EFER_LMA | EFER_LME), 0);
	cpu = vmx_fixture_enter(REAL); /* paging off: LME stays */
	ck_assert(launch());
	ck_assert_uint_eq(cpu->efer & (EFER_LMA | EFER_LME), EFER_LME);
	cpu = vmx_fixture_enter(LONG);
	set_bits(VMCS_ENTRY_CONTROLS, CTL(ENTRY, LOAD_EFER));
	ck_assert(launch());
	ck_assert_uint_eq(cpu->efer, EFER_LMA | EFER_LME);
}
END_TEST

START_TEST(debug_controls_and_pat_load_only_if_asked)
{
	for (unsigned asked = 0; asked < 2; asked++) {
		struct cpu *cpu = vmx_fixture_enter(LONG);

		clear_bits(VMCS_ENTRY_CONTROLS, CTL(ENTRY, LOAD_DEBUG));
		set_bits(VMCS_ENTRY_CONTROLS, asked ? CTL(ENTRY, LOAD_DEBUG) | CTL(ENTRY, LOAD_PAT) : 0);
		set(VMCS_GUEST_DR7, 0xd002);
		set(VMCS_GUEST_PAT, 0x0606060606060606);
		ck_assert(launch());
		ck_assert_uint_eq(cpu->dr[7], asked ? 0x402 : 0x400);
		ck_assert_uint_eq(cpu->pat, asked ? 0x0606060606060606 : 0x0007040600070406);
	}
}
END_TEST

START_TEST(pae_pdptes_come_from_memory_or_with_ept_from_the_vmcs)
{
	struct cpu *cpu = vmx_fixture_enter(PAE);

	ck_assert(launch());
	ck_assert_uint_eq(cpu->pdpte[0], LAYOUT_PD | 1);
	cpu = vmx_fixture_enter(PAE);
	set_bits(VMCS_PROC2_CONTROLS, CTL(PROC2, EPT));
	set(VMCS_GUEST_PDPTE0 + 4, 0x7001);
	ck_assert(launch());
	ck_assert_uint_eq(cpu->pdpte[0], 0);
	ck_assert_uint_eq(cpu->pdpte[2], 0x7001);
}
END_TEST

START_TEST(vpid_and_ept_tag_the_mmu)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);

	set_bits(VMCS_PROC2_CONTROLS, CTL(PROC2, EPT) | CTL(PROC2, VPID));
	set(VMCS_EPTP, 0x7705e);
	set(VMCS_VPID, 9);
	ck_assert(launch());
	ck_assert_uint_eq(cpu->mmu.context.vpid, 9);
	ck_assert_uint_eq(cpu->mmu.context.eptrta, 0x77000);
	ck_assert_uint_eq(fix_eptp, 0x7705e);
	raise_vm_exit(cpu, EXIT_HLT, 0);
	vmx_exit(cpu);
	ck_assert_uint_eq(cpu->mmu.context.vpid, 0);
	ck_assert_uint_eq(cpu->mmu.context.eptrta, 0);
	ck_assert(cpu->mmu.env.second == NULL);
}
END_TEST

/* A translation of the host, used before the entry, used after the exit: another walk only if there was no VPID. */
START_TEST(without_vpid_transitions_invalidate)
{
	for (unsigned vpid = 0; vpid < 2; vpid++) {
		struct cpu *cpu = vmx_fixture_enter(LONG);

		set_bits(VMCS_PROC2_CONTROLS, vpid ? CTL(PROC2, VPID) : 0);
		set(VMCS_VPID, 1);
		mmu_flush_all(&cpu->mmu);
		ck_assert(mmu_access(&cpu->mmu, GLA(LAYOUT_DATA), ACC_READ));
		ck_assert(launch());
		raise_vm_exit(cpu, EXIT_HLT, 0);
		vmx_exit(cpu);
		uint64_t misses = cpu->ev.n[EV_STLB_MISSES];
		ck_assert(mmu_access(&cpu->mmu, GLA(LAYOUT_DATA), ACC_READ));
		ck_assert_uint_eq(cpu->ev.n[EV_STLB_MISSES] - misses, vpid ? 0 : 1);
	}
}
END_TEST

/* Each transition by itself: what VM entry leaves of VPID 0, and what VM exit leaves, are looked for as soon as it is over. */
START_TEST(without_vpid_entry_and_exit_each_invalidate)
{
	for (unsigned vpid = 0; vpid < 2; vpid++) {
		struct cpu *cpu = vmx_fixture_enter(LONG);

		set_bits(VMCS_PROC2_CONTROLS, vpid ? CTL(PROC2, VPID) : 0);
		set(VMCS_VPID, 1);
		mmu_set_context(&cpu->mmu, 1, 0, NULL, NULL);
		ck_assert(mmu_access(&cpu->mmu, GLA(LAYOUT_DATA), ACC_READ)); /* the guest's, from an earlier entry */
		mmu_set_context(&cpu->mmu, 0, 0, NULL, NULL);
		ck_assert(mmu_access(&cpu->mmu, GLA(LAYOUT_DATA), ACC_READ)); /* the host's */
		ck_assert(launch());
		mmu_set_context(&cpu->mmu, 1, 0, NULL, NULL);
		ck_assert_msg(mmu_peek_tlb(&cpu->mmu, GLA(LAYOUT_DATA), false), "VM entry leaves other VPIDs");
		mmu_set_context(&cpu->mmu, 0, 0, NULL, NULL);
		ck_assert_msg(!mmu_peek_tlb(&cpu->mmu, GLA(LAYOUT_DATA), false) == !vpid, "VM entry, VPID %u", vpid);
		mmu_set_context(&cpu->mmu, (uint16_t)vpid, 0, NULL, NULL);
		ck_assert(mmu_access(&cpu->mmu, GLA(LAYOUT_DATA), ACC_READ)); /* of the guest's */
		raise_vm_exit(cpu, EXIT_HLT, 0);
		vmx_exit(cpu);
		mmu_set_context(&cpu->mmu, (uint16_t)vpid, 0, NULL, NULL);
		ck_assert_msg(!mmu_peek_tlb(&cpu->mmu, GLA(LAYOUT_DATA), false) == !vpid, "VM exit, VPID %u", vpid);
	}
}
END_TEST

static uint64_t intr(unsigned type, unsigned vector)
{
	return INTR_VALID | vector | (uint64_t)type << INTR_TYPE_SHIFT;
}

START_TEST(events_of_every_type_are_left_for_delivery)
{
	static const struct {
		uint8_t type, vector;
		bool error;
	} rows[] = {
	    {EVTYPE_EXTERNAL, 0x40, false}, {EVTYPE_NMI, 2, false},	  {EVTYPE_HARDWARE, VEC_PF, true}, {EVTYPE_HARDWARE, VEC_UD, false},
	    {EVTYPE_SOFT_INT, 0x80, false}, {EVTYPE_PRIV_SOFT, 1, false}, {EVTYPE_SOFT_EXC, 3, false},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpu *cpu = vmx_fixture_enter(LONG);
		const struct pending *p = &cpu->pending;

		set_bits(VMCS_GUEST_RFLAGS, FLAG_IF);
		set(VMCS_ENTRY_INTR_INFO, intr(rows[i].type, rows[i].vector) | (rows[i].error ? INTR_ERROR_VALID : 0));
		set(VMCS_ENTRY_ERROR_CODE, 6);
		set(VMCS_ENTRY_INSN_LEN, 2);
		ck_assert_msg(launch(), "row %u", i);
		ck_assert_msg(p->kind == PENDING_EXCEPTION && p->injected && p->type == rows[i].type && p->vector == rows[i].vector,
			      "row %u", i);
		ck_assert_msg(p->has_error == rows[i].error && p->insn_len == 2, "row %u", i);
		ck_assert_uint_eq(!!(cpu->interruptibility & BLOCK_NMI), rows[i].type == EVTYPE_NMI);
		ck_assert(!vmx_intercept_event(cpu)); /* even if the exception bitmap has it */
	}
}
END_TEST

START_TEST(pending_debug_exceptions_survive_as_the_event_allows)
{
	static const struct {
		uint64_t info, interruptibility, activity;
		bool survive;
		uint64_t pending; /* 0: an enabled breakpoint */
	} rows[] = {
	    {0, 0, ACTIVITY_ACTIVE, true, 0},
	    {0, 0, ACTIVITY_ACTIVE, true, BIT(12)},
	    {0, 0, ACTIVITY_ACTIVE, false, BIT(0)}, /* neither enabled nor a single step: none is valid */
	    {0, 0, ACTIVITY_SHUTDOWN, false, 0},
	    {0, 0, ACTIVITY_WAIT_FOR_SIPI, false, 0},
	    {INTR_VALID | VEC_UD | EVTYPE_HARDWARE << 8, 0, ACTIVITY_ACTIVE, false, 0},
	    {INTR_VALID | 1 | EVTYPE_PRIV_SOFT << 8, BLOCK_MOV_SS, ACTIVITY_ACTIVE, false, 0},
	    {INTR_VALID | 3 | EVTYPE_SOFT_EXC << 8, 0, ACTIVITY_ACTIVE, false, 0},
	    {INTR_VALID | 3 | EVTYPE_SOFT_EXC << 8, BLOCK_MOV_SS, ACTIVITY_ACTIVE, true, 0},
	    {INTR_VALID | 0x80 | EVTYPE_SOFT_INT << 8, 0, ACTIVITY_ACTIVE, false, 0},
	    {INTR_VALID | 0x80 | EVTYPE_SOFT_INT << 8, BLOCK_MOV_SS, ACTIVITY_ACTIVE, true, 0},
	    {INTR_VALID | INTR_TYPE_OTHER << 8, 0, ACTIVITY_ACTIVE, true, 0},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpu *cpu = vmx_fixture_enter(LONG);

		set(VMCS_ENTRY_INTR_INFO, rows[i].info);
		set(VMCS_GUEST_INTERRUPTIBILITY, rows[i].interruptibility);
		set(VMCS_GUEST_ACTIVITY, rows[i].activity);
		set(VMCS_GUEST_PENDING_DBG, rows[i].pending ? rows[i].pending : (BIT(12) | 1));
		ck_assert_msg(launch(), "row %u: %s", i, fix_vmx.failure.text ? fix_vmx.failure.text : "");
		ck_assert_msg((cpu->pending_dbg != 0) == rows[i].survive, "row %u", i);
	}
}
END_TEST

static void msr_entry(uint64_t area, unsigned i, uint32_t index, uint32_t reserved, uint64_t value)
{
	mem_write(&fix.mem, HPA(area + 16 * i), index, 4);
	mem_write(&fix.mem, HPA(area + 16 * i + 4), reserved, 4);
	mem_write(&fix.mem, HPA(area + 16 * i + 8), value, 8);
}

enum { MSR_LSTAR = 0xc0000082 };

START_TEST(msr_area_is_loaded_on_entry)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);

	msr_entry(VMX_LAYOUT_MSR_LOAD, 0, MSR_LSTAR, 0, 0x1234000);
	set(VMCS_ENTRY_MSR_LOAD_COUNT, 1);
	ck_assert(launch());
	ck_assert_uint_eq(cpu->lstar, 0x1234000);
}
END_TEST

START_TEST(bad_msr_entries_fail_the_entry_with_34_and_their_number)
{
	static const struct {
		uint32_t index, reserved;
		uint64_t value;
	} rows[] = {
	    {0xc0000100, 0, 0}, {0xc0000101, 0, 0},	 {0x9b, 0, 0},	     {0x79, 0, 0},
	    {MSR_LSTAR, 1, 0},	{MSR_LSTAR, 0, BIT(62)}, {0x12345678, 0, 0}, {MSR_VMX_BASIC, 0, 0},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpu *cpu = vmx_fixture_enter(LONG);

		msr_entry(VMX_LAYOUT_MSR_LOAD, 0, MSR_LSTAR, 0, 0);
		msr_entry(VMX_LAYOUT_MSR_LOAD, 1, rows[i].index, rows[i].reserved, rows[i].value);
		set(VMCS_ENTRY_MSR_LOAD_COUNT, 2);
		ck_assert_msg(!launch(), "row %u", i);
		ck_assert_uint_eq(get(VMCS_EXIT_REASON), EXIT_MSR_LOAD_FAIL | EXIT_ENTRY_FAILURE);
		ck_assert_uint_eq(get(VMCS_EXIT_QUALIFICATION), 2);
		ck_assert_uint_eq(cpu->rip, HOST_RIP);
		ck_assert_uint_eq(cpu->vmx_op, VMX_ROOT);
		ck_assert(!fix_vmx.vmcs.launched);
	}
}
END_TEST

START_TEST(an_endless_msr_area_ends)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);

	for (unsigned i = 0; i < VMX_MSR_LIST_MAX + 8; i++)
		msr_entry(0x100000, i, MSR_LSTAR, 0, 0);
	set(VMCS_ENTRY_MSR_LOAD_ADDR, 0x100000);
	set(VMCS_ENTRY_MSR_LOAD_COUNT, 0xffffffff);
	ck_assert(!launch());
	ck_assert_uint_eq(get(VMCS_EXIT_QUALIFICATION), VMX_MSR_LIST_MAX + 1);
	ck_assert_uint_eq(cpu->rip, HOST_RIP);
}
END_TEST

START_TEST(late_failure_keeps_the_injection_valid_bit_and_loads_the_host)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);

	set(VMCS_ENTRY_INTR_INFO, intr(EVTYPE_HARDWARE, VEC_UD));
	set(VMCS_GUEST_RFLAGS, 0);
	ck_assert(!launch());
	ck_assert_uint_eq(get(VMCS_ENTRY_INTR_INFO), intr(EVTYPE_HARDWARE, VEC_UD));
	ck_assert_uint_eq(cpu->rip, HOST_RIP);
	ck_assert_uint_eq(cpu->gpr[RSP], HOST_STACK);
	ck_assert_uint_eq(cpu->rflags, FLAG_FIXED);
	ck_assert_uint_eq(fix_vmx.entry_failures, 1);
	ck_assert_uint_eq(fix_vmx.exits[EXIT_INVALID_STATE], 1);
	ck_assert_uint_eq(cpu->ev.n[EV_VM_ENTRIES], 0);
}
END_TEST

static const char *explained;

static void explain(struct cpu *cpu, const struct entry_failure *failure)
{
	(void)cpu;
	explained = failure->text;
}

START_TEST(explain_names_field_requirement_and_section)
{
	char text[256];

	vmx_fixture_enter(LONG);
	entry_failure_text(&fix_vmx.failure, text, sizeof text);
	ck_assert_str_eq(text, "no VM entry failed");
	fix_vmx.hooks.explain = explain;
	set(VMCS_GUEST_RFLAGS, 0);
	ck_assert(!launch());
	ck_assert_str_eq(explained, "bit 1 must be 1");
	entry_failure_text(&fix_vmx.failure, text, sizeof text);
	ck_assert_str_eq(text,
			 "VM entry failed: guest RFLAGS: bit 1 must be 1 (it is 0x0; SDM 3C, \"Checks on Guest RIP, RFLAGS, and SSP\")");
}
END_TEST

static const char *explained_as(void)
{
	static char text[512];

	entry_failure_text(&fix_vmx.failure, text, sizeof text);
	return text;
}

START_TEST(explain_tells_of_what_comes_before_the_vmcs)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);
	bool entered;

	cpu->interruptibility = BLOCK_MOV_SS;
	ck_assert(!launch());
	ck_assert_str_eq(explained_as(), "VM entry failed: events must not be blocked by MOV SS (VM-instruction error 26; SDM 3C, \"Basic "
					 "VM-Entry Checks\")");
	cpu->interruptibility = 0;
	vmx_launch_or_resume(cpu, false, &entered);
	ck_assert_str_eq(explained_as(), "VM entry failed: VMRESUME: the launch state of the current VMCS must be launched (VM-instruction "
					 "error 5; SDM 3C, \"Basic VM-Entry Checks\")");
	fix_vmx.vmcs.launched = true;
	ck_assert(!launch());
	ck_assert_str_eq(explained_as(), "VM entry failed: VMLAUNCH: the launch state of the current VMCS must be clear (VM-instruction "
					 "error 4; SDM 3C, \"Basic VM-Entry Checks\")");
	vmx_clear(cpu, VMX_LAYOUT_VMCS);
	ck_assert(!launch());
	ck_assert_str_eq(explained_as(),
			 "VM entry failed: there must be a current VMCS (VMfailInvalid; SDM 3C, \"Basic VM-Entry Checks\")");
	ck_assert_uint_eq(fix_vmx.failure.count, 4);
}
END_TEST

START_TEST(explain_names_the_bits_that_are_wrong)
{
	vmx_fixture_enter(LONG);
	set_bits(VMCS_PIN_CONTROLS, BIT(7) | BIT(31));
	clear_bits(VMCS_PIN_CONTROLS, BIT(1));
	ck_assert(!launch());
	ck_assert_ptr_nonnull(
	    strstr(explained_as(), "reserved bits must be set as IA32_VMX_PINBASED_CTLS says: bits 1, 7, 31 are wrong (it"));
	vmx_fixture_enter(LONG);
	set_bits(VMCS_GUEST_CR4, BIT(63));
	ck_assert(!launch());
	ck_assert_ptr_nonnull(strstr(explained_as(), "not supported in VMX operation: bit 63 is wrong (it is 0x8"));
	vmx_fixture_enter(LONG);
	set(VMCS_GUEST_CR4, ~0ull);
	ck_assert(!launch());
	ck_assert_ptr_nonnull(strstr(explained_as(), ", 63 are wrong (it is 0xffffffffffffffff; SDM 3C, "));
}
END_TEST

START_TEST(explain_names_the_msr_that_cannot_be_loaded)
{
	vmx_fixture_enter(LONG);
	msr_entry(VMX_LAYOUT_MSR_LOAD, 0, MSR_LSTAR, 0, 0);
	msr_entry(VMX_LAYOUT_MSR_LOAD, 1, MSR_LSTAR, 0, BIT(62));
	set(VMCS_ENTRY_MSR_LOAD_COUNT, 2);
	ck_assert(!launch());
	ck_assert_str_eq(explained_as(),
			 "VM entry failed: VM-entry MSR-load area, entry 2, MSR 0xc0000082: WRMSR of the value to the MSR must not cause a "
			 "general-protection exception (value 0x4000000000000000; SDM 3C, \"Loading MSRs\")");
	vmx_fixture_enter(LONG);
	msr_entry(VMX_LAYOUT_MSR_LOAD, 0, 0xc0000100, 0, 0);
	set(VMCS_ENTRY_MSR_LOAD_COUNT, 1);
	ck_assert(!launch());
	ck_assert_ptr_nonnull(strstr(explained_as(), "entry 1, MSR 0xc0000100: bits 31:0 must be neither C0000100H"));
}
END_TEST

START_TEST(what_is_defined_of_unusable_segments_is_loaded_so)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);
	static const uint8_t data[] = {SEG_SS, SEG_DS, SEG_ES};

	for (unsigned i = 0; i < ARRAY_LEN(data); i++) {
		fix_vmx.vmcs.field[VMCS_I_GUEST_ES_AR + data[i]] |= AR_UNUSABLE | BITS(11, 8) | BITS(31, 17);
		fix_vmx.vmcs.field[VMCS_I_GUEST_ES_BASE + data[i]] = 0x1234567812345678;
	}
	clear_bits(VMCS_GUEST_SS_AR, AR_DB);
	set(VMCS_GUEST_LDTR_BASE, 0x1234567812345678);
	ck_assert_msg(launch(), "%s", explained_as());
	ck_assert_uint_eq(cpu->seg[SEG_SS].base, 0x12345670);
	ck_assert(cpu->seg[SEG_SS].ar & AR_DB);
	ck_assert_uint_eq(cpu->seg[SEG_DS].base, 0x12345678);
	ck_assert_uint_eq(cpu->seg[SEG_ES].base, 0x12345678);
	ck_assert(is_canonical(cpu->ldtr.base, LINEAR_WIDTH));
	raise_vm_exit(cpu, EXIT_HLT, 0);
	vmx_exit(cpu); /* reserved bits, and the upper half of these bases, are always saved as 0 */
	for (unsigned i = 0; i < ARRAY_LEN(data); i++) {
		ck_assert_uint_eq(fix_vmx.vmcs.field[VMCS_I_GUEST_ES_AR + data[i]] & (BITS(11, 8) | BITS(31, 16)), AR_UNUSABLE);
		ck_assert_uint_eq(fix_vmx.vmcs.field[VMCS_I_GUEST_ES_BASE + data[i]] >> 32, 0);
	}
}
END_TEST

/* Any bits in the VMCS: every field random, many times; nothing breaks, and the result is one the SDM knows. */
START_TEST(garbage_vmcs_ends_in_a_defined_way)
{
	uint64_t random = 88172645463325252ull;

	for (unsigned round = 0; round < 20000; round++) {
		struct cpu *cpu = vmx_fixture_enter(round % MODES);

		for (unsigned n = 1 + round % 8; n; n--) {
			random ^= random << 13, random ^= random >> 7, random ^= random << 17;
			unsigned i = (unsigned)(random >> 8) % VMCS_FIELDS;
			uint64_t value = fix_vmx.vmcs.field[i] ^ (random & 0x80 ? BIT(random >> 32 & 63) : random);
			vmcs_set(&fix_vmx.vmcs, (int)i, vmcs_field_encoding(i), value);
		}
		if (launch()) {
			cpu->pending.kind = PENDING_NONE;
			raise_vm_exit(cpu, EXIT_HLT, 0);
			vmx_exit(cpu);
		}
		ck_assert(cpu->vmx_op == VMX_ROOT && (cpu->pending.kind == PENDING_NONE || cpu->pending.kind == PENDING_STOP));
	}
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("entry");

	tcase_add_checked_fixture(tc, vmx_fixture_setup, fixture_teardown);
	tcase_add_test(tc, the_good_vmcs_enters_in_every_mode);
	tcase_add_test(tc, launch_state_decides_between_vmlaunch_and_vmresume);
	tcase_add_test(tc, entry_fails_without_vmcs_and_after_mov_ss);
	tcase_add_test(tc, cr0_keeps_cd_nw_and_et);
	tcase_add_test(tc, efer_follows_ia32e_mode_unless_loaded);
	tcase_add_test(tc, debug_controls_and_pat_load_only_if_asked);
	tcase_add_test(tc, pae_pdptes_come_from_memory_or_with_ept_from_the_vmcs);
	tcase_add_test(tc, vpid_and_ept_tag_the_mmu);
	tcase_add_test(tc, without_vpid_transitions_invalidate);
	tcase_add_test(tc, without_vpid_entry_and_exit_each_invalidate);
	tcase_add_test(tc, events_of_every_type_are_left_for_delivery);
	tcase_add_test(tc, pending_debug_exceptions_survive_as_the_event_allows);
	tcase_add_test(tc, msr_area_is_loaded_on_entry);
	tcase_add_test(tc, bad_msr_entries_fail_the_entry_with_34_and_their_number);
	tcase_add_test(tc, an_endless_msr_area_ends);
	tcase_add_test(tc, late_failure_keeps_the_injection_valid_bit_and_loads_the_host);
	tcase_add_test(tc, explain_names_field_requirement_and_section);
	tcase_add_test(tc, explain_tells_of_what_comes_before_the_vmcs);
	tcase_add_test(tc, explain_names_the_bits_that_are_wrong);
	tcase_add_test(tc, explain_names_the_msr_that_cannot_be_loaded);
	tcase_add_test(tc, what_is_defined_of_unusable_segments_is_loaded_so);
	tcase_add_test(tc, garbage_vmcs_ends_in_a_defined_way);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("entry", add_cases)
