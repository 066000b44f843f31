/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The built-in EPT VMM: lazy backing, device memory, dirty logging, what it cannot do. */
#include "ept/eptp.h"
#include "ept/vmm.h"
#include "tests/test.h"
#include "vmx/intercept.h"

#define GUEST_RAM (5ull << 20)
#define DEVICE 0xfee00000ull
#define MOVED 0x600000ull /* beyond the guest's RAM, but not beyond the host's */
enum { LOADED_END = 0x2000, LOADED = 0x1000 };

static struct mem mem;
static struct cpu cpu;
static struct vmx vmx;
static struct ept ept;
static struct ept_vmm v;
static unsigned levels = 4;

static bool device_memory(void *ctx, uint64_t gpa)
{
	(void)ctx;
	return page_base(gpa) == DEVICE || page_base(gpa) == MOVED;
}

/* A processor after reset, in real mode, becomes the guest. */
static int start_with(unsigned shift, bool log_dirty)
{
	const struct ept_vmm_config config = {.guest_ram = GUEST_RAM,
					      .loaded_end = LOADED_END,
					      .page_shift = shift,
					      .levels = levels,
					      .log_dirty = log_dirty,
					      .devices = {.memory = device_memory}};
	ck_assert_int_eq(mem_init(&mem, 32 << 20), 0);
	memset(&cpu, 0, sizeof cpu);
	cpu.mem = &mem;
	ck_assert_int_eq(mmu_init(&cpu.mmu, &mem, &cpu.ev, NULL), 0);
	cpu_reset(&cpu);
	vmx_init(&vmx, &cpu);
	ept_attach(&ept, &cpu);
	mem_write(&mem, HPA(LOADED), 0x1234, 8);
	return ept_vmm_start(&v, &cpu, &config);
}

static void start(unsigned shift, bool log_dirty)
{
	ck_assert_msg(start_with(shift, log_dirty) == 0, "%s", v.vmm.text);
	ck_assert_uint_eq(cpu.vmx_op, VMX_NONROOT);
}

static void stop(void)
{
	ept_vmm_free(&v);
	mmu_free(&cpu.mmu);
	mem_free(&mem);
}

/* One access of the guest's, with the exits it takes. false: the VMM stopped. */
static bool touch(uint64_t gla, unsigned access, hpa_t *hpa)
{
	for (unsigned tries = 0; tries < 8; tries++) {
		struct tlb_entry *e = mmu_access(&cpu.mmu, GLA(gla), access);
		if (e) {
			*hpa = tlb_entry_hpa(e, GLA(gla));
			return true;
		}
		raise_walk(&cpu, GLA(gla), access);
		vmx_exit(&cpu);
		if (!vmm_run(&cpu))
			return false;
	}
	ck_abort_msg("the access never succeeds");
	return false;
}

START_TEST(memory_is_backed_when_touched)
{
	hpa_t loaded, fresh, again;

	levels = 4 + (unsigned)_i;
	start(PAGE_SHIFT, false);
	ck_assert_uint_eq(v.faults, 0);
	ck_assert(touch(LOADED, ACC_READ, &loaded));
	ck_assert_uint_eq(mem_read(&mem, loaded, 8), 0x1234);
	ck_assert(touch(0x7123, ACC_WRITE, &fresh));
	ck_assert_uint_eq(page_offset(fresh.u), 0x123);
	ck_assert_uint_ge(fresh.u, LOADED_END);
	ck_assert(touch(0x8000, ACC_READ, &again));
	ck_assert_uint_ne(page_base(again.u), page_base(fresh.u));
	ck_assert_uint_eq(v.faults, 3);
	ck_assert_uint_eq(v.filled[0], 3);
	ck_assert(touch(0x7123, ACC_READ, &again));
	ck_assert_uint_eq(again.u, fresh.u);
	ck_assert_uint_eq(v.faults, 3);
	stop();
}
END_TEST

/* The frames of the tables below one, itself included. */
static uint64_t count_tables(uint64_t table, unsigned level)
{
	uint64_t count = 1;

	for (uint64_t at = table; level > 1 && at < table + PAGE_SIZE; at += 8) {
		uint64_t entry = mem_read(&mem, HPA(at), 8);
		if (entry & EPTE_RWX && !(entry & EPTE_PS))
			count += count_tables(entry & BITS(51, 12), level - 1);
	}
	return count;
}

START_TEST(the_frames_of_ept_tables_are_counted)
{
	hpa_t hpa;

	levels = 4 + (unsigned)_i;
	start(PAGE_SHIFT, false);
	ck_assert_uint_eq(cpu.ev.n[EV_EPT_TABLES], 1);
	ck_assert(touch(0x7123, ACC_WRITE, &hpa));
	ck_assert_uint_eq(cpu.ev.n[EV_EPT_TABLES], levels);
	ck_assert(touch(0x8000, ACC_READ, &hpa));
	ck_assert_uint_eq(cpu.ev.n[EV_EPT_TABLES], levels);
	ck_assert(touch(DEVICE, ACC_READ, &hpa));
	ck_assert_uint_eq(cpu.ev.n[EV_EPT_TABLES], levels + 2);
	ck_assert_uint_eq(count_tables(v.map.root.u, levels), cpu.ev.n[EV_EPT_TABLES]);
	stop();
	start(PAGE_SHIFT_2M, false);
	ck_assert(touch(0x212345, ACC_WRITE, &hpa));
	ck_assert_uint_eq(count_tables(v.map.root.u, levels), cpu.ev.n[EV_EPT_TABLES]);
	stop();
}
END_TEST

START_TEST(large_pages_back_what_is_aligned_and_ram)
{
	hpa_t hpa;

	start(PAGE_SHIFT_2M, false);
	ck_assert(touch(0x212345, ACC_WRITE, &hpa));
	ck_assert_uint_eq(hpa.u & (BIT(21) - 1), 0x12345);
	ck_assert(touch(0x3fffff, ACC_WRITE, &hpa));
	ck_assert_uint_eq(v.filled[1], 1);
	ck_assert(touch(0x400000, ACC_WRITE, &hpa)); /* the last MiB fills no 2-MiB page */
	ck_assert_uint_eq(v.filled[0], 1);
	stop();
}
END_TEST

START_TEST(a_touch_beyond_memory_stops_the_run)
{
	hpa_t hpa;

	start(PAGE_SHIFT, false);
	ck_assert(!touch(GUEST_RAM, ACC_READ, &hpa));
	ck_assert_uint_eq(cpu.pending.kind, PENDING_STOP);
	ck_assert_ptr_nonnull(strstr(cpu.pending.stop_reason, "0x500000"));
	stop();
}
END_TEST

START_TEST(a_device_moved_onto_host_memory_stops_the_run)
{
	hpa_t hpa;

	start(PAGE_SHIFT, false);
	ck_assert(mem_is_ram(&mem, HPA(MOVED), PAGE_SIZE));
	ck_assert(!touch(MOVED, ACC_READ, &hpa));
	ck_assert_uint_eq(cpu.pending.kind, PENDING_STOP);
	stop();
}
END_TEST

START_TEST(device_memory_is_the_guests_for_one_instruction)
{
	hpa_t hpa;

	start(PAGE_SHIFT, false);
	ck_assert(touch(DEVICE + 0x80, ACC_WRITE, &hpa));
	ck_assert_uint_eq(hpa.u, DEVICE + 0x80);
	ck_assert(v.stepping && vmx_steps(&cpu));
	vmx_before_instruction(&cpu, false); /* before the instruction: the trap is armed */
	ck_assert(vmx_before_instruction(&cpu, false));
	ck_assert_uint_eq(cpu.pending.exit_reason, EXIT_MONITOR_TRAP_FLAG);
	vmx_exit(&cpu);
	ck_assert(vmm_run(&cpu));
	ck_assert(!v.stepping && !vmx_steps(&cpu));
	ck_assert(touch(DEVICE + 0x80, ACC_READ, &hpa));
	ck_assert_uint_eq(v.steps, 2);
	stop();
}
END_TEST

static uint64_t dirty[1024];
static unsigned dirty_count;

static void note(void *ctx, gpa_t frame)
{
	(void)ctx;
	if (dirty_count < ARRAY_LEN(dirty))
		dirty[dirty_count++] = frame.u;
}

static void take(void)
{
	dirty_count = 0;
	ept_vmm_take_dirty(&v, note, NULL);
}

START_TEST(written_frames_are_logged_each_round)
{
	hpa_t hpa;

	start(PAGE_SHIFT, true);
	for (uint64_t page = 0; page < 700; page++) /* more than the log holds */
		ck_assert(touch(0x10000 + page * PAGE_SIZE, page % 8 ? ACC_WRITE : ACC_READ, &hpa));
	ck_assert_uint_eq(vmx.exits[EXIT_PML_FULL], 1);
	take();
	ck_assert_uint_eq(dirty_count, 700 - 88);
	for (unsigned i = 0; i < dirty_count; i++)
		ck_assert_uint_ne((dirty[i] - 0x10000) / PAGE_SIZE % 8, 0);
	take();
	ck_assert_uint_eq(dirty_count, 0);
	ck_assert(touch(0x11000, ACC_WRITE, &hpa));
	ck_assert(touch(0x12000, ACC_READ, &hpa));
	take();
	ck_assert_uint_eq(dirty_count, 1);
	ck_assert_uint_eq(dirty[0], 0x11000);
	stop();
}
END_TEST

START_TEST(ins_and_outs_reach_guest_memory)
{
	uint32_t word = 0x55aa;
	hpa_t hpa;

	start(PAGE_SHIFT, false);
	ck_assert(v.vmm.access(&v.vmm, 0x9ffe, &word, 4, ACC_WRITE)); /* two pages, neither backed yet */
	ck_assert(touch(0x9ffe, ACC_READ, &hpa));
	ck_assert_uint_eq(mem_read(&mem, hpa, 2), 0x55aa);
	ck_assert(v.vmm.access(&v.vmm, LOADED, &word, 4, ACC_READ));
	ck_assert_uint_eq(word, 0x1234);
	ck_assert(!v.vmm.access(&v.vmm, GUEST_RAM, &word, 4, ACC_READ));
	ck_assert_int_ne(v.vmm.text[0], 0);
	stop();
}
END_TEST

START_TEST(bad_page_sizes_are_refused)
{
	ck_assert_int_eq(start_with(13, false), -ERR_ARG);
	stop();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("vmm");
	tcase_add_loop_test(tc, memory_is_backed_when_touched, 0, 2);
	tcase_add_loop_test(tc, the_frames_of_ept_tables_are_counted, 0, 2);
	tcase_add_test(tc, large_pages_back_what_is_aligned_and_ram);
	tcase_add_test(tc, a_touch_beyond_memory_stops_the_run);
	tcase_add_test(tc, a_device_moved_onto_host_memory_stops_the_run);
	tcase_add_test(tc, device_memory_is_the_guests_for_one_instruction);
	tcase_add_test(tc, written_frames_are_logged_each_round);
	tcase_add_test(tc, ins_and_outs_reach_guest_memory);
	tcase_add_test(tc, bad_page_sizes_are_refused);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("ept_vmm", add_cases)
