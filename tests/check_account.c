/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accounting by block and by instruction give the same: every counter, every cause of cycles, clock, memory, registers, what the TLBs hold.
 * Fast-forward gives the same but for what it does not count: accesses, translations, and what they cost and leave in TLBs and caches.
 * All guest images, natively on the plain model, under both VMMs (for accounting: on a processor with caches); and random programs, with
 * TLBs and caches of several sizes. ACCOUNT_FIRST is the seed of the first of these (0), ACCOUNT_GUESTS where they
 * end (12), ACCOUNT_STEPS how long each runs.
 */
#include "emu/profile.h"
#include "tests/account_random.h"
#include "tests/test.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RAM = 16 << 20, IMAGE_STEPS = 200000, RANDOM_STEPS = 20000 };

static struct machine pair[2];
static struct box boxes[2];
static struct console console[2];
static struct profile skylake, small; /* the latter with caches in which lines of one block take each other's place */
static glob_t images;

static void same(const char *name, const char *what, uint64_t insn, uint64_t block)
{
	ck_assert_msg(insn == block, "%s: %s %#lx by instruction, %#lx by block", name, what, insn, block);
}

static void same_counts(const char *name, const struct cpu *a, const struct cpu *b)
{
	for (unsigned i = 0; i < EVENT_COUNT; i++)
		same(name, event_name((enum event)i), a->ev.n[i], b->ev.n[i]);
	for (unsigned i = 0; i < COST_COUNT; i++)
		same(name, cost_name((enum cost_cause)i), a->cost.n[i], b->cost.n[i]);
	ck_assert_msg(!memcmp(a->cost.exit, b->cost.exit, sizeof a->cost.exit), "%s: VM exits and their times", name);
	same(name, "steps", a->cost.steps, b->cost.steps);
	same(name, "clock", a->clock, b->clock);
}

static void same_tlb(const char *name, const struct tlb *a, const struct tlb *b)
{
	ck_assert_msg(!memcmp(a->tag, b->tag, a->slots * sizeof *a->tag), "%s: tags of a TLB", name);
	ck_assert_msg(!memcmp(a->order, b->order, a->orders * sizeof *a->order), "%s: order of use in a TLB", name);
	for (uint32_t i = 0; i < a->slots; i++)
		if (a->tag[i])
			same(name, "frame in a TLB", a->entry[i].frame, b->entry[i].frame);
}

static void same_cache(const char *name, const struct cache *a, const struct cache *b)
{
	if (!a->sets)
		return;
	ck_assert_msg(!memcmp(a->tag, b->tag, (size_t)a->sets * a->ways * sizeof *a->tag), "%s: lines of a cache", name);
	ck_assert_msg(!memcmp(a->word, b->word, a->sets * sizeof *a->word), "%s: order of use in a cache", name);
}

static void same_outcome(const char *name, struct machine *a, struct machine *b)
{
	for (unsigned i = 0; i < GPR_COUNT; i++)
		same(name, "general register", a->cpu.gpr[i], b->cpu.gpr[i]);
	same(name, "RIP", a->cpu.rip, b->cpu.rip);
	same(name, "RFLAGS", a->cpu.rflags, b->cpu.rflags);
	same(name, "CR2", a->cpu.cr2, b->cpu.cr2);
	engine_fx_out(a->engine);
	engine_fx_out(b->engine);
	ck_assert_msg(!memcmp(a->cpu.fx, b->cpu.fx, sizeof a->cpu.fx), "%s: x87 and SSE registers", name);
	for (uint64_t page = 0; page < a->config.ram_size; page += PAGE_SIZE)
		if (memcmp(a->mem.host + page, b->mem.host + page, PAGE_SIZE) != 0)
			for (uint64_t at = page; at < page + PAGE_SIZE; at += 8) {
				char what[64];
				snprintf(what, sizeof what, "memory at %#lx", at);
				same(name, what, mem_read(&a->mem, HPA(at), 8), mem_read(&b->mem, HPA(at), 8));
			}
}

static void same_machine(const char *name, struct machine *a, struct machine *b)
{
	same_counts(name, &a->cpu, &b->cpu);
	same_outcome(name, a, b);
	same_tlb(name, &a->cpu.mmu.itlb, &b->cpu.mmu.itlb);
	same_tlb(name, &a->cpu.mmu.dtlb, &b->cpu.mmu.dtlb);
	same_tlb(name, &a->cpu.mmu.stlb, &b->cpu.mmu.stlb);
	same_cache(name, &a->caches.l1i, &b->caches.l1i);
	for (unsigned i = 0; i < CACHE_LEVELS; i++)
		same_cache(name, &a->caches.level[i], &b->caches.level[i]);
	for (unsigned i = 0; i < ANSWERS; i++)
		same(name, "data accesses by what answered", a->caches.data[i], b->caches.data[i]);
	ck_assert_msg(!memcmp(a->caches.walk, b->caches.walk, sizeof a->caches.walk), "%s: references of walks by what answered", name);
}

/*
 * What fast-forward counts as accounting by instruction does; on the plain model that includes time. But not under shadow paging: when a
 * shadow entry that its VMM has taken away causes a VM exit depends on what the TLBs hold. Then the guest says the same.
 */
static void same_forward(const char *name, struct machine *a, struct machine *b)
{
	const struct console *x = a->config.console, *y = b->config.console;

	same(name, "size of the console", x->captured, y->captured);
	ck_assert_msg(!x->captured || !memcmp(x->capture, y->capture, x->captured), "%s: console", name);
	if (paging_is_shadow(a->config.paging))
		return;
	for (unsigned i = 0; i < EVENT_COUNT; i++)
		if (i == EV_INSTRUCTIONS || (i >= EV_TLB_FLUSHES && i < EV_AGILE_WALKS_SHADOW))
			same(name, event_name((enum event)i), a->cpu.ev.n[i], b->cpu.ev.n[i]);
	same(name, "steps", a->cpu.cost.steps, b->cpu.cost.steps);
	same(name, "clock", a->cpu.clock, b->cpu.clock);
	same_outcome(name, a, b);
}

/* ---- blocks of many lines ---- */

/*
 * Twenty lines with no branch, more than fit into the instruction cache of the small processor, none of which it holds at first. Then,
 * or in the third, something that ends the block early. Faults go on at 0x100800.
 */
#define LONG_BLOCK(name, first, third, after)                                                                                              \
	BOX_ASM(name,                                                                                                                      \
		"mov ebx,0x180000; mov esi,0x180ffc; mov edi,0x400000; mov r13d,0x100800; mov r15d,0x1a0000; xor ecx,ecx; xor edx,edx;"    \
		"sti; jmp 1f; .org " #name "+64; 1: " first "; .byte 0x0f,0x1f,0x44,0,0; .rept 15; .byte 0x0f,0x1f,0x84,0,0,0,0,0;"        \
		".endr; " third "; .org " #name                                                                                            \
		"+200,0x90; .rept 72; .byte 0x66,0x66,0x66,0x66,0x66,0x66,0x2e,0x0f,0x1f,0x84,0,0,0,0,0; .endr; " after                    \
		"; jmp 2f; 2: cli; hlt; .org " #name "+0x800; cli; hlt")
LONG_BLOCK(long_bare, "nop", "nop", "nop");
LONG_BLOCK(long_plain, "mov rax,[rbx]", "nop", "mov rax,[rbx+64]");
LONG_BLOCK(long_split, "mov rax,[rbx]", "nop", "mov rax,[rsi]");
LONG_BLOCK(long_fault, "mov rax,[rbx]", "nop", "mov rax,[rdi]");
LONG_BLOCK(long_div, "mov rax,[rbx]", "div ecx", "nop");

static const struct {
	const uint8_t *code, *end;
	uint64_t ends_at;
} long_blocks[] = {
    {long_bare, long_bare_end, 0},	    {long_plain, long_plain_end, 0},	{long_split, long_split_end, 0},
    {long_fault, long_fault_end, 0x100802}, {long_div, long_div_end, 0x100802},
};

/* And with a timer whose interrupt comes within the block. */
enum { TIMERS = 24, TIMER_FIRST = 3000, TIMER_STEP = 1000 };

START_TEST(blocks_of_many_lines_come_out_the_same)
{
	unsigned n = (unsigned)_i % ARRAY_LEN(long_blocks), timer = (unsigned)_i / ARRAY_LEN(long_blocks);
	char name[64];

	snprintf(name, sizeof name, "long block %u, timer %u", n, timer);
	for (unsigned i = 0; i < 2; i++) {
		struct machine_config config = {.profile = &small, .max_insns = 1000, .account = i ? ACCOUNT_BLOCK : ACCOUNT_INSN};
		box_start_as(&boxes[i], &config);
		box_code(&boxes[i], long_blocks[n].code, long_blocks[n].end);
		if (timer)
			box_timer(&boxes[i], TIMER_FIRST + timer * TIMER_STEP, false);
		ck_assert_int_eq(machine_run(&boxes[i].m), END_HALTED);
		if (long_blocks[n].ends_at)
			ck_assert_uint_eq(boxes[i].m.cpu.rip, long_blocks[n].ends_at);
	}
	same_machine(name, &boxes[0].m, &boxes[1].m);
	for (unsigned i = 0; i < 2; i++)
		box_stop(&boxes[i]);
}
END_TEST

/* ---- strings ---- */

/* REP strings over several pages, at places in lines as they come. */
#define STRING(name, source, target, count, string)                                                                                        \
	BOX_ASM(name, "mov esi," source "; mov edi," target "; mov ecx," count "; mov rax,0x123456789abcdef0; sti; jmp 1f; 1: rep " string \
		      "; jmp 2f; 2: cli; hlt")
STRING(string_words, "0x180000", "0x1c0000", "1500", "movsq");
STRING(string_bytes, "0x180f03", "0x1c003d", "5000", "movsb");
STRING(string_halves, "0x180002", "0x1c0ffe", "3000", "movsd");
STRING(string_behind, "0x180008", "0x180000", "1200", "movsq");
STRING(string_ahead, "0x180000", "0x180048", "1200", "movsq");
STRING(string_fill, "0", "0x1c0000", "1500", "stosq");
STRING(string_fill_odd, "0", "0x1c0f3e", "2500", "stosd");

static const struct {
	const uint8_t *code, *end;
} strings[] = {
    {string_words, string_words_end},	    {string_bytes, string_bytes_end}, {string_halves, string_halves_end},
    {string_behind, string_behind_end},	    {string_ahead, string_ahead_end}, {string_fill, string_fill_end},
    {string_fill_odd, string_fill_odd_end},
};

/* To the end; up to so many steps; with a timer whose interrupt comes within the string. */
enum { STRING_STEPS = 40, STRING_STEP = 37, STRING_TIMERS = 40, STRING_TIMER = 911, STRING_KINDS = 1 + STRING_STEPS + STRING_TIMERS };

START_TEST(strings_come_out_the_same)
{
	unsigned n = (unsigned)_i / STRING_KINDS, kind = (unsigned)_i % STRING_KINDS;
	enum machine_end end[2];
	char name[64];

	snprintf(name, sizeof name, "string %u, kind %u", n, kind);
	for (unsigned i = 0; i < 2; i++) {
		struct machine_config config = {.profile = &skylake, .max_insns = 10000, .account = i ? ACCOUNT_BLOCK : ACCOUNT_INSN};
		if (kind && kind <= STRING_STEPS)
			config.max_insns = 20 + kind * STRING_STEP;
		box_start_as(&boxes[i], &config);
		box_code(&boxes[i], strings[n].code, strings[n].end);
		if (kind > STRING_STEPS)
			box_timer(&boxes[i], TIMER_FIRST + (kind - STRING_STEPS) * STRING_TIMER, false);
		end[i] = machine_run(&boxes[i].m);
	}
	same(name, "end", end[0], end[1]);
	same_machine(name, &boxes[0].m, &boxes[1].m);
	for (unsigned i = 0; i < 2; i++)
		box_stop(&boxes[i]);
}
END_TEST

/* ---- images ---- */

static const struct machine_config kinds[] = {
    {.paging = PAGING_NATIVE},
    {.paging = PAGING_EPT, .profile = &skylake},
    {.paging = PAGING_SHADOW, .profile = &skylake},
};

static const struct machine_config plain_kinds[] = {
    {.paging = PAGING_NATIVE},
    {.paging = PAGING_EPT},
    {.paging = PAGING_SHADOW},
    {.paging = PAGING_AGILE},
};

static enum machine_end run_image(unsigned i, const char *image, const struct machine_config *kind, enum account account)
{
	char error[LOAD_ERROR_SIZE] = "";
	struct machine_config config = *kind;
	struct load_request request = {.path = image};

	ck_assert_int_eq(console_init(&console[i], NULL, -1, 1 << 20), 0);
	config.console = &console[i];
	config.ram_size = RAM;
	config.max_insns = IMAGE_STEPS;
	config.account = account;
	ck_assert_int_eq(machine_init(&pair[i], &config), 0);
	ck_assert_msg(machine_load(&pair[i], &request, error) == 0, "%s", error);
	return machine_run(&pair[i]);
}

typedef void compare_fn(const char *name, struct machine *a, struct machine *b);

static void compare_image(unsigned i, const struct machine_config *kind, unsigned of, enum account account, compare_fn *compare)
{
	const char *image = images.gl_pathv[i / of];
	char name[256];

	snprintf(name, sizeof name, "%s (kind %u)", image, i % of);
	same(name, "end", run_image(0, image, &kind[i % of], ACCOUNT_INSN), run_image(1, image, &kind[i % of], account));
	compare(name, &pair[0], &pair[1]);
	for (unsigned k = 0; k < 2; k++) {
		machine_free(&pair[k]);
		console_free(&console[k]);
	}
}

START_TEST(images_come_out_the_same)
{
	compare_image((unsigned)_i, kinds, ARRAY_LEN(kinds), ACCOUNT_BLOCK, same_machine);
}
END_TEST

START_TEST(images_come_out_the_same_in_fast_forward)
{
	compare_image((unsigned)_i, plain_kinds, ARRAY_LEN(plain_kinds), ACCOUNT_FAST, same_forward);
}
END_TEST

/* ---- random programs ---- */

static const struct mmu_config tiny = {
    .itlb = {[TLB_4K] = {4, 2}, [TLB_2M] = {2, 2}},
    .dtlb = {[TLB_4K] = {4, 4}, [TLB_2M] = {2, 2}, [TLB_1G] = {1, 1}},
    .stlb = {[TLB_4K] = {8, 4}, [TLB_1G] = {2, 2}},
    .stlb_shared = true,
};

static const struct machine_config processors[] = {{.tlbs = NULL}, {.tlbs = &tiny}, {.profile = &skylake}, {.profile = &small}};

static void compare_random(unsigned seed, const struct machine_config *processor, enum account account, compare_fn *compare)
{
	struct machine_config config = *processor;
	const char *steps = getenv("ACCOUNT_STEPS");
	char name[64];
	enum machine_end end[2];

	snprintf(name, sizeof name, "program %u", seed);
	config.max_insns = steps ? strtoull(steps, NULL, 0) : RANDOM_STEPS;
	for (unsigned i = 0; i < 2; i++) {
		config.account = i ? account : ACCOUNT_INSN;
		box_start_as(&boxes[i], &config);
		account_random(&boxes[i], seed, account == ACCOUNT_FAST);
		engine_set_stays(boxes[i].m.engine, seed % 5 == 3);
		end[i] = machine_run(&boxes[i].m);
	}
	same(name, "end", end[0], end[1]);
	compare(name, &boxes[0].m, &boxes[1].m);
	for (unsigned i = 0; i < 2; i++)
		box_stop(&boxes[i]);
}

START_TEST(random_programs_come_out_the_same)
{
	compare_random((unsigned)_i, &processors[(unsigned)_i % ARRAY_LEN(processors)], ACCOUNT_BLOCK, same_machine);
}
END_TEST

START_TEST(careful_programs_come_out_the_same_in_fast_forward)
{
	compare_random((unsigned)_i, &processors[_i & 1], ACCOUNT_FAST, same_forward);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("account");
	const char *folder = getenv("IMAGES"), *first = getenv("ACCOUNT_FIRST"), *guests = getenv("ACCOUNT_GUESTS");
	char pattern[512], error[PROFILE_ERROR];

	/* NAME64.elf is NAME.elf in another container */
	snprintf(pattern, sizeof pattern, "%s/*[!4].elf", folder ? folder : "build/images");
	CHECK(glob(pattern, 0, NULL, &images) == 0);
	CHECK(profile_read(&skylake, "emu/profiles/skylake.ini", error) == 0);
	small = skylake;
	small.caches.l1i.size = small.caches.level[0].size = 1 << 10; /* 16 sets of one way, two, four */
	small.caches.l1i.ways = small.caches.level[0].ways = 1;
	small.caches.level[1].size = 2 << 10;
	small.caches.level[1].ways = 2;
	small.caches.level[2].size = 4 << 10;
	small.caches.level[2].ways = 4;
	small.prices.of[COST_FETCH_MEMORY] = 1000;
	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, blocks_of_many_lines_come_out_the_same, 0, (int)ARRAY_LEN(long_blocks) * TIMERS);
	tcase_add_loop_test(tc, strings_come_out_the_same, 0, (int)ARRAY_LEN(strings) * STRING_KINDS);
	tcase_add_loop_test(tc, images_come_out_the_same, 0, (int)(images.gl_pathc * ARRAY_LEN(kinds)));
	tcase_add_loop_test(tc, images_come_out_the_same_in_fast_forward, 0, (int)(images.gl_pathc * ARRAY_LEN(plain_kinds)));
	tcase_add_loop_test(tc, random_programs_come_out_the_same, first ? atoi(first) : 0, guests ? atoi(guests) : 12);
	tcase_add_loop_test(tc, careful_programs_come_out_the_same_in_fast_forward, first ? atoi(first) : 0, guests ? atoi(guests) : 12);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("account", add_cases)
