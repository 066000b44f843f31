/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An observer of accesses is told the same by plan as by instruction: each load and store once, in order, of its instruction, with the
 * clock; also where a plan stops between two accesses of one instruction, which then goes by instruction. Fetches too: of an instruction in
 * two pages the second page's once each time, though the engine has to begin it again if it was not given that page before.
 */
#include "tests/machine_state.h"
#include "tests/test.h"

#include "mmu/pte.h"

enum {
	FETCHES_MAX = 128,
	ROUNDS = 12,
	P = BOX_DATA,
	FRESH = BOX_DATA + 0x10000,
	TOLD_MAX = 512,
	BACK = (BOX_CODE + 0x1000) ^ 0x1002000,
	BACK_FRAME = 0x200000
};

/* R8, R9: data; R10: FRESH, whose pages are not dirty; R12: rounds */
BOX_ASM(plain, "1: mov rax, [r8]\nadd rax, 1\nmov [r9], rax\nadd qword ptr [r8], 3\nmovups xmm0, [r9]\ndec r12\njnz 1b\nhlt");
/* the store of PUSH lies in two pages */
BOX_ASM(split, "1: lea rsp, [r10 + 4]\nmov rax, [r9]\npush qword ptr [r8]\nmov [r9], rax\ndec r12\njnz 1b\nhlt");
/* the store of PUSH is the first to a page each time: its walk sets a flag, and must wait for the load */
BOX_ASM(first, "1: mov rsp, r10\nadd r10, 0x1000\nmov rax, [r9]\npush qword ptr [r8]\ndec r12\njnz 1b\nhlt");
/* the block before is booked as a loop of itself */
BOX_ASM(loop, "1: mov ecx, 50\n2: dec ecx\njnz 2b\nmov rax, [r8]\ndec r12\njnz 1b\nhlt");
/* the store of POP faults; so does the first instruction of the handler load */
BOX_ASM(fault, "lea r13, [rip + 2f]\n1: mov rsp, r9\npush r8\npop qword ptr [r10]\n2: dec r12\njnz 1b\nhlt");
BOX_ASM(handler, "mov r14, [rsp + 8]\nadd rsp, 8\nmov [rsp], r13\niretq");
/*
 * An instruction that begins two bytes before the end of its page. After it comes a page which the engine remembers in the place of the
 * second page when it is given one of them: JMP R14, to 2.
 */
BOX_ASM(two_pages, "lea r14, [rip + 2f]\n1: mov rax, [r8]\njmp 3f\n2: dec r12\njnz 1b\nhlt\n.fill 0xffe - (. - two_pages), 1, 0x90\n"
		   "3: mov rcx, [r9 + 0x1000]\njmp r13");
BOX_ASM(string, "1: mov rsi, r8\nmov rdi, r9\nmov ecx, 9\nrep movsq\ndec r12\njnz 1b\nhlt");

static const struct {
	const char *name;
	const uint8_t *code, *end;
	unsigned each, rmw; /* accesses a round; of these read-modify-writes, which count as two; 0: not known */
	unsigned fetches;   /* pages that instructions come from, a round, after the first; 0: not known */
} programs[] = {
    {"plain", plain, plain_end, 4, 1, 0},
    {"split", split, split_end, 4, 0, 0},
    {"first", first, first_end, 3, 0, 0},
    {"loop", loop, loop_end, 1, 0, 0},
    {"fault", fault, fault_end, 0, 0, 0},
    {"string", string, string_end, 18, 0, 0},
    {"two pages", two_pages, two_pages_end, 2, 0, 4},
};

struct told {
	uint64_t rip, clock, gla;
	unsigned size, access;
};

static struct {
	unsigned count;
	uint64_t rip, clock;
	struct told told[TOLD_MAX];
	unsigned fetches;
	uint64_t fetch[FETCHES_MAX]; /* pages */
} by[2], *now;

static void on_insn(void *ctx, gla_t gla, unsigned len, uint64_t clock)
{
	(void)ctx;
	(void)len;
	now->rip = gla.u;
	now->clock = clock;
}

static void on_access(void *ctx, gla_t gla, unsigned access, const struct tlb_entry *entry, enum mmu_served served)
{
	(void)ctx;
	(void)entry;
	(void)served;
	if (!(access & ACC_FETCH))
		return;
	ck_assert_uint_lt(now->fetches, FETCHES_MAX);
	now->fetch[now->fetches++] = page_base(gla.u);
}

static void on_data(void *ctx, gla_t gla, unsigned size, unsigned access)
{
	(void)ctx;
	ck_assert_uint_lt(now->count, TOLD_MAX);
	now->told[now->count++] = (struct told){now->rip, now->clock, gla.u, size, access};
}

static void run(unsigned program, unsigned account)
{
	static struct box box;
	struct machine_config config = {.max_insns = 100000, .account = account ? ACCOUNT_BLOCK : ACCOUNT_INSN};
	const struct mmu_observer observer = {.access = on_access, .data = on_data, .insn = on_insn};

	box_start_as(&box, &config);
	engine_set_stays(box.m.engine, false);
	box_code(&box, programs[program].code, programs[program].end);
	box_handler(&box, VEC_PF, handler, handler_end);
	struct cpu *cpu = &box.m.cpu;
	cpu->gpr[R8] = P;
	cpu->gpr[R9] = P + 0x2000;
	cpu->gpr[R10] = FRESH;
	cpu->gpr[R12] = ROUNDS;
	cpu->gpr[R13] = BACK;
	cpu->rflags &= ~(uint64_t)FLAG_IF;
	for (unsigned i = 0; i <= ROUNDS; i++) {
		uint64_t at = BOX_TABLES + 0x4000 + 8 * (FRESH / PAGE_SIZE + i);
		box_set_word(&box, at, box_word(&box, at) & ~(uint64_t)(PTE_A | PTE_D | (programs[program].each ? 0 : PTE_P)));
	}
	box_set_word(&box, BOX_TABLES + 0x2000 + 8 * (BACK >> PAGE_SHIFT_2M), 0x40000 | PTE_P | PTE_RW);
	box_set_word(&box, 0x40000 + 8 * (BACK >> PAGE_SHIFT & 511), BACK_FRAME | PTE_P | PTE_RW);
	box_set_word(&box, BACK_FRAME, 0xe6ff41);
	now = &by[account];
	now->count = now->fetches = 0;
	ck_assert_int_eq(engine_observe(box.m.engine), 0);
	mmu_observe(&cpu->mmu, &observer);
	uint64_t before = cpu->ev.n[EV_LOADS] + cpu->ev.n[EV_STORES];
	ck_assert_int_eq(machine_run(&box.m), END_HALTED);
	ck_assert_uint_gt(now->count, 0);
	if (programs[program].fetches)
		ck_assert_uint_eq(now->fetches, programs[program].fetches * ROUNDS + 1);
	if (programs[program].each)
		ck_assert_uint_eq(now->count, programs[program].each * ROUNDS);
	if (programs[program].each)
		ck_assert_uint_eq(cpu->ev.n[EV_LOADS] + cpu->ev.n[EV_STORES] - before, now->count + programs[program].rmw * ROUNDS);
	mmu_observe(&cpu->mmu, NULL);
	box_stop(&box);
}

START_TEST(the_same_is_told_by_plan_as_by_instruction)
{
	run((unsigned)_i, 0);
	run((unsigned)_i, 1);
	ck_assert_uint_eq(by[0].fetches, by[1].fetches);
	ck_assert_mem_eq(by[0].fetch, by[1].fetch, by[0].fetches * sizeof by[0].fetch[0]);
	for (unsigned i = 0; i < by[0].count; i++) {
		const struct told *a = &by[0].told[i], *b = &by[1].told[i];
		ck_assert_msg(a->rip == b->rip && a->clock == b->clock && a->gla == b->gla && a->size == b->size && a->access == b->access,
			      "%s, access %u: %#lx, clock %lu, %#lx/%u, not %#lx, clock %lu, %#lx/%u", programs[_i].name, i, b->rip,
			      b->clock, b->gla, b->size, a->rip, a->clock, a->gla, a->size);
	}
}
END_TEST

static unsigned translations;

static void count_translation(void *ctx, gla_t gla, unsigned access, const struct tlb_entry *entry, enum mmu_served served)
{
	(void)ctx;
	(void)gla;
	(void)access;
	(void)entry;
	(void)served;
	translations++;
}

/* As for a display that wants no more; the engine need not know of it. */
START_TEST(observer_may_want_translations_alone)
{
	static struct box box;
	struct machine_config config = {.max_insns = 100000};
	const struct mmu_observer observer = {.access = count_translation};

	translations = 0;
	box_start_as(&box, &config);
	BOX_CODE_OF(&box, string);
	box.m.cpu.gpr[R8] = P;
	box.m.cpu.gpr[R9] = P + 0x2000;
	box.m.cpu.gpr[R12] = ROUNDS;
	box.m.cpu.rflags &= ~(uint64_t)FLAG_IF;
	mmu_observe(&box.m.cpu.mmu, &observer);
	ck_assert_int_eq(machine_run(&box.m), END_HALTED);
	ck_assert_uint_eq(translations, 18 * ROUNDS + 1);
	mmu_observe(&box.m.cpu.mmu, NULL);
	box_stop(&box);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("plan_observed");

	tcase_add_loop_test(tc, the_same_is_told_by_plan_as_by_instruction, 0, (int)ARRAY_LEN(programs));
	tcase_add_test(tc, observer_may_want_translations_alone);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("plan_observed", add_cases)
