/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same image ends with the same memory and registers natively and as a guest of the built-in EPT VMM, with every EPT page size and
 * number of levels. Without its timer interrupt, which comes between other instructions when exits take time.
 */
#include "emu/machine.h"
#include "ept/map.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

#define RAM_SMALL (64ull << 20)
#define RAM_1G BIT(30) /* a 1-GiB EPT page fits: into less, smaller ones go */

static struct machine native, hosted;
static struct console console[2];

static void run(struct machine *m, struct console *out, const struct machine_config *config)
{
	const char *folder = getenv("IMAGES");
	char image[4096], error[LOAD_ERROR_SIZE] = "";
	struct machine_config c = *config;
	struct load_request request = {.path = image, .cmdline = "ticks=0"};

	snprintf(image, sizeof image, "%s/paging.elf", folder ? folder : "build/images");
	ck_assert_int_eq(console_init(out, NULL, -1, 1 << 20), 0);
	c.console = out;
	ck_assert_int_eq(machine_init(m, &c), 0);
	ck_assert_msg(machine_load(m, &request, error) == 0, "%s", error);
	ck_assert_int_eq(machine_run(m), END_EXIT);
}

/* The guest's page as it is now; what an EPT VMM has not backed was never touched: zeros. */
static const uint8_t *guest_page(struct machine *m, uint64_t gpa)
{
	static const uint8_t zeros[PAGE_SIZE];
	unsigned shift;

	if (m->config.paging == PAGING_NATIVE)
		return m->mem.host + gpa;
	uint64_t entry = ept_map_find(&m->ept_vmm.map, GPA(gpa), &shift);
	if (!entry)
		return gpa < m->ept_vmm.config.loaded_end ? m->mem.host + gpa : zeros;
	uint64_t offset = BIT(shift) - 1;
	return m->mem.host + (entry & BITS(MAXPHYADDR - 1, 12) & ~offset) + (gpa & offset);
}

static const struct {
	unsigned shift, levels;
	uint64_t ram;
} sizes[] = {{PAGE_SHIFT, 4, RAM_SMALL},    {PAGE_SHIFT_2M, 4, RAM_SMALL}, {PAGE_SHIFT_1G, 4, RAM_SMALL}, {PAGE_SHIFT, 5, RAM_SMALL},
	     {PAGE_SHIFT_2M, 5, RAM_SMALL}, {PAGE_SHIFT_1G, 4, RAM_1G},	   {PAGE_SHIFT_1G, 5, RAM_1G}};

/* The EPT page that maps the guest's top table is of the size asked for, if that fits. */
static void check_page_size(const uint64_t ram, unsigned wanted)
{
	unsigned shift;

	ck_assert(ept_map_find(&hosted.ept_vmm.map, GPA(page_base(native.cpu.cr3)), &shift) != 0);
	ck_assert_uint_eq(shift, wanted == PAGE_SHIFT_1G && ram < RAM_1G ? PAGE_SHIFT_2M : wanted);
}

START_TEST(memory_and_registers_end_alike)
{
	const uint64_t ram = sizes[_i].ram;
	const struct machine_config plain = {.paging = PAGING_NATIVE, .ram_size = ram};
	const struct machine_config ept = {
	    .paging = PAGING_EPT, .ept_page_shift = sizes[_i].shift, .ept_levels = sizes[_i].levels, .ram_size = ram};

	run(&native, &console[0], &plain);
	run(&hosted, &console[1], &ept);
	check_page_size(ram, sizes[_i].shift);
	ck_assert_uint_eq(console[0].captured, console[1].captured);
	ck_assert_mem_eq(console[0].capture, console[1].capture, console[0].captured);
	for (uint64_t gpa = 0; gpa < ram; gpa += PAGE_SIZE)
		ck_assert_msg(!memcmp(guest_page(&native, gpa), guest_page(&hosted, gpa), PAGE_SIZE), "page %#lx differs", gpa);
	/* the guest's last act is an OUT: natively it has retired, the VMM has advanced over it */
	for (unsigned i = 0; i < GPR_COUNT; i++)
		ck_assert_msg(native.cpu.gpr[i] == hosted.cpu.gpr[i] || i == RSP, "register %u: %#lx, %#lx", i, native.cpu.gpr[i],
			      hosted.cpu.gpr[i]);
	ck_assert_uint_eq(native.cpu.cr3, hosted.cpu.vmx_op == VMX_NONROOT ? hosted.cpu.cr3 : hosted.vmx.vmcs.guest_cr3);
	machine_free(&native);
	machine_free(&hosted);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("final memory");
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, memory_and_registers_end_alike, 0, ARRAY_LEN(sizes));
	suite_add_tcase(suite, tc);
}

TEST_MAIN("final_memory", add_cases)
