/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine keeps what it holds for either privilege when the CPL changes: what one may do the other still may not, however blocks are
 * accounted for. Pages: of the supervisor; of the user, read-only, which the supervisor writes with CR0.WP clear; all else the supervisor's
 * but code. With SMAP, EFLAGS.AC decides what the supervisor may do, also when it changes with the CPL. SDM 3A, "Determination of Access
 * Rights".
 */
#include "tests/machine_state.h"
#include "tests/test.h"

#include "mmu/pte.h"

enum { ROUNDS = 2000, TSS = 0xf000, SUPERVISOR = BOX_DATA + 0x1000, USER = BOX_DATA + 0x2000, PAGE_TABLE = BOX_TABLES + 0x4000 };

/* r12: rounds. What faults goes on at r13, SYSCALL after itself and the UD2. */
BOX_ASM(p_rights, "mov r12d,2000; 1: mov rax,[0x181000]; mov [0x181008],rax; mov [0x182000],r12;"
		  "push 0x1b; push 0x182800; push 2; push 0x23; lea rax,[rip+2f]; push rax; iretq;"
		  "2: mov rax,[0x182000]; lea r13,[rip+3f]; jmp 8f; 8: mov rax,[0x181000]; ud2;"
		  "3: lea r13,[rip+4f]; jmp 8f; 8: mov [0x182000],rax; ud2;"
		  "4: lea r13,[rip+5f]; jmp 8f; 8: mov [0x181008],rax; ud2;"
		  "5: syscall; ud2; mov rsp,0x1f0000; dec r12d; jnz 1b; hlt");
BOX_ASM(p_smap, "mov r12d,2000; 1: stac; mov rax,[0x182000]; mov [0x181008],rax;"
		"push 0x1b; push 0x182800; push 0x40002; push 0x23; lea rax,[rip+2f]; push rax; iretq;"
		"2: mov rax,[0x182000]; syscall; ud2;"
		"mov rsp,0x1f0000; mov rax,[0x181000]; lea r13,[rip+7f]; jmp 8f; 8: mov rax,[0x182000]; ud2; 7: dec r12d; jnz 1b; hlt");

static struct box box;

static void begin(const uint8_t *code, const uint8_t *end, unsigned after_syscall, enum account account)
{
	struct cpu *cpu = &box.m.cpu;

	box_start_as(&box, &(struct machine_config){.max_insns = 1000000, .account = account});
	box_code(&box, code, end);
	for (uint64_t page = 0; page < 512; page++) {
		uint64_t rights = page == BOX_CODE >> PAGE_SHIFT ? PTE_US | PTE_RW : page == USER >> PAGE_SHIFT ? PTE_US : PTE_RW;
		box_set_word(&box, PAGE_TABLE + 8 * page, page << PAGE_SHIFT | rights | PTE_P);
	}
	box_set_word(&box, BOX_GDT + 0x18, 0x00cff3000000ffff);
	box_set_word(&box, BOX_GDT + 0x20, 0x00affb000000ffff);
	box_set_word(&box, TSS + 4, BOX_STACK);
	cpu->gdtr.limit = 0x27;
	cpu->tr = (struct segment){.selector = 0x28, .base = TSS, .limit = 0x67, .ar = AR_P | 11};
	cpu->star = 0x0010000800000000;
	cpu->lstar = BOX_CODE + after_syscall;
	cpu->sfmask = FLAG_AC;
	cpu->cr0 &= ~CR0_WP;
	cpu_paging_changed(cpu);
}

/* Where the code continues after SYSCALL: behind the bytes 0f 05 0f 0b. */
static unsigned after_syscall(const uint8_t *code, const uint8_t *end)
{
	for (const uint8_t *at = code; at + 4 <= end; at++)
		if (at[0] == 0x0f && at[1] == 0x05 && at[2] == 0x0f && at[3] == 0x0b)
			return (unsigned)(at + 4 - code);
	return 0;
}

static const enum account accounts[] = {ACCOUNT_INSN, ACCOUNT_BLOCK, ACCOUNT_FAST};

/* The instruction that faulted, of those logged, is followed by UD2, which never runs. */
static void expect_faults(unsigned each)
{
	ck_assert_uint_eq(box.m.cpu.ev.n[EV_EXC_DE + VEC_PF], each * ROUNDS);
	ck_assert_uint_eq(box.m.cpu.ev.n[EV_EXC_DE + VEC_UD], 0);
	ck_assert_uint_eq(box_logged(&box), each * ROUNDS);
	for (unsigned i = 0; i < each * ROUNDS; i++)
		ck_assert_uint_eq(box_log(&box, i), box_log(&box, i % each));
}

START_TEST(the_user_may_not_do_what_the_supervisor_did)
{
	begin(p_rights, p_rights_end, after_syscall(p_rights, p_rights_end), accounts[_i]);
	ck_assert_int_eq(machine_run(&box.m), END_HALTED);
	expect_faults(3);
	ck_assert_uint_eq(box.m.cpu.cr2, SUPERVISOR + 8);
	ck_assert_uint_eq(box_word(&box, USER), 1);
	box_stop(&box);
}
END_TEST

START_TEST(smap_holds_again_when_ac_went_with_the_cpl)
{
	begin(p_smap, p_smap_end, after_syscall(p_smap, p_smap_end), accounts[_i]);
	box.m.cpu.cr4 |= CR4_SMAP;
	cpu_paging_changed(&box.m.cpu);
	ck_assert_int_eq(machine_run(&box.m), END_HALTED);
	expect_faults(1);
	ck_assert_uint_eq(box.m.cpu.cr2, USER);
	box_stop(&box);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("privilege");

	tcase_add_loop_test(tc, the_user_may_not_do_what_the_supervisor_did, 0, ARRAY_LEN(accounts));
	tcase_add_loop_test(tc, smap_holds_again_when_ac_went_with_the_cpl, 0, ARRAY_LEN(accounts));
	suite_add_tcase(suite, tc);
}

TEST_MAIN("privilege", add_cases)
