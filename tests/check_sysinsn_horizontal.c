/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PHADD and PHSUB of a register with itself: results worked out by hand, and availability. */
#include "tests/sysinsn_fixture.h"

static struct insn phadd(uint8_t opcode, uint32_t flag, uint8_t reg)
{
	return (struct insn){
	    .len = 4, .opcode = opcode, .flags = flag | INSN_FX, .reg = reg, .rm = reg, .base = REG_NONE, .index = REG_NONE};
}

/* words 0001 7fff 8000 ffff 0002 0003 1234 0004, from the lowest */
static const uint64_t low = 0xffff80007fff0001, high = 0x0004123400030002;

START_TEST(xmm_result_is_the_pairs_in_both_halves)
{
	static const struct {
		uint8_t opcode;
		uint64_t result;
	} rows[] = {
	    {0x01, 0x123800057fff8000}, {0x02, 0x000712367ffe8001}, {0x03, 0x1238000580007fff},
	    {0x05, 0x1230ffff80018002}, {0x06, 0xfffeedce7fff8001}, {0x07, 0x1230ffff80018002},
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpu *cpu = fixture_enter(LONG, 3);
		uint64_t out[2];

		cpu->cr4 |= CR4_OSFXSR;
		memcpy(cpu->fx + 160 + 16 * 9, (const uint64_t[]){low, high}, 16);
		ck_assert(fixture_run(sys_PHADD_SAME, phadd(rows[i].opcode, INSN_SSE, 9), NULL));
		memcpy(out, cpu->fx + 160 + 16 * 9, 16);
		ck_assert_msg(out[0] == rows[i].result && out[1] == rows[i].result, "%02x: %016lx %016lx", rows[i].opcode, out[1], out[0]);
	}
}
END_TEST

START_TEST(mmx_register_is_found_whatever_top_says)
{
	for (unsigned top = 0; top < 8; top++) {
		struct cpu *cpu = fixture_enter(LONG, 3);
		uint64_t mark = 0x1122334455667788, out[2];

		memset(cpu->fx, 0, sizeof(cpu->fx));
		cpu->fx[3] = (uint8_t)(top << 3 | 0x40);	       /* status word: TOP, C3 */
		memcpy(cpu->fx + 32 + 16 * ((1 - top) & 7), &low, 8);  /* MM1 */
		memcpy(cpu->fx + 32 + 16 * ((6 - top) & 7), &mark, 8); /* MM6 */
		ck_assert(fixture_run(sys_PHADD_SAME, phadd(0x01, INSN_MMX, 1), NULL));
		memcpy(out, cpu->fx + 32 + 16, 16);
		ck_assert_msg(out[0] == 0x7fff80007fff8000 && out[1] == 0xffff, "TOP %u: %016lx %016lx", top, out[1], out[0]);
		ck_assert_mem_eq(cpu->fx + 32 + 16 * 6, &mark, 8);
		ck_assert_uint_eq(cpu->fx[3], 0x40);
		ck_assert_uint_eq(cpu->fx[4], 0xff);
	}
}
END_TEST

START_TEST(unavailable_is_ud_or_nm)
{
	static const struct {
		uint32_t flag;
		uint64_t cr0, cr4;
		int vector;
	} rows[] = {
	    {INSN_SSE, 0, CR4_OSFXSR, -1},	    {INSN_SSE, 0, 0, VEC_UD},	   {INSN_SSE, CR0_EM, CR4_OSFXSR, VEC_UD},
	    {INSN_SSE, CR0_TS, CR4_OSFXSR, VEC_NM}, {INSN_SSE, CR0_TS, 0, VEC_UD}, {INSN_MMX, 0, 0, -1},
	    {INSN_MMX, CR0_EM | CR0_TS, 0, VEC_UD}, {INSN_MMX, CR0_TS, 0, VEC_NM},
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpu *cpu = fixture_enter(LONG, 3);

		memset(cpu->fx, 0, sizeof(cpu->fx));
		cpu->cr0 |= rows[i].cr0;
		cpu->cr4 |= rows[i].cr4;
		ck_assert_msg(fixture_fault(sys_PHADD_SAME, phadd(0x01, rows[i].flag, 0)) == rows[i].vector, "row %u", i);
	}
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, xmm_result_is_the_pairs_in_both_halves);
	tcase_add_test(tc, mmx_register_is_found_whatever_top_says);
	tcase_add_test(tc, unavailable_is_ud_or_nm);
}

static void add_cases(Suite *suite)
{
	add_case(suite, "horizontal", add);
}

TEST_MAIN("sysinsn_horizontal", add_cases)
