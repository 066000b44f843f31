/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory operands: limits, types, canonical addresses, alignment, page splits; general registers by size. */
#include "tests/segment_fixture.h"

/* One access and what becomes of it. */
static const struct {
	const char *name;
	enum mode mode;
	enum segreg seg;
	uint32_t ar, limit;
	uint64_t offset;
	unsigned size, kind;
	int vector;
} rows[] = {
    {"last byte", PROTECTED, SEG_DS, DATA, 0xfff, 0xfff, 1, ACC_READ, -1},
    {"one byte over", PROTECTED, SEG_DS, DATA, 0xfff, 0xffd, 4, ACC_READ, VEC_GP},
    {"over through SS", PROTECTED, SEG_SS, DATA, 0xfff, 0xffd, 4, ACC_READ, VEC_SS},
    {"over in real-address mode", REAL, SEG_DS, DATA, 0xffff, 0xffff, 2, ACC_READ, VEC_GP},
    {"over in virtual-8086 mode through SS", V86, SEG_SS, DATA, 0xffff, 0xffff, 2, ACC_WRITE, VEC_SS},
    {"wrap at 4 GiB", PROTECTED, SEG_DS, DATA, 0xffffffff, 0xffffffff, 2, ACC_READ, VEC_GP},
    {"unusable", PROTECTED, SEG_ES, AR_UNUSABLE, 0xffffffff, 0, 1, ACC_READ, VEC_GP},
    {"unusable SS", COMPAT, SEG_SS, AR_UNUSABLE, 0xffffffff, 0, 1, ACC_READ, VEC_SS},
    {"unusable in 64-bit mode", LONG, SEG_ES, AR_UNUSABLE, 0, 0x1000, 1, ACC_READ, -1},
    {"write to read-only data", PROTECTED, SEG_DS, DATA & ~(uint32_t)AR_RW, 0xfff, 0, 1, ACC_WRITE, VEC_GP},
    {"read of read-only data", PROTECTED, SEG_DS, DATA & ~(uint32_t)AR_RW, 0xfff, 0, 1, ACC_READ, -1},
    {"write to read-only data in 64-bit mode", LONG, SEG_DS, DATA & ~(uint32_t)AR_RW, 0xfff, 0x10000, 1, ACC_WRITE, -1},
    {"write to code", PROTECTED, SEG_CS, CODE32, 0xfff, 0, 1, ACC_WRITE, VEC_GP},
    {"read of readable code", PROTECTED, SEG_CS, CODE32, 0xfff, 0, 1, ACC_READ, -1},
    {"read of execute-only code", COMPAT, SEG_DS, CODE32 & ~(uint32_t)AR_RW, 0xfff, 0, 1, ACC_READ, VEC_GP},
    {"expand-down, at the limit", PROTECTED, SEG_DS, DATA | AR_DC, 0xfff, 0xfff, 1, ACC_READ, VEC_GP},
    {"expand-down, above the limit", PROTECTED, SEG_DS, DATA | AR_DC, 0xfff, 0x1000, 1, ACC_READ, -1},
    {"expand-down, 32-bit top", PROTECTED, SEG_DS, DATA | AR_DC, 0xfff, 0xffffffff, 2, ACC_READ, VEC_GP},
    {"expand-down, 16-bit top", PROTECTED, SEG_DS, (DATA & ~(uint32_t)AR_DB) | AR_DC, 0xfff, 0xffff, 2, ACC_READ, VEC_GP},
    {"expand-down, 16-bit inside", PROTECTED, SEG_DS, (DATA & ~(uint32_t)AR_DB) | AR_DC, 0xfff, 0xfffe, 2, ACC_READ, -1},
    {"last canonical", LONG, SEG_DS, DATA, 0, 0x7ffffffffff8, 8, ACC_READ, -1},
    {"across the end of canonical", LONG, SEG_DS, DATA, 0, 0x7ffffffffffc, 8, ACC_READ, VEC_GP},
    {"not canonical", LONG, SEG_DS, DATA, 0, 0x800000000000, 1, ACC_READ, VEC_GP},
    {"not canonical through SS", LONG, SEG_SS, DATA, 0, 0xffff7fffffffffff, 1, ACC_READ, VEC_SS},
    {"upper half", LONG, SEG_DS, DATA, 0, 0xffff800000000000, 8, ACC_READ, -1},
};

START_TEST(segment_checks)
{
	struct cpu *cpu = segment_enter(rows[_i].mode, 0);
	gla_t gla;
	cpu->seg[rows[_i].seg].ar = rows[_i].ar;
	if (rows[_i].seg == SEG_CS && rows[_i].mode == LONG)
		cpu->seg[SEG_CS].ar |= AR_L;
	cpu->seg[rows[_i].seg].limit = rows[_i].limit;
	bool done = memop_linear(cpu, rows[_i].seg, rows[_i].offset, rows[_i].size, rows[_i].kind, &gla);
	expect_fault(rows[_i].name, rows[_i].vector, cpu_protected(cpu) ? 0 : -1);
	ck_assert_msg(done == (rows[_i].vector < 0), "%s", rows[_i].name);
}
END_TEST

START_TEST(bases_of_64_bit_mode_are_those_of_fs_and_gs)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	for (enum segreg seg = SEG_ES; seg < SEG_COUNT; seg++) {
		gla_t gla;
		cpu->seg[seg].base = 0x100000000;
		ck_assert(memop_linear(cpu, seg, 0x10, 1, ACC_READ, &gla));
		ck_assert_uint_eq(gla.u, seg >= SEG_FS ? 0x100000010 : 0x10);
	}
}
END_TEST

START_TEST(linear_addresses_wrap_at_4_gib_outside_64_bit_mode)
{
	struct cpu *cpu = segment_enter(PROTECTED, 0);
	uint64_t value;
	cpu->seg[SEG_DS].base = 0xfffffff0;
	mem_write(&fix.mem, HPA(0), 0xabcd, 2);
	ck_assert(memop_read(cpu, SEG_DS, 0x10, 2, &value));
	ck_assert_uint_eq(value, 0xabcd);
}
END_TEST

START_TEST(alignment_is_checked_at_cpl_3_with_am_and_ac)
{
	for (unsigned bits = 0; bits < 8; bits++)
		for (unsigned size = 1; size <= 8; size *= 2)
			for (unsigned at = 0; at < 8; at++) {
				struct cpu *cpu = segment_enter(LONG, bits & 1 ? 3 : 0);
				uint64_t value;
				cpu->cr0 |= bits & 2 ? CR0_AM : 0;
				cpu->rflags |= bits & 4 ? FLAG_AC : 0;
				bool fault = bits == 7 && (at & (size - 1));
				ck_assert(memop_read(cpu, SEG_DS, LAYOUT_DATA + at, size, &value) == !fault);
				expect_fault("misaligned", fault ? VEC_AC : -1, 0);
			}
}
END_TEST

START_TEST(an_access_across_pages_reads_both)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	uint64_t value;
	mem_write(&fix.mem, HPA(0x10ff8), 0x8877665544332211, 8);
	mem_write(&fix.mem, HPA(0x11000), 0xffeeddccbbaa9988, 8);
	ck_assert(memop_read(cpu, SEG_DS, 0x10ffd, 8, &value));
	ck_assert_uint_eq(value, 0xccbbaa9988887766);
	ck_assert(memop_write(cpu, SEG_DS, 0x10ffd, 8, 0x0102030405060708));
	ck_assert_uint_eq(mem_read(&fix.mem, HPA(0x10ff8), 8), 0x0607085544332211);
	ck_assert_uint_eq(mem_read(&fix.mem, HPA(0x11000), 8), 0xffeedd0102030405);
}
END_TEST

START_TEST(nothing_is_written_when_the_second_page_faults)
{
	struct cpu *cpu = segment_enter(LONG, 3);
	mem_write(&fix.mem, HPA(LAYOUT_HOLE - 8), 0, 8);
	ck_assert(!memop_write(cpu, SEG_DS, LAYOUT_HOLE - 4, 8, ~0ull));
	expect_fault("second page", VEC_PF, PF_W | PF_U);
	ck_assert_uint_eq(cpu->pending.cr2, LAYOUT_HOLE);
	ck_assert_uint_eq(mem_read(&fix.mem, HPA(LAYOUT_HOLE - 8), 8), 0);
}
END_TEST

START_TEST(accesses_are_counted_except_implicit_ones)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	uint64_t value;
	ck_assert(memop_read(cpu, SEG_DS, LAYOUT_DATA, 8, &value) && memop_write(cpu, SEG_DS, LAYOUT_DATA, 8, 1));
	ck_assert(linear_read(cpu, GLA(LAYOUT_DATA), 8, ACC_READ | ACC_IMPLICIT, &value));
	ck_assert(linear_probe(cpu, GLA(LAYOUT_DATA), 8, ACC_WRITE));
	ck_assert_uint_eq(cpu->insn_loads, 1);
	ck_assert_uint_eq(cpu->insn_stores, 1);
}
END_TEST

START_TEST(registers_by_size)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	struct insn plain = {.rex = 0}, rex = {.rex = 1};
	cpu->gpr[RAX] = 0x8877665544332211;
	cpu->gpr[RSP] = 0x99;
	ck_assert_uint_eq(reg_read(cpu, &plain, 4, 1), 0x22);
	ck_assert_uint_eq(reg_read(cpu, &rex, 4, 1), 0x99);
	reg_write(cpu, &plain, 4, 1, 0xaa);
	ck_assert_uint_eq(cpu->gpr[RAX], 0x887766554433aa11);
	reg_write(cpu, &plain, RAX, 2, 0xffffbeef);
	ck_assert_uint_eq(cpu->gpr[RAX], 0x887766554433beef);
	reg_write(cpu, &plain, RAX, 4, 0xffffffff12345678);
	ck_assert_uint_eq(cpu->gpr[RAX], 0x12345678);
}
END_TEST

START_TEST(reset_leaves_the_state_of_the_sdm)
{
	struct cpu *cpu = segment_enter(LONG, 3);
	cpu->clock = 5;
	cpu_reset(cpu);
	ck_assert_uint_eq(cpu->rip, 0xfff0);
	ck_assert_uint_eq(cpu->rflags, 2);
	ck_assert_uint_eq(cpu->cr0, 0x60000010);
	ck_assert_uint_eq(cpu->seg[SEG_CS].base, 0xffff0000);
	ck_assert_uint_eq(cpu->seg[SEG_CS].selector, 0xf000);
	ck_assert_uint_eq(cpu->seg[SEG_DS].limit, 0xffff);
	ck_assert_uint_eq(cpu->idtr.limit, 0xffff);
	ck_assert_uint_eq(cpu->dr[6], 0xffff0ff0);
	ck_assert_uint_eq(cpu->dr[7], 0x400);
	ck_assert_uint_eq(cpu->gpr[RDX], CPU_SIGNATURE);
	ck_assert_uint_eq(cpu->efer | cpu->cr4 | cpu->cpl | cpu->clock, 0);
	ck_assert_uint_eq(cpu->mmu.mode.levels, 0);
}
END_TEST

static void add_memop(TCase *tc)
{
	tcase_add_loop_test(tc, segment_checks, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, bases_of_64_bit_mode_are_those_of_fs_and_gs);
	tcase_add_test(tc, linear_addresses_wrap_at_4_gib_outside_64_bit_mode);
	tcase_add_test(tc, alignment_is_checked_at_cpl_3_with_am_and_ac);
	tcase_add_test(tc, an_access_across_pages_reads_both);
	tcase_add_test(tc, nothing_is_written_when_the_second_page_faults);
	tcase_add_test(tc, accesses_are_counted_except_implicit_ones);
	tcase_add_test(tc, registers_by_size);
	tcase_add_test(tc, reset_leaves_the_state_of_the_sdm);
}

static void add_cases(Suite *suite)
{
	add_case(suite, "memory operands", add_memop);
}

TEST_MAIN("memop", add_cases)
