/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two address spaces in turns: what the engine keeps of one while the guest is in the other is right when it comes back, also if the other
 * has changed its tables meanwhile, with or without INVLPG or a load of CR3. The same however it is accounted for. SDM 3A, "Operations that
 * Invalidate TLBs and Paging-Structure Caches".
 */
#include "tests/machine_state.h"
#include "tests/test.h"

#include "mmu/pte.h"

#include <string.h>

enum {
	OTHER = 0x30000,   /* the other's PML4, PDPT, PD, PT */
	SHARED = 0x180000, /* a page that is one's own in either space: FRAME_A, FRAME_B */
	FRAME_A = 0x400000,
	FRAME_B = 0x401000,
	FRAME_C = 0x402000,
	TABLE_A = BOX_TABLES + 0x4000,
	TABLE_B = OTHER + 0x3000,
};

/* r8, r9: the spaces. Each adds to its page; RBX sums up what is read there. */
BOX_ASM(s_turns, "mov r12d,3000; 1: mov cr3,r9; add qword ptr [0x180000],3; add rbx,[0x180000]; jmp 2f;"
		 "2: mov cr3,r8; add qword ptr [0x180000],1; add rbx,[0x180000]; dec r12d; jnz 1b; hlt");
/* From space A, B's page is given C's frame and its own by turns; then the same for A's, with a load of CR3 of the same value. */
BOX_ASM(s_changes,
	"mov r12d,3000; 1: mov cr3,r9; add rbx,[0x180000]; mov cr3,r8; add rbx,[0x180000];"
	"test r12d,3; jnz 2f; xor qword ptr [0x33c00],0x3000; 2: test r12d,7; jnz 3f; xor qword ptr [0x14c00],0x2000; mov cr3,r8;"
	"3: add rbx,[0x180000]; dec r12d; jnz 1b; hlt");
/* A third space, of the same tables as the second. */
BOX_ASM(s_three, "mov r12d,2000; 1: mov cr3,r9; add qword ptr [0x180000],3; mov cr3,r10; add qword ptr [0x180000],5; mov cr3,r8;"
		 "add qword ptr [0x180000],1; mov rax,[0x180000]; add rbx,rax; dec r12d; jnz 1b; hlt");

static struct box boxes[2];

static void build(struct box *box)
{
	const uint64_t rights = PTE_P | PTE_RW | PTE_US;

	memcpy(box->m.mem.host + TABLE_B, box->m.mem.host + TABLE_A, PAGE_SIZE);
	for (unsigned i = 0; i < 3; i++) {
		box_set_word(box, OTHER + i * PAGE_SIZE, (OTHER + (i + 1) * PAGE_SIZE) | rights);
		box_set_word(box, 0x38000 + i * PAGE_SIZE, (i == 2 ? TABLE_B : 0x38000 + (i + 1) * PAGE_SIZE) | rights);
	}
	box_set_word(box, TABLE_A + 8 * (SHARED >> PAGE_SHIFT), FRAME_A | rights);
	box_set_word(box, TABLE_B + 8 * (SHARED >> PAGE_SHIFT), FRAME_B | rights);
	box_set_word(box, FRAME_A, 1);
	box_set_word(box, FRAME_B, 1000);
	box_set_word(box, FRAME_C, 1000000);
	box->m.cpu.gpr[R8] = BOX_TABLES;
	box->m.cpu.gpr[R9] = OTHER;
	box->m.cpu.gpr[R10] = 0x38000;
	box->m.cpu.gpr[RBX] = 0;
}

static const enum account accounts[] = {ACCOUNT_BLOCK, ACCOUNT_FAST};

static uint64_t run_both(const uint8_t *code, const uint8_t *end, enum account account)
{
	for (unsigned i = 0; i < 2; i++) {
		box_start_as(&boxes[i], &(struct machine_config){.max_insns = 1000000, .account = i ? account : ACCOUNT_INSN});
		engine_set_stays(boxes[i].m.engine, false);
		box_code(&boxes[i], code, end);
		build(&boxes[i]);
		ck_assert_int_eq(machine_run(&boxes[i].m), END_HALTED);
	}
	const struct cpu *a = &boxes[0].m.cpu, *b = &boxes[1].m.cpu;
	ck_assert_uint_eq(a->gpr[RBX], b->gpr[RBX]);
	for (unsigned i = 0; i < EVENT_COUNT && account == ACCOUNT_BLOCK; i++)
		ck_assert_msg(a->ev.n[i] == b->ev.n[i], "%s: %lu by instruction, %lu by block", event_name((enum event)i), a->ev.n[i],
			      b->ev.n[i]);
	ck_assert_uint_eq(box_word(&boxes[0], FRAME_A), box_word(&boxes[1], FRAME_A));
	ck_assert_uint_eq(box_word(&boxes[0], FRAME_B), box_word(&boxes[1], FRAME_B));
	return b->gpr[RBX];
}

static void stop(void)
{
	box_stop(&boxes[0]);
	box_stop(&boxes[1]);
}

START_TEST(each_space_keeps_its_own)
{
	uint64_t a = 1, b = 1000, sum = 0;

	for (unsigned i = 0; i < 3000; i++)
		sum += (b += 3) + (a += 1);
	ck_assert_uint_eq(run_both(s_turns, s_turns_end, accounts[_i]), sum);
	ck_assert_uint_eq(box_word(&boxes[1], FRAME_A), a);
	ck_assert_uint_eq(box_word(&boxes[1], FRAME_B), b);
	stop();
}
END_TEST

START_TEST(a_table_of_the_other_space_changes)
{
	uint64_t a = 1, b = 1000, sum = 0;

	for (unsigned i = 3000; i; i--) {
		sum += b + a;
		if (i % 4 == 0)
			b = b == 1000 ? 1000000 : 1000;
		if (i % 8 == 0)
			a = a == 1 ? 1000000 : 1;
		sum += a;
	}
	ck_assert_uint_eq(run_both(s_changes, s_changes_end, accounts[_i]), sum);
	stop();
}
END_TEST

START_TEST(three_spaces_in_turns)
{
	uint64_t a = 1, sum = 0;

	for (unsigned i = 0; i < 2000; i++)
		sum += a += 1;
	ck_assert_uint_eq(run_both(s_three, s_three_end, accounts[_i]), sum);
	ck_assert_uint_eq(box_word(&boxes[1], FRAME_B), 1000 + 8 * 2000);
	stop();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("space");

	tcase_add_loop_test(tc, each_space_keeps_its_own, 0, ARRAY_LEN(accounts));
	tcase_add_loop_test(tc, a_table_of_the_other_space_changes, 0, ARRAY_LEN(accounts));
	tcase_add_loop_test(tc, three_spaces_in_turns, 0, ARRAY_LEN(accounts));
	suite_add_tcase(suite, tc);
}

TEST_MAIN("space", add_cases)
