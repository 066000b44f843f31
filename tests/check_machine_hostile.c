/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine with guests that rewrite themselves and their page tables, and that two runs of one guest are the same to the bit. */
#include "mmu/pte.h"
#include "tests/machine_state.h"
#include "tests/test.h"

#include <string.h>

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

static uint64_t count_instructions(const struct box *b)
{
	return b->m.cpu.ev.n[EV_INSTRUCTIONS];
}

/* ---- two runs ---- */

BOX_ASM(h_busy, "sti; mov ecx,300; mov rdi,0x180000; 1: mov [rdi],rcx; add rdi,520; mov rax,[0x180008]; push rcx; mov ecx,0x80b; xor "
		"eax,eax; xor edx,edx; wrmsr; mov ecx,5; lea "
		"rsi,[rdi-64]; rep movsb; pop rcx; int 0x41; dec ecx; jnz 1b; cli; hlt");

START_TEST(two_runs_are_the_same_to_the_bit)
{
	struct box other;

	box_start(&other, 100000);
	for (unsigned i = 0; i < 2; i++) {
		struct box *b = i ? &other : &box;
		box_code(b, h_busy, h_busy_end);
		box_timer(b, 97, true);
	}
	ck_assert_int_eq(machine_run(&box.m), END_HALTED);
	ck_assert_int_eq(machine_run(&other.m), END_HALTED);
	ck_assert_uint_gt(box_logged(&box), 320); /* 300 INT n, and timer interrupts */
	ck_assert_mem_eq(&CPU->ev, &other.m.cpu.ev, sizeof CPU->ev);
	ck_assert_mem_eq(CPU->gpr, other.m.cpu.gpr, sizeof CPU->gpr);
	ck_assert_uint_eq(CPU->clock, other.m.cpu.clock);
	ck_assert_mem_eq(box.m.mem.host, other.m.mem.host, BOX_RAM);
	box_stop(&other);
}
END_TEST

/* ---- code that rewrites code ---- */

/* writes MOV EAX,ecx; RET to addresses that end in, cross and begin a page, and calls it */
BOX_ASM(h_smc, "xor ebx,ebx; mov ecx,60; 1: mov rdi,0x180ff0; 2: mov byte ptr [rdi],0xb8; mov [rdi+1],ecx; mov byte ptr [rdi+5],0xc3; "
	       "call rdi; add ebx,eax; inc rdi; cmp rdi,0x181004; jne 2b; dec ecx; jnz 1b; hlt");

START_TEST(code_rewritten_across_pages_runs_as_written)
{
	BOX_CODE_OF(&box, h_smc);
	CPU->rflags = FLAG_FIXED;
	ck_assert_int_eq(machine_run(&box.m), END_HALTED);
	ck_assert_uint_eq(CPU->gpr[RBX], 20 * (60 * 61 / 2));
}
END_TEST

/* ---- page tables that are no tables ---- */

BOX_ASM(h_touch, "mov rax,[0x40000123]; hlt");
BOX_ASM(h_load, "mov cr3,rax; nop; hlt");

static const struct {
	const char *name;
	uint64_t cr3;
} roots[] = {
    {"the local APIC", 0xfee00000},	 {"nothing below 4 GiB", 0xd0000000}, {"beyond RAM", 0x100000000},
    {"the highest frame", BITS(45, 12)}, {"past the end of RAM", BOX_RAM},    {"zeros", BOX_DATA},
};

START_TEST(a_root_that_holds_no_tables_ends_in_shutdown)
{
	BOX_CODE_OF(&box, h_load);
	CPU->gpr[RAX] = roots[_i].cr3;
	ck_assert_msg(machine_run(&box.m) == END_SHUTDOWN, "%s", roots[_i].name);
	ck_assert_uint_eq(count_instructions(&box), 1);
}
END_TEST

START_TEST(a_table_below_the_root_outside_ram_is_a_fault)
{
	/* the second GiB is mapped by tables that are not in RAM; the fault handler goes to the hlt */
	BOX_CODE_OF(&box, h_touch);
	box_set_word(&box, BOX_TABLES + PAGE_SIZE + 8, roots[_i].cr3 | PTE_P | PTE_RW | PTE_US);
	CPU->gpr[R13] = BOX_CODE + (uint64_t)(h_touch_end - h_touch) - 1;
	ck_assert_msg(machine_run(&box.m) == END_HALTED, "%s", roots[_i].name);
	ck_assert_uint_eq(box_logged(&box), 1);
	ck_assert_uint_eq(box_log(&box, 0), 0);
	ck_assert_uint_eq(CPU->cr2, 0x40000123);
}
END_TEST

/* RAX = the frame that is its own PML4, PDPT, PD and page table: linear address 0 is the frame itself, and code runs in it */
BOX_ASM(h_self, "mov cr3,rax; jmp rbx");
BOX_ASM(h_in_table, "mov rax,[0]; mov qword ptr [8],rcx; mov qword ptr [0],0; invlpg [0]; nop; hlt");

START_TEST(tables_that_point_to_themselves_work_until_they_are_cut)
{
	BOX_CODE_OF(&box, h_self);
	uint64_t entry = BOX_DATA | PTE_P | PTE_RW;
	box_set_word(&box, BOX_DATA, entry);
	box_set_word(&box, BOX_DATA + 8 * (BOX_CODE >> 12 & 511), BOX_CODE | PTE_P | PTE_RW); /* the code that loads CR3 */
	/* cppcheck-suppress comparePointers; two labels of one piece of assembly */
	memcpy(box.m.mem.host + BOX_DATA + 0x400, h_in_table, (size_t)(h_in_table_end - h_in_table));
	CPU->gpr[RAX] = BOX_DATA;
	CPU->gpr[RBX] = 0x400;
	CPU->gpr[RCX] = 0x1234;
	ck_assert_int_eq(machine_run(&box.m), END_SHUTDOWN);
	ck_assert_uint_eq(box_word(&box, BOX_DATA), 0);
	ck_assert_uint_eq(box_word(&box, BOX_DATA + 8), 0x1234);
	ck_assert_uint_eq(CPU->gpr[RAX], entry | PTE_A); /* the walk has set it before the load */
	ck_assert_uint_eq(count_instructions(&box), 6);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("hostile guests");
	tcase_add_checked_fixture(tc, start, stop);
	tcase_add_test(tc, two_runs_are_the_same_to_the_bit);
	tcase_add_test(tc, code_rewritten_across_pages_runs_as_written);
	tcase_add_loop_test(tc, a_root_that_holds_no_tables_ends_in_shutdown, 0, ARRAY_LEN(roots));
	tcase_add_loop_test(tc, a_table_below_the_root_outside_ram_is_a_fault, 0, ARRAY_LEN(roots));
	tcase_add_test(tc, tables_that_point_to_themselves_work_until_they_are_cut);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("machine_hostile", add_cases)
