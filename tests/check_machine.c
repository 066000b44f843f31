/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's loop: shadows, single steps, breakpoints, time, limits and ends of a run. */
#include "emu/boundary.h"
#include "emu/hosted.h"
#include "tests/machine_state.h"
#include "tests/test.h"
#include "vmx/exit.h"
#include "vmx/insn.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

static struct box box;
#define CPU (&box.m.cpu)

static void start(void)
{
	box_start(&box, 100000);
}
static void stop(void)
{
	box_stop(&box);
}

static uint64_t count(enum event ev)
{
	return CPU->ev.n[ev];
}

#define EXIT_5 "; mov al,5; out 0xf4,al"

/* ---- shadows: an interrupt is pending from the start ---- */

BOX_ASM(m_sti, "sti; inc rax; 1: inc rax; cli; hlt; .equ m_sti_at, 1b - m_sti");
BOX_ASM(m_sti_sti, "sti; sti; 1: inc rax; cli; hlt; .equ m_sti_sti_at, 1b - m_sti_sti");
BOX_ASM(m_sti_movss, "mov ecx,0x10; sti; mov ss,ecx; inc rax; 1: inc rax; cli; hlt; .equ m_sti_movss_at, 1b - m_sti_movss");
BOX_ASM(m_sti_system, "sti; mov rcx,cr0; 1: inc rax; cli; hlt; .equ m_sti_system_at, 1b - m_sti_system");
BOX_ASM(m_popf, "push 0x202; popfq; 1: inc rax; cli; hlt; .equ m_popf_at, 1b - m_popf");
BOX_ASM(m_sti_cli, "sti; cli; inc rax; hlt; .equ m_sti_cli_at, 0");

/* where the assembler put label 1, and no interrupt at all for 0 */
#define AT_1(name)                                                                                                                         \
	({                                                                                                                                 \
		uint64_t at;                                                                                                               \
		__asm__("mov $" #name "_at, %0" : "=r"(at));                                                                               \
		at;                                                                                                                        \
	})
#define SHADOW_TEST(fact, name)                                                                                                            \
	START_TEST(fact)                                                                                                                   \
	{                                                                                                                                  \
		BOX_CODE_OF(&box, name);                                                                                                   \
		box_interrupt_now(&box);                                                                                                   \
		ck_assert_int_eq(machine_run(&box.m), END_HALTED);                                                                         \
		ck_assert_uint_eq(box_logged(&box), AT_1(name) != 0);                                                                      \
		if (AT_1(name))                                                                                                            \
			ck_assert_uint_eq(box_log(&box, 0), AT_1(name));                                                                   \
	}                                                                                                                                  \
	END_TEST

SHADOW_TEST(sti_blocks_interrupts_for_one_plain_instruction, m_sti)
SHADOW_TEST(sti_blocks_interrupts_for_one_system_instruction, m_sti_system)
SHADOW_TEST(sti_with_if_set_blocks_nothing, m_sti_sti)
SHADOW_TEST(mov_ss_blocks_interrupts_for_one_instruction, m_sti_movss)
SHADOW_TEST(popf_blocks_nothing, m_popf)
SHADOW_TEST(cli_after_sti_lets_no_interrupt_in, m_sti_cli)

/* ---- single step: #DB is logged with the RIP it saved; label 9 is where faults go ---- */

#define STEPS(name, text, at) BOX_ASM(name, text "; .balign 2; " #name "_at: .short " at ", 0")

STEPS(s_plain, "inc rax; 1: inc rbx; 2: mov al,5; 3: out 0xf4,al", "1b-s_plain, 2b-s_plain, 3b-s_plain");
STEPS(s_system, "mov rcx,cr0; 1: cpuid; 2: mov al,5; 3: out 0xf4,al", "1b-s_system, 2b-s_system, 3b-s_system");
STEPS(s_branch, "jmp 1f; nop; 1: call 2f; 2: mov al,5; 3: out 0xf4,al", "1b-s_branch, 2b-s_branch, 3b-s_branch");
STEPS(s_rep, "mov ecx,3; 1: rep stosb; 2: mov al,5; 3: out 0xf4,al", "1b-s_rep, 1b-s_rep, 1b-s_rep, 2b-s_rep, 3b-s_rep");
STEPS(s_rep_0, "xor ecx,ecx; 1: rep stosb; 2: mov al,5; 3: out 0xf4,al", "1b-s_rep_0, 2b-s_rep_0, 3b-s_rep_0");
STEPS(s_fault, "lea r13,[rip+9f]; 1: div ebp; nop; 9: mov al,5; 3: out 0xf4,al", "1b-s_fault, 1b-s_fault, 3b-s_fault");
STEPS(s_page_fault, "lea r13,[rip+9f]; 1: mov rax,[0x40000000]; nop; 9: mov al,5; 3: out 0xf4,al",
      "1b-s_page_fault, 1b-s_page_fault, 3b-s_page_fault");
STEPS(s_int, "inc rax; 1: int 0x41; 2: mov al,5; 3: out 0xf4,al", "1b-s_int, 2b-s_int, 3b-s_int");
STEPS(s_mov_ss, "mov ecx,0x10; 1: mov ss,ecx; inc rax; 2: mov al,5; 3: out 0xf4,al", "1b-s_mov_ss, 2b-s_mov_ss, 3b-s_mov_ss");
STEPS(s_popf_off, "push 2; 1: popfq; 2: inc rax; mov al,5; out 0xf4,al", "1b-s_popf_off, 2b-s_popf_off");

static const struct {
	const char *name;
	const uint8_t *code, *end;
} steps[] = {
    {"plain instructions", s_plain, s_plain_end},
    {"system instructions", s_system, s_system_end},
    {"branches", s_branch, s_branch_end},
    {"REP: after each iteration", s_rep, s_rep_end},
    {"REP of no iteration", s_rep_0, s_rep_0_end},
    {"#DE: the fault, no trap of its own", s_fault, s_fault_end},
    {"#PF: the fault, no trap of its own", s_page_fault, s_page_fault_end},
    {"INT n clears TF; IRET sets it for after the next", s_int, s_int_end},
    {"MOV SS puts the trap off", s_mov_ss, s_mov_ss_end},
    {"POPF that clears TF still traps", s_popf_off, s_popf_off_end},
};

/* the offsets behind the code, up to 0 */
static const uint8_t *expected_steps(int row, unsigned *n)
{
	const uint8_t *end = steps[row].end - 2, *at = end;
	uint16_t offset = 1;

	for (*n = 0, at -= 2; memcpy(&offset, at, 2), offset && offset < 64 && *n < 8; at -= 2)
		++*n;
	return at + 2;
}

START_TEST(tf_traps_after_each_instruction)
{
	unsigned n;
	const uint8_t *at = expected_steps(_i, &n);

	box_code(&box, steps[_i].code, steps[_i].end);
	CPU->rflags |= FLAG_TF;
	CPU->gpr[RDI] = BOX_DATA;
	ck_assert_int_eq(machine_run(&box.m), END_EXIT);
	ck_assert_msg(n >= 2, "%s: table", steps[_i].name);
	for (unsigned i = 0; i < n; i++, at += 2) {
		uint16_t offset;
		memcpy(&offset, at, 2);
		ck_assert_msg(i < box_logged(&box) && box_log(&box, i) == offset, "%s: step %u at %lx, not %x", steps[_i].name, i,
			      box_log(&box, i), offset);
	}
	ck_assert_msg(box_logged(&box) == n, "%s: %u steps, not %u", steps[_i].name, box_logged(&box), n);
}
END_TEST

STEPS(s_hlt, "hlt; 1: mov al,5; 2: out 0xf4,al", "1b-s_hlt, 2b-s_hlt");
STEPS(s_outs, "mov ecx,3; 1: rep outsb; 2: mov al,5; 3: out 0xf4,al", "1b-s_outs, 1b-s_outs, 1b-s_outs, 2b-s_outs, 3b-s_outs");
STEPS(s_in, "in al,0x61; 1: rdmsr; 2: mov al,5; 3: out 0xf4,al", "1b-s_in, 2b-s_in, 3b-s_in");

static const struct {
	const char *name;
	const uint8_t *code, *end;
} steps_over[] = {
    {"CPUID", s_system, s_system_end}, {"HLT", s_hlt, s_hlt_end}, {"REP OUTS", s_outs, s_outs_end}, {"IN, RDMSR", s_in, s_in_end}};

/* The same traps natively and as a guest of a VMM that emulates the instruction. */
START_TEST(tf_traps_after_instructions_that_a_vmm_emulates)
{
	static const enum paging_kind kinds[] = {PAGING_NATIVE, PAGING_EPT, PAGING_SHADOW};
	char error[LOAD_ERROR_SIZE];
	unsigned row = (unsigned)_i / 3;
	uint16_t offset;

	box_stop(&box);
	box_start_as(&box, &(struct machine_config){.max_insns = 100000, .paging = kinds[_i % 3]});
	box_code(&box, steps_over[row].code, steps_over[row].end);
	CPU->rflags |= FLAG_TF;
	CPU->gpr[RSI] = BOX_DATA;
	CPU->gpr[RCX] = 0xc0000080;
	ck_assert_msg(!hosted_start(&box.m, BOX_RAM, error), "%s", error);
	ck_assert_int_eq(machine_run(&box.m), END_EXIT);
	const uint8_t *at = steps_over[row].end - 2;
	for (unsigned i = box_logged(&box); i-- > 0;) {
		at -= 2;
		memcpy(&offset, at, 2);
		ck_assert_msg(box_log(&box, i) == offset, "%s: step %u at %lx, not %x", steps_over[row].name, i, box_log(&box, i), offset);
	}
	memcpy(&offset, at - 2, 2);
	ck_assert_msg(offset > 64, "%s: %u steps only", steps_over[row].name, box_logged(&box));
}
END_TEST

BOX_ASM(m_port, "mov dx,0x80; 1: out dx,al; 2: nop; mov al,5; out 0xf4,al");

START_TEST(io_breakpoints_hit_under_a_vmm_too)
{
	static const enum paging_kind kinds[] = {PAGING_NATIVE, PAGING_EPT, PAGING_SHADOW};
	char error[LOAD_ERROR_SIZE];

	box_stop(&box);
	box_start_as(&box, &(struct machine_config){.max_insns = 100000, .paging = kinds[_i]});
	BOX_CODE_OF(&box, m_port);
	CPU->cr4 |= CR4_DE;
	CPU->dr[1] = 0x80;
	CPU->dr[7] = 0x400 | 4 | 2ull << 20;
	ck_assert_msg(!hosted_start(&box.m, BOX_RAM, error), "%s", error);
	ck_assert_int_eq(machine_run(&box.m), END_EXIT);
	ck_assert_uint_eq(box_logged(&box), 1);
	ck_assert_uint_eq(box_log(&box, 0), 5);
	ck_assert_uint_eq(CPU->dr[6] & (BITS(3, 0) | BITS(15, 12)), BIT(1));
}
END_TEST

BOX_ASM(m_syscall, "syscall; nop; 1: mov al,5; 2: out 0xf4,al");

START_TEST(syscall_traps_by_the_tf_that_it_leaves)
{
	for (unsigned masked = 0; masked < 2; masked++) {
		BOX_CODE_OF(&box, m_syscall);
		CPU->gpr[R15] = BOX_LOG;
		CPU->pending_dbg = 0;
		CPU->star = 8ull << 32;
		CPU->lstar = BOX_CODE + 3;
		CPU->sfmask = masked ? FLAG_TF : 0;
		CPU->rflags |= FLAG_TF;
		box.m.bus.exit_requested = false;
		ck_assert_int_eq(machine_run(&box.m), END_EXIT);
		ck_assert_uint_eq(box_logged(&box), (masked ? 0u : 2u));
		ck_assert(masked || box_log(&box, 0) == 3);
	}
}
END_TEST

BOX_ASM(m_sysret, "sysretq");

START_TEST(sysret_that_sets_tf_traps_at_once)
{
	BOX_CODE_OF(&box, m_sysret);
	box_set_word(&box, 0x5004, BOX_STACK); /* RSP0 */
	CPU->tr = (struct segment){.ar = AR_P | 11, .limit = 0x67, .base = 0x5000};
	CPU->star = 0x18ull << 48;
	CPU->gpr[RCX] = BOX_CODE + 0x20;
	CPU->gpr[R11] = FLAG_FIXED | FLAG_TF;
	box.m.config.max_insns = 6; /* SYSRET, the delivery, and what the handler needs to log it */
	ck_assert_int_eq(machine_run(&box.m), END_MAX_INSNS);
	ck_assert_uint_eq(box_logged(&box), 1);
	ck_assert_uint_eq(box_log(&box, 0), 0x20);
}
END_TEST

BOX_ASM(m_hlt, "cli; hlt");

/* ---- VMX instructions under TF ---- */

enum { VMXON_REGION = 0x30000, VMCS_REGION = 0x31000 };

/* Root operation; the current VMCS has good controls and host state, but no guest state. */
static void start_root(void)
{
	box_stop(&box);
	box_start_as(&box, &(struct machine_config){.max_insns = 100000, .vmx = true});
	struct vmcs *v = &box.m.vmx.vmcs;

	CPU->cr4 |= CR4_VMXE;
	box_set_word(&box, VMXON_REGION, VMCS_REVISION);
	box_set_word(&box, VMCS_REGION, VMCS_REVISION);
	vmx_enter_operation(CPU, VMXON_REGION);
	vmx_clear(CPU, VMCS_REGION);
	vmx_load_pointer(CPU, VMCS_REGION);
	v->pin_controls = vmx_allowed0(GROUP_PIN);
	v->proc_controls = vmx_allowed0(GROUP_PROC);
	v->exit_controls = vmx_allowed0(GROUP_EXIT) | CTL(EXIT, HOST_64);
	v->entry_controls = vmx_allowed0(GROUP_ENTRY);
	v->link_pointer = VMCS_NONE;
	v->host_cr0 = CPU->cr0, v->host_cr3 = CPU->cr3, v->host_cr4 = CPU->cr4;
	v->host_cs_selector = 8, v->host_tr_selector = 0x18;
	v->host_idtr_base = BOX_IDT, v->host_gdtr_base = BOX_GDT;
	v->host_rsp = BOX_STACK;
}

BOX_ASM(m_launch, "vmlaunch; 1: nop; 2: mov al,5; 3: out 0xf4,al");

START_TEST(an_entry_that_fails_traps_only_if_tf_is_left)
{
	for (unsigned late = 0; late < 2; late++) {
		start_root();
		BOX_CODE_OF(&box, m_launch);
		box.m.vmx.vmcs.host_rip = BOX_CODE + 4; /* label 2 */
		if (!late)
			box.m.vmx.vmcs.pin_controls = 0;
		CPU->rflags |= FLAG_TF;
		ck_assert_int_eq(machine_run(&box.m), END_EXIT);
		ck_assert_uint_eq(box_logged(&box), late ? 0 : 3);
		ck_assert_uint_eq(box.m.vmx.entry_failures, late);
	}
}
END_TEST

STEPS(s_vmxoff, "vmxoff; 1: mov al,5; 2: out 0xf4,al", "1b-s_vmxoff, 2b-s_vmxoff");

START_TEST(vmxoff_traps_under_tf)
{
	start_root();
	BOX_CODE_OF(&box, s_vmxoff);
	CPU->rflags |= FLAG_TF;
	ck_assert_int_eq(machine_run(&box.m), END_EXIT);
	ck_assert_uint_eq(box_logged(&box), 2);
	ck_assert_uint_eq(box_log(&box, 0), 3);
}
END_TEST

/* An interrupt that exits within REP STOS: RF = 1 is saved; at another instruction it is not. */
START_TEST(an_interrupt_exit_between_iterations_saves_rf)
{
	for (unsigned rep = 0; rep < 2; rep++) {
		start_root();
		box.m.in_rep = rep;
		box.m.vmx.vmcs.pin_controls |= CTL(PIN, EXTERNAL_INTERRUPT);
		CPU->vmx_op = VMX_NONROOT;
		box_interrupt_now(&box);
		ck_assert(boundary_step(&box.m) && boundary_step(&box.m));
		ck_assert_uint_eq(box.m.vmx.vmcs.exit_reason, EXIT_EXTERNAL_INTERRUPT);
		ck_assert_uint_eq(!!(box.m.vmx.vmcs.guest_rflags & FLAG_RF), rep);
		ck_assert(!box.m.in_rep);
	}
}
END_TEST

START_TEST(nmis_do_not_end_wait_for_sipi)
{
	static const struct {
		enum activity activity;
		bool ends;
	} rows[] = {{ACTIVITY_HLT, true}, {ACTIVITY_SHUTDOWN, true}, {ACTIVITY_WAIT_FOR_SIPI, false}};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		start_root();
		BOX_CODE_OF(&box, m_hlt);
		CPU->vmx_op = VMX_NONROOT;
		CPU->activity = rows[i].activity;
		CPU->nmi_pending = true;
		box.m.config.max_insns = 6;
		machine_run(&box.m);
		ck_assert_msg(box_logged(&box) == rows[i].ends, "row %u", i);
		ck_assert_msg(CPU->nmi_pending == !rows[i].ends, "row %u", i);
	}
}
END_TEST

/* ---- breakpoints ---- */

BOX_ASM(m_break, "mov ecx,3; 1: inc rax; dec ecx; jnz 1b" EXIT_5);

START_TEST(a_code_breakpoint_comes_before_the_instruction_and_rf_lets_it_run)
{
	BOX_CODE_OF(&box, m_break);
	CPU->gpr[RAX] = 0;
	CPU->dr[0] = BOX_CODE + 5;
	CPU->dr[7] |= 1;
	ck_assert_int_eq(machine_run(&box.m), END_EXIT);
	ck_assert_uint_eq(box_logged(&box), 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(box_log(&box, i), 5);
	ck_assert_uint_eq(CPU->dr[6] & 0xf, 1);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 1 + 3 * 3 + 2 + 3 * 5); /* the handler has five */
}
END_TEST

BOX_ASM(m_break_ss, "mov ecx,0x10; mov ss,ecx; 1: inc rax; 2: mov al,5; out 0xf4,al; .equ m_break_ss_at, 1b - m_break_ss");

START_TEST(a_code_breakpoint_after_mov_ss_does_not_hit)
{
	for (unsigned further = 0; further <= 3; further += 3) { /* at the next instruction, and at the one after it */
		BOX_CODE_OF(&box, m_break_ss);
		CPU->gpr[R15] = BOX_LOG;
		CPU->dr[0] = BOX_CODE + AT_1(m_break_ss) + further;
		CPU->dr[7] |= 1;
		box.m.bus.exit_requested = false;
		ck_assert_int_eq(machine_run(&box.m), END_EXIT);
		ck_assert_uint_eq(box_logged(&box), further != 0);
	}
}
END_TEST

BOX_ASM(m_break_rf, "mov r14,[rsp]; mov [r15],r14; add r15,8; iretq");

START_TEST(a_handler_that_leaves_rf_clear_meets_the_breakpoint_for_ever)
{
	BOX_CODE_OF(&box, m_break);
	memcpy(box.m.mem.host + BOX_HANDLERS + VEC_DB * 64, m_break_rf, (size_t)(m_break_rf_end - m_break_rf));
	CPU->dr[0] = BOX_CODE + 5;
	CPU->dr[7] |= 1;
	box.m.config.max_insns = 500;
	ck_assert_int_eq(machine_run(&box.m), END_MAX_INSNS);
	ck_assert_uint_eq(CPU->gpr[RCX], 3);
	ck_assert_uint_gt(box_logged(&box), 80);
}
END_TEST

/* ---- time ---- */

BOX_ASM(m_halt, "sti; hlt; inc rax; cli; hlt");

START_TEST(hlt_waits_for_the_timer_and_goes_on_after_it)
{
	BOX_CODE_OF(&box, m_halt);
	box_timer(&box, 5000, false);
	ck_assert_int_eq(machine_run(&box.m), END_HALTED);
	ck_assert_uint_eq(box_logged(&box), 1);
	ck_assert_uint_eq(box_log(&box, 0), 2);
	ck_assert_uint_ge(CPU->clock, 5000);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 5 + 4);
	ck_assert_uint_gt(box.m.idle, 4900);
}
END_TEST

BOX_ASM(m_line, "sti; .rept 100; inc rax; .endr; cli; hlt");

START_TEST(the_timer_interrupts_at_the_exact_instruction)
{
	BOX_CODE_OF(&box, m_line);
	box_timer(&box, 10 + (uint32_t)_i, false);
	ck_assert_int_eq(machine_run(&box.m), END_HALTED);
	ck_assert_uint_eq(box_logged(&box), 1);
	ck_assert_uint_eq(box_log(&box, 0), 1 + 3 * (9 + (uint64_t)_i));
	ck_assert_uint_eq(CPU->gpr[RAX], 100);
}
END_TEST

/* ---- limits ---- */

BOX_ASM(m_self, "jmp m_self");
BOX_ASM(m_endless_fault, "lea r13,[rip+m_endless_fault]; 1: div ebp; jmp 1b");
BOX_ASM(m_endless_ud, "lea r13,[rip+1f]; 1: ud2");
BOX_ASM(m_endless_int, "1: int 0x41; jmp 1b");
BOX_ASM(m_endless_step, "push 0x102; popfq; 1: jmp 1b");
BOX_ASM(m_rep, "mov rcx,-1; mov rdi,0x180000; std; cld; 1: mov rcx,-1; xor esi,esi; rep lodsb");
BOX_ASM(m_rep_system, "mov rcx,-1; mov dx,0x80; mov rdi,0x180000; 1: rep insb");
BOX_ASM(m_jump_away, "mov rax,0x123456789000; lea r13,[rip+m_jump_away]; jmp rax");

static const struct {
	const char *name;
	const uint8_t *code, *end;
} endless[] = {
    {"jump to itself", m_self, m_self_end},
    {"#DE again and again", m_endless_fault, m_endless_fault_end},
    {"#UD again and again", m_endless_ud, m_endless_ud_end},
    {"INT n again and again", m_endless_int, m_endless_int_end},
    {"single steps", m_endless_step, m_endless_step_end},
    {"REP LODS of 2^64 - 1", m_rep, m_rep_end},
    {"REP INS of 2^64 - 1", m_rep_system, m_rep_system_end},
    {"fetch faults", m_jump_away, m_jump_away_end},
};

START_TEST(max_insns_ends_every_run_exactly_there)
{
	static const uint64_t limits[] = {1, 2, 3, 10, 11, 12, 13, 14, 15, 16, 17, 1000, 1001};

	for (unsigned i = 0; i < ARRAY_LEN(limits); i++) {
		box_code(&box, endless[_i].code, endless[_i].end);
		uint64_t before = CPU->clock;
		box.m.config.max_insns = before - box.m.idle + limits[i];
		ck_assert_msg(machine_run(&box.m) == END_MAX_INSNS, "%s", endless[_i].name);
		ck_assert_msg(CPU->clock - before == limits[i], "%s: %lu, not %lu", endless[_i].name, CPU->clock - before, limits[i]);
		CPU->gpr[R15] = BOX_LOG;
		CPU->gpr[RSP] = BOX_STACK;
		CPU->rflags = FLAG_FIXED;
		CPU->pending_dbg = 0;
		box.m.in_rep = false;
	}
}
END_TEST

BOX_ASM(m_stos, "mov rdi,0x180000; mov ecx,20000; mov al,0x5a; rep stosb");
BOX_ASM(m_movs, "mov rdi,0x180001; mov rsi,0x180000; mov ecx,20000; mov byte ptr [rsi],0x5a; rep movsb");

/* Strings that our own code moves, a page or cache line at a time. */
START_TEST(a_string_is_left_exactly_at_the_limit)
{
	static const unsigned limits[] = {4, 5, 20, 21, 67, 68, 69, 1000, 4099, 4100, 4101, 9000};
	bool moves = _i & 1;

	for (unsigned i = 0; i < ARRAY_LEN(limits); i++) {
		unsigned done = limits[i] - (moves ? 4 : 3);
		box_stop(&box);
		box_start_as(&box, &(struct machine_config){.max_insns = limits[i], .account = ACCOUNT_BLOCK});
		box_code(&box, moves ? m_movs : m_stos, moves ? m_movs_end : m_stos_end);
		ck_assert_int_eq(machine_run(&box.m), END_MAX_INSNS);
		ck_assert_uint_eq(CPU->gpr[RCX], 20000 - done);
		ck_assert_uint_eq(CPU->gpr[RDI], BOX_DATA + moves + done);
		ck_assert_uint_eq(count(EV_STORES), done + moves);
		for (unsigned at = 0; at < 20000; at++)
			ck_assert_uint_eq(box.m.mem.host[BOX_DATA + at], at < done + moves ? 0x5a : 0);
	}
}
END_TEST

START_TEST(a_run_in_pieces_is_the_same_as_one_run)
{
	box_code(&box, m_rep, m_rep_end);
	for (uint64_t limit = 1; limit <= 400; limit++) {
		box.m.config.max_insns = limit;
		ck_assert_int_eq(machine_run(&box.m), END_MAX_INSNS);
	}
	uint64_t rcx = CPU->gpr[RCX], insns = count(EV_INSTRUCTIONS), loads = count(EV_LOADS);
	box_stop(&box);
	box_start(&box, 400);
	box_code(&box, m_rep, m_rep_end);
	ck_assert_int_eq(machine_run(&box.m), END_MAX_INSNS);
	ck_assert_uint_eq(CPU->gpr[RCX], rcx);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), insns);
	ck_assert_uint_eq(count(EV_LOADS), loads);
}
END_TEST

/* ---- ends ---- */

BOX_ASM(m_exit, "mov al,5; out 0xf4,al");
BOX_ASM(m_shutdown, "lea rsi,[rip+1f]; mov ecx,8; mov dx,0x8900; rep outsb; jmp m_shutdown; 1: .ascii \"Shutdown\"");
BOX_ASM(m_ud, "ud2");

START_TEST(port_f4_ends_the_run_with_its_status)
{
	BOX_CODE_OF(&box, m_exit);
	ck_assert_int_eq(machine_run(&box.m), END_EXIT);
	ck_assert_int_eq(box.m.bus.exit_status, 11);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 2);
}
END_TEST

START_TEST(shutdown_written_to_port_8900_ends_the_run)
{
	BOX_CODE_OF(&box, m_shutdown);
	ck_assert_int_eq(machine_run(&box.m), END_EXIT);
	ck_assert_int_eq(box.m.bus.exit_status, 0);
}
END_TEST

START_TEST(a_fault_without_an_idt_is_a_shutdown)
{
	BOX_CODE_OF(&box, m_ud);
	CPU->idtr.limit = 0;
	ck_assert_int_eq(machine_run(&box.m), END_SHUTDOWN);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 0);
}
END_TEST

START_TEST(hlt_with_interrupts_off_halts_for_ever)
{
	BOX_CODE_OF(&box, m_hlt);
	box_timer(&box, 1000, true);
	ck_assert_int_eq(machine_run(&box.m), END_HALTED);
}
END_TEST

static void *kick_later(void *user)
{
	usleep(30000);
	machine_kick(user);
	return NULL;
}

START_TEST(a_kick_from_another_thread_ends_the_run_which_can_go_on)
{
	pthread_t thread;

	box.m.config.max_insns = 0;
	BOX_CODE_OF(&box, m_self);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert(!pthread_create(&thread, NULL, kick_later, &box.m));
		ck_assert_int_eq(machine_run(&box.m), END_KICKED);
		pthread_join(thread, NULL);
		ck_assert_uint_eq(CPU->rip, BOX_CODE);
	}
	ck_assert_uint_gt(count(EV_INSTRUCTIONS), 1000);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("machine");
	tcase_add_checked_fixture(tc, start, stop);
	tcase_add_test(tc, sti_blocks_interrupts_for_one_plain_instruction);
	tcase_add_test(tc, sti_blocks_interrupts_for_one_system_instruction);
	tcase_add_test(tc, sti_with_if_set_blocks_nothing);
	tcase_add_test(tc, mov_ss_blocks_interrupts_for_one_instruction);
	tcase_add_test(tc, popf_blocks_nothing);
	tcase_add_test(tc, cli_after_sti_lets_no_interrupt_in);
	tcase_add_loop_test(tc, tf_traps_after_each_instruction, 0, ARRAY_LEN(steps));
	tcase_add_loop_test(tc, tf_traps_after_instructions_that_a_vmm_emulates, 0, 3 * ARRAY_LEN(steps_over));
	tcase_add_loop_test(tc, io_breakpoints_hit_under_a_vmm_too, 0, 3);
	tcase_add_test(tc, syscall_traps_by_the_tf_that_it_leaves);
	tcase_add_test(tc, sysret_that_sets_tf_traps_at_once);
	tcase_add_test(tc, an_entry_that_fails_traps_only_if_tf_is_left);
	tcase_add_test(tc, vmxoff_traps_under_tf);
	tcase_add_test(tc, an_interrupt_exit_between_iterations_saves_rf);
	tcase_add_test(tc, a_code_breakpoint_comes_before_the_instruction_and_rf_lets_it_run);
	tcase_add_test(tc, a_code_breakpoint_after_mov_ss_does_not_hit);
	tcase_add_test(tc, nmis_do_not_end_wait_for_sipi);
	tcase_add_test(tc, a_handler_that_leaves_rf_clear_meets_the_breakpoint_for_ever);
	tcase_add_test(tc, hlt_waits_for_the_timer_and_goes_on_after_it);
	tcase_add_loop_test(tc, the_timer_interrupts_at_the_exact_instruction, 0, 12);
	tcase_add_loop_test(tc, max_insns_ends_every_run_exactly_there, 0, ARRAY_LEN(endless));
	tcase_add_loop_test(tc, a_string_is_left_exactly_at_the_limit, 0, 2);
	tcase_add_test(tc, a_run_in_pieces_is_the_same_as_one_run);
	tcase_add_test(tc, port_f4_ends_the_run_with_its_status);
	tcase_add_test(tc, shutdown_written_to_port_8900_ends_the_run);
	tcase_add_test(tc, a_fault_without_an_idt_is_a_shutdown);
	tcase_add_test(tc, hlt_with_interrupts_off_halts_for_ever);
	tcase_add_test(tc, a_kick_from_another_thread_ends_the_run_which_can_go_on);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("machine", add_cases)
