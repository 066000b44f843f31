/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VM exit: information fields, what of the guest is saved, what of the host is loaded, MSR areas, aborts. */
#include "emu/deliver.h"
#include "tests/vmx_fixture.h"

/* The guest runs; then it exits for a reason. */
static struct cpu *guest(void)
{
	struct cpu *cpu = &fix.cpu;

	ck_assert(launch());
	return cpu;
}

static void exit_now(uint32_t reason, uint64_t qualification)
{
	raise_vm_exit(&fix.cpu, reason, qualification);
	vmx_exit(&fix.cpu);
}

START_TEST(every_reason_is_reported_and_counted)
{
	for (unsigned reason = 0; reason < VMX_REASONS; reason++) {
		if (!exit_is_reason(reason))
			continue;
		struct cpu *cpu = vmx_fixture_enter(LONG);
		guest();
		uint64_t exits = cpu->ev.n[EV_VM_EXITS];
		raise_vm_exit(cpu, reason, 0x123456789);
		cpu->pending.exit_gla = 0x1111, cpu->pending.exit_gpa = 0x2222, cpu->pending.exit_insn_info = 0x3333,
		cpu->pending.insn_len = 3;
		vmx_exit(cpu);
		ck_assert_uint_eq(get(VMCS_EXIT_REASON), reason);
		ck_assert_uint_eq(get(VMCS_EXIT_QUALIFICATION), 0x123456789);
		ck_assert_uint_eq(get(VMCS_GUEST_LINEAR_ADDR), 0x1111);
		ck_assert_uint_eq(get(VMCS_GUEST_PHYSICAL_ADDR), 0x2222);
		ck_assert_uint_eq(get(VMCS_EXIT_INSN_INFO), 0x3333);
		ck_assert_uint_eq(get(VMCS_EXIT_INSN_LEN), 3);
		ck_assert_uint_eq(fix_vmx.exits[reason], 1);
		ck_assert_uint_eq(cpu->ev.n[EV_VM_EXITS], exits + 1);
		ck_assert_uint_eq(cpu->vmx_op, VMX_ROOT);
		ck_assert_uint_eq(cpu->rip, HOST_RIP);
		ck_assert_int_eq(cpu->pending.kind, PENDING_NONE);
	}
	ck_assert_str_eq(exit_name(EXIT_EPT_VIOLATION), "EPT_VIOLATION");
	ck_assert_str_eq(exit_name(35), "?");
	ck_assert_str_eq(exit_text(EXIT_PREEMPTION_TIMER), "VMX-preemption timer expired");
}
END_TEST

START_TEST(guest_state_is_saved)
{
	for (enum mode mode = REAL; mode < MODES; mode++) {
		struct cpu *cpu = vmx_fixture_enter(mode);

		set_bits(VMCS_EXIT_CONTROLS, CTL(EXIT, SAVE_EFER) | CTL(EXIT, SAVE_PAT));
		const struct vmcs before = fix_vmx.vmcs;
		guest();
		exit_now(EXIT_HLT, 0);
		for (unsigned i = VMCS_I_GUEST_ES_SELECTOR; i < VMCS_FIELDS; i++) {
			uint64_t type = FIELD(vmcs_field_encoding(i), 11, 10);
			bool efer = i == VMCS_I_GUEST_EFER; /* was not loaded */
			bool pat = i == VMCS_I_GUEST_PAT;

			if (type == 2 && !efer && !pat && i != VMCS_I_GUEST_INTERRUPTIBILITY)
				ck_assert_msg(fix_vmx.vmcs.field[i] == before.field[i], "%s, %s: %#lx, was %#lx", mode_name[mode],
					      vmcs_field_name(i), (unsigned long)fix_vmx.vmcs.field[i], (unsigned long)before.field[i]);
		}
		ck_assert_uint_eq(!!(get(VMCS_GUEST_EFER) & EFER_LMA), mode == LONG || mode == COMPAT);
		ck_assert_uint_eq(get(VMCS_ENTRY_CONTROLS), before.entry_controls);
		ck_assert_uint_eq(cpu->vmx_op, VMX_ROOT);
	}
}
END_TEST

START_TEST(what_the_guest_changed_is_saved)
{
	struct cpu *cpu = guest();

	cpu->rip = 0x7777, cpu->gpr[RSP] = 0x6666, cpu->rflags |= FLAG_CF | FLAG_AC, cpu->cr3 = 0x5000, cpu->dr[7] = 0x403;
	cpu->seg[SEG_GS].base = 0x12345678, cpu->seg[SEG_DS].ar |= AR_UNUSABLE, cpu->gdtr.limit = 0x77, cpu->sysenter_esp = 0x88;
	cpu->activity = ACTIVITY_HLT, cpu->interruptibility = BLOCK_STI;
	exit_now(EXIT_EXTERNAL_INTERRUPT, 0);
	ck_assert_uint_eq(get(VMCS_GUEST_RIP), 0x7777);
	ck_assert_uint_eq(get(VMCS_GUEST_RSP), 0x6666);
	ck_assert_uint_eq(get(VMCS_GUEST_RFLAGS), FLAG_FIXED | FLAG_CF | FLAG_AC);
	ck_assert_uint_eq(get(VMCS_GUEST_CR3), 0x5000);
	ck_assert_uint_eq(get(VMCS_GUEST_DR7), 0x403);
	ck_assert_uint_eq(get(VMCS_GUEST_GS_BASE), 0x12345678);
	ck_assert(get(VMCS_GUEST_DS_AR) & AR_UNUSABLE);
	ck_assert_uint_eq(get(VMCS_GUEST_GDTR_LIMIT), 0x77);
	ck_assert_uint_eq(get(VMCS_GUEST_SYSENTER_ESP), 0x88);
	ck_assert_uint_eq(get(VMCS_GUEST_ACTIVITY), ACTIVITY_HLT);
	ck_assert_uint_eq(get(VMCS_GUEST_INTERRUPTIBILITY), BLOCK_STI);
}
END_TEST

START_TEST(host_state_is_loaded)
{
	struct cpu *cpu = &fix.cpu;
	struct segment unusable;

	set(VMCS_HOST_CR4, CR4_PAE | CR4_VMXE | CR4_PGE);
	set(VMCS_HOST_DS_SELECTOR, 0);
	set(VMCS_HOST_SYSENTER_CS, 0x10);
	set(VMCS_HOST_GDTR_BASE, 0x1000), set(VMCS_HOST_IDTR_BASE, 0x2000);
	set(VMCS_HOST_PAT, 0x0606060606060606);
	set_bits(VMCS_EXIT_CONTROLS, CTL(EXIT, LOAD_PAT));
	guest();
	cpu->cr0 |= CR0_CD, cpu->dr[7] = 0x455, cpu->rflags |= FLAG_IF | FLAG_AC | FLAG_TF, cpu->cpl = 3;
	cpu->interruptibility = BLOCK_STI, cpu->pending_dbg = 1;
	exit_now(EXIT_HLT, 0);
	unusable = cpu->seg[SEG_DS];
	ck_assert(unusable.ar & AR_UNUSABLE);
	ck_assert_uint_eq(cpu->seg[SEG_CS].ar, 0xa09b);
	ck_assert_uint_eq(cpu->seg[SEG_SS].ar, 0xc093);
	ck_assert_uint_eq(cpu->seg[SEG_FS].base, 0xf5000);
	ck_assert_uint_eq(cpu->seg[SEG_GS].limit, 0xffffffff);
	ck_assert_uint_eq(cpu->tr.ar, 0x8b);
	ck_assert_uint_eq(cpu->tr.limit, 0x67);
	ck_assert_uint_eq(cpu->tr.base, LAYOUT_TSS);
	ck_assert(cpu->ldtr.ar & AR_UNUSABLE);
	ck_assert_uint_eq(cpu->gdtr.base, 0x1000);
	ck_assert_uint_eq(cpu->idtr.limit, 0xffff);
	ck_assert_uint_eq(cpu->cr0, CR0_PE | CR0_PG | CR0_NE | CR0_ET | CR0_CD);
	ck_assert_uint_eq(cpu->cr4, CR4_PAE | CR4_VMXE | CR4_PGE);
	ck_assert_uint_eq(cpu->efer & (EFER_LMA | EFER_LME), EFER_LMA | EFER_LME);
	ck_assert_uint_eq(cpu->pat, 0x0606060606060606);
	ck_assert_uint_eq(cpu->dr[7], 0x400);
	ck_assert_uint_eq(cpu->sysenter_cs, 0x10);
	ck_assert_uint_eq(cpu->rflags, FLAG_FIXED);
	ck_assert_uint_eq(cpu->gpr[RSP], HOST_STACK);
	ck_assert_uint_eq(cpu->cpl, 0);
	ck_assert_uint_eq(cpu->interruptibility, 0);
	ck_assert_uint_eq(cpu->pending_dbg, 0);
	ck_assert_uint_eq(cpu->mmu.mode.levels, 4);
}
END_TEST

START_TEST(a_32_bit_host_is_loaded_with_its_pdptes)
{
	for (unsigned bad = 0; bad < 2; bad++) {
		struct cpu *cpu = vmx_fixture_enter(PAE);

		cpu->efer = 0;
		clear_bits(VMCS_EXIT_CONTROLS, CTL(EXIT, HOST_64));
		set(VMCS_HOST_CR3, LAYOUT_PDPTE);
		guest();
		mem_write(&fix.mem, HPA(LAYOUT_PDPTE), LAYOUT_PD | (bad ? 3 : 1), 8);
		exit_now(EXIT_HLT, 0);
		mem_write(&fix.mem, HPA(LAYOUT_PDPTE), LAYOUT_PD | 1, 8);
		if (!bad) {
			ck_assert_uint_eq(cpu->mmu.mode.levels, 3);
			ck_assert_uint_eq(cpu->pdpte[0], LAYOUT_PD | 1);
			ck_assert_uint_eq(cpu->seg[SEG_CS].ar, 0xc09b);
			continue;
		}
		ck_assert_int_eq(cpu->pending.kind, PENDING_STOP);
		ck_assert_uint_eq(mem_read(&fix.mem, HPA(VMX_LAYOUT_VMCS + VMCS_OFFSET_ABORT), 4), VMX_ABORT_HOST_PDPTE);
	}
}
END_TEST

START_TEST(leaving_ia32e_mode_for_a_32_bit_host_aborts)
{
	struct cpu *cpu = vmx_fixture_enter(PAE);

	cpu->efer = 0;
	clear_bits(VMCS_EXIT_CONTROLS, CTL(EXIT, HOST_64));
	set(VMCS_HOST_CR3, LAYOUT_PDPTE);
	guest();
	cpu->efer = EFER_LMA | EFER_LME;
	exit_now(EXIT_HLT, 0);
	ck_assert_int_eq(cpu->pending.kind, PENDING_STOP);
	ck_assert_uint_eq(cpu->activity, ACTIVITY_SHUTDOWN);
	ck_assert_uint_eq(mem_read(&fix.mem, HPA(VMX_LAYOUT_VMCS + VMCS_OFFSET_ABORT), 4), VMX_ABORT_IA32E);
}
END_TEST

/* RF in the saved image, from RF = 0 and RF = 1. */
START_TEST(rf_is_saved_by_the_kind_of_exit)
{
	static const struct {
		uint32_t reason;
		int vector; /* of an exception exit, or -1 */
		uint64_t dr6;
		bool from_0, from_1;
	} rows[] = {
	    {EXIT_CPUID, -1, 0, false, false},
	    {EXIT_VMCALL, -1, 0, false, false},
	    {EXIT_IO_INSTRUCTION, -1, 0, false, false},
	    {EXIT_EXTERNAL_INTERRUPT, -1, 0, false, true},
	    {EXIT_PREEMPTION_TIMER, -1, 0, false, true},
	    {EXIT_TRIPLE_FAULT, -1, 0, true, true},
	    {EXIT_TASK_SWITCH, -1, 0, false, false}, /* by CALL, JMP or IRET */
	    {EXIT_EPT_VIOLATION, -1, 0, true, true},
	    {EXIT_EPT_MISCONFIG, -1, 0, true, true},
	    {EXIT_EXCEPTION_NMI, VEC_PF, 0, true, true},
	    {EXIT_EXCEPTION_NMI, VEC_GP, 0, true, true},
	    {EXIT_EXCEPTION_NMI, VEC_DB, BIT(14), false, true},
	    {EXIT_EXCEPTION_NMI, VEC_DB, BIT(13), true, true},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned rf = 0; rf < 2; rf++) {
			vmx_fixture_enter(LONG);
			struct cpu *cpu = guest();
			cpu->rflags |= rf ? FLAG_RF : 0;
			raise_vm_exit(cpu, rows[i].reason, 0);
			cpu->pending.exit_has_event = rows[i].vector >= 0;
			cpu->pending.vector = (uint8_t)rows[i].vector;
			cpu->pending.type = EVTYPE_HARDWARE;
			cpu->pending.dr6 = rows[i].dr6;
			vmx_exit(cpu);
			ck_assert_msg(!!(get(VMCS_GUEST_RFLAGS) & FLAG_RF) == (rf ? rows[i].from_1 : rows[i].from_0), "row %u, RF %u", i,
				      rf);
		}
}
END_TEST

/* A 32-bit guest whose IDT is full of task gates: what goes through it is a task switch, which exits. */
static struct cpu *guest_with_task_gates(void)
{
	struct cpu *cpu = vmx_fixture_enter(PAE);

	ck_assert(launch());
	cpu->gdtr = (struct table_reg){0x6000, 0xff};
	cpu->idtr = (struct table_reg){0x7000, 0x7ff};
	mem_write(&fix.mem, HPA(0x6018), 0x67 | LAYOUT_TSS << 16 | 0x89ull << 40, 8);
	for (unsigned v = 0; v < 256; v++)
		mem_write(&fix.mem, HPA(0x7000 + 8 * v), 0x18 << 16 | 0xe5ull << 40, 8);
	return cpu;
}

/* INT3, INTO and INT1 have cleared RF; what comes up on the way of an event saves what the event would have. */
START_TEST(rf_of_events_is_that_of_the_image_they_would_have_saved)
{
	static const struct {
		uint8_t type, vector;
		bool from_0, from_1;
	} rows[] = {{EVTYPE_SOFT_EXC, VEC_BP, false, false},
		    {EVTYPE_PRIV_SOFT, VEC_DB, false, false},
		    {EVTYPE_HARDWARE, VEC_UD, true, true},
		    {EVTYPE_SOFT_INT, 0x80, false, false},
		    {EVTYPE_EXTERNAL, 0x40, false, true}};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned n = 0; n < 4; n++) {
			bool rf = n & 1, direct = n & 2 && i < 3;
			struct cpu *cpu = guest_with_task_gates();

			fix_vmx.vmcs.exception_bitmap = direct ? BITS(31, 0) : 0;
			cpu->rflags |= rf ? FLAG_RF : 0;
			raise_exception(cpu, rows[i].vector);
			cpu->pending.type = rows[i].type;
			ck_assert(!deliver_pending(cpu));
			vmx_exit(cpu);
			ck_assert_uint_eq(get(VMCS_EXIT_REASON), direct ? EXIT_EXCEPTION_NMI : EXIT_TASK_SWITCH);
			bool saved = get(VMCS_GUEST_RFLAGS) & FLAG_RF;
			ck_assert_msg(saved == (rf ? rows[i].from_1 : rows[i].from_0), "row %u, case %u", i, n);
		}
}
END_TEST

/* An event that exits on its way has ended them; one that exits itself has not, but for #MF. */
START_TEST(blocking_by_sti_and_mov_ss_ends_with_an_indirect_exit_and_with_mf)
{
	static const struct {
		uint8_t vector;
		bool direct, kept;
	} rows[] = {{VEC_UD, true, true}, {VEC_MF, true, false}, {VEC_UD, false, false}};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		for (uint8_t blocking = BLOCK_STI; blocking <= BLOCK_MOV_SS; blocking++) {
			vmx_fixture_enter(LONG);
			set(VMCS_EXCEPTION_BITMAP, rows[i].direct ? BIT(rows[i].vector) : BIT(VEC_GP));
			struct cpu *cpu = guest();
			cpu->idtr.limit = 0;
			cpu->interruptibility = blocking;
			cpu->pending_dbg = blocking == BLOCK_MOV_SS ? BIT(14) : 0;
			raise_exception(cpu, rows[i].vector);
			ck_assert(!deliver_pending(cpu));
			vmx_exit(cpu);
			ck_assert_msg(get(VMCS_GUEST_INTERRUPTIBILITY) == (rows[i].kept ? blocking : 0), "row %u, %u", i, blocking);
			bool debug = rows[i].kept && blocking == BLOCK_MOV_SS;
			ck_assert_msg(get(VMCS_GUEST_PENDING_DBG) == (debug ? BIT(14) : 0), "row %u, %u", i, blocking);
		}
}
END_TEST

static void delivering(uint8_t type, uint8_t vector, bool error)
{
	fix.cpu.delivery = (struct delivery){.active = true, .type = type, .vector = vector, .has_error = error, .error = 4, .insn_len = 2};
}

START_TEST(idt_vectoring_names_the_event_under_delivery)
{
	struct cpu *cpu = guest();

	delivering(EVTYPE_HARDWARE, VEC_PF, true);
	exit_now(EXIT_EPT_VIOLATION, 2);
	ck_assert_uint_eq(get(VMCS_IDT_INFO), INTR_VALID | VEC_PF | EVTYPE_HARDWARE << 8 | INTR_ERROR_VALID);
	ck_assert_uint_eq(get(VMCS_IDT_ERROR), 4);
	ck_assert_uint_eq(get(VMCS_EXIT_INTR_INFO), 0);
	ck_assert_uint_eq(get(VMCS_EXIT_INSN_LEN), 0);
	ck_assert(!cpu->delivery.active);

	vmx_fixture_enter(LONG), guest();
	delivering(EVTYPE_SOFT_INT, 0x80, false);
	exit_now(EXIT_TASK_SWITCH, 0);
	ck_assert_uint_eq(get(VMCS_IDT_INFO), INTR_VALID | 0x80 | EVTYPE_SOFT_INT << 8);
	ck_assert_uint_eq(get(VMCS_EXIT_INSN_LEN), 2);

	vmx_fixture_enter(LONG), guest();
	delivering(EVTYPE_HARDWARE, VEC_PF, true);
	exit_now(EXIT_TRIPLE_FAULT, 0);
	ck_assert_uint_eq(get(VMCS_IDT_INFO), 0);
}
END_TEST

/* Through event delivery itself: an IDT with nothing in it. */
START_TEST(exceptions_on_the_way_of_an_exception)
{
	static const struct {
		uint32_t bitmap; /* exceptions that exit */
		uint32_t reason, intr, idt;
	} rows[] = {
	    {BIT(VEC_UD), EXIT_EXCEPTION_NMI, VEC_UD, 0},
	    {BIT(VEC_GP), EXIT_EXCEPTION_NMI, VEC_GP | 1u << 11, VEC_UD},
	    {BIT(VEC_DF), EXIT_TRIPLE_FAULT, 0, 0}, /* #UD, #GP, then #GP of the double fault's gate */
	    {0, EXIT_TRIPLE_FAULT, 0, 0},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		vmx_fixture_enter(LONG);
		set(VMCS_EXCEPTION_BITMAP, rows[i].bitmap);
		struct cpu *cpu = guest();
		cpu->idtr.limit = 0;
		raise_exception(cpu, VEC_UD);
		ck_assert(!deliver_pending(cpu));
		ck_assert_int_eq(cpu->pending.kind, PENDING_VM_EXIT);
		bool df = rows[i].bitmap == BIT(VEC_DF);
		vmx_exit(cpu);
		if (df) { /* #GP while delivering #GP is a double fault: it exits itself, not during delivery */
			ck_assert_uint_eq(get(VMCS_EXIT_REASON), EXIT_EXCEPTION_NMI);
			ck_assert_uint_eq(get(VMCS_EXIT_INTR_INFO) & 0xff, VEC_DF);
			ck_assert_uint_eq(get(VMCS_IDT_INFO), 0);
			continue;
		}
		ck_assert_uint_eq(get(VMCS_EXIT_REASON), rows[i].reason);
		ck_assert_uint_eq(get(VMCS_EXIT_INTR_INFO), rows[i].intr ? INTR_VALID | EVTYPE_HARDWARE << 8 | rows[i].intr : 0);
		ck_assert_uint_eq(get(VMCS_IDT_INFO), rows[i].idt ? INTR_VALID | EVTYPE_HARDWARE << 8 | rows[i].idt : 0);
	}
}
END_TEST

START_TEST(injected_events_do_not_exit_themselves_nor_touch_cr2_and_dr6)
{
	set(VMCS_EXCEPTION_BITMAP, BIT(VEC_PF) | BIT(VEC_GP));
	set(VMCS_ENTRY_INTR_INFO, INTR_VALID | INTR_ERROR_VALID | EVTYPE_HARDWARE << 8 | VEC_PF);
	set(VMCS_ENTRY_ERROR_CODE, 2);
	fix.cpu.cr2 = 0x99;
	struct cpu *cpu = guest();
	cpu->idtr.limit = 0; /* so its delivery meets #GP, which exits */
	ck_assert(!deliver_pending(cpu));
	ck_assert_uint_eq(cpu->cr2, 0x99);
	vmx_exit(cpu);
	ck_assert_uint_eq(get(VMCS_EXIT_INTR_INFO) & 0xff, VEC_GP);
	ck_assert_uint_eq(get(VMCS_IDT_INFO), INTR_VALID | INTR_ERROR_VALID | EVTYPE_HARDWARE << 8 | VEC_PF);
	ck_assert_uint_eq(get(VMCS_IDT_ERROR), 2);
	ck_assert_uint_eq(get(VMCS_ENTRY_INTR_INFO) & INTR_VALID, 0);
}
END_TEST

START_TEST(nmi_blocking_after_an_exit)
{
	static const struct {
		bool virtual_nmis, blocked, nmi, after;
	} rows[] = {
	    {false, false, false, false}, {false, true, false, true}, {false, false, true, true},
	    {true, true, false, false},	  {true, false, true, true},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		vmx_fixture_enter(LONG);
		set_bits(VMCS_PIN_CONTROLS, CTL(PIN, NMI) | (rows[i].virtual_nmis ? CTL(PIN, VIRTUAL_NMIS) : 0));
		struct cpu *cpu = guest();
		cpu->interruptibility = rows[i].blocked ? BLOCK_NMI : 0;
		cpu->nmi_pending = rows[i].nmi;
		if (rows[i].nmi)
			ck_assert(vmx_before_instruction(cpu, false));
		else
			raise_vm_exit(cpu, EXIT_HLT, 0);
		vmx_exit(cpu);
		ck_assert_msg(!!(cpu->interruptibility & BLOCK_NMI) == rows[i].after, "row %u", i);
		ck_assert_uint_eq(get(VMCS_GUEST_INTERRUPTIBILITY), rows[i].blocked ? BLOCK_NMI : 0);
		ck_assert(!cpu->nmi_pending);
		ck_assert_uint_eq(get(VMCS_EXIT_INTR_INFO), rows[i].nmi ? INTR_VALID | EVTYPE_NMI << 8 | 2 : 0);
	}
}
END_TEST

START_TEST(iret_that_unblocked_nmis_is_reported)
{
	struct cpu *cpu = guest();

	raise_vm_exit(cpu, EXIT_EPT_VIOLATION, 1);
	cpu->pending.nmi_unblocked = true;
	vmx_exit(cpu);
	ck_assert_uint_eq(get(VMCS_EXIT_QUALIFICATION), 1 | BIT(12));
	vmx_fixture_enter(LONG);
	set(VMCS_EXCEPTION_BITMAP, BIT(VEC_GP));
	guest();
	raise_error(cpu, VEC_GP, 0);
	cpu->pending.nmi_unblocked = true;
	ck_assert(vmx_intercept_event(cpu));
	vmx_exit(cpu);
	ck_assert(get(VMCS_EXIT_INTR_INFO) & INTR_NMI_UNBLOCKED);
}
END_TEST

START_TEST(pending_debug_exceptions_are_saved_for_the_exits_that_keep_them)
{
	static const struct {
		uint32_t reason;
		uint8_t blocking;
		bool kept;
	} rows[] = {
	    {EXIT_MONITOR_TRAP_FLAG, 0, true}, {EXIT_TPR_BELOW_THRESHOLD, 0, true}, {EXIT_INIT_SIGNAL, 0, true}, {EXIT_CPUID, 0, false},
	    {EXIT_CPUID, BLOCK_MOV_SS, true},  {EXIT_EXTERNAL_INTERRUPT, 0, false},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		vmx_fixture_enter(LONG);
		struct cpu *cpu = guest();
		cpu->pending_dbg = 3;
		cpu->interruptibility = rows[i].blocking;
		exit_now(rows[i].reason, 0);
		ck_assert_msg(get(VMCS_GUEST_PENDING_DBG) == (rows[i].kept ? 3 : 0), "row %u", i);
	}
}
END_TEST

START_TEST(interrupts_are_acknowledged_on_exit_if_asked)
{
	for (unsigned ack = 0; ack < 2; ack++) {
		vmx_fixture_enter(LONG);
		set_bits(VMCS_EXIT_CONTROLS, ack ? CTL(EXIT, ACK_INTERRUPT) : 0);
		guest();
		exit_now(EXIT_EXTERNAL_INTERRUPT, 0);
		ck_assert_uint_eq(!!(get(VMCS_EXIT_INTR_INFO) & INTR_VALID), ack);
		ck_assert_uint_eq(FIELD(get(VMCS_EXIT_INTR_INFO), 10, 8), EVTYPE_EXTERNAL);
	}
}
END_TEST

static void msr_entry(uint64_t area, unsigned i, uint32_t index, uint64_t value)
{
	mem_write(&fix.mem, HPA(area + 16 * i), index, 8);
	mem_write(&fix.mem, HPA(area + 16 * i + 8), value, 8);
}

enum { MSR_LSTAR = 0xc0000082 };

START_TEST(msr_areas_are_stored_then_loaded)
{
	struct cpu *cpu = &fix.cpu;

	set(VMCS_EXIT_MSR_STORE_COUNT, 1), set(VMCS_EXIT_MSR_LOAD_COUNT, 1);
	msr_entry(VMX_LAYOUT_MSR_STORE, 0, MSR_LSTAR, 0);
	msr_entry(VMX_LAYOUT_MSR_HOST, 0, MSR_LSTAR, 0x5678000);
	guest();
	cpu->lstar = 0x1234000;
	exit_now(EXIT_HLT, 0);
	ck_assert_uint_eq(mem_read(&fix.mem, HPA(VMX_LAYOUT_MSR_STORE + 8), 8), 0x1234000);
	ck_assert_uint_eq(cpu->lstar, 0x5678000);
}
END_TEST

START_TEST(bad_msr_areas_abort)
{
	static const struct {
		bool load;
		uint32_t index;
		uint64_t abort;
	} rows[] = {
	    {true, 0xc0000100, VMX_ABORT_LOAD_MSRS},
	    {true, 0x12345678, VMX_ABORT_LOAD_MSRS},
	    {false, 0x9e, VMX_ABORT_SAVE_MSRS},
	    {false, 0x12345678, VMX_ABORT_SAVE_MSRS},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpu *cpu = vmx_fixture_enter(LONG);

		set(rows[i].load ? VMCS_EXIT_MSR_LOAD_COUNT : VMCS_EXIT_MSR_STORE_COUNT, 1);
		msr_entry(rows[i].load ? VMX_LAYOUT_MSR_HOST : VMX_LAYOUT_MSR_STORE, 0, rows[i].index, 0);
		guest();
		exit_now(EXIT_HLT, 0);
		ck_assert_msg(mem_read(&fix.mem, HPA(VMX_LAYOUT_VMCS + VMCS_OFFSET_ABORT), 4) == rows[i].abort, "row %u", i);
		ck_assert_int_eq(cpu->pending.kind, PENDING_STOP);
	}
}
END_TEST

START_TEST(preemption_timer_value_is_saved_if_asked)
{
	for (unsigned save = 0; save < 2; save++) {
		vmx_fixture_enter(LONG);
		set_bits(VMCS_PIN_CONTROLS, CTL(PIN, PREEMPTION_TIMER));
		set_bits(VMCS_EXIT_CONTROLS, save ? CTL(EXIT, SAVE_TIMER) : 0);
		set(VMCS_PREEMPTION_TIMER, 100);
		fix.cpu.clock = 31;
		guest();
		fix.cpu.clock = 64 + 31; /* the tick follows bit 5 of the clock, not the time since entry */
		exit_now(EXIT_HLT, 0);
		ck_assert_uint_eq(get(VMCS_PREEMPTION_TIMER), save ? 98 : 100);
	}
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("exit");

	tcase_add_checked_fixture(tc, vmx_fixture_setup, fixture_teardown);
	tcase_add_test(tc, every_reason_is_reported_and_counted);
	tcase_add_test(tc, guest_state_is_saved);
	tcase_add_test(tc, what_the_guest_changed_is_saved);
	tcase_add_test(tc, host_state_is_loaded);
	tcase_add_test(tc, a_32_bit_host_is_loaded_with_its_pdptes);
	tcase_add_test(tc, leaving_ia32e_mode_for_a_32_bit_host_aborts);
	tcase_add_test(tc, rf_is_saved_by_the_kind_of_exit);
	tcase_add_test(tc, rf_of_events_is_that_of_the_image_they_would_have_saved);
	tcase_add_test(tc, blocking_by_sti_and_mov_ss_ends_with_an_indirect_exit_and_with_mf);
	tcase_add_test(tc, idt_vectoring_names_the_event_under_delivery);
	tcase_add_test(tc, exceptions_on_the_way_of_an_exception);
	tcase_add_test(tc, injected_events_do_not_exit_themselves_nor_touch_cr2_and_dr6);
	tcase_add_test(tc, nmi_blocking_after_an_exit);
	tcase_add_test(tc, iret_that_unblocked_nmis_is_reported);
	tcase_add_test(tc, pending_debug_exceptions_are_saved_for_the_exits_that_keep_them);
	tcase_add_test(tc, interrupts_are_acknowledged_on_exit_if_asked);
	tcase_add_test(tc, msr_areas_are_stored_then_loaded);
	tcase_add_test(tc, bad_msr_areas_abort);
	tcase_add_test(tc, preemption_timer_value_is_saved_if_asked);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("exit", add_cases)
