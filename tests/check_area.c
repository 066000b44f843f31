/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FXRSTOR and FXSAVE, by instruction and by our own code: what is saved after areas of random bytes have been restored, byte for byte, and
 * which bytes are left alone. SDM 2A, "FXSAVE - Save x87 FPU, MMX Technology, and SSE State": the layout; bytes 464 to 511 are never
 * written, nor are those that are reserved by this implementation (Unicorn's); SDM 1, "x87 FPU Status Register": B is ES.
 */
#include "tests/machine_state.h"
#include "tests/test.h"

#include <string.h>

enum { AREAS = 48, AREA = 512, FROM = BOX_DATA, TO = BOX_DATA + AREAS * AREA, LEFT = 0xee };
static_assert(TO + AREAS * AREA <= BOX_LOG, "the areas lie below the log");

BOX_ASM(areas, "mov esi,0x180000; mov edi,0x186000; mov ecx,48; 1: mov al,[rsi]; fxrstor64 [rsi]; fxsave64 [rdi]; add rsi,512; add "
	       "rdi,512; dec ecx; jnz 1b; hlt");

static const enum account accounts[] = {ACCOUNT_INSN, ACCOUNT_BLOCK, ACCOUNT_FAST};
static uint64_t state = 1;

static uint8_t random_byte(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint8_t)(state >> 56);
}

static void make_area(uint8_t area[AREA])
{
	for (unsigned i = 0; i < AREA; i++)
		area[i] = random_byte();
	area[1] &= 0x1f; /* reserved bits of FCW, and of MXCSR */
	area[0] |= 0x40;
	area[26] = area[27] = 0;
}

static void expect(const uint8_t from[AREA], uint8_t saved[AREA])
{
	memset(saved, LEFT, AREA);
	memcpy(saved, from, 5);
	saved[3] = (uint8_t)((saved[3] & 0x7f) | (saved[2] & 0x80));
	saved[5] = 0;
	memcpy(saved + 8, from + 8, 8); /* FIP; FDP is that of exceptions alone, and there were none */
	memset(saved + 16, 0, 8);
	memcpy(saved + 24, from + 24, 4);
	memcpy(saved + 28, (const uint8_t[]){0xff, 0xff, 0, 0}, 4);
	for (unsigned i = 0; i < 8; i++)
		memcpy(saved + 32 + 16 * i, from + 32 + 16 * i, 10);
	memcpy(saved + 160, from + 160, 256);
}

START_TEST(what_is_restored_is_saved)
{
	static struct box box;
	struct machine_config config = {.max_insns = 100000, .account = accounts[_i]};
	uint8_t saved[AREA];

	box_start_as(&box, &config);
	box.m.cpu.cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
	BOX_CODE_OF(&box, areas);
	for (unsigned i = 0; i < AREAS; i++)
		make_area(box.m.mem.host + FROM + i * AREA);
	memset(box.m.mem.host + TO, LEFT, AREAS * AREA);
	ck_assert_int_eq(machine_run(&box.m), END_HALTED);
	ck_assert_uint_eq(box_logged(&box), 0);
	ck_assert_uint_eq(box.m.cpu.gpr[RCX], 0);
	for (unsigned i = 0; i < AREAS; i++) {
		expect(box.m.mem.host + FROM + i * AREA, saved);
		ck_assert_mem_eq(box.m.mem.host + TO + i * AREA, saved, AREA);
	}
	box_stop(&box);
}
END_TEST

BOX_ASM(last_x87, "mov edi,0x186000; fld1; nop; fxsave64 [rdi]; hlt");

START_TEST(last_instruction_is_saved)
{
	static struct box box;
	struct machine_config config = {.max_insns = 100, .account = accounts[_i]};

	box_start_as(&box, &config);
	box.m.cpu.cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
	BOX_CODE_OF(&box, last_x87);
	ck_assert_int_eq(machine_run(&box.m), END_HALTED);
	ck_assert_uint_eq(mem_read(&box.m.mem, HPA(TO + 8), 8), BOX_CODE + 5);
	ck_assert_uint_eq(mem_read(&box.m.mem, HPA(TO + 6), 2), 0); /* FOP, of exceptions alone too */
	box_stop(&box);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("areas");

	tcase_add_loop_test(tc, what_is_restored_is_saved, 0, ARRAY_LEN(accounts));
	tcase_add_loop_test(tc, last_instruction_is_saved, 0, ARRAY_LEN(accounts));
	suite_add_tcase(suite, tc);
}

TEST_MAIN("area", add_cases)
