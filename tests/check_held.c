/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paging-structure entries that change all the time, of every level: what the engine holds of other pages stays, what it holds through them
 * goes. The sums of what is read, and all counts, are those of a run by instruction. SDM 3A, "Operations that Invalidate TLBs and
 * Paging-Structure Caches".
 */
#include "tests/machine_state.h"
#include "tests/test.h"

#include "mmu/pte.h"

enum {
	PAGES = 16,
	LOW = 0x400000,	 /* two regions of 2 MiB, of which PAGES pages are mapped */
	TABLE = 0x40000, /* their page tables, and those of 14 other pages that nothing uses */
	PD = BOX_TABLES + 0x2000,
	FRAMES = 0x800000, /* what they map */
	LARGE = 0xa00000,  /* a page of 2 MiB: its frame is one of two */
	LARGE_FRAMES = 0xc00000,
};
#define RIGHTS (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)

/*
 * R12 rounds; R13 pseudo-random, by R15; R11: bits of the round in which nothing is invalidated. Two entries of a page table are swapped;
 * in every 16th round two of the PD, in every 32nd the frame of a large page. Then pages are read and written.
 */
BOX_ASM(h_changes,
	"1: imul r13,r15; add r13,12345; mov rax,r13; shr rax,33; mov ecx,eax; and ecx,15; shr eax,4; mov edx,eax; and edx,15;"
	"mov rsi,[r8+rcx*8]; mov rdi,[r8+rdx*8]; mov [r8+rcx*8],rdi; mov [r8+rdx*8],rsi; test r12d,r11d; jnz 2f;"
	"mov rsi,rcx; shl rsi,12; add rsi,r9; invlpg [rsi]; invlpg [rsi+0x200000]; mov rsi,rdx; shl rsi,12; add rsi,r9; invlpg [rsi]; "
	"invlpg [rsi+0x200000];"
	"2: test r12d,15; jnz 3f; mov rsi,[0x12010]; mov rdi,[0x12018]; mov [0x12010],rdi; mov [0x12018],rsi; mov rax,cr3; mov cr3,rax;"
	"3: test r12d,31; jnz 4f; xor qword ptr [0x12028],0x200000; invlpg [0xa00000];"
	"4: mov rax,r13; shr rax,20; mov ecx,4;"
	"5: mov edx,eax; and edx,15; shl edx,12; shr rax,4; add rbx,[r9+rdx]; rol rbx,7; add [r9+rdx+8],rbx; xor rbx,[r9+rdx+0x200000];"
	"dec ecx; jnz 5b; add rbx,[0xa00000]; add rbx,[0xa01000]; dec r12d; jnz 1b; hlt");
/* The same where many tables change at once: entries of 10 frames, then of all that the region's table has. */
BOX_ASM(h_many,
	"1: imul r13,r15; add r13,12345; mov rsi,0x42000; mov ecx,10; test r12d,1; jnz 2f;"
	"6: xor qword ptr [rsi],0x1000; add rsi,4096; dec ecx; jnz 6b;"
	"2: test r12d,3; jnz 3f; mov ecx,16; 7: xor qword ptr [r8+rcx*8-8],0x10000; dec ecx; jnz 7b; mov rax,cr3; mov cr3,rax;"
	"3: mov ecx,16; mov rdx,r9; 8: add rbx,[rdx]; rol rbx,5; add [rdx+8],rbx; add rdx,4096; dec ecx; jnz 8b; dec r12d; jnz 1b; hlt");

static const struct {
	const char *name;
	const uint8_t *code, *end;
	uint64_t careless; /* R11 */
	enum account account;
} runs[] = {
    {"changes, by block", h_changes, h_changes_end, 0, ACCOUNT_BLOCK},
    {"changes, carelessly, by block", h_changes, h_changes_end, 6, ACCOUNT_BLOCK},
    {"changes, in fast-forward", h_changes, h_changes_end, 0, ACCOUNT_FAST},
    {"many, by block", h_many, h_many_end, 0, ACCOUNT_BLOCK},
    {"many, in fast-forward", h_many, h_many_end, 0, ACCOUNT_FAST},
};

static void build(struct box *box, unsigned run)
{
	for (unsigned region = 0; region < 2; region++) {
		uint64_t table = TABLE + region * PAGE_SIZE;
		box_set_word(box, PD + 8 * (LOW / 0x200000 + region), table | RIGHTS);
		for (unsigned i = 0; i < PAGES; i++) {
			uint64_t frame = FRAMES + (region * 2 * PAGES + i) * PAGE_SIZE;
			box_set_word(box, table + 8 * i, frame | RIGHTS);
			box_set_word(box, frame, 0x100000001 * (frame >> PAGE_SHIFT));
			box_set_word(box, frame + PAGES * PAGE_SIZE, 0x300000007 * (frame >> PAGE_SHIFT));
		}
	}
	for (unsigned i = 0; i < 10; i++)
		box_set_word(box, TABLE + (2 + i) * PAGE_SIZE, RIGHTS);
	box_set_word(box, PD + 8 * (LARGE / 0x200000), LARGE_FRAMES | PTE_PS | RIGHTS);
	for (unsigned i = 0; i < 2; i++) {
		box_set_word(box, LARGE_FRAMES + i * 0x200000, 5 + i);
		box_set_word(box, LARGE_FRAMES + i * 0x200000 + PAGE_SIZE, 500 + i);
	}
	struct cpu *cpu = &box->m.cpu;
	cpu->gpr[R8] = TABLE;
	cpu->gpr[R9] = LOW;
	cpu->gpr[R11] = runs[run].careless;
	cpu->gpr[R12] = 3000;
	cpu->gpr[R13] = 1;
	cpu->gpr[R15] = 6364136223846793005u;
	cpu->gpr[RBX] = 0;
	cpu->rflags &= ~(uint64_t)FLAG_IF;
}

START_TEST(what_is_read_and_counted_is_the_same)
{
	static struct box boxes[2];
	unsigned run = (unsigned)_i;

	for (unsigned i = 0; i < 2; i++) {
		struct machine_config config = {.max_insns = 2000000, .account = i ? runs[run].account : ACCOUNT_INSN};
		box_start_as(&boxes[i], &config);
		engine_set_stays(boxes[i].m.engine, false);
		box_code(&boxes[i], runs[run].code, runs[run].end);
		build(&boxes[i], run);
		ck_assert_int_eq(machine_run(&boxes[i].m), END_HALTED);
		ck_assert_uint_eq(boxes[i].m.cpu.gpr[R12], 0);
	}
	const struct cpu *a = &boxes[0].m.cpu, *b = &boxes[1].m.cpu;
	ck_assert_msg(a->gpr[RBX] == b->gpr[RBX], "%s: %#lx by instruction, %#lx", runs[run].name, a->gpr[RBX], b->gpr[RBX]);
	for (unsigned i = 0; i < EVENT_COUNT && runs[run].account == ACCOUNT_BLOCK; i++)
		ck_assert_msg(a->ev.n[i] == b->ev.n[i], "%s: %s: %lu by instruction, %lu", runs[run].name, event_name((enum event)i),
			      a->ev.n[i], b->ev.n[i]);
	ck_assert_mem_eq(boxes[0].m.mem.host + FRAMES, boxes[1].m.mem.host + FRAMES, 4 * PAGES * PAGE_SIZE);
	box_stop(&boxes[0]);
	box_stop(&boxes[1]);
}
END_TEST

/* A page is loaded from, its entry changes, nothing is invalidated; it is loaded from again, and modified. */
BOX_ASM(h_modified, "mov eax,[0x184000]; mov rbx,0x185063; mov [0x14c20],rbx; jmp 1f; 1: mov edx,[0x184000]; mov ecx,1;"
		    "lock xadd [0x184000],ecx; hlt");
static const enum account modified_accounts[] = {ACCOUNT_INSN, ACCOUNT_BLOCK};

START_TEST(what_is_modified_is_loaded_from_where_it_is_stored)
{
	static struct box box;
	struct machine_config config = {.max_insns = 100, .account = modified_accounts[_i]};

	box_start_as(&box, &config);
	BOX_CODE_OF(&box, h_modified);
	box.m.cpu.cr0 |= CR0_WP;
	box_set_word(&box, BOX_TABLES + 0x4000 + 8 * 0x184, 0x184000 | PTE_P | PTE_A); /* read-only: an RMW needs another walk */
	box_set_word(&box, 0x184000, 100);
	box_set_word(&box, 0x185000, 200);
	ck_assert_int_eq(machine_run(&box.m), END_HALTED);
	ck_assert_uint_eq(box.m.cpu.gpr[RDX], 100); /* the stale entry serves */
	ck_assert_uint_eq(box.m.cpu.gpr[RCX], 200);
	ck_assert_uint_eq(box_word(&box, 0x184000), 100);
	ck_assert_uint_eq(box_word(&box, 0x185000), 201);
	box_stop(&box);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("held");

	tcase_add_loop_test(tc, what_is_read_and_counted_is_the_same, 0, ARRAY_LEN(runs));
	tcase_add_loop_test(tc, what_is_modified_is_loaded_from_where_it_is_stored, 0, ARRAY_LEN(modified_accounts));
	suite_add_tcase(suite, tc);
}

TEST_MAIN("held", add_cases)
