/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flags that a fault saves are those before its instruction, whatever instruction they come from, also where the engine works them out
 * before it makes the access: RCL, RCR, SETcc. After the fault the instruction runs with them. SDM 3A, "Exceptions and Interrupts":
 * faults leave the state as it was before the instruction.
 */
#include "tests/machine_state.h"
#include "tests/test.h"

#include "mmu/pte.h"

#include <string.h>

enum { PAGE_TABLE = BOX_TABLES + 0x4000, TOUCHED = BOX_DATA + 0x3000, STATUS = 0x8d5 /* OF SF ZF AF PF CF */, ROUNDS = 40 };

/* what sets the flags: 4 bytes each, from EAX, EBX, CL */
static const uint8_t sources[][4] = {
    {0x01, 0xd8, 0x90, 0x90}, /* add eax,ebx */
    {0x29, 0xd8, 0x90, 0x90}, /* sub eax,ebx */
    {0x39, 0xd8, 0x90, 0x90}, /* cmp eax,ebx */
    {0x21, 0xd8, 0x90, 0x90}, /* and eax,ebx */
    {0xff, 0xc0, 0x90, 0x90}, /* inc eax */
    {0xff, 0xc8, 0x90, 0x90}, /* dec eax */
    {0xd1, 0xe0, 0x90, 0x90}, /* shl eax,1 */
    {0xd3, 0xf8, 0x90, 0x90}, /* sar eax,cl */
    {0x11, 0xd8, 0x90, 0x90}, /* adc eax,ebx */
    {0x0f, 0xaf, 0xc3, 0x90}, /* imul eax,ebx */
    {0x9e, 0x90, 0x90, 0x90}, /* sahf */
};
/* what faults: 3 bytes each, at [rdi] */
static const uint8_t faulting[][3] = {
    {0xd1, 0x17, 0x90}, /* rcl dword [rdi],1 */
    {0xd3, 0x1f, 0x90}, /* rcr dword [rdi],cl */
    {0xc0, 0x17, 0x05}, /* rcl byte [rdi],5 */
    {0x11, 0x1f, 0x90}, /* adc [rdi],ebx */
    {0xd1, 0x27, 0x90}, /* shl dword [rdi],1 */
    {0x88, 0x1f, 0x90}, /* mov [rdi],bl */
    {0x03, 0x1f, 0x90}, /* add ebx,[rdi] */
};

/*
 * R12 rounds: the flags of SOURCE are pushed, and popped into R8 (before); then they are made once more, in a block with what faults. Code
 * is put where there are NOPs. R10: what the flags were made from. The handler of #PF maps the page, and keeps the saved flags in R9.
 */
BOX_ASM(f_code,
	"mov r12d,40; mov rdi,0x183004; mov ecx,3;"
	"1: mov eax,r10d; mov ebx,0x7654321; bt r10d,0; nop; nop; nop; nop; pushfq; pop r8; and r8d,0x8d5;"
	"mov eax,r10d; mov ebx,0x7654321; xor r9d,r9d; bt r10d,0; nop; nop; nop; nop; nop; nop; nop;"
	"pushfq; pop r11; cmp r8d,r9d; je 2f; inc r14d; 2: and qword ptr [0x14c18],-2; invlpg [rdi]; imul r10d,r10d,0x10dcd; inc r10d;"
	"dec r12d; jnz 1b; hlt");
BOX_ASM(f_handler, "add rsp,8; mov r9,[rsp+16]; and r9d,0x8d5; or qword ptr [0x14c18],1; iretq");

static struct box box;

static uint8_t *nops(uint8_t *at, unsigned count)
{
	for (;; at++) {
		unsigned n = 0;
		while (n < count && at[n] == 0x90)
			n++;
		if (n == count)
			return at;
	}
}

static void run(const uint8_t source[4], const uint8_t fault[3], enum account account)
{
	uint8_t *code = NULL;

	box_start_as(&box, &(struct machine_config){.max_insns = 100000, .account = account});
	engine_set_stays(box.m.engine, false);
	box_code(&box, f_code, f_code_end);
	box_handler(&box, VEC_PF, f_handler, f_handler_end);
	code = nops(box.m.mem.host + BOX_CODE, 4);
	uint8_t *again = nops(code + 4, 7);
	memcpy(again, source, 4);
	memcpy(again + 4, fault, 3);
	memcpy(code, source, 4);
	box_set_word(&box, PAGE_TABLE + 8 * (TOUCHED >> PAGE_SHIFT), TOUCHED | PTE_RW | PTE_US);
	box.m.cpu.gpr[R10] = 0x12345;
	box.m.cpu.gpr[R14] = 0;
	ck_assert_int_eq(machine_run(&box.m), END_HALTED);
	ck_assert_uint_eq(box.m.cpu.ev.n[EV_EXC_DE + VEC_PF], ROUNDS);
}

static const enum account accounts[] = {ACCOUNT_INSN, ACCOUNT_BLOCK, ACCOUNT_FAST};

START_TEST(a_fault_saves_the_flags_before_it)
{
	for (unsigned s = 0; s < ARRAY_LEN(sources); s++)
		for (unsigned f = 0; f < ARRAY_LEN(faulting) + 16; f++) {
			const uint8_t setcc[3] = {0x0f, (uint8_t)(0x90 + f - ARRAY_LEN(faulting)), 0x07}; /* setcc [rdi] */
			run(sources[s], f < ARRAY_LEN(faulting) ? faulting[f] : setcc, accounts[_i]);
			ck_assert_msg(box.m.cpu.gpr[R14] == 0, "source %u, fault %u: %lu of %u times other flags", s, f, box.m.cpu.gpr[R14],
				      ROUNDS);
			box_stop(&box);
		}
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("flags");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, a_fault_saves_the_flags_before_it, 0, ARRAY_LEN(accounts));
	suite_add_tcase(suite, tc);
}

TEST_MAIN("flags", add_cases)
