/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine with the model: what runs, what is counted, how faults come out. */
#include "tests/guest_state.h"
#include "tests/test.h"

#include <string.h>

static struct guest g;

static void start(void)
{
	guest_start(&g);
}
static void stop(void)
{
	guest_stop(&g);
}

static uint64_t count(enum event ev)
{
	return g.cpu.ev.n[ev];
}

#define HLT 0xf4

/* Runs to the HLT (or whatever else stops it). */
static enum engine_stop run(uint64_t max)
{
	return engine_run(g.engine, max);
}

START_TEST(plain_code_runs_to_the_system_instruction)
{
	GUEST_CODE_BYTES(&g, 0x48, 0xc7, 0xc0, 5, 0, 0, 0, 0x48, 0xff, 0xc0, HLT); /* mov rax,5; inc rax; hlt */
	ck_assert_int_eq(run(100), ENGINE_SYSTEM);
	ck_assert_uint_eq(engine_insn(g.engine)->sys, SYS_HLT);
	ck_assert_uint_eq(g.cpu.gpr[RAX], 6);
	ck_assert_uint_eq(g.cpu.rip, GUEST_CODE + 10);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 2);
	ck_assert_uint_eq(count(EV_FETCHES), 3);
	ck_assert_uint_eq(g.cpu.clock, 2);
	ck_assert_uint_eq(count(EV_ITLB_MISSES), 1);
	ck_assert_uint_eq(count(EV_ITLB_HIT_4K), 2);
	ck_assert_uint_eq(event_walk_refs(&g.cpu.ev), 4);
}
END_TEST

START_TEST(the_budget_is_exact)
{
	GUEST_CODE_BYTES(&g, 0x48, 0xff, 0xc0, 0xeb, 0xfb); /* inc rax; jmp back */
	for (uint64_t n = 1; n <= 7; n++) {
		uint64_t before = count(EV_INSTRUCTIONS);
		ck_assert_int_eq(run(n), ENGINE_BUDGET);
		ck_assert_uint_eq(count(EV_INSTRUCTIONS) - before, n);
	}
	ck_assert_uint_eq(g.cpu.gpr[RAX], 14);
}
END_TEST

START_TEST(a_load_and_a_store_are_counted_and_translated_once)
{
	/* mov rax,[0x200008]; mov [0x200010],rax; hlt */
	GUEST_CODE_BYTES(&g, 0x48, 0x8b, 0x04, 0x25, 8, 0, 0x20, 0, 0x48, 0x89, 0x04, 0x25, 0x10, 0, 0x20, 0, HLT);
	*(uint64_t *)(g.mem.host + GUEST_DATA + 8) = 77;
	ck_assert_int_eq(run(100), ENGINE_SYSTEM);
	ck_assert_uint_eq(*(uint64_t *)(g.mem.host + GUEST_DATA + 16), 77);
	ck_assert_uint_eq(count(EV_LOADS), 1);
	ck_assert_uint_eq(count(EV_STORES), 1);
	ck_assert_uint_eq(count(EV_DTLB_MISSES), 1);
	/* the store finds the entry clean: an assist walks again to set D */
	ck_assert_uint_eq(count(EV_TLB_ASSISTS), 1);
	ck_assert_uint_eq(event_dtlb_lookups(&g.cpu.ev), 2);
	ck_assert(*guest_pte(&g, GUEST_DATA) & PTE_D);
}
END_TEST

START_TEST(read_modify_write_is_translated_once_with_write_intent)
{
	GUEST_CODE_BYTES(&g, 0x48, 0x01, 0x04, 0x25, 8, 0, 0x20, 0, HLT); /* add [0x200008],rax */
	g.cpu.gpr[RAX] = 3;
	ck_assert_int_eq(run(100), ENGINE_SYSTEM);
	ck_assert_uint_eq(*(uint64_t *)(g.mem.host + GUEST_DATA + 8), 3);
	ck_assert_uint_eq(count(EV_LOADS), 1);
	ck_assert_uint_eq(count(EV_STORES), 1);
	ck_assert_uint_eq(event_dtlb_lookups(&g.cpu.ev), 1);
	ck_assert_uint_eq(count(EV_TLB_ASSISTS), 0);
}
END_TEST

/* displacement of GUEST_DATA + 0x18 for an instruction of so many bytes at GUEST_CODE */
#define RIP_BYTE(length, n) (uint8_t)((GUEST_DATA + 0x18 - GUEST_CODE - (length)) >> (8 * (n)))
#define RIP_RELATIVE(length) RIP_BYTE(length, 0), RIP_BYTE(length, 1), RIP_BYTE(length, 2), RIP_BYTE(length, 3)

/* RBX and the base of FS are GUEST_DATA, RCX is 2, RDX is beyond 32 bits, RSI names a bit of the dword at 18H */
static const struct {
	const char *name;
	uint8_t code[12];
	uint64_t cleared; /* of the entry of GUEST_DATA */
	uint64_t cr2;
	uint32_t error;
	bool user;
} faults[] = {
    {"load, not present", {0x48, 0x8b, 0x04, 0x25, 0x18, 0, 0x20, 0}, PTE_P, GUEST_DATA + 0x18, 0, false},
    {"load, not present, user", {0x48, 0x8b, 0x04, 0x25, 0x18, 0, 0x20, 0}, PTE_P, GUEST_DATA + 0x18, PF_U, true},
    {"load of a supervisor page", {0x8a, 0x04, 0x25, 0xff, 0xf, 0x20, 0}, PTE_US, GUEST_DATA + 0xfff, PF_U | PF_P, true},
    {"store, not present", {0x48, 0x89, 0x04, 0x25, 0x18, 0, 0x20, 0}, PTE_P, GUEST_DATA + 0x18, PF_W, false},
    {"store, read-only", {0x66, 0x89, 0x04, 0x25, 0x1a, 0, 0x20, 0}, PTE_RW, GUEST_DATA + 0x1a, PF_W | PF_P, false},
    {"add to memory, read-only", {0x48, 0x01, 0x04, 0x25, 0x18, 0, 0x20, 0}, PTE_RW, GUEST_DATA + 0x18, PF_W | PF_P, false},
    {"load that ends in the page", {0x48, 0x8b, 0x04, 0x25, 0xfc, 0xff, 0x1f, 0}, PTE_P, GUEST_DATA, 0, false},
    {"store that ends in the page", {0x48, 0x89, 0x04, 0x25, 0xfc, 0xff, 0x1f, 0}, PTE_P, GUEST_DATA, PF_W, false},
    {"store by base and index", {0x89, 0x44, 0x8b, 0x10}, PTE_P, GUEST_DATA + 0x18, PF_W, false},
    {"store with a 32-bit address", {0x67, 0x89, 0x42, 0xf8}, PTE_P, GUEST_DATA + 0x18, PF_W, false},
    {"store in FS", {0x64, 0xc6, 0x04, 0x25, 0x18, 0, 0, 0, 1}, PTE_P, GUEST_DATA + 0x18, PF_W, false},
    {"store relative to RIP", {0xc6, 0x05, RIP_RELATIVE(7), 1}, PTE_P, GUEST_DATA + 0x18, PF_W, false},
    {"bts of a bit beyond its operand", {0x0f, 0xab, 0x33}, PTE_RW, GUEST_DATA + 0x18, PF_W | PF_P, false},
    {"xadd", {0x0f, 0xc1, 0x43, 0x18}, PTE_RW, GUEST_DATA + 0x18, PF_W | PF_P, false},
    {"movups store", {0x0f, 0x11, 0x43, 0x18}, PTE_P, GUEST_DATA + 0x18, PF_W, false},
    {"movups load", {0x0f, 0x10, 0x04, 0x25, 0x31, 0, 0x20, 0}, PTE_P, GUEST_DATA + 0x31, 0, false},
};

START_TEST(a_data_fault_is_precise)
{
	bool user = faults[_i].user;

	guest_code(&g, faults[_i].code, sizeof faults[_i].code);
	g.cpu.gpr[RBX] = g.cpu.seg[SEG_FS].base = GUEST_DATA;
	g.cpu.gpr[RCX] = 2;
	g.cpu.gpr[RDX] = 0xffffffff00000000ull + GUEST_DATA + 0x20;
	g.cpu.gpr[RSI] = 0x18 * 8;
	*guest_pte(&g, GUEST_DATA) &= ~faults[_i].cleared;
	uint64_t before = 0x1111222233334444, *edge = (uint64_t *)(g.mem.host + GUEST_DATA - 8);
	*edge = before;
	g.cpu.gpr[RAX] = 0x5555;
	g.cpu.cpl = user ? 3 : 0;
	ck_assert_msg(run(100) == ENGINE_EXCEPTION, "%s", faults[_i].name);
	ck_assert_uint_eq(g.cpu.pending.vector, VEC_PF);
	ck_assert_msg(g.cpu.pending.cr2 == faults[_i].cr2, "%s: CR2 %lx", faults[_i].name, g.cpu.pending.cr2);
	ck_assert_msg(g.cpu.pending.error == faults[_i].error, "%s: error %x", faults[_i].name, g.cpu.pending.error);
	ck_assert_uint_eq(g.cpu.rip, GUEST_CODE);
	ck_assert_uint_eq(g.cpu.gpr[RAX], 0x5555);
	ck_assert_uint_eq(*edge, before);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 0);
	ck_assert_uint_eq(count(EV_LOADS) + count(EV_STORES), 0);
	ck_assert_uint_eq(count(EV_FETCHES), 1);
	/* and the same instruction completes once the page is there */
	*guest_pte(&g, GUEST_DATA) |= faults[_i].cleared;
	guest_invlpg(&g, GUEST_DATA);
	ck_assert_int_eq(run(1), ENGINE_BUDGET);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 1);
}
END_TEST

START_TEST(push_into_a_missing_page_leaves_rsp)
{
	GUEST_CODE_BYTES(&g, 0x50, HLT);
	g.cpu.gpr[RSP] = GUEST_DATA + 0x20;
	*guest_pte(&g, GUEST_DATA) &= ~PTE_P;
	ck_assert_int_eq(run(10), ENGINE_EXCEPTION);
	ck_assert_uint_eq(g.cpu.pending.cr2, GUEST_DATA + 0x18);
	ck_assert_uint_eq(g.cpu.gpr[RSP], GUEST_DATA + 0x20);
}
END_TEST

START_TEST(a_fetch_fault_comes_at_the_instruction_that_needs_the_page)
{
	/* nops up to the end of the page, then a missing page */
	memset(g.mem.host + GUEST_CODE + 0xff0, 0x90, 16);
	g.cpu.rip = GUEST_CODE + 0xff0;
	*guest_pte(&g, GUEST_CODE + 0x1000) &= ~PTE_P;
	ck_assert_int_eq(run(100), ENGINE_EXCEPTION);
	ck_assert_uint_eq(g.cpu.pending.vector, VEC_PF);
	ck_assert_uint_eq(g.cpu.pending.cr2, GUEST_CODE + 0x1000);
	ck_assert_uint_eq(g.cpu.pending.error, PF_I);
	ck_assert_uint_eq(g.cpu.rip, GUEST_CODE + 0x1000);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 16);
	/* the page appears, and the code in it runs */
	*guest_pte(&g, GUEST_CODE + 0x1000) |= PTE_P;
	memcpy(g.mem.host + GUEST_CODE + 0x1000, "\x48\xff\xc3\xf4", 4);
	guest_invlpg(&g, GUEST_CODE + 0x1000);
	ck_assert_int_eq(run(100), ENGINE_SYSTEM);
	ck_assert_uint_eq(g.cpu.gpr[RBX], 1);
}
END_TEST

START_TEST(an_instruction_that_crosses_faults_with_the_second_page)
{
	memcpy(g.mem.host + GUEST_CODE + 0xffa, "\x48\xb8\1\2\3\4\5\6\7\x8\xf4", 11); /* mov rax,imm64; hlt */
	g.cpu.rip = GUEST_CODE + 0xffa;
	*guest_pte(&g, GUEST_CODE + 0x1000) &= ~PTE_P;
	ck_assert_int_eq(run(100), ENGINE_EXCEPTION);
	ck_assert_uint_eq(g.cpu.pending.cr2, GUEST_CODE + 0x1000);
	ck_assert_uint_eq(g.cpu.rip, GUEST_CODE + 0xffa);
	*guest_pte(&g, GUEST_CODE + 0x1000) |= PTE_P;
	guest_invlpg(&g, GUEST_CODE + 0x1000);
	ck_assert_int_eq(run(100), ENGINE_SYSTEM);
	ck_assert_uint_eq(g.cpu.gpr[RAX], 0x0807060504030201);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 1);
}
END_TEST

START_TEST(rep_movs_is_one_instruction_and_many_accesses)
{
	GUEST_CODE_BYTES(&g, 0xf3, 0x48, 0xa5, HLT);
	g.cpu.gpr[RSI] = GUEST_DATA;
	g.cpu.gpr[RDI] = GUEST_DATA + 0x2000;
	g.cpu.gpr[RCX] = 100;
	ck_assert_int_eq(run(1000), ENGINE_SYSTEM);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 1);
	ck_assert_uint_eq(count(EV_LOADS), 100);
	ck_assert_uint_eq(count(EV_STORES), 100);
	ck_assert_uint_eq(g.cpu.gpr[RCX], 0);
	ck_assert_uint_eq(event_dtlb_lookups(&g.cpu.ev), 200);
	ck_assert_uint_eq(count(EV_FETCHES), 2);
	ck_assert_uint_eq(g.cpu.clock, 100);
}
END_TEST

START_TEST(rep_stos_retires_with_its_last_iteration)
{
	GUEST_CODE_BYTES(&g, 0xf3, 0xaa, HLT);
	g.cpu.gpr[RDI] = GUEST_DATA;
	g.cpu.gpr[RCX] = 3;
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(run(1), ENGINE_BUDGET);
		ck_assert(engine_in_rep(g.engine));
		ck_assert_uint_eq(g.cpu.rip, GUEST_CODE);
	}
	ck_assert_int_eq(run(1), ENGINE_BUDGET);
	ck_assert(!engine_in_rep(g.engine));
	ck_assert_uint_eq(g.cpu.rip, GUEST_CODE + 2);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 1);
}
END_TEST

START_TEST(rep_stos_into_a_page_table_is_between_iterations_when_stopped)
{
	GUEST_CODE_BYTES(&g, 0xf3, 0xaa, HLT);
	uint64_t tables = GUEST_DATA + 0x5000;
	*guest_pte(&g, tables) = (GUEST_TABLES + 4 * PAGE_SIZE) | PTE_P | PTE_RW;
	g.cpu.gpr[RDI] = tables + 0xf00; /* entries that nothing uses */
	g.cpu.gpr[RCX] = 3;
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(run(1), ENGINE_BUDGET);
		ck_assert_uint_eq(g.cpu.gpr[RCX], 2 - i);
		ck_assert(engine_in_rep(g.engine));
	}
}
END_TEST

START_TEST(rep_movs_stopped_by_a_fault_or_budget_counts_once)
{
	GUEST_CODE_BYTES(&g, 0xf3, 0x48, 0xa5, HLT);
	g.cpu.gpr[RSI] = GUEST_DATA;
	g.cpu.gpr[RDI] = GUEST_DATA + 0x2f80; /* 16 go well */
	g.cpu.gpr[RCX] = 100;
	*guest_pte(&g, GUEST_DATA + 0x3000) &= ~PTE_P;
	ck_assert_int_eq(run(10), ENGINE_BUDGET);
	ck_assert_uint_lt(g.cpu.gpr[RCX], 100);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 0);
	ck_assert_int_eq(run(1000), ENGINE_EXCEPTION);
	ck_assert_uint_eq(g.cpu.gpr[RCX], 84);
	ck_assert_uint_eq(g.cpu.pending.cr2, GUEST_DATA + 0x3000);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 0);
	ck_assert_uint_eq(count(EV_LOADS), 16);
	ck_assert_uint_eq(count(EV_STORES), 16);
	*guest_pte(&g, GUEST_DATA + 0x3000) |= PTE_P;
	guest_invlpg(&g, GUEST_DATA + 0x3000);
	ck_assert_int_eq(run(1000), ENGINE_SYSTEM);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 1);
	ck_assert_uint_eq(count(EV_STORES), 100);
}
END_TEST

START_TEST(divide_error_is_reported_before_the_instruction)
{
	GUEST_CODE_BYTES(&g, 0x48, 0xf7, 0xf1, HLT); /* div rcx */
	ck_assert_int_eq(run(10), ENGINE_EXCEPTION);
	ck_assert_uint_eq(g.cpu.pending.vector, VEC_DE);
	ck_assert(!g.cpu.pending.has_error);
	ck_assert_uint_eq(g.cpu.rip, GUEST_CODE);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 0);
}
END_TEST

START_TEST(exceptions_that_follow_each_other_are_no_double_fault)
{
	GUEST_CODE_BYTES(&g, 0x48, 0xf7, 0xf1, 0x0f, 0x28, 0xc8, HLT); /* div rcx; movaps xmm1,xmm0 */
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(run(10), ENGINE_EXCEPTION);
		ck_assert_uint_eq(g.cpu.pending.vector, VEC_DE);
	}
	g.cpu.gpr[RAX] = 7;
	g.cpu.gpr[RDX] = 0;
	g.cpu.gpr[RCX] = 2;
	ck_assert_int_eq(run(10), ENGINE_SYSTEM);
	ck_assert_uint_eq(g.cpu.gpr[RAX], 3);
	ck_assert_uint_eq(g.cpu.gpr[RDX], 1);
}
END_TEST

START_TEST(a_jump_to_a_non_canonical_address_faults_itself)
{
	GUEST_CODE_BYTES(&g, 0x90, 0xff, 0xe0); /* nop; jmp rax */
	g.cpu.gpr[RAX] = 0x800000000000;
	ck_assert_int_eq(run(10), ENGINE_EXCEPTION);
	ck_assert_uint_eq(g.cpu.pending.vector, VEC_GP);
	ck_assert_uint_eq(g.cpu.rip, GUEST_CODE + 1);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 1);
}
END_TEST

START_TEST(a_return_to_a_non_canonical_address_leaves_rsp)
{
	GUEST_CODE_BYTES(&g, 0xc3);
	*(uint64_t *)(g.mem.host + GUEST_STACK) = 0x800000000000;
	ck_assert_int_eq(run(10), ENGINE_EXCEPTION);
	ck_assert_uint_eq(g.cpu.pending.vector, VEC_GP);
	ck_assert_uint_eq(g.cpu.rip, GUEST_CODE);
	ck_assert_uint_eq(g.cpu.gpr[RSP], GUEST_STACK);
	ck_assert_uint_eq(count(EV_LOADS), 0);
}
END_TEST

START_TEST(an_indirect_call_to_a_non_canonical_address_writes_nothing)
{
	GUEST_CODE_BYTES(&g, 0xff, 0xd0);
	g.cpu.gpr[RAX] = 0x800000000000;
	*(uint64_t *)(g.mem.host + GUEST_STACK - 8) = 0x1234;
	ck_assert_int_eq(run(10), ENGINE_EXCEPTION);
	ck_assert_uint_eq(g.cpu.rip, GUEST_CODE);
	ck_assert_uint_eq(g.cpu.gpr[RSP], GUEST_STACK);
	ck_assert_uint_eq(*(uint64_t *)(g.mem.host + GUEST_STACK - 8), 0x1234);
	ck_assert_uint_eq(count(EV_STORES), 0);
}
END_TEST

START_TEST(a_non_canonical_load_is_gp_and_stack_access_is_ss)
{
	GUEST_CODE_BYTES(&g, 0x48, 0x8b, 0x03, HLT);
	g.cpu.gpr[RBX] = 0x8000000000000000;
	ck_assert_int_eq(run(10), ENGINE_EXCEPTION);
	ck_assert_uint_eq(g.cpu.pending.vector, VEC_GP);
	g.cpu.gpr[RSP] = 0x8000000000000000;
	guest_code(&g, "\x50", 1);
	ck_assert_int_eq(run(10), ENGINE_EXCEPTION);
	ck_assert_uint_eq(g.cpu.pending.vector, VEC_SS);
}
END_TEST

START_TEST(movaps_that_is_not_aligned_is_gp)
{
	GUEST_CODE_BYTES(&g, 0x0f, 0x28, 0x03, HLT);
	g.cpu.gpr[RBX] = GUEST_DATA + 8;
	ck_assert_int_eq(run(10), ENGINE_EXCEPTION);
	ck_assert_uint_eq(g.cpu.pending.vector, VEC_GP);
	g.cpu.gpr[RBX] = GUEST_DATA + 16;
	ck_assert_int_eq(run(10), ENGINE_SYSTEM);
	ck_assert_uint_eq(count(EV_LOADS), 1);
}
END_TEST

START_TEST(sse_needs_osfxsr_and_ts_clear)
{
	GUEST_CODE_BYTES(&g, 0x0f, 0x10, 0x03, HLT);
	g.cpu.gpr[RBX] = GUEST_DATA;
	g.cpu.cr0 |= CR0_TS;
	ck_assert_int_eq(run(10), ENGINE_EXCEPTION);
	ck_assert_uint_eq(g.cpu.pending.vector, VEC_NM);
	g.cpu.cr4 &= ~CR4_OSFXSR;
	ck_assert_int_eq(run(10), ENGINE_EXCEPTION);
	ck_assert_uint_eq(g.cpu.pending.vector, VEC_UD);
}
END_TEST

START_TEST(code_that_rewrites_the_next_instruction_runs_the_new_one)
{
	/* mov byte [rip+1],0xc3->(inc rbx modrm) ; inc rax -> becomes inc rbx */
	GUEST_CODE_BYTES(&g, 0xc6, 0x05, 0x02, 0, 0, 0, 0xc3, 0x48, 0xff, 0xc0, HLT);
	ck_assert_int_eq(run(10), ENGINE_SYSTEM);
	ck_assert_uint_eq(g.cpu.gpr[RAX], 0);
	ck_assert_uint_eq(g.cpu.gpr[RBX], 1);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 2);
	ck_assert_uint_eq(count(EV_STORES), 1);
	ck_assert_uint_eq(event_dtlb_lookups(&g.cpu.ev), 1);
}
END_TEST

START_TEST(code_rewritten_through_an_alias_runs_anew)
{
	/* call rdi; mov byte [rsi],2 ; call rdi; hlt */
	GUEST_CODE_BYTES(&g, 0xff, 0xd7, 0x88, 0xc3, 0xc6, 0x06, 2, 0xff, 0xd7, HLT);
	memcpy(g.mem.host + GUEST_CODE + 0x2000, "\xb0\x01\xc3", 3); /* mov al,1; ret */
	*guest_pte(&g, GUEST_DATA) = (GUEST_CODE + 0x2000) | PTE_P | PTE_RW;
	g.cpu.gpr[RDI] = GUEST_CODE + 0x2000;
	g.cpu.gpr[RSI] = GUEST_DATA + 1;
	ck_assert_int_eq(run(100), ENGINE_SYSTEM);
	ck_assert_uint_eq(g.cpu.gpr[RBX] & 255, 1);
	ck_assert_uint_eq(g.cpu.gpr[RAX] & 255, 2);
	/* and the other way round: executed through the alias, rewritten through the first mapping */
	g.cpu.gpr[RDI] = GUEST_DATA;
	g.cpu.gpr[RSI] = GUEST_CODE + 0x2001;
	guest_code(&g, "\xff\xd7\x88\xc3\xc6\x06\x03\xff\xd7\xf4", 10);
	ck_assert_int_eq(run(100), ENGINE_SYSTEM);
	ck_assert_uint_eq(g.cpu.gpr[RBX] & 255, 2);
	ck_assert_uint_eq(g.cpu.gpr[RAX] & 255, 3);
}
END_TEST

START_TEST(a_store_to_a_page_table_is_seen_after_invlpg_only)
{
	/* mov rax,[rbx]; mov [rcx],rdx; mov rax,[rbx]; hlt */
	GUEST_CODE_BYTES(&g, 0x48, 0x8b, 0x03, 0x48, 0x89, 0x11, 0x48, 0x8b, 0x03, HLT);
	uint64_t tables = GUEST_DATA + 0x5000; /* maps the PT that maps GUEST_DATA */
	*guest_pte(&g, tables) = (GUEST_TABLES + 4 * PAGE_SIZE) | PTE_P | PTE_RW;
	*(uint64_t *)(g.mem.host + GUEST_DATA) = 1;
	*(uint64_t *)(g.mem.host + GUEST_DATA + 0x1000) = 2;
	g.cpu.gpr[RBX] = GUEST_DATA;
	g.cpu.gpr[RCX] = tables;
	g.cpu.gpr[RDX] = (GUEST_DATA + 0x1000) | PTE_P | PTE_RW;
	ck_assert_int_eq(run(100), ENGINE_SYSTEM);
#ifndef STRESS				      /* whose TLBs do not keep an entry that long */
	ck_assert_uint_eq(g.cpu.gpr[RAX], 1); /* the TLB still has the old translation */
#endif
	guest_invlpg(&g, GUEST_DATA);
	g.cpu.rip = GUEST_CODE + 6;
	ck_assert_int_eq(run(100), ENGINE_SYSTEM);
	ck_assert_uint_eq(g.cpu.gpr[RAX], 2);
}
END_TEST

START_TEST(one_frame_at_more_addresses_than_windows_stays_exact)
{
	/* 1: mov [rbx],rcx; add rbx,0x1000; dec rcx; jnz 1b; hlt */
	GUEST_CODE_BYTES(&g, 0x48, 0x89, 0x0b, 0x48, 0x81, 0xc3, 0, 0x10, 0, 0, 0x48, 0xff, 0xc9, 0x75, 0xf1, HLT);
	for (uint64_t i = 0; i < 100; i++)
		*guest_pte(&g, GUEST_DATA + i * PAGE_SIZE) = GUEST_DATA | PTE_P | PTE_RW;
	g.cpu.gpr[RBX] = GUEST_DATA;
	g.cpu.gpr[RCX] = 100;
	ck_assert_int_eq(run(1000), ENGINE_SYSTEM);
	ck_assert_uint_eq(*(uint64_t *)(g.mem.host + GUEST_DATA), 1);
	ck_assert_uint_eq(count(EV_STORES), 100);
	ck_assert_uint_eq(event_dtlb_lookups(&g.cpu.ev), 100);
	ck_assert_uint_eq(count(EV_INSTRUCTIONS), 400);
}
END_TEST

START_TEST(sixteen_bytes_are_one_access)
{
	/* movups xmm0,[rbx]; movups [rbx+0x20],xmm0; hlt */
	GUEST_CODE_BYTES(&g, 0x0f, 0x10, 0x03, 0x0f, 0x11, 0x43, 0x20, HLT);
	memcpy(g.mem.host + GUEST_DATA, "0123456789abcdef", 16);
	g.cpu.gpr[RBX] = GUEST_DATA;
	ck_assert_int_eq(run(10), ENGINE_SYSTEM);
	ck_assert_mem_eq(g.mem.host + GUEST_DATA + 0x20, "0123456789abcdef", 16);
	ck_assert_uint_eq(count(EV_LOADS), 1);
	ck_assert_uint_eq(count(EV_STORES), 1);
	ck_assert_uint_eq(event_dtlb_lookups(&g.cpu.ev), 2);
}
END_TEST

static const struct {
	const char *name;
	uint8_t code[8];
	uint64_t offset, lookups;
	unsigned loads, stores;
} splits[] = {
    {"8-byte load", {0x48, 0x8b, 0x03, HLT}, 0xffc, 2, 1, 0},
    {"8-byte store", {0x48, 0x89, 0x03, HLT}, 0xffc, 2, 0, 1},
    {"16-byte load, halves in two pages", {0x0f, 0x10, 0x03, HLT}, 0xff8, 2, 1, 0},
    {"16-byte store, second half split", {0x0f, 0x11, 0x03, HLT}, 0xff4, 2, 0, 1},
    {"16-byte load, first half split", {0x0f, 0x10, 0x03, HLT}, 0xffc, 2, 1, 0},
    {"add to memory", {0x48, 0x01, 0x03, HLT}, 0xffd, 2, 1, 1},
    {"push", {0x50, HLT}, 0x1004, 2, 0, 1},
    {"push memory, same page", {0xff, 0x33, HLT}, 0x800, 2, 1, 1},
};

START_TEST(accesses_that_split_pages_are_one_access_and_two_translations)
{
	guest_code(&g, splits[_i].code, sizeof splits[_i].code);
	g.cpu.gpr[RBX] = g.cpu.gpr[RSP] = GUEST_DATA + splits[_i].offset;
	ck_assert_int_eq(run(10), ENGINE_SYSTEM);
	ck_assert_msg(count(EV_LOADS) == splits[_i].loads, "%s: loads %lu", splits[_i].name, count(EV_LOADS));
	ck_assert_msg(count(EV_STORES) == splits[_i].stores, "%s: stores %lu", splits[_i].name, count(EV_STORES));
	ck_assert_msg(event_dtlb_lookups(&g.cpu.ev) == splits[_i].lookups, "%s: look-ups %lu", splits[_i].name,
		      event_dtlb_lookups(&g.cpu.ev));
}
END_TEST

START_TEST(thirty_two_bit_code_runs_with_segment_bases)
{
	struct cpu *cpu = &g.cpu;

	cpu->seg[SEG_CS].ar = AR_P | AR_S | 11 | AR_G | AR_DB;
	cpu->seg[SEG_DS] = (struct segment){.selector = 0x18, .ar = AR_P | AR_S | 3 | AR_DB, .limit = 0xfff, .base = GUEST_DATA};
	cpu->cr0 = CR0_PE | CR0_NE;
	cpu->efer = 0;
	cpu_paging_changed(cpu);
	GUEST_CODE_BYTES(&g, 0xa1, 0x10, 0, 0, 0, 0x40, 0xa3, 0x14, 0, 0, 0, HLT); /* mov eax,[0x10]; inc eax; mov [0x14],eax */
	*(uint32_t *)(g.mem.host + GUEST_DATA + 0x10) = 41;
	ck_assert_int_eq(run(10), ENGINE_SYSTEM);
	ck_assert_uint_eq(*(uint32_t *)(g.mem.host + GUEST_DATA + 0x14), 42);
	/* beyond the limit: #GP, and no access */
	GUEST_CODE_BYTES(&g, 0xa1, 0xfd, 0x0f, 0, 0, HLT);
	ck_assert_int_eq(run(10), ENGINE_EXCEPTION);
	ck_assert_uint_eq(cpu->pending.vector, VEC_GP);
}
END_TEST

START_TEST(sixteen_bit_code_runs_in_real_mode)
{
	struct cpu *cpu = &g.cpu;

	cpu->cr0 = CR0_ET;
	cpu->efer = 0;
	cpu_paging_changed(cpu);
	for (unsigned i = 0; i < SEG_COUNT; i++)
		cpu->seg[i] = (struct segment){.selector = 0x2000, .ar = AR_P | AR_S | 3, .limit = 0xffff, .base = 0x20000};
	cpu->seg[SEG_CS].base = 0x10000;
	memcpy(g.mem.host + 0x10100, "\xa1\x10\x00\x50\x40\xf4", 6); /* mov ax,[0x10]; push ax; inc ax; hlt */
	*(uint16_t *)(g.mem.host + 0x20010) = 0x55aa;
	cpu->rip = 0x100;
	cpu->gpr[RSP] = 0x200;
	ck_assert_int_eq(run(10), ENGINE_SYSTEM);
	ck_assert_uint_eq(cpu->gpr[RAX] & 0xffff, 0x55ab);
	ck_assert_uint_eq(*(uint16_t *)(g.mem.host + 0x201fe), 0x55aa);
	ck_assert_uint_eq(cpu->rip, 0x105);
}
END_TEST

START_TEST(sse_registers_survive_a_change_of_code_width)
{
	struct cpu *cpu = &g.cpu;

	memcpy(g.mem.host + GUEST_DATA, "0123456789abcdef", 16);
	GUEST_CODE_BYTES(&g, 0x0f, 0x10, 0x03, 0x44, 0x0f, 0x10, 0x0b, HLT); /* movups xmm0,[rbx]; movups xmm9,[rbx] */
	cpu->gpr[RBX] = GUEST_DATA;
	ck_assert_int_eq(run(10), ENGINE_SYSTEM);
	cpu->seg[SEG_CS].ar = AR_P | AR_S | 11 | AR_G | AR_DB; /* compatibility mode */
	GUEST_CODE_BYTES(&g, 0x0f, 0x11, 0x43, 0x20, HLT);
	ck_assert_int_eq(run(10), ENGINE_SYSTEM);
	ck_assert_mem_eq(g.mem.host + GUEST_DATA + 0x20, "0123456789abcdef", 16);
	cpu->seg[SEG_CS].ar = AR_P | AR_S | 11 | AR_G | AR_L;
	GUEST_CODE_BYTES(&g, 0x44, 0x0f, 0x11, 0x4b, 0x40, HLT); /* movups [rbx+0x40],xmm9 */
	ck_assert_int_eq(run(10), ENGINE_SYSTEM);
	ck_assert_mem_eq(g.mem.host + GUEST_DATA + 0x40, "0123456789abcdef", 16);
}
END_TEST

START_TEST(pages_outside_ram_read_ones_and_swallow_writes)
{
	GUEST_CODE_BYTES(&g, 0x48, 0x89, 0x03, 0x48, 0x8b, 0x0b, HLT); /* mov [rbx],rax; mov rcx,[rbx] */
	*guest_pte(&g, GUEST_DATA) = 0xd0000000 | PTE_P | PTE_RW;
	g.cpu.gpr[RBX] = GUEST_DATA + 8;
	ck_assert_int_eq(run(10), ENGINE_BUDGET); /* a device may want to interrupt now */
	ck_assert_int_eq(run(10), ENGINE_SYSTEM);
	ck_assert_uint_eq(g.cpu.gpr[RCX], ~0ull);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("engine and model");
	tcase_add_checked_fixture(tc, start, stop);
	tcase_add_test(tc, plain_code_runs_to_the_system_instruction);
	tcase_add_test(tc, the_budget_is_exact);
	tcase_add_test(tc, a_load_and_a_store_are_counted_and_translated_once);
	tcase_add_test(tc, read_modify_write_is_translated_once_with_write_intent);
	tcase_add_loop_test(tc, a_data_fault_is_precise, 0, ARRAY_LEN(faults));
	tcase_add_test(tc, push_into_a_missing_page_leaves_rsp);
	tcase_add_test(tc, a_fetch_fault_comes_at_the_instruction_that_needs_the_page);
	tcase_add_test(tc, an_instruction_that_crosses_faults_with_the_second_page);
	tcase_add_test(tc, rep_movs_is_one_instruction_and_many_accesses);
	tcase_add_test(tc, rep_stos_retires_with_its_last_iteration);
	tcase_add_test(tc, rep_stos_into_a_page_table_is_between_iterations_when_stopped);
	tcase_add_test(tc, rep_movs_stopped_by_a_fault_or_budget_counts_once);
	tcase_add_test(tc, divide_error_is_reported_before_the_instruction);
	tcase_add_test(tc, exceptions_that_follow_each_other_are_no_double_fault);
	tcase_add_test(tc, a_jump_to_a_non_canonical_address_faults_itself);
	tcase_add_test(tc, a_return_to_a_non_canonical_address_leaves_rsp);
	tcase_add_test(tc, an_indirect_call_to_a_non_canonical_address_writes_nothing);
	tcase_add_test(tc, a_non_canonical_load_is_gp_and_stack_access_is_ss);
	tcase_add_test(tc, movaps_that_is_not_aligned_is_gp);
	tcase_add_test(tc, sse_needs_osfxsr_and_ts_clear);
	tcase_add_test(tc, code_that_rewrites_the_next_instruction_runs_the_new_one);
	tcase_add_test(tc, code_rewritten_through_an_alias_runs_anew);
	tcase_add_test(tc, a_store_to_a_page_table_is_seen_after_invlpg_only);
	tcase_add_test(tc, one_frame_at_more_addresses_than_windows_stays_exact);
	tcase_add_test(tc, sixteen_bytes_are_one_access);
	tcase_add_loop_test(tc, accesses_that_split_pages_are_one_access_and_two_translations, 0, ARRAY_LEN(splits));
	tcase_add_test(tc, thirty_two_bit_code_runs_with_segment_bases);
	tcase_add_test(tc, sixteen_bit_code_runs_in_real_mode);
	tcase_add_test(tc, sse_registers_survive_a_change_of_code_width);
	tcase_add_test(tc, pages_outside_ram_read_ones_and_swallow_writes);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("engine_model", add_cases)
