/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A contract between the decoder and Unicorn: every plain encoding (all opcodes of the four maps x prefixes x ModRM forms, in
 * code of each width) is run in a bare engine; its length and its memory accesses must be what decode_insn says. Where the engine reads
 * other bytes than the processor is listed in `known`. Capstone's lengths must be ours too, also for system instructions.
 */
#include "emu/codeblock.h"
#include "emu/decode.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>
#include <unicorn/unicorn.h>

enum { CODE = 0x1000, CODE_END = 0x5000, STACK = 0x6000, FRAME = 0x7000, TARGET = 0x8000, DATA = 0x9000, RAM = 1 << 20, ACCESS_MAX = 16 };

/* what one run of the engine showed */
struct observed {
	unsigned steps, size;	/* code hooks; the first one's size */
	unsigned reads, writes; /* callbacks */
	unsigned read_bytes, write_bytes;
	uint64_t first_read, first_write; /* addresses */
	int vector;
	uc_err error;
};

static const unsigned widths[] = {64, 32, 16};
static struct decoder *decoder;
static uint8_t ram[RAM] __attribute__((aligned(4096)));
static struct observed seen;
static uc_engine *uc;
static uc_context *fresh; /* what each run starts from; also clears the exception that the engine believes under way */
static unsigned code = CODE;

static void on_code(uc_engine *engine, uint64_t address, uint32_t size, void *user)
{
	(void)address, (void)user;
	if (seen.steps++ == 0)
		seen.size = size;
	else
		uc_emu_stop(engine);
}

static void on_memory(uc_engine *engine, uc_mem_type type, uint64_t address, int size, int64_t value, void *user)
{
	(void)engine, (void)value, (void)user;
	if (type == UC_MEM_READ) {
		if (seen.reads++ == 0)
			seen.first_read = address;
		seen.read_bytes += (unsigned)size;
	} else {
		if (seen.writes++ == 0)
			seen.first_write = address;
		seen.write_bytes += (unsigned)size;
	}
}

static void on_interrupt(uc_engine *engine, uint32_t vector, void *user)
{
	(void)user;
	if (seen.vector < 0)
		seen.vector = (int)vector;
	uc_emu_stop(engine);
}

/* Registers that keep every operand in RAM and every quotient small. */
static void set_registers(unsigned width)
{
	static const int ids64[GPR_COUNT] = {UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RBX, UC_X86_REG_RSP, UC_X86_REG_RBP,
					     UC_X86_REG_RSI, UC_X86_REG_RDI, UC_X86_REG_R8,  UC_X86_REG_R9,  UC_X86_REG_R10, UC_X86_REG_R11,
					     UC_X86_REG_R12, UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15};
	static const int ids32[8] = {UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX, UC_X86_REG_EBX,
				     UC_X86_REG_ESP, UC_X86_REG_EBP, UC_X86_REG_ESI, UC_X86_REG_EDI};
	const int *ids = width == 64 ? ids64 : ids32;
	for (unsigned i = 0; i < (width == 64 ? 16 : 8); i++) {
		uint64_t value = i == RAX ? 0x101 : i == RCX ? 1 : i == RDX ? 0 : i == RSP ? STACK : i == RBP ? FRAME : DATA;
		uc_reg_write(uc, ids[i], &value);
	}
	uint64_t flags = FLAG_FIXED;
	uc_reg_write(uc, UC_X86_REG_EFLAGS, &flags);
	uint64_t mask[2] = {~0ull, ~0ull}; /* of MASKMOVDQU */
	uc_reg_write(uc, UC_X86_REG_XMM3, mask);
}

static void engine_open(unsigned width)
{
	uc_hook hook;
	ck_assert_int_eq(uc_open(UC_ARCH_X86, width == 64 ? UC_MODE_64 : width == 32 ? UC_MODE_32 : UC_MODE_16, &uc), UC_ERR_OK);
	ck_assert_int_eq(uc_ctl_set_tcg_buffer_size(uc, 32 << 20), UC_ERR_OK);
	ck_assert_int_eq(uc_ctl_set_cpu_model(uc, UC_CPU_X86_SNOWRIDGE), UC_ERR_OK);
	ck_assert_int_eq(uc_mem_map_ptr(uc, 0, RAM, UC_PROT_ALL, ram), UC_ERR_OK);
	uint64_t cr4 = BIT(9) | BIT(10);
	ck_assert_int_eq(uc_reg_write(uc, UC_X86_REG_CR4, &cr4), UC_ERR_OK);
	uc_hook_add(uc, &hook, UC_HOOK_CODE, (void *)on_code, NULL, 1, 0);
	uc_hook_add(uc, &hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)on_memory, NULL, 1, 0);
	uc_hook_add(uc, &hook, UC_HOOK_INTR, (void *)on_interrupt, NULL, 1, 0);
	set_registers(width);
	ck_assert_int_eq(uc_context_alloc(uc, &fresh), UC_ERR_OK);
	ck_assert_int_eq(uc_context_save(uc, fresh), UC_ERR_OK);
}

static void run(const uint8_t *bytes, unsigned n)
{
	/* a fresh place for each, so that nothing stale is run */
	if ((code += 16) >= CODE_END) {
		uc_ctl_flush_tb(uc);
		code = CODE + 16;
	}
	memset(ram + code, 0xf4, 16); /* HLT after it: a short block to translate */
	memcpy(ram + code, bytes, n);
	memset(ram + DATA, 0, 64);
	memset(ram + TARGET, 0xf4, 16);
	ram[DATA + 0x10] = 1; /* a jump target, a divisor, bounds */
	ram[DATA + 0x11] = TARGET >> 8;
	memset(ram + DATA + 64, 0, 1024);
	memset(ram + STACK - 64, 0, 128);
	ram[STACK + 1] = TARGET >> 8; /* RET goes there */
	uc_context_restore(uc, fresh);
	seen = (struct observed){.vector = -1};
	seen.error = uc_emu_start(uc, code, 0xfffff, 0, 0);
}

/* how many memory operands of one kind the instruction has */
static unsigned operand_count(const struct insn *insn)
{
	if (insn->opcode == 0x60 || insn->opcode == 0x61) /* PUSHA; POPA skips ESP */
		return !(insn->flags & INSN_STACK) ? 1 : insn->opcode == 0x60 ? 8 : 7;
	if (insn->opcode == 0xa6 || insn->opcode == 0xa7) /* CMPS */
		return insn->cls == CLASS_STRING ? 2 : 1;
	return insn->opcode == 0x62 && !(insn->flags & INSN_MMX) && !(insn->flags & INSN_SSE) ? 2 : 1; /* BOUND */
}

/* Instructions of which the engine reads other bytes than the architecture has. */
static const struct {
	uint8_t opcode, memsize;
	uint32_t flag; /* tells the opcode's map, or prefix, apart */
	unsigned bytes;
} known[] = {
    {0xd9, 28, INSN_X87, 6},   {0xd9, 14, INSN_X87, 6},	 /* FLDENV: control, status, tag word; the pointers are dropped */
    {0xdd, 108, INSN_X87, 86}, {0xdd, 94, INSN_X87, 86}, /* FRSTOR: those, and the registers */
    {0x60, 4, INSN_MMX, 8},    {0x61, 4, INSN_MMX, 8},	 /* PUNPCKLBW, PUNPCKLWD of MMX: 4 are used */
    {0x62, 4, INSN_MMX, 8},				 /* PUNPCKLDQ of MMX */
    {0x5a, 8, INSN_SSE, 16},   {0xe6, 8, INSN_SSE, 16},	 /* CVTPS2PD, CVTDQ2PD: 8 are used */
    {0x2c, 8, INSN_MMX, 16},   {0x2d, 8, INSN_MMX, 16},	 /* CVTTPS2PI, CVTPS2PI: 8 are used */
    {0x0a, 4, INSN_SSE, 16},   {0x0b, 8, INSN_SSE, 16},	 /* ROUNDSS, ROUNDSD: 4 or 8 are used */
    {0xf6, 1, INSN_LOCK, 2},   {0xf7, 2, INSN_LOCK, 4},	 /* LOCK NEG: a read, then compare and exchange */
    {0xf7, 4, INSN_LOCK, 8},   {0xf7, 8, INSN_LOCK, 16},
};

static bool reads_differ(const struct insn *insn)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (insn->opcode == known[i].opcode && insn->memsize == known[i].memsize && (insn->flags & known[i].flag))
			return seen.read_bytes == known[i].bytes;
	return false;
}

static const char *check_accesses(const struct insn *insn)
{
	bool reads = insn->flags & INSN_READ, writes = insn->flags & INSN_WRITE;
	if (reads != (seen.reads > 0))
		return reads ? "read not seen" : "unexpected read";
	bool maskmovq = insn->opcode == 0xf7 && (insn->flags & INSN_MMX); /* its mask is 0 here: writes nothing */
	if (writes != (seen.writes > 0) && !maskmovq)
		return writes ? "write not seen" : "unexpected write";
	if (!(insn->flags & INSN_MULTI) && (seen.reads > 1 || seen.writes > 1))
		return "several callbacks";
	int pieces = codeblock_pieces(insn);
	if (pieces >= 0 && (unsigned)pieces != seen.reads + seen.writes)
		return "callbacks in a block";
	if ((insn->flags & INSN_RMW) && (seen.first_read != seen.first_write))
		return "read and write apart";
	unsigned count = operand_count(insn);
	if (insn->memsize && reads && seen.read_bytes != insn->memsize * count && !reads_differ(insn))
		return "bytes read";
	if (insn->memsize && writes && seen.write_bytes != insn->memsize * count)
		return "bytes written";
	return NULL;
}

/* NULL if the engine does what the decoder says */
static const char *check_run(const struct insn *insn)
{
	if (seen.error == UC_ERR_INSN_INVALID || seen.vector == VEC_UD)
		return "engine: invalid";
	if (seen.vector == VEC_DE && insn->cls == CLASS_DIV)
		return NULL;
	if (seen.vector == VEC_BR && insn->opcode == 0x62)
		return NULL;
	if (seen.vector >= 0)
		return "engine: exception";
	if (seen.error)
		return "engine: error";
	if (seen.size != insn->len)
		return "length";
	return check_accesses(insn);
}

static unsigned failures, runs;

/* Capstone 5 loses a byte of INVEPT and its kin in 16-bit code, and of RET imm16 with both 66 and REX.W. */
static bool capstone_errs(unsigned width, const struct insn *insn)
{
	return (width == 16 && insn->sys && insn->memsize == 16) || (width == 64 && insn->rex && insn->opcode == 0xc2);
}

static const char *check_decoded(unsigned width, const uint8_t *bytes, const struct insn *insn)
{
	char text[96] = "";
	unsigned length = decode_text(decoder, bytes, 15, width, code, text, sizeof(text));
	if (insn->sys == SYS_UD)
		return NULL;
	if (length && length != insn->len && !capstone_errs(width, insn))
		return "Capstone: length";
	if (insn->sys != SYS_NONE)
		return NULL;
	runs++;
	run(bytes, insn->len);
	return check_run(insn);
}

/* Returns whether the instruction has, or may have, a ModRM. */
static bool check_bytes(unsigned width, const uint8_t *bytes)
{
	struct insn insn;
	if (decode_insn(decoder, bytes, 15, width, &insn) != DECODE_OK)
		ck_abort_msg("truncated");
	const char *wrong = check_decoded(width, bytes, &insn);
	if (wrong && failures++ < 20) {
		fprintf(stderr, "%u-bit ", width);
		for (unsigned i = 0; i < insn.len; i++)
			fprintf(stderr, "%02x", bytes[i]);
		fprintf(stderr, ": %s; length %u, reads %u (%u bytes), writes %u (%u bytes), vector %d, error %d\n", wrong, seen.size,
			seen.reads, seen.read_bytes, seen.writes, seen.write_bytes, seen.vector, (int)seen.error);
	}
	return insn.sys == SYS_UD || (insn.flags & INSN_MEM) || insn.rm != REG_NONE;
}

static const char *const prefixes64[] = {"",	     "\x66",	 "\xf3", "\xf2", "\x48",     "\x66\x48",
					 "\xf3\x48", "\xf2\x48", "\x67", "\xf0", "\x66\xf3", "\x66\xf2"};
static const char *const prefixes32[] = {"", "\x66", "\xf3", "\xf2", "\x67", "\xf0", "\x66\xf3", "\x66\xf2"};
static const char *const maps[] = {"", "\x0f", "\x0f\x38", "\x0f\x3a"};

static bool is_prefix(unsigned width, uint8_t opcode)
{
	static const uint8_t prefix[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};
	return memchr(prefix, opcode, sizeof(prefix)) || (width == 64 && (opcode & 0xf0) == 0x40);
}

static void check_opcode(unsigned width, const char *prefix, const char *map, unsigned opcode)
{
	uint8_t bytes[16] = {0};
	size_t n = 0;
	for (; prefix[n]; n++)
		bytes[n] = (uint8_t)prefix[n];
	for (size_t i = 0; map[i]; i++)
		bytes[n++] = (uint8_t)map[i];
	bytes[n++] = (uint8_t)opcode;
	uint8_t *modrm = bytes + n;
	bool all = !map[0] && (opcode & 0xf8) == 0xd8; /* x87 */
	all |= map[0] && !map[1] && (opcode == 0x01 || opcode == 0xae || opcode == 0xc7);
	for (unsigned byte = 0; byte < 256; byte++) {
		if (byte < 0xc0 ? (byte & 0xc7) != 0x47 : !all && (byte & 7) != 3)
			continue;
		modrm[0] = (uint8_t)byte;
		modrm[1] = byte < 0xc0 ? 0x10 : 1; /* displacement or immediate */
		if (!check_bytes(width, bytes))
			break;
	}
}

static void check_map(unsigned width, const char *prefix, const char *map)
{
	for (unsigned opcode = 0; opcode < 256; opcode++)
		if (*map ? !(map[0] == 0x0f && !map[1] && (opcode == 0x38 || opcode == 0x3a))
			 : !is_prefix(width, (uint8_t)opcode) && opcode != 0x0f)
			check_opcode(width, prefix, map, opcode);
}

START_TEST(engine_reads_plain_encodings_as_we_do)
{
	unsigned width = widths[_i];
	ck_assert_int_eq(decoder_new(&decoder), 0);
	engine_open(width);
	const char *const *prefix = width == 64 ? prefixes64 : prefixes32;
	size_t count = width == 64 ? ARRAY_LEN(prefixes64) : ARRAY_LEN(prefixes32);
	for (size_t p = 0; p < count; p++)
		for (size_t m = 0; m < ARRAY_LEN(maps); m++)
			check_map(width, prefix[p], maps[m]);
	uc_context_free(fresh);
	uc_close(uc);
	decoder_free(decoder);
	ck_assert_uint_eq(failures, 0);
	ck_assert_uint_gt(runs, 20000);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *t = tcase_create("engine");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, engine_reads_plain_encodings_as_we_do, 0, (int)ARRAY_LEN(widths));
	suite_add_tcase(suite, t);
}

TEST_MAIN("decode_engine", add_cases)
