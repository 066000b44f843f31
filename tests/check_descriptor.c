/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors: decoding of segments and gates; where the tables end. */
#include "tests/segment_fixture.h"

/* Raw descriptors and what they say; the first four as common boot code has them. */
static const struct {
	uint64_t low;
	uint64_t base;
	uint32_t limit, ar;
} rows[] = {
    {0x00cf9a000000ffff, 0, 0xffffffff, 0xc09a},	  /* flat 32-bit code */
    {0x00af9a000000ffff, 0, 0xffffffff, 0xa09a},	  /* flat 64-bit code */
    {0x00009b000000ffff, 0, 0xffff, 0x009b},		  /* 16-bit code */
    {0x00cff3000000ffff, 0, 0xffffffff, 0xc0f3},	  /* user data, accessed */
    {0x12408b345678abcd, 0x12345678, 0xabcd, 0x408b},	  /* every byte of the base */
    {0xff8ff6ffffff0000, 0xffffffff, 0xf0000fff, 0x80f6}, /* high limit, granularity */
    {0x00101200000000ff, 0, 0xff, 0x1012},		  /* AVL, byte granularity */
};

START_TEST(segments_decode)
{
	const struct descriptor d = {.selector = 0x13, .low = rows[_i].low};
	struct segment s = descriptor_segment(&d);
	ck_assert_uint_eq(s.base, rows[_i].base);
	ck_assert_uint_eq(s.limit, rows[_i].limit);
	ck_assert_uint_eq(s.ar, rows[_i].ar);
	ck_assert_uint_eq(s.selector, 0x13);
}
END_TEST

START_TEST(a_16_byte_descriptor_has_a_64_bit_base)
{
	const struct descriptor d = {.low = 0x12008b3456780067, .high = 0xffff8000};
	ck_assert_uint_eq(descriptor_segment(&d).base, 0xffff800012345678);
}
END_TEST

START_TEST(gates_decode)
{
	const struct descriptor narrow = {.low = 0x1234ec1f0008abcd}, old = {.low = 0x1234e4050008abcd},
				wide = {.low = 0x1234ef070008abcd, .high = 0xffff8000};
	struct gate g = descriptor_gate(&narrow, false);
	ck_assert_uint_eq(g.offset, 0x1234abcd);
	ck_assert_uint_eq(g.selector, 8);
	ck_assert_uint_eq(g.type, TYPE_CALL_GATE);
	ck_assert_uint_eq(g.dpl, 3);
	ck_assert_uint_eq(g.params, 31);
	ck_assert(g.present);
	ck_assert_uint_eq(descriptor_gate(&old, false).offset, 0xabcd);
	g = descriptor_gate(&wide, true);
	ck_assert_uint_eq(g.offset, 0xffff80001234abcd);
	ck_assert_uint_eq(g.ist, 7);
}
END_TEST

START_TEST(a_descriptor_must_lie_whole_within_the_limit)
{
	struct cpu *cpu = segment_enter(PROTECTED, 0);
	struct descriptor d;
	for (unsigned limit = 0; limit < 0x30; limit++) {
		cpu->gdtr.limit = (uint16_t)limit;
		cpu->pending.kind = PENDING_NONE;
		ck_assert_int_eq(descriptor_read(cpu, S_DATA_0 | 3, VEC_TS, &d), limit >= S_DATA_0 + 7);
		expect_fault("limit", limit >= S_DATA_0 + 7 ? -1 : VEC_TS, S_DATA_0);
	}
}
END_TEST

START_TEST(an_unusable_ldt_holds_nothing)
{
	struct cpu *cpu = segment_enter(PROTECTED, 0);
	struct descriptor d;
	ck_assert(descriptor_read(cpu, S_IN_LDT, VEC_GP, &d));
	cpu->ldtr.ar = AR_UNUSABLE;
	ck_assert(!descriptor_read(cpu, S_IN_LDT, VEC_GP, &d));
	expect_fault("LDT", VEC_GP, S_IN_LDT);
}
END_TEST

START_TEST(ext_is_set_for_faults_during_delivery_of_hardware_events)
{
	struct cpu *cpu = segment_enter(PROTECTED, 0);
	static const uint8_t type[] = {EVTYPE_EXTERNAL, EVTYPE_NMI, EVTYPE_HARDWARE, EVTYPE_SOFT_INT, EVTYPE_PRIV_SOFT, EVTYPE_SOFT_EXC};
	for (unsigned i = 0; i < ARRAY_LEN(type); i++) {
		cpu->delivery = (struct delivery){.active = true, .type = type[i]};
		raise_error(cpu, VEC_NP, 0x20);
		bool software = type[i] == EVTYPE_SOFT_INT || type[i] == EVTYPE_SOFT_EXC;
		ck_assert_uint_eq(cpu->pending.error, software ? 0x20 : 0x21);
	}
}
END_TEST

START_TEST(the_accessed_bit_is_written_only_when_clear)
{
	struct cpu *cpu = segment_enter(PROTECTED, 0);
	struct descriptor d;
	ck_assert(descriptor_read(cpu, S_DATA_0, VEC_GP, &d) && descriptor_set_accessed(cpu, &d));
	ck_assert(gdt_entry(S_DATA_0) & BIT(40));
	d.gla = GLA(0x900000); /* a second write would be seen here */
	ck_assert(descriptor_set_accessed(cpu, &d));
	ck_assert_uint_eq(mem_read(&fix.mem, HPA(0x900005), 1), 0);
}
END_TEST

START_TEST(an_accessed_bit_on_a_read_only_page_faults_as_a_write)
{
	struct cpu *cpu = segment_enter(LONG, 0);
	cpu->cr0 |= CR0_WP;
	cpu_paging_changed(cpu);
	const uint64_t pde = LAYOUT_PD; /* of the first 2 MiB, the tables included */
	mem_write(&fix.mem, HPA(pde), mem_read(&fix.mem, HPA(pde), 8) & ~PTE_RW, 8);
	struct descriptor d;
	ck_assert(descriptor_read(cpu, S_DATA_0, VEC_GP, &d));
	ck_assert(!descriptor_set_accessed(cpu, &d));
	expect_fault("write", VEC_PF, PF_P | PF_W);
	ck_assert_uint_eq(cpu->pending.cr2, AT_GDT + S_DATA_0 + 5);
}
END_TEST

static void add_descriptors(TCase *tc)
{
	tcase_add_loop_test(tc, segments_decode, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, a_16_byte_descriptor_has_a_64_bit_base);
	tcase_add_test(tc, gates_decode);
	tcase_add_test(tc, a_descriptor_must_lie_whole_within_the_limit);
	tcase_add_test(tc, an_unusable_ldt_holds_nothing);
	tcase_add_test(tc, ext_is_set_for_faults_during_delivery_of_hardware_events);
	tcase_add_test(tc, the_accessed_bit_is_written_only_when_clear);
	tcase_add_test(tc, an_accessed_bit_on_a_read_only_page_faults_as_a_write);
}

static void add_cases(Suite *suite)
{
	add_case(suite, "descriptors", add_descriptors);
}

TEST_MAIN("descriptor", add_cases)
