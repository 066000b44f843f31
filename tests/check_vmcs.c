/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMCS's fields by encoding, its region in memory, and the capability MSRs. */
#include "tests/vmx_fixture.h"

START_TEST(fields_are_in_encoding_order_and_found_by_encoding)
{
	int last = -1;

	for (unsigned i = 0; i < VMCS_FIELDS; i++) {
		int encoding = vmcs_field_encoding(i);

		ck_assert_msg(encoding > last && !(encoding & 1), "%s", vmcs_field_name(i));
		ck_assert_int_eq(vmcs_index((uint64_t)encoding), (int)i);
		last = encoding;
	}
}
END_TEST

/* Over all 16-bit encodings: only the fields, and the high halves of 64-bit ones. */
START_TEST(no_other_encoding_exists)
{
	unsigned full = 0, high = 0, wide = 0;

	for (unsigned i = 0; i < VMCS_FIELDS; i++)
		wide += FIELD(vmcs_field_encoding(i), 14, 13) == 1;
	for (uint64_t encoding = 0; encoding < 0x10000; encoding++) {
		int index = vmcs_index(encoding);

		if (index < 0)
			continue;
		ck_assert_uint_eq(vmcs_field_encoding((enum vmcs_index)index), encoding & ~1ull);
		(encoding & 1) ? high++ : full++;
	}
	ck_assert_uint_eq(full, VMCS_FIELDS);
	ck_assert_uint_eq(high, wide);
	ck_assert_int_eq(vmcs_index(BIT(32) | VMCS_GUEST_RIP), -1);
	ck_assert_int_eq(vmcs_index(~0ull), -1);
}
END_TEST

START_TEST(well_known_encodings_are_what_the_sdm_says)
{
	static const struct {
		enum vmcs_encoding field;
		unsigned encoding;
	} rows[] = {
	    {VMCS_VPID, 0},
	    {VMCS_GUEST_TR_SELECTOR, 0x80e},
	    {VMCS_HOST_TR_SELECTOR, 0xc0c},
	    {VMCS_EPTP, 0x201a},
	    {VMCS_EXIT_REASON, 0x4402},
	    {VMCS_GUEST_ES_AR, 0x4814},
	    {VMCS_GUEST_PDPTE3, 0x2810},
	    {VMCS_PREEMPTION_TIMER, 0x482e},
	    {VMCS_GUEST_RIP, 0x681e},
	    {VMCS_HOST_RIP, 0x6c16},
	    {VMCS_CR3_TARGET3, 0x600e},
	    {VMCS_GUEST_LINEAR_ADDR, 0x640a},
	    {VMCS_TSC_MULTIPLIER, 0x2032},
	    {VMCS_GUEST_RFLAGS, 0x6820},
	    {VMCS_GUEST_IDTR_BASE, 0x6818},
	    {VMCS_PLE_WINDOW, 0x4022},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		ck_assert_uint_eq(rows[i].field, rows[i].encoding);
}
END_TEST

START_TEST(values_are_cut_to_the_fields_width)
{
	static const uint64_t mask[4] = {0xffff, ~0ull, 0xffffffff, ~0ull};
	struct vmcs v = {0};

	for (unsigned i = 0; i < VMCS_FIELDS; i++) {
		unsigned encoding = vmcs_field_encoding(i);

		vmcs_set(&v, (int)i, encoding, ~0ull);
		ck_assert_uint_eq(v.field[i], mask[encoding >> 13]);
	}
}
END_TEST

START_TEST(high_access_reads_and_writes_the_upper_half)
{
	struct vmcs v = {.eptp = 0x1111111122222222};

	ck_assert_uint_eq(vmcs_get(&v, VMCS_I_EPTP, VMCS_EPTP + 1), 0x11111111);
	vmcs_set(&v, VMCS_I_EPTP, VMCS_EPTP + 1, 0x33333333);
	ck_assert_uint_eq(v.eptp, 0x3333333322222222);
	vmcs_set(&v, VMCS_I_EPTP, VMCS_EPTP, 0x44444444);
	ck_assert_uint_eq(v.eptp, 0x44444444);
}
END_TEST

START_TEST(a_vmcs_survives_vmclear_and_vmptrld)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);

	for (unsigned i = 0; i < VMCS_FIELDS; i++)
		vmcs_set(&fix_vmx.vmcs, (int)i, vmcs_field_encoding(i), 0x0101010101010101ull * i);
	const struct vmcs before = fix_vmx.vmcs;
	vmx_load_pointer(cpu, VMX_LAYOUT_VMCS2);
	ck_assert(memcmp(before.field, fix_vmx.vmcs.field, sizeof before.field));
	vmx_load_pointer(cpu, VMX_LAYOUT_VMCS);
	ck_assert(!memcmp(before.field, fix_vmx.vmcs.field, sizeof before.field));
	vmx_clear(cpu, VMX_LAYOUT_VMCS);
	vmx_load_pointer(cpu, VMX_LAYOUT_VMCS);
	ck_assert(!memcmp(before.field, fix_vmx.vmcs.field, sizeof before.field));
}
END_TEST

START_TEST(launch_state_follows_the_region)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);

	fix_vmx.vmcs.launched = true;
	vmx_load_pointer(cpu, VMX_LAYOUT_VMCS2);
	ck_assert(!fix_vmx.vmcs.launched);
	vmx_load_pointer(cpu, VMX_LAYOUT_VMCS);
	ck_assert(fix_vmx.vmcs.launched);
	vmx_load_pointer(cpu, VMX_LAYOUT_VMCS2);
	vmx_clear(cpu, VMX_LAYOUT_VMCS); /* not current */
	vmx_load_pointer(cpu, VMX_LAYOUT_VMCS);
	ck_assert(!fix_vmx.vmcs.launched);
}
END_TEST

START_TEST(stores_to_the_region_of_the_current_vmcs_change_nothing)
{
	uint8_t garbage[PAGE_SIZE];
	struct cpu *cpu = vmx_fixture_enter(LONG);

	memset(garbage, 0xa5, sizeof garbage);
	const struct vmcs before = fix_vmx.vmcs;
	ck_assert(mem_write_bytes(&fix.mem, HPA(VMX_LAYOUT_VMCS), garbage, sizeof garbage));
	ck_assert(!memcmp(before.field, fix_vmx.vmcs.field, sizeof before.field));
	ck_assert(launch());
	raise_vm_exit(cpu, EXIT_HLT, 0);
	vmx_exit(cpu);
	ck_assert_uint_eq(cpu->rip, HOST_RIP);
}
END_TEST

START_TEST(garbage_in_a_region_is_cut_to_the_fields)
{
	uint8_t garbage[PAGE_SIZE];
	struct cpu *cpu = vmx_fixture_enter(LONG);

	memset(garbage, 0xff, sizeof garbage);
	ck_assert(mem_write_bytes(&fix.mem, HPA(VMX_LAYOUT_VMCS2), garbage, sizeof garbage));
	vmx_region(VMX_LAYOUT_VMCS2);
	vmx_load_pointer(cpu, VMX_LAYOUT_VMCS2);
	ck_assert_int_eq(vm_result(), 0);
	ck_assert(!fix_vmx.vmcs.launched);
	ck_assert_uint_eq(get(VMCS_VPID), 0xffff);
	ck_assert_uint_eq(get(VMCS_EXIT_REASON), 0xffffffff);
	ck_assert(!launch());
	ck_assert_int_eq(vm_result(), VMERR_ENTRY_CONTROLS);
}
END_TEST

START_TEST(vmptrld_of_the_current_pointer_keeps_the_fields)
{
	struct cpu *cpu = vmx_fixture_enter(LONG);

	set(VMCS_GUEST_RSP, 0x777);
	vmx_load_pointer(cpu, VMX_LAYOUT_VMCS);
	ck_assert_uint_eq(get(VMCS_GUEST_RSP), 0x777);
}
END_TEST

static uint64_t msr(uint32_t index)
{
	uint64_t value = 0;

	ck_assert_msg(vmx_msr_read(index, &value), "%#x", index);
	return value;
}

START_TEST(capability_msrs_agree_with_each_other)
{
	uint64_t value;

	ck_assert_uint_eq(msr(MSR_VMX_BASIC) & BITS(31, 0), VMCS_REVISION);
	ck_assert_uint_eq(FIELD(msr(MSR_VMX_BASIC), 44, 32), PAGE_SIZE);
	ck_assert_uint_eq(FIELD(msr(MSR_VMX_BASIC), 53, 50), 6);
	ck_assert(msr(MSR_VMX_BASIC) & BIT(55));
	for (uint32_t i = 0; i < 4; i++) {
		uint64_t old = msr(MSR_VMX_PINBASED_CTLS + i), true_ctls = msr(MSR_VMX_TRUE_PINBASED_CTLS + i);

		ck_assert_uint_eq(old >> 32, true_ctls >> 32);
		ck_assert_uint_eq((true_ctls & ~old) & BITS(31, 0), 0); /* what must be 1 only shrinks */
		ck_assert_uint_eq((uint32_t)old & ~(old >> 32), 0);	/* what must be 1 may be 1 */
	}
	ck_assert_uint_eq(msr(MSR_VMX_PINBASED_CTLS) & BITS(31, 0), 0x16);
	ck_assert_uint_eq(msr(MSR_VMX_PROCBASED_CTLS) & BITS(31, 0), 0x0401e172);
	ck_assert_uint_eq(msr(MSR_VMX_TRUE_PROCBASED_CTLS) & BITS(31, 0), 0x04006172);
	ck_assert_uint_eq(msr(MSR_VMX_EXIT_CTLS) & BITS(31, 0), 0x36dff);
	ck_assert_uint_eq(msr(MSR_VMX_ENTRY_CTLS) & BITS(31, 0), 0x11ff);
	ck_assert_uint_eq(msr(MSR_VMX_VMCS_ENUM), 0x19 << 1);
	ck_assert_uint_eq(FIELD(msr(MSR_VMX_MISC), 24, 16), 4);
	ck_assert(!vmx_msr_read(0x492, &value) && !vmx_msr_read(0x47f, &value));
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("vmcs");

	tcase_add_checked_fixture(tc, vmx_fixture_setup, fixture_teardown);
	tcase_add_test(tc, fields_are_in_encoding_order_and_found_by_encoding);
	tcase_add_test(tc, no_other_encoding_exists);
	tcase_add_test(tc, well_known_encodings_are_what_the_sdm_says);
	tcase_add_test(tc, values_are_cut_to_the_fields_width);
	tcase_add_test(tc, high_access_reads_and_writes_the_upper_half);
	tcase_add_test(tc, a_vmcs_survives_vmclear_and_vmptrld);
	tcase_add_test(tc, launch_state_follows_the_region);
	tcase_add_test(tc, stores_to_the_region_of_the_current_vmcs_change_nothing);
	tcase_add_test(tc, garbage_in_a_region_is_cut_to_the_fields);
	tcase_add_test(tc, vmptrld_of_the_current_pointer_keeps_the_fields);
	tcase_add_test(tc, capability_msrs_agree_with_each_other);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("vmcs", add_cases)
