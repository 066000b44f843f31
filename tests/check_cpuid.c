/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID: the table, and the fields that follow the state. */
#include "emu/cpuid.h"
#include "emu/xsave.h"
#include "tests/sysinsn_fixture.h"

static bool same(struct cpuid a, struct cpuid b)
{
	return a.eax == b.eax && a.ebx == b.ebx && a.ecx == b.ecx && a.edx == b.edx;
}

static struct cpuid leaf(uint32_t number, uint32_t subleaf)
{
	return cpuid_read(&fix.cpu, number, subleaf);
}

START_TEST(the_instruction_writes_32_bits_of_four_registers_at_any_privilege)
{
	for (enum mode m = REAL; m < MODES; m++) {
		struct cpu *cpu = fixture_enter(m, m == REAL ? 0 : 3);
		cpu->gpr[RAX] = ~0ull << 32;
		cpu->gpr[RBX] = cpu->gpr[RCX] = cpu->gpr[RDX] = ~0ull;
		ck_assert(fixture_run(sys_CPUID, insn_registers(0, 0, 4), NULL));
		ck_assert_uint_eq(cpu->gpr[RAX], 0x16);
		ck_assert_uint_eq(cpu->gpr[RBX], 0x756e6547);
		ck_assert_uint_eq(cpu->gpr[RDX], 0x49656e69);
		ck_assert_uint_eq(cpu->gpr[RCX], 0x6c65746e);
	}
}
END_TEST

START_TEST(leaves_out_of_range_give_the_highest_basic_leaf)
{
	static const uint32_t beyond[] = {0x17, 0x1000, 0x40000000, 0x7fffffff, 0x80000009, 0xc0000000, ~0u};

	for (unsigned i = 0; i < ARRAY_LEN(beyond); i++)
		ck_assert_msg(same(leaf(beyond[i], 0), leaf(0x16, 0)), "%x", beyond[i]);
}
END_TEST

START_TEST(leaves_in_range_but_not_offered_are_zero)
{
	static const uint32_t empty[] = {3, 8, 9, 0xa, 0xc, 0xe, 0xf, 0x10, 0x12, 0x14, 0x80000005};

	for (unsigned i = 0; i < ARRAY_LEN(empty); i++)
		ck_assert_msg(same(leaf(empty[i], 0), (struct cpuid){0, 0, 0, 0}), "%x", empty[i]);
	ck_assert(same(leaf(7, 1), (struct cpuid){0, 0, 0, 0}));
	ck_assert(same(leaf(4, 4), (struct cpuid){0, 0, 0, 0}));
	ck_assert(same(leaf(0xd, 2), (struct cpuid){0, 0, 0, 0}));
}
END_TEST

START_TEST(bits_that_follow_the_state)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	ck_assert(!(leaf(1, 0).ecx & BIT(27)));
	cpu->cr4 |= CR4_OSXSAVE;
	ck_assert(leaf(1, 0).ecx & BIT(27));
	ck_assert(!(leaf(7, 0).ecx & BIT(4)));
	cpu->cr4 |= CR4_PKE;
	ck_assert(leaf(7, 0).ecx & BIT(4));
	ck_assert(leaf(1, 0).edx & BIT(9));
	cpu->apic_base &= ~BIT(11);
	ck_assert(!(leaf(1, 0).edx & BIT(9)));
	ck_assert(!(leaf(1, 0).ecx & BIT(5)));
	cpu->vmx = (struct vmx *)&fix; /* offered, not used here */
	ck_assert(leaf(1, 0).ecx & BIT(5));
	ck_assert(!(leaf(1, 0).ecx & BIT(31))); /* no hypervisor */
}
END_TEST

START_TEST(misc_enable_hides_features)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	ck_assert(leaf(1, 0).ecx & BIT(3));
	ck_assert(leaf(0x80000001, 0).edx & BIT(20));
	cpu->misc_enable = BIT(22) | BIT(34);
	ck_assert(!(leaf(1, 0).ecx & BIT(3)));
	ck_assert(!(leaf(0x80000001, 0).edx & BIT(20)));
	ck_assert_uint_eq(leaf(0, 0).eax, 2);
	ck_assert(same(leaf(7, 0), leaf(2, 0)));
}
END_TEST

START_TEST(syscall_is_reported_in_64_bit_mode_only)
{
	for (enum mode m = REAL; m < MODES; m++) {
		fixture_enter(m, 0);
		ck_assert_msg(!!(leaf(0x80000001, 0).edx & BIT(11)) == (m == LONG), "%s", mode_name[m]);
	}
}
END_TEST

/* Each CR4 bit that is offered has its feature, and each that is not has none. */
START_TEST(features_and_cr4_agree)
{
	static const struct {
		uint64_t cr4;
		uint32_t leaf;
		char reg;
		unsigned bit;
	} rows[] = {
	    {CR4_VME, 1, 'd', 1},	  {CR4_TSD, 1, 'd', 4},	   {CR4_DE, 1, 'd', 2},	      {CR4_PSE, 1, 'd', 3},
	    {CR4_PAE, 1, 'd', 6},	  {CR4_MCE, 1, 'd', 7},	   {CR4_PGE, 1, 'd', 13},     {CR4_OSFXSR, 1, 'd', 24},
	    {CR4_OSXMMEXCPT, 1, 'd', 25}, {CR4_UMIP, 7, 'c', 2},   {CR4_LA57, 7, 'c', 16},    {CR4_SMXE, 1, 'c', 6},
	    {CR4_FSGSBASE, 7, 'b', 0},	  {CR4_PCIDE, 1, 'c', 17}, {CR4_OSXSAVE, 1, 'c', 26}, {CR4_SMEP, 7, 'b', 7},
	    {CR4_SMAP, 7, 'b', 20},	  {CR4_PKE, 7, 'c', 3},
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpuid c = leaf(rows[i].leaf, 0);
		uint32_t reg = rows[i].reg == 'b' ? c.ebx : rows[i].reg == 'c' ? c.ecx : c.edx;
		ck_assert_msg(!!(reg & BIT(rows[i].bit)) == !!(CR4_OFFERED & rows[i].cr4), "CR4 bits %llx",
			      (unsigned long long)rows[i].cr4);
	}
}
END_TEST

START_TEST(nothing_the_engine_lacks_is_offered)
{
	ck_assert_uint_eq(leaf(1, 0).ecx & (BIT(12) | BIT(28) | BIT(29)), 0);				/* FMA, AVX, F16C */
	ck_assert_uint_eq(leaf(7, 0).ebx & (BIT(3) | BIT(5) | BIT(8) | BIT(4) | BIT(11) | BIT(16)), 0); /* BMI, AVX2, TSX, AVX-512 */
}
END_TEST

START_TEST(cache_leaves_multiply_to_their_sizes)
{
	static const uint32_t size[] = {32 << 10, 32 << 10, 256 << 10, 8 << 20};

	for (uint32_t i = 0; i < 4; i++) {
		struct cpuid c = leaf(4, i);
		ck_assert_uint_eq((c.ebx >> 22) + 1, i == 3 ? 16u : i == 2 ? 4u : 8u);
		ck_assert_uint_eq(((c.ebx >> 22) + 1) * (c.ecx + 1) * ((c.ebx & 0xfff) + 1), size[i]);
	}
}
END_TEST

START_TEST(topology_is_one_thread)
{
	for (uint32_t sub = 0; sub < 4; sub++) {
		struct cpuid c = leaf(0xb, sub);
		ck_assert_uint_eq(c.ecx & 0xff, sub);
		ck_assert_uint_eq(c.ecx >> 8, sub < 2 ? sub + 1 : 0);
		ck_assert_uint_eq(c.ebx, sub < 2);
	}
}
END_TEST

START_TEST(the_xsave_area_grows_with_xcr0)
{
	fix.cpu.xcr0 = XCR0_X87 | XCR0_SSE;
	ck_assert_uint_eq(leaf(0xd, 0).ebx, 576);
	fix.cpu.xcr0 |= XCR0_PKRU;
	ck_assert_uint_eq(leaf(0xd, 0).ebx, 2696);
	ck_assert_uint_eq(leaf(0xd, 0).ecx, 2696);
	ck_assert_uint_eq(leaf(0xd, 0).eax, 0x203);
	ck_assert_uint_eq(leaf(0xd, 9).eax + leaf(0xd, 9).ebx, 2696);
}
END_TEST

START_TEST(addresses_and_time)
{
	ck_assert_uint_eq(leaf(0x80000008, 0).eax, 46 | 57 << 8);
	struct cpuid c = leaf(0x15, 0);
	ck_assert_uint_eq((uint64_t)c.ecx * c.ebx / c.eax, CLOCK_HZ);
	ck_assert_uint_eq(leaf(1, 0).eax, CPU_SIGNATURE);
}
END_TEST

START_TEST(the_brand_string_is_text)
{
	char brand[49] = {0};

	for (uint32_t i = 0; i < 3; i++) {
		struct cpuid c = leaf(0x80000002 + i, 0);
		memcpy(brand + 16 * i, &c, 16);
	}
	ck_assert_str_eq(brand, "vtxray, a model of an Intel VT-x processor");
}
END_TEST

static void add_cpuid(TCase *tc)
{
	tcase_add_test(tc, the_instruction_writes_32_bits_of_four_registers_at_any_privilege);
	tcase_add_test(tc, leaves_out_of_range_give_the_highest_basic_leaf);
	tcase_add_test(tc, leaves_in_range_but_not_offered_are_zero);
	tcase_add_test(tc, bits_that_follow_the_state);
	tcase_add_test(tc, misc_enable_hides_features);
	tcase_add_test(tc, syscall_is_reported_in_64_bit_mode_only);
	tcase_add_test(tc, features_and_cr4_agree);
	tcase_add_test(tc, nothing_the_engine_lacks_is_offered);
	tcase_add_test(tc, cache_leaves_multiply_to_their_sizes);
	tcase_add_test(tc, topology_is_one_thread);
	tcase_add_test(tc, the_xsave_area_grows_with_xcr0);
	tcase_add_test(tc, addresses_and_time);
	tcase_add_test(tc, the_brand_string_is_text);
}

static void add_cases(Suite *suite)
{
	add_case(suite, "CPUID", add_cpuid);
}

TEST_MAIN("cpuid", add_cases)
