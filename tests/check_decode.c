/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder: a table of encodings with what must be known of each, and random bytes. That plain instructions are read as the engine
 * reads them is shown in tests/check_decode_engine.c.
 */
#include "emu/decode.h"
#include "emu/feature.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

static struct decoder *decoder;

static void open_decoder(void)
{
	ck_assert_int_eq(decoder_new(&decoder), 0);
}
static void close_decoder(void)
{
	decoder_free(decoder);
}

static unsigned parse_hex(const char *hex, uint8_t bytes[16])
{
	unsigned n = 0, byte;
	for (int used; n < 16 && sscanf(hex, "%2x%n", &byte, &used) == 1; hex += used)
		bytes[n++] = (uint8_t)byte;
	return n;
}

/* Decodes the whole string of hexadecimal bytes, and checks that each shorter beginning is found truncated. */
static struct insn decode(unsigned width, const char *hex)
{
	uint8_t bytes[16];
	unsigned n = parse_hex(hex, bytes);
	struct insn insn;
	ck_assert_msg(decode_insn(decoder, bytes, n, width, &insn) == DECODE_OK, "%u-bit %s: truncated", width, hex);
	if (insn.sys != SYS_UD) {
		struct insn part;
		ck_assert_msg(insn.len == n, "%u-bit %s: length %u", width, hex, insn.len);
		for (unsigned i = 1; i < n; i++)
			ck_assert_msg(decode_insn(decoder, bytes, i, width, &part) == DECODE_TRUNCATED, "%u-bit %s: whole at %u", width,
				      hex, i);
	}
	return insn;
}

#define READ INSN_READ
#define WRITE INSN_WRITE
#define RMW (INSN_READ | INSN_WRITE | INSN_RMW)
#define MULTI INSN_MULTI
#define MEM INSN_MEM
#define STACK INSN_STACK
#define BRANCH INSN_BRANCH
#define SSE INSN_SSE
#define A16 INSN_ALIGN16

static const struct {
	unsigned width;
	const char *hex, *text;
	unsigned sys;
	unsigned opsize, memsize;
	uint32_t flags;
} facts[] = {
    {64, "90", "nop", SYS_NONE, 4, 0, 0},
    {64, "f390", "pause", SYS_PAUSE, 4, 0, 0},
    {64, "f34190", "xchg r8d, eax", SYS_NONE, 4, 0, 0},
    {64, "4801d8", "add rax, rbx", SYS_NONE, 8, 0, 0},
    {64, "480118", "add [rax], rbx", SYS_NONE, 8, 8, RMW | MEM},
    {64, "f0480118", "lock add [rax], rbx", SYS_NONE, 8, 8, RMW | MEM | INSN_LOCK},
    {64, "f04801d8", "lock add rax, rbx", SYS_UD, 0, 0, 0},
    {64, "f0480318", "lock add rbx, [rax]", SYS_UD, 0, 0, 0},
    {64, "f04039d8", "lock cmp", SYS_UD, 0, 0, 0},
    {64, "3918", "cmp [rax], ebx", SYS_NONE, 4, 4, READ | MEM},
    {64, "66833801", "cmp word [rax], 1", SYS_NONE, 2, 2, READ | MEM},
    {64, "8518", "test [rax], ebx", SYS_NONE, 4, 4, READ | MEM},
    {64, "8718", "xchg [rax], ebx", SYS_NONE, 4, 4, RMW | MEM},
    {64, "0fc118", "xadd [rax], ebx", SYS_NONE, 4, 4, RMW | MEM},
    {64, "0fb118", "cmpxchg [rax], ebx", SYS_NONE, 4, 4, RMW | MEM},
    {64, "0fc708", "cmpxchg8b [rax]", SYS_NONE, 4, 8, RMW | MEM},
    {64, "480fc708", "cmpxchg16b [rax]", SYS_NONE, 8, 16, RMW | MEM | MULTI | A16},
    {64, "0fa318", "bt [rax], ebx", SYS_NONE, 4, 4, READ | MEM},
    {64, "0fab18", "bts [rax], ebx", SYS_NONE, 4, 4, RMW | MEM},
    {64, "d320", "shl dword [rax], cl", SYS_NONE, 4, 4, RMW | MEM},
    {64, "0fad18", "shrd [rax], ebx, cl", SYS_NONE, 4, 4, RMW | MEM},
    {64, "0f9400", "sete [rax]", SYS_NONE, 1, 1, WRITE | MEM},
    {64, "8918", "mov [rax], ebx", SYS_NONE, 4, 4, WRITE | MEM},
    {64, "8d18", "lea ebx, [rax]", SYS_NONE, 4, 0, MEM},
    {64, "8dd8", "lea with a register", SYS_UD, 0, 0, 0},
    {64, "0f1f4000", "nop [rax]", SYS_NONE, 4, 0, MEM},
    {64, "0fae38", "clflush [rax]", SYS_NONE, 4, 0, MEM},
    {64, "ff30", "push [rax]", SYS_NONE, 8, 8, READ | WRITE | MULTI | STACK | MEM},
    {64, "8f00", "pop [rax]", SYS_NONE, 8, 8, READ | WRITE | MULTI | STACK | MEM},
    {64, "ff10", "call [rax]", SYS_NONE, 8, 8, READ | WRITE | MULTI | STACK | BRANCH | MEM},
    {64, "ffd0", "call rax", SYS_NONE, 8, 8, WRITE | STACK | BRANCH},
    {64, "ff20", "jmp [rax]", SYS_NONE, 8, 8, READ | BRANCH | MEM},
    {64, "50", "push rax", SYS_NONE, 8, 8, WRITE | STACK},
    {64, "6650", "push ax", SYS_NONE, 2, 2, WRITE | STACK},
    {32, "50", "push eax", SYS_NONE, 4, 4, WRITE | STACK},
    {16, "50", "push ax", SYS_NONE, 2, 2, WRITE | STACK},
    {16, "6650", "push eax", SYS_NONE, 4, 4, WRITE | STACK},
    {64, "c3", "ret", SYS_NONE, 8, 8, READ | STACK | BRANCH},
    {64, "f3c3", "rep ret", SYS_NONE, 8, 8, READ | STACK | BRANCH},
    {64, "e800000000", "call", SYS_NONE, 8, 8, WRITE | STACK | BRANCH},
    {16, "e80000", "call", SYS_NONE, 2, 2, WRITE | STACK | BRANCH},
    {64, "66e800000000", "call with 66", SYS_UD, 0, 0, 0},
    {64, "6648e800000000", "call with 66 and REX.W", SYS_NONE, 8, 8, WRITE | STACK | BRANCH},
    {64, "c8100000", "enter 16, 0", SYS_NONE, 8, 8, WRITE | STACK},
    {64, "c8100001", "enter 16, 1", SYS_NONE, 8, 8, READ | WRITE | MULTI | STACK},
    {64, "a5", "movsd", SYS_NONE, 4, 4, READ | WRITE | MULTI},
    {64, "f348a5", "rep movsq", SYS_NONE, 8, 8, READ | WRITE | MULTI | INSN_REP},
    {64, "f3aa", "rep stosb", SYS_NONE, 1, 1, WRITE | MULTI | INSN_REP},
    {64, "f2aa", "repne stosb", SYS_NONE, 1, 1, WRITE | MULTI | INSN_REP},
    {64, "f2ae", "repne scasb", SYS_NONE, 1, 1, READ | MULTI | INSN_REP | INSN_REPNE},
    {64, "f36d", "rep insd", SYS_INS, 4, 4, INSN_REP | MULTI},
    {64, "666f", "outsw", SYS_OUTS, 2, 2, 0},
    {64, "48ed", "in eax, dx", SYS_IN, 4, 0, 0},
    {64, "48a10000000000000000", "mov rax, [moffs]", SYS_NONE, 8, 8, READ | MEM},
    {64, "67a100000000", "mov eax, [moffs32]", SYS_NONE, 4, 4, READ | MEM},
    {64, "0f2818", "movaps xmm3, [rax]", SYS_NONE, 4, 16, READ | MULTI | MEM | SSE | A16},
    {64, "0f1018", "movups xmm3, [rax]", SYS_NONE, 4, 16, READ | MULTI | MEM | SSE},
    {64, "0f28d8", "movaps xmm3, xmm0", SYS_NONE, 4, 0, SSE},
    {64, "660fe718", "movntdq [rax], xmm3", SYS_NONE, 2, 16, WRITE | MULTI | MEM | SSE | A16},
    {64, "f20f5818", "addsd xmm3, [rax]", SYS_NONE, 4, 8, READ | MEM | SSE},
    {64, "66f20f5818", "addsd with 66", SYS_UD, 0, 0, 0},
    {64, "0f6018", "punpcklbw mm3, [rax]", SYS_NONE, 4, 4, READ | MEM | INSN_MMX},
    {64, "db28", "fld tword [rax]", SYS_NONE, 4, 10, READ | MULTI | MEM | INSN_X87},
    {64, "d930", "fnstenv [rax]", SYS_NONE, 4, 28, WRITE | MULTI | MEM | INSN_X87 | INSN_X87_NOWAIT},
    {16, "dd37", "fnsave [bx]", SYS_NONE, 2, 94, WRITE | MULTI | MEM | INSN_X87 | INSN_X87_NOWAIT},
    {64, "d9d1", "a hole in x87", SYS_UD, 0, 0, 0},
    {64, "9b", "fwait", SYS_NONE, 4, 0, INSN_FWAIT},
    {64, "f30fb818", "popcnt ebx, [rax]", SYS_NONE, 4, 4, READ | MEM},
    {64, "66f20f38f118", "crc32 ebx, word [rax]", SYS_NONE, 2, 2, READ | MEM},
    {64, "0f38f018", "movbe ebx, [rax]", SYS_NONE, 4, 4, READ | MEM},
    {64, "660f3802c0", "phaddd xmm0, xmm0", SYS_PHADD_SAME, 2, 0, SSE | INSN_FX},
    {64, "66450f3802c0", "phaddd xmm8, xmm8", SYS_PHADD_SAME, 2, 0, SSE | INSN_FX},
    {64, "66410f3802c0", "phaddd xmm0, xmm8", SYS_NONE, 2, 0, SSE},
    {64, "450f3802c0", "phaddd mm0, mm0", SYS_PHADD_SAME, 4, 0, INSN_MMX | INSN_FX},
    {64, "440f3802c0", "phaddd mm0, mm0", SYS_PHADD_SAME, 4, 0, INSN_MMX | INSN_FX},
    {64, "660f3802c1", "phaddd xmm0, xmm1", SYS_NONE, 2, 0, SSE},
    {64, "660f3800c0", "pshufb xmm0, xmm0", SYS_NONE, 2, 0, SSE},
    {64, "c5f877", "vzeroupper", SYS_UD, 0, 0, 0},
    {64, "c4e278f218", "andn", SYS_UD, 0, 0, 0},
    {32, "c5f877", "vzeroupper", SYS_UD, 0, 0, 0},
    {64, "660f38f6c3", "adcx", SYS_UD, 0, 0, 0},
    {64, "9f", "lahf", SYS_NONE, 1, 0, 0},
    {64, "409f", "lahf with REX", SYS_UD, 0, 0, 0},
    {64, "0f3acc18", "sha1rnds4", SYS_UD, 0, 0, 0},
    {16, "f30fb8c3", "popcnt in 16-bit code", SYS_UD, 0, 0, 0},
    {32, "c518", "lds ebx, [eax]", SYS_LOAD_FAR, 4, 6, MEM},
    {64, "0f0b", "ud2", SYS_UD, 0, 0, 0},
    {64, "0fff18", "ud0", SYS_UD, 0, 0, 0},
    {64, "06", "push es", SYS_UD, 0, 0, 0},
    {32, "06", "push es", SYS_PUSH_SEG, 4, 0, 0},
    {64, "0fa8", "push gs", SYS_PUSH_SEG, 8, 0, 0},
    {64, "8ed0", "mov ss, eax", SYS_MOV_TO_SEG, 4, 0, INSN_SHADOW},
    {64, "8ec8", "mov cs, eax", SYS_UD, 0, 0, 0},
    {64, "8ef0", "mov seg6, eax", SYS_UD, 0, 0, 0},
    {64, "8c18", "mov [rax], ds", SYS_MOV_FROM_SEG, 4, 2, MEM},
    {64, "0f20c0", "mov rax, cr0", SYS_MOV_FROM_CR, 8, 0, 0},
    {32, "0f22e0", "mov cr4, eax", SYS_MOV_TO_CR, 4, 0, 0},
    {64, "0f2218", "mov cr3, rax, mod ignored", SYS_MOV_TO_CR, 8, 0, 0},
    {64, "0f20c8", "mov rax, cr1", SYS_UD, 0, 0, 0},
    {64, "440f20c0", "mov rax, cr8", SYS_MOV_FROM_CR, 8, 0, 0},
    {64, "440f20d8", "mov rax, cr11", SYS_UD, 0, 0, 0},
    {32, "f00f20c0", "lock mov eax, cr0", SYS_UD, 0, 0, 0},
    {64, "440f21c0", "mov rax, dr8", SYS_UD, 0, 0, 0},
    {64, "0f0110", "lgdt [rax]", SYS_LGDT, 8, 10, MEM},
    {16, "0f0117", "lgdt [bx]", SYS_LGDT, 2, 6, MEM},
    {16, "660f0117", "lgdt [bx], 32 bits", SYS_LGDT, 4, 6, MEM},
    {64, "0f0138", "invlpg [rax]", SYS_INVLPG, 4, 0, MEM},
    {64, "0f01f8", "swapgs", SYS_SWAPGS, 4, 0, 0},
    {32, "0f01f8", "swapgs", SYS_UD, 0, 0, 0},
    {64, "0f01e0", "smsw eax", SYS_SMSW, 4, 0, 0},
    {64, "0f01c1", "vmcall", SYS_VMCALL, 4, 0, 0},
    {64, "0f01d8", "vmrun", SYS_UD, 0, 0, 0},
    {64, "0f01ca", "clac", SYS_CLAC, 4, 0, 0},
    {64, "9c", "pushfq", SYS_PUSHF, 8, 0, 0},
    {64, "48cf", "iretq", SYS_IRET, 8, 0, BRANCH},
    {64, "cf", "iretd", SYS_IRET, 4, 0, BRANCH},
    {64, "cb", "retf", SYS_RET_FAR, 4, 0, BRANCH},
    {64, "48ff18", "call far [rax]", SYS_CALL_FAR, 8, 10, MEM | BRANCH},
    {32, "ea000000000800", "jmp far", SYS_JMP_FAR, 4, 0, BRANCH},
    {64, "ea000000000800", "jmp far", SYS_UD, 0, 0, 0},
    {64, "480f07", "sysretq", SYS_SYSRET, 8, 0, BRANCH},
    {32, "0f05", "syscall", SYS_UD, 0, 0, 0},
    {64, "fb", "sti", SYS_STI, 4, 0, INSN_SHADOW},
    {64, "0f7818", "vmread [rax], rbx", SYS_VMREAD, 8, 8, MEM},
    {32, "0f7818", "vmread [eax], ebx", SYS_VMREAD, 4, 4, MEM},
    {64, "660f388018", "invept rbx, [rax]", SYS_INVEPT, 8, 16, MEM | MULTI},
    {64, "0fc730", "vmptrld [rax]", SYS_VMPTRLD, 4, 8, MEM},
    {64, "660fc730", "vmclear [rax]", SYS_VMCLEAR, 2, 8, MEM},
    {64, "f30fc730", "vmxon [rax]", SYS_VMXON, 4, 8, MEM},
    {64, "0fc738", "vmptrst [rax]", SYS_VMPTRST, 4, 8, MEM},
    {64, "480fc7f0", "rdrand rax", SYS_RDRAND, 8, 0, 0},
    {64, "660fc7f8", "rdseed ax", SYS_RDSEED, 2, 0, 0},
    {64, "f30fc7f8", "rdpid rax", SYS_RDPID, 8, 0, 0},
    {64, "0fae20", "xsave [rax]", SYS_XSAVE, 4, 0, MEM | INSN_FX},
    {64, "0fc720", "xsavec [rax]", SYS_UD, 0, 0, 0},
    {64, "f30faed0", "wrfsbase eax", SYS_WRFSBASE, 4, 0, 0},
    {32, "f30faed0", "wrfsbase eax", SYS_UD, 0, 0, 0},
    {32, "63c0", "arpl", SYS_ARPL, 4, 0, 0},
    {64, "4863c0", "movsxd", SYS_NONE, 8, 0, 0},
};

START_TEST(encoding_has_its_facts)
{
	struct insn insn = decode(facts[_i].width, facts[_i].hex);
	const char *name = facts[_i].text;
	ck_assert_msg(insn.sys == facts[_i].sys, "%s: sys %s", name, sysop_name(insn.sys));
	ck_assert_msg(insn.opsize == facts[_i].opsize, "%s: operand size %u", name, insn.opsize);
	ck_assert_msg(insn.memsize == facts[_i].memsize, "%s: memory size %u", name, insn.memsize);
	ck_assert_msg(insn.flags == facts[_i].flags, "%s: flags %#x, not %#x", name, insn.flags, facts[_i].flags);
}
END_TEST

static const struct {
	unsigned width;
	const char *hex;
	unsigned addrsize, seg, base, index, scale;
	int64_t disp;
} operands[] = {
    {64, "8b00", 8, SEG_DS, RAX, REG_NONE, 1, 0},
    {64, "8b4500", 8, SEG_SS, RBP, REG_NONE, 1, 0},
    {64, "8b0424", 8, SEG_SS, RSP, REG_NONE, 1, 0},
    {64, "418b4500", 8, SEG_DS, R13, REG_NONE, 1, 0},
    {64, "418b0424", 8, SEG_DS, R12, REG_NONE, 1, 0},
    {64, "8b05fcffffff", 8, SEG_DS, REG_RIP, REG_NONE, 1, -4},
    {64, "678b05fcffffff", 4, SEG_DS, REG_RIP, REG_NONE, 1, -4},
    {64, "8b04250000ff7f", 8, SEG_DS, REG_NONE, REG_NONE, 1, 0x7fff0000},
    {64, "8b04cd000000ff", 8, SEG_DS, REG_NONE, RCX, 8, -0x1000000},
    {64, "428b04a4", 8, SEG_SS, RSP, R12, 4, 0},
    {64, "428b44a480", 8, SEG_SS, RSP, R12, 4, -128},
    {64, "648b00", 8, SEG_FS, RAX, REG_NONE, 1, 0},
    {64, "2e8b00", 8, SEG_DS, RAX, REG_NONE, 1, 0},
    {64, "368b00", 8, SEG_DS, RAX, REG_NONE, 1, 0},
    {64, "65a10807060504030201", 8, SEG_GS, REG_NONE, REG_NONE, 1, 0x0102030405060708},
    {32, "8b0500ffffff", 4, SEG_DS, REG_NONE, REG_NONE, 1, -256},
    {32, "2e8b4500", 4, SEG_CS, RBP, REG_NONE, 1, 0},
    {32, "678b46ff", 2, SEG_SS, RBP, REG_NONE, 1, -1},
    {16, "8b02", 2, SEG_SS, RBP, RSI, 1, 0},
    {16, "8b01", 2, SEG_DS, RBX, RDI, 1, 0},
    {16, "8b06ff80", 2, SEG_DS, REG_NONE, REG_NONE, 1, -0x7f01},
    {16, "26678b00", 4, SEG_ES, RAX, REG_NONE, 1, 0},
};

START_TEST(memory_operand_is_read)
{
	uint8_t bytes[16];
	struct insn insn;
	const char *hex = operands[_i].hex;
	unsigned n = parse_hex(hex, bytes);
	ck_assert_int_eq(decode_insn(decoder, bytes, n, operands[_i].width, &insn), DECODE_OK);
	ck_assert_msg(insn.flags & INSN_MEM, "%s: no memory operand", hex);
	ck_assert_msg(insn.addrsize == operands[_i].addrsize, "%s: address size %u", hex, insn.addrsize);
	ck_assert_msg(insn.seg == operands[_i].seg, "%s: segment %u", hex, insn.seg);
	ck_assert_msg(insn.base == operands[_i].base, "%s: base %u", hex, insn.base);
	ck_assert_msg(insn.index == operands[_i].index, "%s: index %u", hex, insn.index);
	ck_assert_msg(insn.scale == operands[_i].scale, "%s: scale %u", hex, insn.scale);
	ck_assert_msg(insn.disp == operands[_i].disp, "%s: displacement %lld", hex, (long long)insn.disp);
}
END_TEST

START_TEST(registers_and_immediates_are_read)
{
	struct insn insn = decode(64, "450f22c1");
	ck_assert_uint_eq(insn.reg, 8);
	ck_assert_uint_eq(insn.rm, R9);
	insn = decode(64, "448ee0"); /* REX.R does not extend a segment register */
	ck_assert_uint_eq(insn.reg, SEG_FS);
	insn = decode(32, "9a785634120800");
	ck_assert_uint_eq(insn.imm, 0x12345678);
	ck_assert_uint_eq(insn.imm2, 8);
	insn = decode(16, "9a34120800");
	ck_assert_uint_eq(insn.imm, 0x1234);
	insn = decode(64, "cd80");
	ck_assert_uint_eq(insn.imm, 0x80);
	insn = decode(64, "ca0810");
	ck_assert_uint_eq(insn.imm2, 0x1008);
	insn = decode(64, "e5ff");
	ck_assert_uint_eq(insn.imm, 0xff);
	ck_assert_uint_eq(insn.opcode, 0xe5);
	insn = decode(64, "0fa9");
	ck_assert_uint_eq(insn.reg, SEG_GS);
	insn = decode(32, "17");
	ck_assert_uint_eq(insn.reg, SEG_SS);
	ck_assert_uint_eq(insn.flags, INSN_SHADOW);
	insn = decode(64, "6467e4ff"); /* prefixes without effect */
	ck_assert_uint_eq(insn.imm, 0xff);
}
END_TEST

START_TEST(rex_counts_only_right_before_the_opcode)
{
	struct insn insn = decode(64, "4889c3");
	ck_assert_uint_eq(insn.opsize, 8);
	ck_assert_uint_eq(insn.rex, 1);
	insn = decode(64, "482e0f20c0");
	ck_assert_uint_eq(insn.rex, 0);
	ck_assert_uint_eq(insn.rm, RAX);
}
END_TEST

START_TEST(more_than_15_bytes_is_told_apart)
{
	uint8_t bytes[16];
	struct insn insn;
	memset(bytes, 0x66, sizeof(bytes));
	ck_assert_int_eq(decode_insn(decoder, bytes, 14, 64, &insn), DECODE_TRUNCATED);
	ck_assert_int_eq(decode_insn(decoder, bytes, 15, 64, &insn), DECODE_OK);
	ck_assert_uint_eq(insn.sys, SYS_UD);
	ck_assert_uint_eq(insn.len, 15);
	ck_assert_uint_eq(insn.imm, 1);
	bytes[14] = 0x90;
	ck_assert_int_eq(decode_insn(decoder, bytes, 15, 64, &insn), DECODE_OK);
	ck_assert_uint_eq(insn.sys, SYS_NONE);
	ck_assert_uint_eq(insn.len, 15);
}
END_TEST

START_TEST(offset_is_truncated_to_the_address_size)
{
	static struct cpu cpu;
	cpu.gpr[RAX] = 0xfffffffffffffff0;
	cpu.gpr[RBX] = 0x1fff8;
	cpu.gpr[RSI] = 0x10;
	cpu.rip = 0x100000000;
	struct insn insn = decode(64, "8b40f8");
	ck_assert_uint_eq(insn_offset(&cpu, &insn), 0xffffffffffffffe8);
	insn = decode(64, "678b40f8");
	ck_assert_uint_eq(insn_offset(&cpu, &insn), 0xffffffe8);
	insn = decode(16, "8b00");
	ck_assert_uint_eq(insn_offset(&cpu, &insn), 0x0008);
	insn = decode(64, "8b0510000000");
	ck_assert_uint_eq(insn_offset(&cpu, &insn), 0x100000016);
	insn = decode(64, "8b04f0");
	ck_assert_uint_eq(insn_offset(&cpu, &insn), 0x70);
}
END_TEST

static const char *const offered[FEATURE_COUNT] = {
    [FEATURE_SSE3] = "f20f7cc1",	  /* haddps xmm0, xmm1 */
    [FEATURE_PCLMULQDQ] = "660f3a44c100", /* pclmulqdq xmm0, xmm1, 0 */
    [FEATURE_SSSE3] = "660f3800c1",	  /* pshufb xmm0, xmm1 */
    [FEATURE_CMPXCHG16B] = "480fc708",	  /* cmpxchg16b [rax] */
    [FEATURE_SSE4_1] = "660f3a0ac100",	  /* roundss xmm0, xmm1, 0 */
    [FEATURE_SSE4_2] = "660f3837c1",	  /* pcmpgtq xmm0, xmm1 */
    [FEATURE_MOVBE] = "0f38f000",	  /* movbe eax, [rax] */
    [FEATURE_POPCNT] = "f30fb8c1",	  /* popcnt eax, ecx */
    [FEATURE_AES] = "660f38dcc1",	  /* aesenc xmm0, xmm1 */
    [FEATURE_FPU] = "d8c1",		  /* fadd st, st(1) */
    [FEATURE_CX8] = "0fc708",		  /* cmpxchg8b [rax] */
    [FEATURE_CMOV] = "0f44c1",		  /* cmove eax, ecx */
    [FEATURE_CLFSH] = "0fae38",		  /* clflush [rax] */
    [FEATURE_MMX] = "0f77",		  /* emms */
    [FEATURE_FXSR] = "0fae00",		  /* fxsave [rax] */
    [FEATURE_SSE] = "0f58c1",		  /* addps xmm0, xmm1 */
    [FEATURE_SSE2] = "660f58c1",	  /* addpd xmm0, xmm1 */
    [FEATURE_CLFLUSHOPT] = "660fae38",	  /* clflushopt [rax] */
    [FEATURE_CLWB] = "660fae30",	  /* clwb [rax] */
    [FEATURE_LAHF64] = "9f",		  /* lahf */
    [FEATURE_PREFETCHW] = "0f0d08",	  /* prefetchw [rax] */
};

START_TEST(offered_feature_is_decoded)
{
	ck_assert_msg(offered[_i] != NULL, "feature %d has no example", _i);
	ck_assert_msg(decode(64, offered[_i]).sys != SYS_UD, "%s", offered[_i]);
}
END_TEST

static uint64_t xorshift(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

/* One random string: decoded within bounds, and alike from a struct that held something else and from no more bytes than its own. */
static bool decodes_alike(const uint8_t *bytes, unsigned width)
{
	struct insn first, again;
	memset(&first, 0xaa, sizeof(first));
	memset(&again, 0x55, sizeof(again));
	if (decode_insn(decoder, bytes, 15, width, &first) != DECODE_OK)
		return false;
	if (first.len < 1 || first.len > 15 || first.sys >= SYSOP_COUNT || first.cls >= CLASS_COUNT)
		return false;
	if (decode_insn(decoder, bytes, first.len, width, &again) != DECODE_OK)
		return false;
	return first.len == again.len && first.sys == again.sys && first.flags == again.flags && first.disp == again.disp;
}

START_TEST(random_bytes_decode_within_15_bytes)
{
	static const unsigned widths[] = {16, 32, 64};
	uint64_t seed = 0x9e3779b97f4a7c15;
	for (unsigned i = 0; i < 1000000; i++) {
		uint64_t raw[2] = {xorshift(&seed), xorshift(&seed)};
		if (!decodes_alike((const uint8_t *)raw, widths[_i]))
			ck_abort_msg("%u-bit %016llx%016llx", widths[_i], (unsigned long long)raw[1], (unsigned long long)raw[0]);
	}
}
END_TEST

START_TEST(text_is_in_intel_syntax)
{
	char text[80];
	ck_assert_uint_eq(decode_text(decoder, (const uint8_t *)"\x48\x01\x18", 3, 64, 0, text, sizeof(text)), 3);
	ck_assert_str_eq(text, "add qword ptr [rax], rbx");
	ck_assert_uint_eq(decode_text(decoder, (const uint8_t *)"\xeb\xfe", 2, 16, 0x7c00, text, sizeof(text)), 2);
	ck_assert_str_eq(text, "jmp 0x7c00");
	ck_assert_uint_eq(decode_text(decoder, (const uint8_t *)"\x06", 1, 64, 0, text, sizeof(text)), 0);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *t = tcase_create("decode");
	tcase_add_checked_fixture(t, open_decoder, close_decoder);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, encoding_has_its_facts, 0, (int)ARRAY_LEN(facts));
	tcase_add_loop_test(t, memory_operand_is_read, 0, (int)ARRAY_LEN(operands));
	tcase_add_test(t, registers_and_immediates_are_read);
	tcase_add_test(t, rex_counts_only_right_before_the_opcode);
	tcase_add_test(t, more_than_15_bytes_is_told_apart);
	tcase_add_test(t, offset_is_truncated_to_the_address_size);
	tcase_add_loop_test(t, offered_feature_is_decoded, 0, FEATURE_COUNT);
	tcase_add_loop_test(t, random_bytes_decode_within_15_bytes, 0, 3);
	tcase_add_test(t, text_is_in_intel_syntax);
	suite_add_tcase(suite, t);
}

TEST_MAIN("decode", add_cases)
