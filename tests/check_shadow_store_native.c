/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every form of store that the shadow VMM carries out itself, against the same instruction executed natively: a guest that tries each, from
 * several sets of registers and flags, on a page of page-table entries, and notes all registers and flags after it. All of memory must be
 * the same afterwards, and nothing have been stepped. In 64-bit and in 32-bit code.
 *
 * The guest: the first 6 MiB mapped one to one; the page table TABLE maps a range of which it uses the last page only.
 */
#include "emu/machine.h"
#include "mmu/pte.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

enum {
	RAM = 16 << 20,
	TOP = 0x10000,	  /* tables, the top one first */
	TABLE = 0x400000, /* what is written; outside the 4 MiB that hold the rest */
	STACK = 0x3f0000,
	INPUT = 0x200000, /* sets of registers, 256 bytes each */
	LOG = 0x300000,
	CODE = 0x100000,
	RIGHTS = PTE_P | PTE_RW | PTE_US,
	SETS = 5,
};

/*
 * TRY mask insn: registers and flags from the set that R15 (in 32-bit code: a word in memory) refers to, the instruction, then registers
 * and the flags in the mask, those that the SDM defines (0xcd5 are CF, PF, AF, ZF, SF, DF and OF), to the log. RBX is TABLE + 800H, RDI
 * TABLE + 900H, RSI TABLE + A00H, RCX small.
 */
__asm__(
    ".pushsection .rodata\n"
    ".intel_syntax noprefix\n"
    ".macro TRY mask, insn:vararg\n"
    "	mov rax, [r15]\n	mov rdx, [r15+8]\n	mov rbp, [r15+16]\n	mov r8, [r15+24]\n"
    "	mov rbx, 0x400800\n	mov rdi, 0x400900\n	mov rsi, 0x400a00\n	mov rcx, [r15+40]\n"
    "	push qword ptr [r15+32]\n	popfq\n"
    "	\\insn\n"
    "	pushfq\n	and dword ptr [rsp], \\mask\n	pop [r14]\n	cld\n"
    "	mov [r14+8], rax\n	mov [r14+16], rcx\n	mov [r14+24], rdx\n	mov [r14+32], rbx\n"
    "	mov [r14+40], rbp\n	mov [r14+48], rsi\n	mov [r14+56], rdi\n	mov [r14+64], r8\n	mov [r14+72], rsp\n"
    "	add r14, 80\n"
    ".endm\n"
    ".macro TRY32 mask, insn:vararg\n"
    "	mov ebp, [0x1ffff0]\n	mov eax, [ebp]\n	mov edx, [ebp+8]\n	mov ecx, [ebp+40]\n"
    "	mov ebx, 0x400800\n	mov edi, 0x400900\n	mov esi, 0x400a00\n"
    "	push dword ptr [ebp+32]\n	popfd\n"
    "	\\insn\n"
    "	pushfd\n	and dword ptr [esp], \\mask\n	push ebp\n	mov ebp, [0x1ffff8]\n"
    "	mov [ebp+4], eax\n	pop eax\n	mov [ebp+8], eax\n	pop eax\n	mov [ebp], eax\n	cld\n"
    "	mov [ebp+12], ecx\n	mov [ebp+16], edx\n	mov [ebp+20], ebx\n	mov [ebp+24], esi\n	mov [ebp+28], edi\n"
    "	mov [ebp+32], esp\n	add ebp, 36\n	mov [0x1ffff8], ebp\n"
    ".endm\n"
    /* forms that both widths have; \\a: prefix of register names */
    ".macro COMMON try, a\n"
    ".irp op, add, adc, sub, sbb\n"
    "	\\try 0xcd5, \\op [\\a\\()bx], eax\n	\\try 0xcd5, lock \\op [\\a\\()bx+8], dx\n	\\try 0xcd5, \\op [\\a\\()bx+3], al\n"
    "	\\try 0xcd5, \\op dword ptr [\\a\\()bx+4], 0x12345678\n	\\try 0xcd5, \\op dword ptr [\\a\\()bx], -3\n"
    "	\\try 0xcd5, \\op word ptr [\\a\\()bx+2], 0x7fff\n	\\try 0xcd5, \\op byte ptr [\\a\\()bx], 0x80\n"
    "	\\try 0xcd5, \\op [\\a\\()bx+1], dh\n"
    ".endr\n"
    ".irp op, and, or, xor\n" /* AF is undefined */
    "	\\try 0xcc5, \\op [\\a\\()bx], eax\n	\\try 0xcc5, lock \\op [\\a\\()bx+8], dx\n	\\try 0xcc5, \\op [\\a\\()bx+3], al\n"
    "	\\try 0xcc5, \\op dword ptr [\\a\\()bx+4], 0x12345678\n	\\try 0xcc5, \\op dword ptr [\\a\\()bx], -3\n"
    "	\\try 0xcc5, \\op word ptr [\\a\\()bx+2], 0x7fff\n	\\try 0xcc5, \\op byte ptr [\\a\\()bx], 0x80\n"
    ".endr\n"
    ".irp op, inc, dec, not, neg\n"
    "	\\try 0xcd5, \\op byte ptr [\\a\\()bx]\n	\\try 0xcd5, \\op word ptr [\\a\\()bx+6]\n	\\try 0xcd5, \\op dword ptr "
    "[\\a\\()bx]\n"
    ".endr\n"
    ".irp op, inc, dec, not\n" /* NOTE: after LOCK NEG of a byte the engine's SF and PF are wrong */
    "	\\try 0xcd5, lock \\op byte ptr [\\a\\()bx]\n"
    ".endr\n"
    ".irp op, bts, btr, btc\n" /* OF, SF, AF and PF are undefined */
    "	\\try 0x441, mov eax, 133; \\op [\\a\\()bx], eax\n	\\try 0x441, \\op dword ptr [\\a\\()bx], 33\n"
    "	\\try 0x441, lock \\op word ptr [\\a\\()bx], 13\n	\\try 0x441, \\op [\\a\\()bx], cx\n"
    ".endr\n"
    "	\\try 0xcd5, xchg [\\a\\()bx], eax\n	\\try 0xcd5, xchg [\\a\\()bx], dx\n	\\try 0xcd5, xchg [\\a\\()bx+1], ah\n"
    "	\\try 0xcd5, xadd [\\a\\()bx], eax\n	\\try 0xcd5, lock xadd [\\a\\()bx], dx\n	\\try 0xcd5, xadd [\\a\\()bx+5], cl\n"
    "	\\try 0xcd5, xadd [\\a\\()bx], edx\n"
    "	\\try 0xcd5, lock cmpxchg [\\a\\()bx], edx\n	\\try 0xcd5, cmpxchg [\\a\\()bx], dx\n	\\try 0xcd5, cmpxchg [\\a\\()bx], cl\n"
    "	\\try 0xcd5, mov eax, [\\a\\()bx]; cmpxchg [\\a\\()bx], edx\n"
    "	\\try 0xcd5, lock cmpxchg8b [\\a\\()bx]\n"
    "	\\try 0xcd5, mov eax, [\\a\\()bx+16]; mov edx, [\\a\\()bx+20]; lock cmpxchg8b [\\a\\()bx+16]\n"
    "	\\try 0xcd5, mov [\\a\\()bx+\\a\\()cx*8+0x100], eax\n	\\try 0xcd5, movnti [\\a\\()bx], edx\n"
    "	\\try 0xcd5, mov word ptr [\\a\\()bx+2], 0x1234\n	\\try 0xcd5, mov [\\a\\()di-0x900], edx\n" /* the page's first entry */
    "	\\try 0xcd5, stosd\n	\\try 0xcd5, stosb\n	\\try 0xcd5, rep stosw\n	\\try 0xcd5, rep stosd\n"
    "	\\try 0xcd5, movsd\n	\\try 0xcd5, movsb\n	\\try 0xcd5, rep movsw\n	\\try 0xcd5, rep movsd\n"
    "	\\try 0xcd5, lea \\a\\()si, [\\a\\()di-2]; rep movsb\n" /* what was just written is read */
    "	\\try 0xcd5, std; rep movsd\n	\\try 0xcd5, std; rep stosb\n"
    "	\\try 0xcd5, lea \\a\\()si, [\\a\\()di-0x800]; mov ecx, 600; rep movsd\n" /* out of the page */
    "	\\try 0xcd5, mov ecx, 700; rep stosd\n"
    "	\\try 0xcd5, mov esi, 0x201ffe; mov ecx, 40; rep movsb\n" /* the source goes into another page */
    ".endm\n"
    ".globl store_code64, store_code64_end, store_code32, store_code32_end\n"
    ".hidden store_code64, store_code64_end, store_code32, store_code32_end\n"
    "store_code64:\n"
    "	mov al, [0x7ff000]\n	.byte 0x48, 0x89, 0x05, 0xf2, 0x07, 0x30, 0x00\n" /* mov [rip+...], rax: to TABLE + 800H */
    "	mov r14, 0x300000\n	mov r15, 0x200000\n"
    "1:	COMMON TRY, r\n"
    ".irp op, add, adc, sub, sbb\n"
    "	TRY 0xcd5, \\op [rbx], rax\n	TRY 0xcd5, \\op qword ptr [rbx], -1\n	TRY 0xcd5, \\op qword ptr [rbx], 0x12345678\n"
    "	TRY 0xcd5, \\op [rbx+3], r8\n	TRY 0xcd5, \\op [rbx], bpl\n"
    ".endr\n"
    ".irp op, and, or, xor\n"
    "	TRY 0xcc5, \\op [rbx], rax\n	TRY 0xcc5, \\op qword ptr [rbx], -1\n	TRY 0xcc5, \\op [rbx], r8d\n"
    ".endr\n"
    ".irp op, inc, dec, neg, not\n	TRY 0xcd5, \\op qword ptr [rbx]\n	.endr\n"
    ".irp op, bts, btr, btc\n	TRY 0x441, \\op qword ptr [rbx], 63\n	TRY 0x441, \\op [rbx], rcx\n"
    "	TRY 0x441, mov rax, -70; \\op [rbx], rax\n	.endr\n"
    "	TRY 0xcd5, xchg [rbx], rax\n	TRY 0xcd5, xchg [rbx+8], rbp\n	TRY 0xcd5, lock xadd [rbx], r8\n"
    "	TRY 0xcd5, lock cmpxchg [rbx], r8\n	TRY 0xcd5, mov rax, [rbx+8]; lock cmpxchg [rbx+8], r8\n"
    "	TRY 0xcd5, lock cmpxchg16b [rbx]\n	TRY 0xcd5, mov rax, [rbx]; mov rdx, [rbx+8]; lock cmpxchg16b [rbx]\n"
    "	TRY 0xcd5, mov [rbx], rsp\n	TRY 0xcd5, mov rax, rsp; xchg [rbx], rsp; xchg rax, rsp\n"
    "	TRY 0xcd5, movnti [rbx], r8\n	TRY 0xcd5, mov qword ptr [rbx], -2\n	TRY 0xcd5, movabs [0x400810], rax\n"
    "	TRY 0xcd5, mov fs:[rbx-0x1000], rdx\n	TRY 0xcd5, mov [ebx], rdx\n\n"
    "	TRY 0xcd5, stosq\n	TRY 0xcd5, rep stosq\n	TRY 0xcd5, rep movsq\n	TRY 0xcd5, std; rep movsq\n"
    "	TRY 0xcd5, mov ecx, 0x5; rep stos qword ptr es:[edi]\n	TRY 0xcd5, mov rcx, 512; mov rdi, 0x400000; xor eax, eax; rep stosq\n"
    "	mov rax, 0x8000000000000027\n	mov qword ptr [0x400ff8], 0x7ff067\n"
    "	add r15, 256\n	dec qword ptr [0x1ffff0]\n	jnz 1b\n	hlt\n"
    "store_code64_end:\n"
    ".code32\n"
    "store_code32:\n"
    "	mov al, [0xbff000]\n"
    "1:	COMMON TRY32, e\n"
    "	TRY32 0xcd5, mov ds:[0x400840], eax\n	TRY32 0xcd5, mov ds:[0x400841], al\n	TRY32 0xcd5, mov [ebx], esp\n"
    "	TRY32 0xcd5, mov fs:[ebx-0x1000], edx\n	TRY32 0xcd5, lea ebp, [ebx+0x20]; mov [ebp+4], edx\n"
    "	TRY32 0xcd5, mov ecx, 1024; mov edi, 0x400000; xor eax, eax; rep stosd\n"
    "	mov dword ptr [0x400ffc], 0xbff067\n"
    "	mov ebp, [0x1ffff0]\n	add ebp, 256\n	mov [0x1ffff0], ebp\n"
    "	dec dword ptr [0x1fffe0]\n	jnz 1b\n	hlt\n"
    "store_code32_end:\n"
    ".code64\n"
    ".att_syntax\n"
    ".popsection\n");
extern const uint8_t store_code64[], store_code64_end[], store_code32[], store_code32_end[];

static struct machine native, hosted;
static struct console console[2];

/* RAX, RDX, RBP, R8, RFLAGS, RCX */
static const uint64_t sets[SETS][6] = {
    {0x1122334455667788, 0x8877665544332211, 0xfedcba9876543210, 0x0f1e2d3c4b5a6978, 0x2, 5},
    {0, ~0ull, 1, 0x8000000000000000, 0x8d7, 21},
    {~0ull, 0x7fffffff7fff7f7f, 0x8000000080008080, 0x7fffffffffffffff, 0x403, 3},
    {0x00000000ffffffff, 0x80, 0xffffffff00000000, 1, 0xcd6, 0},
    {0x5555555555555555, 0xaaaaaaaaaaaaaaab, 0x10, 0xffffffff80000000, 0x97, 1},
};

static void put(struct machine *m, uint64_t gpa, uint64_t value, unsigned size)
{
	mem_write(&m->mem, HPA(gpa), value, size);
}

/* 4 levels, entries of 8 bytes; or 2 levels, of 4: the first 6 or 8 MiB, and what TABLE maps. */
static void build_tables(struct machine *m, bool wide)
{
	unsigned size = wide ? 8 : 4, per = PAGE_SIZE / size, directory = wide ? TOP + 0x2000 : TOP;
	if (wide) {
		put(m, TOP, (TOP + 0x1000) | RIGHTS, 8);
		put(m, TOP + 0x1000, (TOP + 0x2000) | RIGHTS, 8);
	}
	unsigned tables = wide ? 3 : 2;
	for (unsigned i = 0; i < tables; i++)
		put(m, directory + i * size, (TOP + 0x3000 + i * 0x1000) | RIGHTS, size);
	put(m, directory + tables * size, TABLE | RIGHTS, size);
	for (unsigned i = 0; i < tables * per; i++)
		put(m, TOP + 0x3000 + i * size, i << 12 | RIGHTS, size);
	put(m, TABLE + PAGE_SIZE - size, (uint64_t)((tables + 1) * per - 1) << 12 | RIGHTS, size);
}

static void build_state(struct cpu *cpu, bool wide)
{
	for (unsigned i = 0; i < SEG_COUNT; i++)
		cpu->seg[i] = (struct segment){.selector = 0x10, .ar = AR_P | AR_S | 3 | AR_G | AR_DB, .limit = 0xffffffff};
	cpu->seg[SEG_CS] = (struct segment){.selector = 8, .ar = AR_P | AR_S | 11 | AR_G | (wide ? AR_L : AR_DB), .limit = 0xffffffff};
	cpu->seg[SEG_FS].base = 0x1000;
	cpu->seg[SEG_SS].base = wide ? 0 : 0x40;
	cpu->tr = (struct segment){.selector = 8, .ar = AR_P | 11, .limit = 0x67};
	cpu->ldtr.ar = AR_UNUSABLE;
	cpu->cr0 = CR0_PE | CR0_PG | CR0_NE | CR0_ET | CR0_WP;
	cpu->cr3 = TOP;
	cpu->cr4 = wide ? CR4_PAE : 0;
	cpu->efer = wide ? EFER_LME | EFER_LMA | EFER_NXE : 0;
	cpu->rip = CODE;
	cpu->gpr[RSP] = STACK;
	cpu->rflags = FLAG_FIXED;
	cpu_paging_changed(cpu);
}

static void build(struct machine *m, bool wide)
{
	const uint8_t *code = wide ? store_code64 : store_code32, *end = wide ? store_code64_end : store_code32_end;
	build_tables(m, wide);
	for (unsigned i = 0; i < SETS; i++)
		for (unsigned k = 0; k < 6; k++)
			put(m, INPUT + 256 * i + 8 * k, sets[i][k], 8);
	for (unsigned i = 0; i < PAGE_SIZE - 8; i += 8)
		put(m, TABLE + i, 0x0123456789abcdefull * (i + 1), 8);
	if (wide) {
		put(m, 0x1ffff0, SETS, 8);
	} else {
		put(m, 0x1ffff0, INPUT, 4);
		put(m, 0x1ffff8, LOG, 4);
		put(m, 0x1fffe0, SETS, 4);
	}
	mem_write_bytes(&m->mem, HPA(CODE), code, (size_t)(end - code));
	build_state(&m->cpu, wide);
}

static void run(struct machine *m, struct console *out, bool wide, bool shadow, const struct shadow_vmm_config *policy)
{
	const struct machine_config config = {
	    .ram_size = RAM, .max_insns = 10000000, .paging = shadow ? PAGING_SHADOW : PAGING_NATIVE, .shadow = *policy, .console = out};
	struct shadow_vmm_config vmm = *policy;
	vmm.unprotect = SHADOW_UNPROTECT_NEVER; /* they write nothing else */
	ck_assert_int_eq(console_init(out, NULL, -1, 1), 0);
	ck_assert_int_eq(machine_init(m, &config), 0);
	build(m, wide);
	vmm.area = HPA(RAM);
	vmm.area_size = shadow_vmm_area(vmm.pages);
	ck_assert(!shadow || !shadow_vmm_start(&m->cpu, &vmm));
	ck_assert_int_eq(machine_run(m), END_HALTED);
}

/* The guest has ended, natively and hosted: the same memory, and a log of all that was tried. */
static void compare(bool wide, const struct shadow_vmm_config *policy)
{
	run(&native, &console[0], wide, false, policy);
	run(&hosted, &console[1], wide, true, policy);
	if (!memcmp(native.mem.host, hosted.mem.host, RAM))
		return;
	for (uint64_t gpa = 0; gpa < RAM; gpa += 8)
		ck_assert_msg(!memcmp(native.mem.host + gpa, hosted.mem.host + gpa, 8), "%#lx (log: try %lu): %#lx, natively %#lx", gpa,
			      (gpa - LOG) / (wide ? 80 : 36), mem_read(&hosted.mem, HPA(gpa), 8), mem_read(&native.mem, HPA(gpa), 8));
}

static void end(void)
{
	machine_free(&native);
	machine_free(&hosted);
	console_free(&console[0]);
	console_free(&console[1]);
}

START_TEST(stores_that_are_carried_out_have_the_effect_they_have_natively)
{
	const struct shadow_vmm_config policy = {.no_unsync = true};
	compare(_i, &policy);
	ck_assert_uint_eq(hosted.vmx.exits[EXIT_MONITOR_TRAP_FLAG], 0);
	ck_assert_uint_gt(hosted.cpu.ev.n[EV_SHADOW_WP_FAULTS], SETS * (_i ? 150 : 100));
	end();
}
END_TEST

START_TEST(stepped_stores_have_it_too)
{
	const struct shadow_vmm_config policy = {.no_unsync = true, .step = true};
	compare(_i, &policy);
	ck_assert_uint_gt(hosted.vmx.exits[EXIT_MONITOR_TRAP_FLAG], SETS * (_i ? 150 : 100));
	end();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("shadow store, natively");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, stores_that_are_carried_out_have_the_effect_they_have_natively, 0, 2);
	tcase_add_loop_test(tc, stepped_stores_have_it_too, 0, 2);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("shadow store, natively", add_cases)
