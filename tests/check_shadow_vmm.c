/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shadow VMM with small guests: what the guest sees is what it sees natively; exits and counters are those expected.
 * The guest: PML4 at 1000H, PDPT 2000H, PD 3000H, PT 4000H (PT of 32-bit paging likewise); linear page n is frame n.
 */
#include "tests/shadow_pair.h"
#include "tests/test.h"

#include <string.h>

enum { PML4 = 0x1000, PDPT = 0x2000, PD = 0x3000, PT = 0x4000, TABLE = PTE_P | PTE_RW | PTE_US };

static struct pair pair;

static uint64_t count(enum event e)
{
	return pair.shadow.cpu.ev.n[e];
}

static void put(uint64_t gpa, uint64_t value)
{
	pair_poke(&pair, gpa, value, 8);
}

static void start_with(struct shadow_vmm_config config, uint64_t cr0_more, uint64_t cr4_more)
{
	const struct pair_guest guest = {.levels = 4, .cr3 = PML4, .cr0_more = cr0_more, .cr4_more = cr4_more, .efer_more = EFER_NXE};
	pair_init(&pair, config.pages);
	put(PML4, PDPT | TABLE);
	put(PDPT, PD | TABLE);
	put(PD, PT | TABLE);
	for (unsigned i = 0; i < 512; i++)
		put(PT + 8 * i, (uint64_t)i << 12 | TABLE);
	ck_assert_int_eq(pair_start(&pair, &guest, config), 0);
}

static void start(void)
{
	start_with((struct shadow_vmm_config){.pages = 64, .no_unsync = true}, CR0_WP, 0);
}

static void stop(void)
{
	pair_free(&pair);
}

static void access_is_same(gla_t gla, unsigned access)
{
	ck_assert_msg(pair_access(&pair, gla, 8, access, 0x1122334455667788), "access %x of %llx: native %d %x %llx, shadow %d %x %llx",
		      access, (unsigned long long)gla.u, pair.a.vector, pair.a.error, (unsigned long long)pair.a.value, pair.b.vector,
		      pair.b.error, (unsigned long long)pair.b.value);
	ck_assert_msg(pair_same_tables(&pair), "access %x of %llx: tables differ", access, (unsigned long long)gla.u);
}

START_TEST(the_first_access_fills_and_the_next_does_not_exit)
{
	start();
	access_is_same(GLA(0x10000), ACC_READ);
	ck_assert_uint_eq(count(EV_SHADOW_HIDDEN_FAULTS), 1);
	ck_assert_uint_eq(count(EV_VM_EXITS), 1);
	access_is_same(GLA(0x10008), ACC_READ);
	ck_assert_uint_eq(count(EV_VM_EXITS), 1);
	ck_assert_uint_eq(count(EV_SHADOW_ALLOCATED), 4);
	stop();
}
END_TEST

START_TEST(a_shadow_walk_is_as_long_as_a_native_one)
{
	start();
	access_is_same(GLA(0x10000), ACC_READ);
	mmu_empty(&pair.native.cpu.mmu);
	mmu_empty(&pair.shadow.cpu.mmu);
	uint64_t native = event_walk_refs(&pair.native.cpu.ev), shadow = event_walk_refs(&pair.shadow.cpu.ev);
	access_is_same(GLA(0x10000), ACC_READ);
	ck_assert_uint_eq(event_walk_refs(&pair.native.cpu.ev) - native, 4);
	ck_assert_uint_eq(event_walk_refs(&pair.shadow.cpu.ev) - shadow, 4);
	stop();
}
END_TEST

/* Once the shadow entries are there: hit for hit and walk for walk, whatever the pattern, and over MOV to CR3 and INVLPG. */
START_TEST(tlbs_behave_as_natively)
{
	static const enum event events[] = {EV_DTLB_HIT_4K, EV_DTLB_HIT_2M, EV_DTLB_MISSES,   EV_STLB_LOAD_4K,	EV_STLB_STORE_4K,
					    EV_STLB_MISSES, EV_TLB_ASSISTS, EV_WALKS_LOAD_4K, EV_WALKS_STORE_4K};
	uint64_t x = 88172645463325252, before[2][EVENT_COUNT];
	start_with((struct shadow_vmm_config){.pages = 64}, CR0_WP, 0);
	put(PD + 8, PT | TABLE);
	put(PD + 16, PT | TABLE);
	put(PD + 24, 0x200000 | PTE_PS | TABLE);
	for (uint64_t page = 16; page < 4 * 512; page++) /* all but the tables: written, so that the dirty flags are set */
		if ((page & 511) > 15)
			access_is_same(GLA(page << 12), ACC_WRITE);
	ck_assert(pair_mov_cr(&pair, 3, PML4));
	memcpy(before[0], pair.native.cpu.ev.n, sizeof before[0]);
	memcpy(before[1], pair.shadow.cpu.ev.n, sizeof before[1]);
	for (unsigned i = 0; i < 20000; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		uint64_t page = x >> 20 & (i & 1 ? 63 : 2047);
		if (i % 3000 == 2999)
			ck_assert(pair_mov_cr(&pair, 3, PML4));
		if (i % 100 == 99)
			ck_assert(pair_invlpg(&pair, GLA(page << 12)));
		if ((page & 511) > 15)
			access_is_same(GLA(page << 12), x >> 40 & 1 ? ACC_WRITE : ACC_READ);
	}
	for (unsigned i = 0; i < ARRAY_LEN(events); i++)
		ck_assert_msg(pair.native.cpu.ev.n[events[i]] - before[0][events[i]] ==
				  pair.shadow.cpu.ev.n[events[i]] - before[1][events[i]],
			      "%s: native %lu, shadow %lu", event_name(events[i]), pair.native.cpu.ev.n[events[i]] - before[0][events[i]],
			      pair.shadow.cpu.ev.n[events[i]] - before[1][events[i]]);
	ck_assert_uint_gt(pair.native.cpu.ev.n[EV_STLB_MISSES], 1000);
	stop();
}
END_TEST

START_TEST(the_first_write_faults_and_sets_the_dirty_flag)
{
	start();
	access_is_same(GLA(0x10000), ACC_READ);
	ck_assert_uint_eq(mem_read(&pair.shadow.mem, HPA(PT + 8 * 16), 8) & (PTE_A | PTE_D), PTE_A);
	access_is_same(GLA(0x10000), ACC_WRITE);
	ck_assert_uint_eq(mem_read(&pair.shadow.mem, HPA(PT + 8 * 16), 8) & (PTE_A | PTE_D), PTE_A | PTE_D);
	ck_assert_uint_eq(count(EV_SHADOW_HIDDEN_FAULTS), 2);
	access_is_same(GLA(0x10010), ACC_WRITE);
	ck_assert_uint_eq(count(EV_VM_EXITS), 2);
	stop();
}
END_TEST

START_TEST(true_faults_have_the_native_error_code)
{
	static const struct {
		uint64_t entry;
		unsigned access;
		uint32_t error;
	} rows[] = {
	    {0, ACC_READ, 0},
	    {0, ACC_WRITE | ACC_USER, PF_W | PF_U},
	    {0x10000 | PTE_P, ACC_WRITE, PF_P | PF_W},
	    {0x10000 | PTE_P | PTE_RW, ACC_READ | ACC_USER, PF_P | PF_U},
	    {0x10000 | PTE_P | PTE_US, ACC_WRITE | ACC_USER, PF_P | PF_W | PF_U},
	    {0x10000 | PTE_P | PTE_XD, ACC_FETCH, PF_P | PF_I},
	    {BIT(50) | PTE_P, ACC_READ, PF_P | PF_RSVD},
	    {BIT(50) | PTE_P, ACC_FETCH | ACC_USER, PF_P | PF_RSVD | PF_I | PF_U},
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		start();
		pair_poke(&pair, PT + 8 * 16, rows[i].entry, 8); /* nothing has cached it yet */
		access_is_same(GLA(0x10000), rows[i].access);
		ck_assert_msg(pair.b.fault && pair.b.vector == VEC_PF && pair.b.error == rows[i].error && pair.b.cr2 == 0x10000,
			      "row %u: error %x", i, pair.b.error);
		ck_assert_uint_eq(count(EV_SHADOW_TRUE_FAULTS), 1);
		ck_assert_uint_eq(count(EV_SHADOW_HIDDEN_FAULTS), 0);
		stop();
	}
}
END_TEST

/* The guest's own stores to its page table, at linear 4000H. */
START_TEST(a_store_to_a_table_faults_there_and_changes_nothing_until_it_is_stepped)
{
	start();
	access_is_same(GLA(0x10000), ACC_READ);
	access_is_same(GLA(PT), ACC_READ);
	struct cpu *cpu = &pair.shadow.cpu;
	uint64_t before = mem_read(&pair.shadow.mem, HPA(PT + 8 * 16), 8);
	cpu->pending.kind = PENDING_NONE;
	ck_assert(!linear_write(cpu, GLA(PT + 8 * 16), 8, ACC_WRITE, 0x11000 | TABLE));
	ck_assert_int_eq(cpu->pending.kind, PENDING_EXCEPTION);
	ck_assert_uint_eq(cpu->pending.error, PF_P | PF_W);
	ck_assert_uint_eq(cpu->pending.cr2, PT + 8 * 16);
	cpu->rip = 0x5678;
	ck_assert(vmx_intercept_event(cpu));
	vmx_exit(cpu);
	ck_assert_uint_eq(pair.shadow.vmx.vmcs.guest_rip, 0x5678);
	ck_assert_uint_eq(pair.shadow.vmx.vmcs.exit_qualification, PT + 8 * 16);
	ck_assert_uint_eq(pair.shadow.vmx.vmcs.exit_intr_error, PF_P | PF_W);
	ck_assert(vmm_run(cpu));
	ck_assert_uint_eq(mem_read(&pair.shadow.mem, HPA(PT + 8 * 16), 8), before);
	ck_assert_uint_eq(count(EV_SHADOW_WP_FAULTS), 1);
	ck_assert(vmx_steps(cpu));
	cpu->pending.kind = PENDING_NONE;
	ck_assert(!vmx_before_instruction(cpu, false));
	ck_assert(linear_write(cpu, GLA(PT + 8 * 16), 8, ACC_WRITE, 0x11000 | TABLE));
	ck_assert(vmx_before_instruction(cpu, false));
	ck_assert_uint_eq(cpu->pending.exit_reason, EXIT_MONITOR_TRAP_FLAG);
	vmx_exit(cpu);
	ck_assert(vmm_run(cpu));
	ck_assert(!vmx_steps(cpu));
	ck_assert_uint_eq(count(EV_SHADOW_PTE_WRITES), 1);
	ck_assert_uint_eq(mem_read(&pair.shadow.mem, HPA(PT + 8 * 16), 8), 0x11000 | TABLE);
	stop();
}
END_TEST

/* After each store to the table and its invalidation the guest sees what it sees natively. */
static void change_entry_and_look(bool unsync)
{
	start_with((struct shadow_vmm_config){.pages = 64, .no_unsync = !unsync}, CR0_WP, 0);
	for (unsigned i = 0; i < 20; i++) {
		put(0x20000 + i * 0x1000ull, i);
		access_is_same(GLA(0x10000), i & 1 ? ACC_READ : ACC_WRITE);
		ck_assert(pair_access(&pair, GLA(PT + 8 * 16), 8, ACC_WRITE, (0x20000 + i * 0x1000ull) | (i % 5 == 4 ? 0 : TABLE)));
		ck_assert(pair_invlpg(&pair, GLA(0x10000)));
		access_is_same(GLA(0x10000), ACC_READ);
	}
}

START_TEST(changes_of_a_table_are_seen_after_invlpg)
{
	change_entry_and_look(false);
	ck_assert_uint_eq(count(EV_SHADOW_WP_FAULTS), 20);
	ck_assert_uint_eq(count(EV_SHADOW_UNSYNCS), 0);
	stop();
	change_entry_and_look(true);
	ck_assert_uint_eq(count(EV_SHADOW_WP_FAULTS), 1);
	ck_assert_uint_eq(count(EV_SHADOW_UNSYNCS), 1);
	stop();
}
END_TEST

/*
 * SDM 3A, "Operations that Invalidate TLBs and Paging-Structure Caches": a page fault invalidates what is cached for its address; so a
 * guest that has only lost rights by a change of its table sees the new page after the fault, without an invalidation of its own.
 */
START_TEST(a_true_fault_invalidates_its_address_in_a_table_out_of_sync)
{
	for (unsigned k = 0; k < 4; k++) {
		start_with((struct shadow_vmm_config){.pages = 64, .no_vpid = k & 1, .no_unsync = k & 2}, CR0_WP, 0);
		access_is_same(GLA(0x10000), ACC_READ);
		put(0x11000, 5);
		ck_assert(pair_access(&pair, GLA(PT + 8 * 16), 8, ACC_WRITE, 0x11000 | PTE_P | PTE_US));
		ck_assert_uint_eq(count(EV_SHADOW_UNSYNCS), k & 2 ? 0 : 1);
		access_is_same(GLA(0x10000), ACC_WRITE);
		ck_assert_uint_eq(pair.b.error, PF_P | PF_W);
		access_is_same(GLA(0x10000), ACC_READ);
		ck_assert_uint_eq(pair.b.value, 5);
		stop();
	}
}
END_TEST

/* The guest's large page is mapped in pieces, since tables lie in it; they are one translation for the guest. */
START_TEST(a_true_fault_invalidates_all_pieces_of_a_large_page)
{
	start();
	put(PD + 16, PTE_PS | TABLE);
	put(0x211000, 5);
	access_is_same(GLA(0x410000), ACC_READ);
	access_is_same(GLA(0x411000), ACC_READ);
	ck_assert(pair_access(&pair, GLA(PD + 16), 8, ACC_WRITE, 0x200000 | PTE_PS | PTE_P | PTE_US));
	access_is_same(GLA(0x410000), ACC_WRITE);
	ck_assert_uint_eq(pair.b.error, PF_P | PF_W);
	access_is_same(GLA(0x411000), ACC_READ);
	ck_assert_uint_eq(pair.b.value, 5);
	stop();
}
END_TEST

/* INVPCID exits before it reads its descriptor, so the VMM raises the fault (here that of SMAP). */
START_TEST(a_fault_of_invpcids_operand_invalidates_its_address)
{
	for (unsigned k = 0; k < 2; k++) {
		start_with((struct shadow_vmm_config){.pages = 64, .no_unsync = k}, CR0_WP, CR4_SMAP);
		access_is_same(GLA(0x10000), ACC_READ | ACC_USER);
		put(0x11000, 5);
		put(PT + 8 * 4, PT | PTE_P | PTE_RW);
		ck_assert(pair_access(&pair, GLA(PT + 8 * 16), 8, ACC_WRITE, 0x11000 | TABLE));
		ck_assert(pair_invpcid(&pair, 2, SEG_DS, 0x10000));
		ck_assert_uint_eq(pair.b.error, PF_P);
		ck_assert_uint_eq(pair.b.cr2, 0x10000);
		access_is_same(GLA(0x10000), ACC_READ | ACC_USER);
		ck_assert_uint_eq(pair.b.value, 5);
		stop();
	}
}
END_TEST

START_TEST(a_table_out_of_sync_is_synchronised_by_mov_to_cr3)
{
	start_with((struct shadow_vmm_config){.pages = 64}, CR0_WP, 0);
	access_is_same(GLA(0x10000), ACC_READ);
	access_is_same(GLA(PT + 8 * 16), ACC_READ);
	ck_assert(pair_access(&pair, GLA(PT + 8 * 16), 8, ACC_WRITE, 0x11000 | TABLE));
	put(0x11000, 5);
	ck_assert(pair_mov_cr(&pair, 3, PML4));
	ck_assert_uint_eq(count(EV_SHADOW_RESYNCS), 1);
	access_is_same(GLA(0x10000), ACC_READ);
	ck_assert_uint_eq(pair.b.value, 5);
	ck_assert_uint_eq(count(EV_SHADOW_CR3_EXITS), 1);
	stop();
}
END_TEST

START_TEST(a_table_written_often_is_a_table_no_longer)
{
	start_with((struct shadow_vmm_config){.pages = 64, .no_unsync = true, .unprotect = 3}, CR0_WP, 0);
	put(PD + 8, PT | TABLE);
	access_is_same(GLA(0x210000), ACC_READ);
	put(PML4 + 8, 0x5000 | TABLE); /* a second way to the frame that is the table, without it */
	put(0x5000, 0x6000 | TABLE);
	put(0x6000, PTE_PS | TABLE);
	uint64_t zapped = count(EV_SHADOW_ZAPPED);
	for (unsigned i = 0; i < 4; i++)
		ck_assert(pair_access(&pair, GLA(BIT(39) + PT + 8 * 100), 8, ACC_WRITE, i << 12 | TABLE));
	ck_assert_uint_gt(count(EV_SHADOW_ZAPPED), zapped);
	uint64_t exits = count(EV_VM_EXITS);
	ck_assert(pair_access(&pair, GLA(BIT(39) + PT + 8 * 100), 8, ACC_WRITE, 0));
	ck_assert_uint_eq(count(EV_VM_EXITS), exits);
	ck_assert(pair_same_memory(&pair));
	stop();
}
END_TEST

START_TEST(shadow_pages_are_shared_and_kept_across_mov_to_cr3)
{
	start();
	put(0x7000, PDPT | TABLE); /* another top table over the same rest */
	access_is_same(GLA(0x10000), ACC_READ);
	uint64_t allocated = count(EV_SHADOW_ALLOCATED);
	ck_assert(pair_mov_cr(&pair, 3, 0x7000));
	access_is_same(GLA(0x10000), ACC_READ);
	ck_assert_uint_eq(count(EV_SHADOW_ALLOCATED), allocated + 1);
	ck_assert_uint_eq(count(EV_SHADOW_REUSED), 1); /* the PDPT's */
	uint64_t faults = count(EV_SHADOW_HIDDEN_FAULTS);
	ck_assert(pair_mov_cr(&pair, 3, PML4));
	access_is_same(GLA(0x10000), ACC_READ);
	ck_assert_uint_eq(count(EV_SHADOW_HIDDEN_FAULTS), faults);
	ck_assert_uint_eq(count(EV_SHADOW_ALLOCATED), allocated + 1);
	ck_assert_uint_eq(count(EV_SHADOW_REUSED), 2); /* the first PML4's */
	access_is_same(GLA(0x11000), ACC_READ);	       /* all its tables have their pages */
	ck_assert(pair_mov_cr(&pair, 3, PML4));
	ck_assert_uint_eq(count(EV_SHADOW_REUSED), 2);
	stop();
}
END_TEST

START_TEST(large_pages_are_mapped_large_but_where_tables_lie)
{
	start();
	put(PD + 8, 0x200000 | PTE_PS | TABLE);
	put(PD + 16, PTE_PS | TABLE); /* the frames of the tables */
	access_is_same(GLA(0x200000), ACC_WRITE);
	access_is_same(GLA(0x3ff000), ACC_WRITE);
	ck_assert_uint_eq(count(EV_VM_EXITS), 1);
	access_is_same(GLA(0x410000), ACC_WRITE);
	access_is_same(GLA(0x411000), ACC_WRITE);
	ck_assert_uint_eq(count(EV_VM_EXITS), 3);
	access_is_same(GLA(0x400000 + PML4 + 8 * 100), ACC_WRITE);
	ck_assert_uint_eq(count(EV_SHADOW_WP_FAULTS), 1);
	stop();
}
END_TEST

START_TEST(supervisor_writes_ignore_read_only_without_wp)
{
	for (unsigned more = 0; more < 4; more++) {
		start_with((struct shadow_vmm_config){.pages = 64, .no_unsync = true}, 0,
			   (more & 1 ? CR4_SMEP : 0) | (more & 2 ? CR4_SMAP : 0));
		put(PT + 8 * 16, 0x10000 | PTE_P | PTE_US);
		put(PT + 8 * 17, 0x11000 | PTE_P);
		for (unsigned k = 0; k < 3; k++) {
			access_is_same(GLA(0x11000), ACC_WRITE);
			access_is_same(GLA(0x10000), ACC_WRITE);
			access_is_same(GLA(0x10000), ACC_WRITE | ACC_AC);
			access_is_same(GLA(0x10000), ACC_READ);
			access_is_same(GLA(0x10000), ACC_FETCH);
			access_is_same(GLA(0x10000), ACC_READ | ACC_USER);
			access_is_same(GLA(0x10000), ACC_FETCH | ACC_USER);
			access_is_same(GLA(0x10000), ACC_WRITE | ACC_USER);
			access_is_same(GLA(0x11000), ACC_WRITE | ACC_USER);
		}
		stop();
	}
}
END_TEST

START_TEST(the_vmms_area_is_not_there_for_the_guest)
{
	start();
	put(PT + 8 * 16, PAIR_RAM | TABLE);
	access_is_same(GLA(0x10000), ACC_READ);
	ck_assert_uint_eq(pair.b.value, ~0ull);
	access_is_same(GLA(0x10000), ACC_WRITE);
	access_is_same(GLA(0x10000), ACC_READ);
	ck_assert_uint_eq(pair.b.value, ~0ull);
	put(PD + 8, (PAIR_RAM + 0x3000) | TABLE); /* a table there */
	access_is_same(GLA(0x200000), ACC_READ);
	ck_assert_uint_eq(pair.b.error, PF_P | PF_RSVD);
	stop();
}
END_TEST

START_TEST(a_pool_of_eight_pages_is_enough_and_is_kept_to)
{
	start_with((struct shadow_vmm_config){.pages = 8}, CR0_WP, 0);
	for (unsigned i = 1; i < 100; i++)
		put(PD + 8 * i, PT | TABLE);
	for (unsigned k = 0; k < 200; k++)
		access_is_same(GLA((uint64_t)(k * 37 % 100) << 21 | 0x10000), ACC_WRITE);
	for (unsigned i = 1; i < 64; i++) /* as many tables */
		put(PD + 8 * i, (0x40000 + 0x1000ull * i) | TABLE), put(0x40000 + 0x1000ull * i + 8, 0x10000 | TABLE);
	ck_assert(pair_cr4(&pair, CR4_PGE, 0) && pair_cr4(&pair, 0, CR4_PGE));
	for (unsigned k = 0; k < 200; k++)
		access_is_same(GLA((uint64_t)(1 + k * 37 % 63) << 21 | 0x1000), ACC_WRITE);
	ck_assert_uint_le(pair_shadow(&pair)->used, 8);
	ck_assert_uint_gt(count(EV_SHADOW_ZAPPED), 100);
	ck_assert(pair_same_memory(&pair));
	stop();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("shadow vmm");
	tcase_add_test(tc, the_first_access_fills_and_the_next_does_not_exit);
	tcase_add_test(tc, a_shadow_walk_is_as_long_as_a_native_one);
	tcase_add_test(tc, tlbs_behave_as_natively);
	tcase_add_test(tc, the_first_write_faults_and_sets_the_dirty_flag);
	tcase_add_test(tc, true_faults_have_the_native_error_code);
	tcase_add_test(tc, a_store_to_a_table_faults_there_and_changes_nothing_until_it_is_stepped);
	tcase_add_test(tc, changes_of_a_table_are_seen_after_invlpg);
	tcase_add_test(tc, a_true_fault_invalidates_its_address_in_a_table_out_of_sync);
	tcase_add_test(tc, a_true_fault_invalidates_all_pieces_of_a_large_page);
	tcase_add_test(tc, a_fault_of_invpcids_operand_invalidates_its_address);
	tcase_add_test(tc, a_table_out_of_sync_is_synchronised_by_mov_to_cr3);
	tcase_add_test(tc, a_table_written_often_is_a_table_no_longer);
	tcase_add_test(tc, shadow_pages_are_shared_and_kept_across_mov_to_cr3);
	tcase_add_test(tc, large_pages_are_mapped_large_but_where_tables_lie);
	tcase_add_test(tc, supervisor_writes_ignore_read_only_without_wp);
	tcase_add_test(tc, the_vmms_area_is_not_there_for_the_guest);
	tcase_add_test(tc, a_pool_of_eight_pages_is_enough_and_is_kept_to);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("shadow vmm", add_cases)
