/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stores to page tables that the shadow VMM carries out itself, by encoding: what is written, where RIP goes
 * (tests/check_shadow_store_native.c has all the forms); and those it leaves to the processor. Linear page n is frame n; the page table is
 * at 4000H, the code at 100000H.
 */
#include "tests/shadow_pair.h"
#include "tests/test.h"

#include <string.h>

enum { PML4 = 0x1000, PDPT = 0x2000, PD = 0x3000, PT = 0x4000, CODE = 0x100000, TABLE = PTE_P | PTE_RW | PTE_US };
#define OLD 0x0123456789abcde7ull
#define REG 0x1122334455667788ull

static struct pair pair;

static struct cpu *start(void)
{
	const struct pair_guest guest = {.levels = 4, .cr3 = PML4, .cr0_more = CR0_WP};
	struct shadow_vmm_config config = {.pages = 32, .no_unsync = true};
	pair_init(&pair, config.pages);
	pair.decode = true;
	pair_poke(&pair, PML4, PDPT | TABLE, 8);
	pair_poke(&pair, PDPT, PD | TABLE, 8);
	pair_poke(&pair, PD, PT | TABLE, 8);
	for (unsigned i = 0; i < 512; i++)
		pair_poke(&pair, PT + 8 * i, (uint64_t)i << 12 | TABLE, 8);
	pair_poke(&pair, PT + 8 * 32, OLD, 8);
	ck_assert_int_eq(pair_start(&pair, &guest, config), 0);
	ck_assert(pair_access(&pair, GLA(0x10000), 8, ACC_READ, 0));
	return &pair.shadow.cpu;
}

/* The page fault of a store to the entry 32, or offset bytes on, with this code at RIP, and the VMM's answer. */
static void fault_at(struct cpu *cpu, uint64_t rip, const uint8_t *code, size_t size, unsigned offset)
{
	mem_write_bytes(&pair.shadow.mem, HPA(rip), code, size);
	cpu->rip = rip;
	cpu->rflags = FLAG_FIXED;
	cpu->gpr[RCX] = REG;
	cpu->gpr[RBX] = cpu->gpr[RDI] = PT + 8 * 32;
	cpu->gpr[RDX] = 0;
	cpu->gpr[R9] = ~REG;
	cpu->pending.kind = PENDING_NONE;
	ck_assert(!linear_write(cpu, GLA(PT + 8 * 32 + offset), 1, ACC_WRITE, 0));
	ck_assert(vmx_intercept_event(cpu));
	vmx_exit(cpu);
	ck_assert(vmm_run(cpu));
}

static void fault(struct cpu *cpu, const uint8_t *code, size_t size, unsigned offset)
{
	fault_at(cpu, CODE, code, size, offset);
}

static uint64_t entry(void)
{
	return mem_read(&pair.shadow.mem, HPA(PT + 8 * 32), 8);
}

START_TEST(plain_stores_are_carried_out)
{
	static const struct {
		const char *name;
		uint8_t len, code[15];
		unsigned offset;
		uint64_t want, rcx;
	} rows[] = {
	    {"mov [rbx], rcx", 3, {0x48, 0x89, 0x0b}, 0, REG, REG},
	    {"mov [rbx + 0], ecx", 3, {0x89, 0x4b, 0x00}, 0, (OLD & ~0xffffffffull) | (REG & 0xffffffff), REG},
	    {"mov [rbx + rdx*8], cx", 8, {0x66, 0x89, 0x8c, 0xd3, 0, 0, 0, 0}, 0, (OLD & ~0xffffull) | (REG & 0xffff), REG},
	    {"mov [rbx + 1], cl", 3, {0x88, 0x4b, 0x01}, 1, (OLD & ~0xff00ull) | 0x8800, REG},
	    {"mov [rbx], ch", 2, {0x88, 0x2b}, 0, (OLD & ~0xffull) | 0x77, REG},
	    {"mov [rbx], r9", 3, {0x4c, 0x89, 0x0b}, 0, ~REG, REG},
	    {"mov qword [rbx], -2", 7, {0x48, 0xc7, 0x03, 0xfe, 0xff, 0xff, 0xff}, 0, ~1ull, REG},
	    {"mov dword [4100h], 5", 11, {0xc7, 0x04, 0x25, 0, 0x41, 0, 0, 5, 0, 0, 0}, 0, (OLD & ~0xffffffffull) | 5, REG},
	    {"mov byte [rbx], 9", 3, {0xc6, 0x03, 9}, 0, (OLD & ~0xffull) | 9, REG},
	    {"xchg [rbx], rcx", 3, {0x48, 0x87, 0x0b}, 0, REG, OLD},
	    {"xchg [rbx], ecx", 2, {0x87, 0x0b}, 0, (OLD & ~0xffffffffull) | (REG & 0xffffffff), OLD & 0xffffffff},
	    {"xchg [rbx], ch", 2, {0x86, 0x2b}, 0, (OLD & ~0xffull) | 0x77, (REG & ~0xff00ull) | (OLD & 0xff) << 8},
	    {"mov [rbx + 4], rcx, unaligned", 4, {0x48, 0x89, 0x4b, 4}, 4, (OLD & 0xffffffff) | REG << 32, REG},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpu *cpu = start();
		fault(cpu, rows[i].code, rows[i].len, rows[i].offset);
		ck_assert_msg(entry() == rows[i].want && cpu->rip - CODE == rows[i].len && cpu->gpr[RCX] == rows[i].rcx &&
				  !vmx_steps(cpu) && !(cpu->rflags & FLAG_RF),
			      "%s: entry %llx rip +%llx rcx %llx", rows[i].name, (unsigned long long)entry(),
			      (unsigned long long)(cpu->rip - CODE), (unsigned long long)cpu->gpr[RCX]);
		ck_assert_uint_eq(cpu->ev.n[EV_SHADOW_PTE_WRITES], 1);
		pair_free(&pair);
	}
}
END_TEST

START_TEST(other_stores_are_stepped_and_nothing_happens_before)
{
	static const struct {
		const char *name;
		uint8_t len, code[15];
	} rows[] = {
	    {"shl qword [rbx], 1", 3, {0x48, 0xd1, 0x23}},
	    {"movaps [rbx], xmm0", 3, {0x0f, 0x29, 0x03}},
	    {"sete [rbx]", 3, {0x0f, 0x94, 0x03}},
	    {"xacquire lock xchg [rbx], rcx", 5, {0xf2, 0xf0, 0x48, 0x87, 0x0b}},
	    {"mov [rbx + 8], rcx", 4, {0x48, 0x89, 0x4b, 0x08}}, /* not the address of the fault */
	    {"mov rbx, rcx", 3, {0x48, 0x89, 0xcb}},
	    {"cmp [rbx], rcx", 3, {0x48, 0x39, 0x0b}},
	    {"bt qword [rbx], 1", 5, {0x48, 0x0f, 0xba, 0x23, 1}},
	    {"c7 /1", 7, {0x48, 0xc7, 0x0b, 0, 0, 0, 0}},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpu *cpu = start();
		fault(cpu, rows[i].code, rows[i].len, 0);
		ck_assert_msg(vmx_steps(cpu) && entry() == OLD && cpu->rip == CODE && cpu->gpr[RCX] == REG, "%s", rows[i].name);
		pair_free(&pair);
	}
}
END_TEST

START_TEST(an_instruction_that_ends_in_the_next_page_is_stepped)
{
	static const uint8_t code[] = {0x48, 0x89, 0x0b};
	struct cpu *cpu = start();
	fault_at(cpu, CODE + PAGE_SIZE - 2, code, sizeof code, 0);
	ck_assert(vmx_steps(cpu));
	ck_assert_uint_eq(entry(), OLD);
	pair_free(&pair);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("shadow store");
	tcase_add_test(tc, plain_stores_are_carried_out);
	tcase_add_test(tc, other_stores_are_stepped_and_nothing_happens_before);
	tcase_add_test(tc, an_instruction_that_ends_in_the_next_page_is_stepped);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("shadow store", add_cases)
