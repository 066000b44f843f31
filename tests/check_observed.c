/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an observer is told by block is what it is told by instruction, which is the reference: each access and its data, in the same order,
 * of the same instruction, with the same clock; of REP strings each iteration, though our own code makes many at a time. Where a
 * translation is all there is, a fill knows no more than the page.
 */
#include "tests/account_random.h"
#include "tests/test.h"

#include "emu/profile.h"
#include "mmu/pte.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TOLD_MAX = 1 << 18,
	RANDOM_STEPS = 40000,
	PT = BOX_TABLES + 0x4000,
	FROM = BOX_DATA,
	TO = BOX_DATA + 0x8000,
	GONE = BOX_DATA + 0x10000, /* its pages are not present */
};

/* R8: FROM; R9: TO; R10: GONE; RAX: a value */
BOX_ASM(store_quads, "lea rdi, [r9 + 8]\nmov ecx, 1500\nrep stosq\nhlt");
BOX_ASM(store_bytes, "lea rdi, [r9 + 4090]\nmov ecx, 300\nrep stosb\nhlt");
BOX_ASM(store_words, "lea rdi, [r9 + 30]\nmov ecx, 2100\nrep stosw\nmov rdx, [r9]\nhlt");
BOX_ASM(move_quads, "mov rsi, r8\nlea rdi, [r9 + 64]\nmov ecx, 1200\nrep movsq\nhlt");
BOX_ASM(split_elements, "lea rsi, [r8 + 2]\nlea rdi, [r9 + 5]\nmov ecx, 1200\nrep movsq\nhlt");
BOX_ASM(overlap, "mov rsi, r8\nlea rdi, [r8 + 8]\nmov ecx, 700\nrep movsq\nhlt");
BOX_ASM(backwards, "std\nlea rsi, [r8 + 5000]\nlea rdi, [r9 + 9000]\nmov ecx, 700\nrep movsd\ncld\nhlt");
BOX_ASM(short_ones, "mov ebx, 16\n1: lea rdi, [r9 + rbx * 8]\nmov ecx, ebx\nsub ecx, 1\nrep stosq\nmov rsi, r8\nmov ecx, ebx\n"
		    "rep movsb\nmov rdx, [r8]\ndec ebx\njnz 1b\nhlt");
BOX_ASM(none_at_all, "xor ecx, ecx\nmov rdi, r9\nrep stosq\nmov rdx, [r8]\nhlt");
/* the destination, then the source, runs into pages that are not there: each time the handler puts one there */
BOX_ASM(faults, "lea rdi, [r10 - 1000]\nmov ecx, 1200\nrep stosq\nlea rsi, [r10 + 0x3000 - 400]\nlea rdi, [r9 + 16]\nmov ecx, 300\n"
		"rep movsq\nlea rdi, [r10 + 0x5000 - 43]\nmov rsi, r8\nmov ecx, 200\nrep movsd\nhlt");
BOX_ASM(handler, "add rsp, 8\nmov r14, cr2\nshr r14, 12\nmov r11d, 0x14000\nor byte ptr [r11 + r14 * 8], 1\niretq");
/* entries of the tables in use, with what they hold */
BOX_ASM(tables, "mov esi, 0x14000\nmov edi, esi\nmov ecx, 512\nrep movsq\nmov rdx, [r8 + 0x6000]\nlea rdi, [r10 + 64]\nmov ecx, 40\n"
		"rep stosq\nhlt");
BOX_ASM(code, "mov edi, 0x100800\nmov al, 0x90\nmov ecx, 40\nrep stosb\nmov rdi, r9\nmov ecx, 40\nrep stosb\nhlt");
BOX_ASM(device, "mov esi, 0xfee00020\nmov rdi, r9\nmov ecx, 16\nrep movsd\nmov rsi, r8\nmov ecx, 30\nrep movsd\nhlt");
/* with a timer that interrupts them, mostly while lines come that no cache has yet */
BOX_ASM(interrupted, "sti\nmov ebx, 12\nmov r11d, 0x20000\n1: mov rsi, r11\nlea rdi, [r11 + 0x2000]\nmov ecx, 900\nrep movsq\n"
		     "lea rdi, [r11 + 8]\nmov ecx, 900\nrep stosq\nadd r11, 0x4000\ndec ebx\njnz 1b\ncli\nhlt");

static const struct {
	const char *name;
	const uint8_t *code, *end;
	unsigned timer; /* 0: none */
} programs[] = {
    {"store quads", store_quads, store_quads_end, 0},
    {"store bytes", store_bytes, store_bytes_end, 0},
    {"store words", store_words, store_words_end, 0},
    {"move quads", move_quads, move_quads_end, 0},
    {"split elements", split_elements, split_elements_end, 0},
    {"overlap", overlap, overlap_end, 0},
    {"backwards", backwards, backwards_end, 0},
    {"short ones", short_ones, short_ones_end, 0},
    {"none at all", none_at_all, none_at_all_end, 0},
    {"faults", faults, faults_end, 0},
    {"tables", tables, tables_end, 0},
    {"code", code, code_end, 0},
    {"device", device, device_end, 0},
    {"interrupted", interrupted, interrupted_end, 101},
    {"interrupted", interrupted, interrupted_end, 997},
    {"interrupted", interrupted, interrupted_end, 4999},
};

/* what told it: a translation, or data */
struct told {
	uint64_t rip, clock, gla, frame;
	unsigned size, access;
	bool data, begins; /* of the instruction's first iteration */
};

static struct by {
	unsigned count, batches, begun;
	uint64_t rip, clock;
	bool begins;
	bool between; /* two instructions: an event is delivered */
	struct told told[TOLD_MAX];
} by[2], *now;

static struct profile skylake;
static struct box boxes[2];

static void on_insn(void *ctx, gla_t gla, unsigned len, uint64_t clock)
{
	(void)ctx;
	now->begins = len;
	now->begun += len > 0;
	now->rip = gla.u;
	now->clock = clock;
	now->between = false;
}

static void tell(const struct told *told)
{
	ck_assert_uint_lt(now->count, TOLD_MAX);
	now->told[now->count++] = *told;
}

/* Fetches belong to no instruction; nor does what the delivery of an event accesses, first of all the IDT. */
static void on_access(void *ctx, gla_t gla, unsigned access, const struct tlb_entry *entry, enum mmu_served served)
{
	(void)ctx;
	now->between |= access & ACC_IMPLICIT;
	bool between = access & ACC_FETCH || now->between;
	tell(&(struct told){.rip = between ? 0 : now->rip,
			    .clock = between ? 0 : now->clock,
			    .gla = page_base(gla.u),
			    .frame = entry ? page_base(tlb_entry_hpa(entry, gla).u) : ~0ull,
			    .size = served,
			    .access = access});
}

static void on_data(void *ctx, gla_t gla, unsigned size, unsigned access)
{
	(void)ctx;
	tell(&(struct told){.rip = now->between ? 0 : now->rip,
			    .clock = now->between ? 0 : now->clock,
			    .gla = gla.u,
			    .size = size,
			    .access = access,
			    .data = true,
			    .begins = now->begins && !now->between});
}

static void on_hits(void *ctx, const struct mmu_hit *hit, unsigned count)
{
	(void)ctx;
	now->batches++;
	for (; count--; hit++) {
		if (hit->begins)
			on_insn(NULL, hit->insn, hit->len, hit->clock);
		else
			ck_assert(hit->insn.u == now->rip && hit->clock == now->clock);
		on_access(NULL, hit->gla, hit->access, hit->entry, SERVED_FIRST);
		on_data(NULL, hit->gla, hit->size, hit->access);
	}
}

static const struct mmu_config tiny = {
    .itlb = {[TLB_4K] = {4, 2}, [TLB_2M] = {2, 2}},
    .dtlb = {[TLB_4K] = {4, 4}, [TLB_2M] = {2, 2}, [TLB_1G] = {1, 1}},
    .stlb = {[TLB_4K] = {8, 4}, [TLB_1G] = {2, 2}},
    .stlb_shared = true,
};
static const struct machine_config processors[] = {{.tlbs = NULL}, {.tlbs = &tiny}, {.profile = &skylake}};

static void observe(struct box *box, bool hits)
{
	static struct mmu_observer observer;

	observer = (struct mmu_observer){.access = on_access, .data = on_data, .insn = on_insn, .hits = hits ? on_hits : NULL};
	ck_assert_int_eq(engine_observe(box->m.engine), 0);
	mmu_observe(&box->m.cpu.mmu, &observer);
}

/* i: by block */
static void start(unsigned i, const struct machine_config *processor)
{
	struct machine_config config = *processor;

	config.max_insns = RANDOM_STEPS;
	config.account = i ? ACCOUNT_BLOCK : ACCOUNT_INSN;
	box_start_as(&boxes[i], &config);
	now = &by[i];
	now->count = now->batches = now->begun = 0;
	now->between = false;
	now->rip = now->clock = 0;
}

static void load_strings(struct box *box, unsigned program)
{
	struct cpu *cpu = &box->m.cpu;

	box_code(box, programs[program].code, programs[program].end);
	box_handler(box, VEC_PF, handler, handler_end);
	cpu->gpr[R8] = FROM;
	cpu->gpr[R9] = TO;
	cpu->gpr[R10] = GONE;
	cpu->gpr[RAX] = 0x0123456789abcdef;
	for (unsigned i = 0; i < 0x8000; i += 8)
		box_set_word(box, FROM + i, i * 0x9e3779b97f4a7c15);
	for (unsigned i = 0; i < 8; i++)
		box_set_word(box, PT + 8 * (GONE / PAGE_SIZE + i), (GONE + i * PAGE_SIZE) | PTE_RW);
	if (programs[program].timer)
		box_timer(box, programs[program].timer, true);
}

/* begins: also whether it is an instruction's first iteration */
static void same_is_told(const char *name, bool begins)
{
	for (unsigned i = 0; i < by[0].count && i < by[1].count; i++) {
		const struct told *a = &by[0].told[i], *b = &by[1].told[i];
		ck_assert_msg(a->rip == b->rip && a->clock == b->clock && a->gla == b->gla && a->frame == b->frame && a->size == b->size &&
				  a->access == b->access && a->data == b->data && (a->begins == b->begins || !begins),
			      "%s, %u: %s %#lx/%u access %u of %#lx, clock %lu, not %s %#lx/%u access %u of %#lx, clock %lu", name, i,
			      b->data ? "data" : "translation", b->gla, b->size, b->access, b->rip, b->clock,
			      a->data ? "data" : "translation", a->gla, a->size, a->access, a->rip, a->clock);
	}
	ck_assert_uint_eq(by[0].count, by[1].count);
}

static void same_comes_out(void)
{
	const struct machine *a = &boxes[0].m, *b = &boxes[1].m;

	ck_assert_mem_eq(&a->cpu.ev, &b->cpu.ev, sizeof a->cpu.ev);
	ck_assert_mem_eq(a->cpu.gpr, b->cpu.gpr, sizeof a->cpu.gpr);
	ck_assert_uint_eq(a->cpu.rip, b->cpu.rip);
	ck_assert_uint_eq(a->cpu.clock, b->cpu.clock);
	ck_assert_mem_eq(a->mem.host, b->mem.host, BOX_RAM);
}

static void compare(const char *name, bool begins)
{
	same_is_told(name, begins);
	same_comes_out();
	for (unsigned i = 0; i < 2; i++)
		box_stop(&boxes[i]);
}

/* _i: program, processor */
START_TEST(strings_are_told_iteration_by_iteration)
{
	unsigned program = (unsigned)_i / ARRAY_LEN(processors);

	for (unsigned i = 0; i < 2; i++) {
		start(i, &processors[(unsigned)_i % ARRAY_LEN(processors)]);
		load_strings(&boxes[i], program);
		engine_set_stays(boxes[i].m.engine, false);
		observe(&boxes[i], (program + (unsigned)_i) & 1);
		ck_assert_int_eq(machine_run(&boxes[i].m), END_HALTED);
	}
	ck_assert_uint_gt(by[0].count, 0);
	compare(programs[program].name, true);
}
END_TEST

/* _i: program, account; the second run ends every few steps: no instruction begins again for that */
START_TEST(what_goes_on_does_not_begin_again)
{
	unsigned program = (unsigned)_i / 2, account = (unsigned)_i % 2, begun[2];
	struct box *box = &boxes[account];

	for (unsigned i = 0; i < 2 && !programs[program].timer; i++) {
		enum machine_end end = END_MAX_INSNS;
		start(account, &processors[0]);
		load_strings(box, program);
		observe(box, false);
		while (end == END_MAX_INSNS) {
			now->count = 0;
			box->m.config.max_insns = i ? box->m.cpu.cost.steps + 7 : RANDOM_STEPS;
			end = machine_run(&box->m);
		}
		ck_assert_int_eq(end, END_HALTED);
		begun[i] = now->begun;
		box_stop(box);
	}
	if (!programs[program].timer)
		ck_assert_uint_eq(begun[0], begun[1]);
}
END_TEST

START_TEST(random_programs_are_told_alike)
{
	char name[64];

	snprintf(name, sizeof name, "program %d", _i);
	for (unsigned i = 0; i < 2; i++) {
		start(i, &processors[(unsigned)_i % ARRAY_LEN(processors)]);
		account_random(&boxes[i], (uint64_t)_i, false);
		engine_set_stays(boxes[i].m.engine, _i % 4 == 3);
		observe(&boxes[i], _i & 1);
		machine_run(&boxes[i].m);
	}
	compare(name, false);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("observed");
	const char *guests = getenv("ACCOUNT_GUESTS");
	char error[PROFILE_ERROR];

	CHECK(profile_read(&skylake, "emu/profiles/skylake.ini", error) == 0);
	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, strings_are_told_iteration_by_iteration, 0, (int)(ARRAY_LEN(programs) * ARRAY_LEN(processors)));
	tcase_add_loop_test(tc, what_goes_on_does_not_begin_again, 0, 2 * ARRAY_LEN(programs));
	tcase_add_loop_test(tc, random_programs_are_told_alike, 0, guests ? atoi(guests) : 9);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("observed", add_cases)
