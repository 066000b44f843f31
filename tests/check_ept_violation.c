/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EPT violations, misconfigurations, #VE and page-modification logging as facts, one line each, the violations as kvm-unit-tests has
 * them; what TLB entries made under EPT permit; invalidation.
 */
#include "tests/ept_fixture.h"

#include "vmx/insn.h"
#include "vmx/pdpte.h"

#define LINEAR 0x400123ull
enum { DATA = 0x300000 };

/* A 4-level guest, EPT with or without A/D flags; LINEAR is at DATA, whose EPT leaf has these bits. */
static void start(bool ad, uint64_t leaf)
{
	fix_start(4, ad);
	guest_map(4, LINEAR, 1, DATA, PTE_P | PTE_RW | PTE_US);
	guest_paging(4);
	for (unsigned level = 1; level <= 4; level++)
		fix_map(guest_table(level), PAGE_SHIFT);
	fix_map(DATA, PAGE_SHIFT);
	ept_put(DATA, 1, (FIX_GUEST + DATA) | leaf);
}

static bool touch(unsigned access)
{
	fix.cpu.pending = (struct pending){.kind = PENDING_NONE};
	return mmu_access(&fix.cpu.mmu, GLA(LINEAR), access) || raise_walk(&fix.cpu, GLA(LINEAR), access);
}

#define WB ((uint64_t)MEMTYPE_WB << EPTE_MEMTYPE_SHIFT)
/* the linear address is valid, and it is its translation that was accessed: a user-mode, read/write, executable page */
#define FINAL (QUAL_EPT_GLA_VALID | QUAL_EPT_FINAL | QUAL_EPT_GUEST_USER | QUAL_EPT_GUEST_WRITE)

static const struct {
	unsigned access;
	uint64_t leaf;
	uint32_t reason; /* 0: none */
	uint64_t qualification;
} final_facts[] = {
    {ACC_READ, 0, 48, QUAL_EPT_READ | FINAL},
    {ACC_WRITE, 0, 48, QUAL_EPT_WRITE | FINAL},
    {ACC_FETCH, 0, 48, QUAL_EPT_FETCH | FINAL},
    {ACC_READ, EPTE_R | WB, 0, 0},
    {ACC_WRITE, EPTE_R | WB, 48, QUAL_EPT_WRITE | QUAL_EPT_READABLE | FINAL},
    {ACC_READ | ACC_WRITE, EPTE_R | WB, 48, QUAL_EPT_READ | QUAL_EPT_WRITE | QUAL_EPT_READABLE | FINAL},
    {ACC_FETCH, EPTE_R | WB, 48, QUAL_EPT_FETCH | QUAL_EPT_READABLE | FINAL},
    {ACC_READ, EPTE_W | WB, 49, 0},
    {ACC_READ, EPTE_R | EPTE_W | WB, 0, 0},
    {ACC_WRITE, EPTE_R | EPTE_W | WB, 0, 0},
    {ACC_FETCH, EPTE_R | EPTE_W | WB, 48, QUAL_EPT_FETCH | QUAL_EPT_READABLE | QUAL_EPT_WRITABLE | FINAL},
    {ACC_READ, EPTE_X | WB, 48, QUAL_EPT_READ | QUAL_EPT_EXECUTABLE | FINAL},
    {ACC_WRITE, EPTE_X | WB, 48, QUAL_EPT_WRITE | QUAL_EPT_EXECUTABLE | FINAL},
    {ACC_FETCH, EPTE_X | WB, 0, 0},
    {ACC_READ, EPTE_R | EPTE_X | WB, 0, 0},
    {ACC_WRITE, EPTE_R | EPTE_X | WB, 48, QUAL_EPT_WRITE | QUAL_EPT_READABLE | QUAL_EPT_EXECUTABLE | FINAL},
    {ACC_FETCH, EPTE_R | EPTE_X | WB, 0, 0},
    {ACC_READ, EPTE_W | EPTE_X | WB, 49, 0},
    {ACC_WRITE, EPTE_RWX | WB, 0, 0},
    {ACC_READ, EPTE_RWX | 2 << EPTE_MEMTYPE_SHIFT, 49, 0},
    {ACC_READ, EPTE_RWX | 7 << EPTE_MEMTYPE_SHIFT, 49, 0},
    {ACC_READ, EPTE_RWX | WB | BIT(50), 49, 0},
    {ACC_READ, EPTE_RWX | WB | EPTE_IPAT | EPTE_PS | BIT(11) | BIT(52), 0, 0},
};

START_TEST(accesses_end_as_the_leaf_says)
{
	for (unsigned ad = 0; ad < 2; ad++) {
		start(ad, final_facts[_i].leaf);
		ck_assert_int_eq(touch(final_facts[_i].access), !final_facts[_i].reason);
		const struct pending *p = &fix.cpu.pending;
		if (final_facts[_i].reason) {
			ck_assert_uint_eq(p->exit_reason, final_facts[_i].reason);
			ck_assert_uint_eq(p->qualification, final_facts[_i].qualification);
			ck_assert_uint_eq(p->exit_gpa, DATA | page_offset(LINEAR));
			ck_assert_uint_eq(p->exit_gla, p->exit_reason == 48 ? LINEAR : 0);
			ck_assert_uint_eq(ept_get(DATA, 1), (FIX_GUEST + DATA) | final_facts[_i].leaf);
		}
		fix_stop();
	}
}
END_TEST

/* The page table of the guest has these EPT rights; its entry has A and D set or clear. */
static const struct {
	const char *name;
	bool ad, flags_set;
	unsigned access;
	uint64_t leaf;
	uint64_t qualification; /* 0: no violation */
} table_facts[] = {
    {"not present, AD off", false, true, ACC_READ, 0, QUAL_EPT_READ | QUAL_EPT_GLA_VALID},
    {"not present, AD on", true, true, ACC_READ, 0, QUAL_EPT_READ | QUAL_EPT_WRITE | QUAL_EPT_GLA_VALID},
    {"not present, a fetch", false, true, ACC_FETCH, 0, QUAL_EPT_READ | QUAL_EPT_GLA_VALID},
    {"read-only, flags set, AD off", false, true, ACC_READ, EPTE_R | WB, 0},
    {"read-only, A to be set, AD off", false, false, ACC_READ, EPTE_R | WB,
     QUAL_EPT_READ | QUAL_EPT_WRITE | QUAL_EPT_READABLE | QUAL_EPT_GLA_VALID},
    {"read-only, flags set, AD on", true, true, ACC_READ, EPTE_R | WB,
     QUAL_EPT_READ | QUAL_EPT_WRITE | QUAL_EPT_READABLE | QUAL_EPT_GLA_VALID},
    {"writable, AD on", true, false, ACC_WRITE, EPTE_R | EPTE_W | WB, 0},
    {"execute-only, AD off", false, true, ACC_READ, EPTE_X | WB, QUAL_EPT_READ | QUAL_EPT_EXECUTABLE | QUAL_EPT_GLA_VALID},
};

START_TEST(accesses_to_guest_tables_end_as_their_leaf_says)
{
	start(table_facts[_i].ad, FIX_RWX_WB);
	guest_map(4, LINEAR, 1, DATA, PTE_P | PTE_RW | PTE_US | (table_facts[_i].flags_set ? PTE_A | PTE_D : 0));
	for (unsigned level = 2; level <= 4; level++)
		guest_put(guest_entry_at(level, LINEAR), guest_get(guest_entry_at(level, LINEAR)) & ~PTE_D);
	ept_put(guest_table(1), 1, (FIX_GUEST + guest_table(1)) | table_facts[_i].leaf);
	bool violates = table_facts[_i].qualification;
	ck_assert_msg(touch(table_facts[_i].access) == !violates, "%s", table_facts[_i].name);
	if (violates) {
		ck_assert_uint_eq(fix.cpu.pending.exit_reason, 48);
		ck_assert_uint_eq(fix.cpu.pending.qualification, table_facts[_i].qualification);
		ck_assert_uint_eq(fix.cpu.pending.exit_gpa, guest_entry_at(1, LINEAR));
		ck_assert_uint_eq(fix.cpu.pending.exit_gla, LINEAR);
	}
	fix_stop();
}
END_TEST

START_TEST(a_page_fault_of_the_guest_comes_before_the_final_violation_and_after_those_of_tables)
{
	start(true, 0);
	guest_put(guest_entry_at(1, LINEAR), 0);
	touch(ACC_READ);
	ck_assert_uint_eq(fix.cpu.pending.kind, PENDING_EXCEPTION);
	ck_assert_uint_eq(fix.cpu.pending.vector, VEC_PF);
	ept_put(guest_table(1), 1, 0);
	touch(ACC_READ);
	ck_assert_uint_eq(fix.cpu.pending.exit_reason, 48);
	fix_stop();
}
END_TEST

START_TEST(flags_are_set_where_an_access_was)
{
	start(true, FIX_RWX_WB);
	ck_assert(touch(ACC_READ));
	ck_assert_uint_eq(ept_get(DATA, 1) & (EPTE_A | EPTE_D), EPTE_A);
	ck_assert_uint_eq(ept_get(guest_table(1), 1) & (EPTE_A | EPTE_D), EPTE_A | EPTE_D);
	for (unsigned level = 2; level <= 4; level++)
		ck_assert_uint_eq(ept_get(DATA, level) & (EPTE_A | EPTE_D), EPTE_A);
	ck_assert(touch(ACC_WRITE)); /* through the TLB entry of the read, which a write must not use */
	ck_assert_uint_eq(ept_get(DATA, 1) & (EPTE_A | EPTE_D), EPTE_A | EPTE_D);
	fix_stop();
}
END_TEST

START_TEST(pdptes_are_read_not_written_and_without_a_linear_address)
{
	start(true, FIX_RWX_WB);
	ept_put(guest_table(1), 1, (FIX_GUEST + guest_table(1)) | EPTE_R | WB);
	guest_put(guest_table(1), DATA | PTE_P);
	ck_assert(pdpte_load(&fix.cpu, guest_table(1)));
	ck_assert_uint_eq(ept_get(guest_table(1), 1) & EPTE_D, 0);
	ept_put(guest_table(1), 1, 0);
	ck_assert(!pdpte_load(&fix.cpu, guest_table(1)));
	ck_assert_uint_eq(fix.cpu.pending.exit_reason, 48);
	ck_assert_uint_eq(fix.cpu.pending.qualification, QUAL_EPT_READ);
	ck_assert_uint_eq(fix.cpu.pending.exit_gpa, guest_table(1));
	fix_stop();
}
END_TEST

static uint64_t ve_info(unsigned offset, unsigned size)
{
	return mem_read(&fix.mem, HPA(FIX_VE_INFO + offset), size);
}

START_TEST(a_convertible_violation_becomes_a_virtualization_exception)
{
	start(false, 0);
	fix.vmx.vmcs.proc2_controls |= CTL(PROC2, VE);
	fix.vmx.vmcs.eptp_index = 7;
	touch(ACC_WRITE);
	ck_assert_uint_eq(fix.cpu.pending.kind, PENDING_EXCEPTION);
	ck_assert_uint_eq(fix.cpu.pending.vector, VEC_VE);
	ck_assert(!fix.cpu.pending.has_error);
	ck_assert_uint_eq(ve_info(0, 4), 48);
	ck_assert_uint_eq(ve_info(4, 4), 0xffffffff);
	ck_assert_uint_eq(ve_info(8, 8), QUAL_EPT_WRITE | FINAL);
	ck_assert_uint_eq(ve_info(16, 8), LINEAR);
	ck_assert_uint_eq(ve_info(24, 8), DATA | page_offset(LINEAR));
	ck_assert_uint_eq(ve_info(32, 2), 7);
	touch(ACC_WRITE); /* the area is busy */
	ck_assert_uint_eq(fix.cpu.pending.exit_reason, 48);
	fix_stop();
}
END_TEST

/* What keeps a violation an exit */
enum { KEEP_CONTROL, KEEP_SUPPRESS, KEEP_SUPPRESS_LEAF, KEEP_REAL_MODE, KEEP_DELIVERY, KEEP_MISCONFIG, KEEPS };

START_TEST(other_violations_exit)
{
	start(false, _i == KEEP_SUPPRESS	? EPTE_SUPPRESS_VE
		     : _i == KEEP_SUPPRESS_LEAF ? EPTE_SUPPRESS_VE | EPTE_X | WB
		     : _i == KEEP_MISCONFIG	? EPTE_W
						: 0);
	fix.vmx.vmcs.proc2_controls |= _i == KEEP_CONTROL ? 0 : CTL(PROC2, VE);
	fix.cpu.delivery.active = _i == KEEP_DELIVERY;
	fix.cpu.cr0 &= _i == KEEP_REAL_MODE ? ~CR0_PE : ~0ull;
	touch(ACC_READ);
	ck_assert_uint_eq(fix.cpu.pending.kind, PENDING_VM_EXIT);
	ck_assert_uint_eq(fix.cpu.pending.exit_reason, _i == KEEP_MISCONFIG ? 49 : 48);
	ck_assert_uint_eq(ve_info(4, 4), 0);
	fix_stop();
}
END_TEST

START_TEST(dirtied_pages_are_logged_until_the_log_is_full)
{
	start(true, FIX_RWX_WB);
	fix.vmx.vmcs.proc2_controls |= CTL(PROC2, PML);
	fix.vmx.vmcs.pml_index = 4; /* the four tables, and the page */
	ck_assert(touch(ACC_WRITE));
	ck_assert_uint_eq(fix.vmx.vmcs.pml_index, 0xffff);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(mem_read(&fix.mem, HPA(FIX_PML + 8 * (i + 1)), 8), guest_table(i + 1));
	ck_assert_uint_eq(mem_read(&fix.mem, HPA(FIX_PML), 8), DATA);
	mmu_invept(&fix.cpu.mmu, fix.map.root.u | EPTRTA_EPT);
	ck_assert_msg(touch(ACC_WRITE), "no flag is to be set: the full log does not matter");
	mmu_invept(&fix.cpu.mmu, fix.map.root.u | EPTRTA_EPT);
	ept_put(DATA, 1, (FIX_GUEST + DATA) | FIX_RWX_WB | EPTE_A);
	ck_assert(!touch(ACC_WRITE));
	ck_assert_uint_eq(fix.cpu.pending.exit_reason, 62);
	ck_assert_uint_eq(fix.cpu.pending.qualification, 0);
	ck_assert_uint_eq(ept_get(DATA, 1) & EPTE_D, 0);
	fix_stop();
}
END_TEST

START_TEST(a_mapping_taken_away_lives_in_the_tlb_until_invept)
{
	start(true, FIX_RWX_WB);
	ck_assert(touch(ACC_READ));
	ept_put(DATA, 1, 0);
	ck_assert(touch(ACC_READ));
	mmu_invept(&fix.cpu.mmu, (fix.map.root.u + PAGE_SIZE) | EPTRTA_EPT); /* of other tables */
	ck_assert(touch(ACC_READ));
	mmu_invept(&fix.cpu.mmu, fix.map.root.u | EPTRTA_EPT);
	ck_assert(!touch(ACC_READ));
	fix_stop();
}
END_TEST

START_TEST(looking_touches_nothing)
{
	start(true, FIX_RWX_WB);
	struct walk w = mmu_peek(&fix.cpu.mmu, GLA(LINEAR), ACC_WRITE);
	ck_assert_int_eq(w.status, WALK_OK);
	ck_assert_uint_eq(w.hpa.u, FIX_GUEST + DATA + page_offset(LINEAR));
	ck_assert_uint_eq(event_walk_refs(&fix.cpu.ev), 0);
	ck_assert_uint_eq(ept_get(DATA, 1), (FIX_GUEST + DATA) | FIX_RWX_WB);
	fix_stop();
}
END_TEST

static const struct {
	uint64_t eptp;
	bool valid;
} eptps[] = {
    {0x1000 | 3 << 3 | 6, true},	   {0x1000 | 4 << 3 | 6, true},
    {0x1000 | 3 << 3 | 0, true},	   {0x1000 | 3 << 3 | 6 | EPTP_AD, true},
    {0x1000 | 3 << 3 | 1, false},	   {0x1000 | 3 << 3 | 7, false},
    {0x1000 | 2 << 3 | 6, false},	   {0x1000 | 5 << 3 | 6, false},
    {0x1000 | 3 << 3 | 6 | BIT(7), false}, {0x1000 | 3 << 3 | 6 | BIT(11), false},
    {BIT(45) | 3 << 3 | 6, true},	   {BIT(46) | 3 << 3 | 6, false},
    {BIT(63) | 3 << 3 | 6, false},
};

START_TEST(eptps_are_valid_as_the_capabilities_say)
{
	ck_assert_int_eq(eptp_valid(eptps[_i].eptp), eptps[_i].valid);
}
END_TEST

START_TEST(vm_function_0_switches_the_tables)
{
	struct ept_map second;

	start(true, FIX_RWX_WB);
	fix.vmx.vmcs.proc2_controls |= CTL(PROC2, VM_FUNCTIONS) | CTL(PROC2, VE);
	fix.vmx.vmcs.vm_function_controls = VMFUNC_EPTP_SWITCHING;
	fix.vmx.vmcs.eptp_list_addr = FIX_EPTP_LIST;
	ck_assert(ept_map_init(&second, &fix.pool, 4));
	mem_write(&fix.mem, HPA(FIX_EPTP_LIST + 8 * 3), ept_map_eptp(&second, true), 8);
	ck_assert(touch(ACC_READ));
	fix.cpu.gpr[RAX] = 0;
	fix.cpu.gpr[RCX] = 3;
	ck_assert(insn_vmfunc(&fix.cpu, &(struct insn){.len = 3}));
	ck_assert_uint_eq(fix.vmx.vmcs.eptp, ept_map_eptp(&second, true));
	ck_assert_uint_eq(fix.vmx.vmcs.eptp_index, 3);
	fix.vmx.vmcs.proc2_controls &= ~CTL(PROC2, VE);
	ck_assert(!touch(ACC_READ)); /* the other tables are empty */
	ck_assert_uint_eq(fix.cpu.pending.exit_gpa, guest_entry_at(4, LINEAR));
	fix.cpu.gpr[RCX] = 4; /* an invalid EPTP */
	ck_assert(!insn_vmfunc(&fix.cpu, &(struct insn){.len = 3}));
	ck_assert_uint_eq(fix.cpu.pending.exit_reason, EXIT_VMFUNC);
	fix_stop();
}
END_TEST

static struct walk_ref seen[64];
static unsigned seen_count;

static void observe(void *ctx, const struct walk_ref *ref)
{
	(void)ctx;
	if (seen_count < ARRAY_LEN(seen))
		seen[seen_count++] = *ref;
}

START_TEST(the_observer_sees_the_grid)
{
	start(true, FIX_RWX_WB);
	fix.cpu.mmu.env.observer = observe;
	seen_count = 0;
	ck_assert(touch(ACC_READ));
	ck_assert_uint_eq(seen_count, 24);
	for (unsigned i = 0; i < 24; i++) {
		ck_assert_int_eq(seen[i].ept, i % 5 != 4);
		ck_assert_uint_eq(seen[i].level, seen[i].ept ? 4 - i % 5 : 4 - i / 5);
		ck_assert_uint_eq(seen[i].for_level, seen[i].ept ? 4 - i / 5 : 0);
		ck_assert_uint_eq(mem_read(&fix.mem, seen[i].hpa, 8) & seen[i].entry, seen[i].entry); /* as read: A and D came after */
	}
	fix_stop();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("violation");
	tcase_add_loop_test(tc, accesses_end_as_the_leaf_says, 0, ARRAY_LEN(final_facts));
	tcase_add_loop_test(tc, accesses_to_guest_tables_end_as_their_leaf_says, 0, ARRAY_LEN(table_facts));
	tcase_add_test(tc, a_page_fault_of_the_guest_comes_before_the_final_violation_and_after_those_of_tables);
	tcase_add_test(tc, flags_are_set_where_an_access_was);
	tcase_add_test(tc, pdptes_are_read_not_written_and_without_a_linear_address);
	tcase_add_test(tc, a_convertible_violation_becomes_a_virtualization_exception);
	tcase_add_loop_test(tc, other_violations_exit, 0, KEEPS);
	tcase_add_test(tc, dirtied_pages_are_logged_until_the_log_is_full);
	tcase_add_test(tc, a_mapping_taken_away_lives_in_the_tlb_until_invept);
	tcase_add_test(tc, looking_touches_nothing);
	tcase_add_loop_test(tc, eptps_are_valid_as_the_capabilities_say, 0, ARRAY_LEN(eptps));
	tcase_add_test(tc, vm_function_0_switches_the_tables);
	tcase_add_test(tc, the_observer_sees_the_grid);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("ept_violation", add_cases)
