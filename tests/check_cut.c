/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks that are cut: more places than there are hooks, one place on many frames, instructions that go on in a page which changes. Each
 * program comes out the same however it is accounted for, with the same counts unless nothing is counted.
 */
#include "tests/machine_state.h"
#include "tests/test.h"

#include "mmu/pte.h"

#include <string.h>

enum {
	SITES = 0x120000,  /* linear: pages of system instructions */
	FRAMES = 0x200000, /* copies of such a page */
	PAGE_TABLE = BOX_TABLES + 0x4000,
	COPIES = 20,
	SITE_SIZE = 8,
};

static struct box boxes[2];

/* Calls what is at SITES, 12 times. */
BOX_ASM(c_calls, "mov r12d,12; 1: mov rax,0x120000; call rax; dec r12d; jnz 1b; hlt");
/* Gives the page at SITES one frame after the other, and calls it each time, 350 times. */
BOX_ASM(c_frames, "mov r12d,350; 1: mov r8d,0x200007; 2: mov [0x14900],r8; invlpg [0x120000]; mov rcx,0x120000; call rcx;"
		  "add r8d,0x1000; cmp r8d,0x214007; jne 2b; dec r12d; jnz 1b; hlt");
/* Calls MOV EAX,imm32 and RET at 3 bytes before a page's end, whose last byte of imm32 changes each time. */
BOX_ASM(c_across, "mov r12d,300; 1: mov [0x121000],r12b; mov rcx,0x120ffc; call rcx; add rbx,rax; mov rcx,0x128ffc; call rcx; add rbx,rax;"
		  "dec r12d; jnz 1b; hlt");
/* Calls what begins with the REX prefix at a page's end, at two places that are kept in one, in turns. */
BOX_ASM(c_across_two,
	"mov r12d,3000; 1: mov rcx,0x120fff; call rcx; add rbx,rax; mov rcx,0x128fff; call rcx; add rbx,rax; dec r12d; jnz 1b; hlt");
/* Two cuts of one block, at a load whose address a CMOV decides and at PUSHF; the flags come of an AND at both, but not in between. */
BOX_ASM(c_flags,
	"mov r12d,2000; mov edi,0x180000; mov esi,0x180100; 1: mov ecx,edi; and eax,r12d; cmovz ecx,esi; mov rdx,[rcx];"
	"sub edx,r12d; seto r8b; and r12d,0xffff; pushf; pop r11; add rbx,r11; mov ecx,edi; and edx,0x7000; cmovz ecx,esi; mov r9,[rcx];"
	"sub r9d,r12d; setle r8b; test r12d,0x55; pushf; pop r11; add rbx,r11; dec r12d; jnz 1b; hlt");

/* N times INC RAX; MOV RBX,CR2; JMP to what follows; then RET */
static void put_sites(struct box *box, uint64_t at, unsigned n)
{
	static const uint8_t site[SITE_SIZE] = {0x48, 0xff, 0xc0, 0x0f, 0x20, 0xd3, 0xeb, 0x00};

	for (unsigned i = 0; i < n; i++)
		memcpy(box->m.mem.host + at + i * SITE_SIZE, site, SITE_SIZE);
	box->m.mem.host[at + n * SITE_SIZE] = 0xc3;
}

typedef void put_fn(struct box *box);

static void run_both(const uint8_t *code, const uint8_t *end, put_fn *put, enum account account)
{
	for (unsigned i = 0; i < 2; i++) {
		box_start_as(&boxes[i], &(struct machine_config){.max_insns = 10000000, .account = i ? account : ACCOUNT_INSN});
		engine_set_stays(boxes[i].m.engine, false);
		box_code(&boxes[i], code, end);
		boxes[i].m.cpu.gpr[RAX] = boxes[i].m.cpu.gpr[RBX] = 0;
		boxes[i].m.cpu.cr2 = 0x5a5a5a; /* which the engine does not know */
		put(&boxes[i]);
		ck_assert_int_eq(machine_run(&boxes[i].m), END_HALTED);
	}
	const struct cpu *a = &boxes[0].m.cpu, *b = &boxes[1].m.cpu;
	ck_assert_uint_eq(a->gpr[RAX], b->gpr[RAX]);
	ck_assert_uint_eq(a->gpr[RBX], b->gpr[RBX]);
	ck_assert_uint_eq(a->ev.n[EV_INSTRUCTIONS], b->ev.n[EV_INSTRUCTIONS]);
	for (unsigned i = 0; i < EVENT_COUNT && account == ACCOUNT_BLOCK; i++)
		ck_assert_msg(a->ev.n[i] == b->ev.n[i], "%s: %lu by instruction, %lu by block", event_name((enum event)i), a->ev.n[i],
			      b->ev.n[i]);
	ck_assert_uint_eq(a->cost.steps, b->cost.steps);
}

static void stop(void)
{
	box_stop(&boxes[0]);
	box_stop(&boxes[1]);
}

static const enum account accounts[] = {ACCOUNT_BLOCK, ACCOUNT_FAST};

static void put_many(struct box *box)
{
	put_sites(box, SITES, 2000);
}

START_TEST(more_places_than_hooks)
{
	run_both(c_calls, c_calls_end, put_many, accounts[_i]);
	ck_assert_uint_eq(boxes[1].m.cpu.ev.n[EV_INSTRUCTIONS], 1 + 12 * (2 + 3 * 2000 + 1 + 2) + 1);
	stop();
}
END_TEST

static void put_frames(struct box *box)
{
	for (unsigned i = 0; i < COPIES; i++)
		put_sites(box, FRAMES + i * PAGE_SIZE, 100 + i);
}

START_TEST(places_on_more_frames_than_are_remembered)
{
	run_both(c_frames, c_frames_end, put_frames, accounts[_i]);
	ck_assert_uint_eq(box_word(&boxes[1], PAGE_TABLE + 8 * (SITES >> PAGE_SHIFT)), FRAMES | (COPIES - 1) << PAGE_SHIFT | 0x27);
	stop();
}
END_TEST

static void put_across(struct box *box)
{
	static const uint8_t code[] = {0xb8, 1, 2, 3, 4, 0xc3};

	memcpy(box->m.mem.host + SITES + 0xffc, code, sizeof code);
	memcpy(box->m.mem.host + SITES + 0x8ffc, code, sizeof code); /* the same of another page */
}

START_TEST(an_instruction_whose_second_page_changes)
{
	uint64_t sum = 0;

	for (unsigned i = 300; i; i--)
		sum += ((uint64_t)(i & 0xff) << 24) + 0x030201 + 0x04030201;
	run_both(c_across, c_across_end, put_across, accounts[_i]);
	ck_assert_uint_eq(boxes[1].m.cpu.gpr[RBX], sum);
	stop();
}
END_TEST

static void put_across_two(struct box *box)
{
	static const uint8_t load[] = {0x48, 0x8b, 0x04, 0x25, 0, 0, 0x18, 0, 0xc3};   /* MOV RAX,[disp32]; RET */
	static const uint8_t inc[] = {0x48, 0xff, 0xc0, 0x0f, 0x1f, 0x44, 0, 0, 0xc3}; /* INC RAX; NOP; RET: as long */

	memcpy(box->m.mem.host + SITES + 0xfff, load, sizeof load);
	memcpy(box->m.mem.host + SITES + 0x8fff, inc, sizeof inc);
	box_set_word(box, BOX_DATA, 5);
}

START_TEST(two_instructions_on_two_pages_in_turns)
{
	run_both(c_across_two, c_across_two_end, put_across_two, accounts[_i]);
	ck_assert_uint_eq(boxes[1].m.cpu.gpr[RBX], 3000 * (5 + 6));
	stop();
}
END_TEST

static void put_nothing(struct box *box)
{
	box->m.cpu.gpr[RAX] = 0x155;
}

START_TEST(flags_at_the_second_cut_of_a_block)
{
	run_both(c_flags, c_flags_end, put_nothing, accounts[_i]);
	stop();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("cut");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, more_places_than_hooks, 0, ARRAY_LEN(accounts));
	tcase_add_loop_test(tc, places_on_more_frames_than_are_remembered, 0, ARRAY_LEN(accounts));
	tcase_add_loop_test(tc, an_instruction_whose_second_page_changes, 0, ARRAY_LEN(accounts));
	tcase_add_loop_test(tc, two_instructions_on_two_pages_in_turns, 0, ARRAY_LEN(accounts));
	tcase_add_loop_test(tc, flags_at_the_second_cut_of_a_block, 0, ARRAY_LEN(accounts));
	suite_add_tcase(suite, tc);
}

TEST_MAIN("cut", add_cases)
