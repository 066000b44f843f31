/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stores to paging structures that the engine makes unwatched: by a plan, and by a REP string of its own code. The page P is accessed, then
 * forced out of the modelled TLBs, its entry changed to another frame; the next access must find that frame, though the engine's softmmu
 * still has the old one. It is told which by what lies there.
 */
#include "tests/machine_state.h"
#include "tests/test.h"

#include "mmu/pte.h"

enum { ROUNDS = 16, P = BOX_DATA, Q = BOX_DATA + 0x20000, ENTRY = BOX_TABLES + 0x4000 + 8 * (P / PAGE_SIZE), SEEN = 0x1c0000 };
enum { RIGHTS = PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D, AT_P = 0x50, AT_Q = 0x51 };

/* R8: the entry of P; R9: P; R10, R11: what it becomes, in turns; R14: where goes what was seen of it; R12: rounds */
#define BEGIN "7: mov rax, [r9]\nmov rsi, r9\nmov ecx, 28\njmp 1f\n1: add rsi, 4096\nmov rax, [rsi]\ndec ecx\njnz 1b\njmp 2f\n2: "
#define END "mov [r14], rbx\nadd r14, 8\nxchg r10, r11\ndec r12\njnz 7b\nhlt"

BOX_ASM(in_a_block_of_its_own, BEGIN "mov [r8], r10\njmp 3f\n3: mov rbx, [r9]\njmp 4f\n4: " END);
BOX_ASM(before_an_access_of_the_block, BEGIN "mov [r8], r10\nmov rbx, [r9]\njmp 4f\n4: " END);
BOX_ASM(read_modify_write, BEGIN "mov rdx, r10\nxor rdx, r11\nxor [r8], rdx\njmp 3f\n3: mov rbx, [r9]\njmp 4f\n4: " END);
/* the block's own accesses force P out again before its entry changes */
BOX_ASM(after_an_access_of_the_block,
	BEGIN "mov rax, [r9]\nmov rax, [r9 + 0x1000]\nmov rax, [r9 + 0x2000]\nmov rax, [r9 + 0x3000]\nmov rax, [r9 + 0x4000]\n"
	      "mov rax, [r9 + 0x5000]\nmov rax, [r9 + 0x6000]\nmov rax, [r9 + 0x7000]\nmov rax, [r9 + 0x8000]\nmov rax, [r9 + 0x9000]\n"
	      "mov rax, [r9 + 0xa000]\nmov rax, [r9 + 0xb000]\nmov rax, [r9 + 0xc000]\nmov rax, [r9 + 0xd000]\nmov [r8], r10\njmp 3f\n"
	      "3: mov rbx, [r9]\njmp 4f\n4: " END);
BOX_ASM(by_a_string, BEGIN "mov rdi, r8\nmov rax, r10\nmov ecx, 16\nrep stosq\njmp 3f\n3: mov rbx, [r9]\njmp 4f\n4: " END);

static const struct {
	const char *name;
	const uint8_t *code, *end;
} programs[] = {
    {"in a block of its own", in_a_block_of_its_own, in_a_block_of_its_own_end},
    {"before an access of the block", before_an_access_of_the_block, before_an_access_of_the_block_end},
    {"read-modify-write", read_modify_write, read_modify_write_end},
    {"after an access of the block", after_an_access_of_the_block, after_an_access_of_the_block_end},
    {"by a string", by_a_string, by_a_string_end},
};

static const struct mmu_config tiny = {
    .itlb = {[TLB_4K] = {4, 2}, [TLB_2M] = {2, 2}},
    .dtlb = {[TLB_4K] = {4, 4}, [TLB_2M] = {2, 2}, [TLB_1G] = {1, 1}},
    .stlb = {[TLB_4K] = {8, 4}, [TLB_1G] = {2, 2}},
    .stlb_shared = true,
};
static const enum account accounts[] = {ACCOUNT_INSN, ACCOUNT_BLOCK}; /* in fast-forward accesses do not force an entry out */

START_TEST(a_changed_entry_is_used_when_the_tlbs_have_lost_the_old_one)
{
	static struct box box;
	unsigned program = (unsigned)_i / 2 / ARRAY_LEN(accounts), account = (unsigned)_i / 2 % ARRAY_LEN(accounts);
	struct machine_config config = {.max_insns = 100000, .tlbs = &tiny, .account = accounts[account]};

	box_start_as(&box, &config);
	engine_set_stays(box.m.engine, _i % 2);
	box_code(&box, programs[program].code, programs[program].end);
	box_set_word(&box, P, AT_P);
	box_set_word(&box, Q, AT_Q);
	box_set_word(&box, ENTRY, P | RIGHTS);
	struct cpu *cpu = &box.m.cpu;
	cpu->gpr[R8] = ENTRY;
	cpu->gpr[R9] = P;
	cpu->gpr[R10] = Q | RIGHTS;
	cpu->gpr[R11] = P | RIGHTS;
	cpu->gpr[R12] = ROUNDS;
	cpu->gpr[R14] = SEEN;
	cpu->rflags &= ~(uint64_t)FLAG_IF;
	ck_assert_int_eq(machine_run(&box.m), END_HALTED);
	for (unsigned i = 0; i < ROUNDS; i++)
		ck_assert_msg(box_word(&box, SEEN + 8 * i) == (i % 2 ? AT_P : AT_Q), "%s (account %u), round %u: %#lx",
			      programs[program].name, account, i, box_word(&box, SEEN + 8 * i));
	box_stop(&box);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("plan_tables");

	tcase_add_loop_test(tc, a_changed_entry_is_used_when_the_tlbs_have_lost_the_old_one, 0,
			    (int)(2 * ARRAY_LEN(programs) * ARRAY_LEN(accounts)));
	suite_add_tcase(suite, tc);
}

TEST_MAIN("plan_tables", add_cases)
