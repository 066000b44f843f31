/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host-physical memory: bounds, the device hole, devices, marks, and what stores to marked frames leave. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mmu/mem.h"
#include "tests/test.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static struct mem mem;

static void setup(void)
{
	ck_assert_int_eq(mem_init(&mem, 16 * MIB), 0);
}

static void teardown(void)
{
	mem_free(&mem);
}

START_TEST(sizes_out_of_range_are_refused)
{
	static const uint64_t bad[] = {0, 1, 4095, 4097, MEM_SIZE_MAX + 4096, ~0ull, ~0ull << 12};
	struct mem m;
	ck_assert_msg(mem_init(&m, bad[_i]) == -ERR_ARG, "size %llx", (unsigned long long)bad[_i]);
}
END_TEST

static const struct {
	uint64_t size, addr, len;
	bool ram;
} bounds[] = {
    {16 * MIB, 0, 1, true},
    {16 * MIB, 16 * MIB - 1, 1, true},
    {16 * MIB, 16 * MIB - 1, 2, false},
    {16 * MIB, 16 * MIB, 1, false},
    {16 * MIB, 4 * GIB, 1, false},
    {16 * MIB, ~0ull, 1, false},
    {16 * MIB, ~0ull, ~0ull, false},
    {16 * MIB, 1, ~0ull, false},
    {3 * GIB, 3 * GIB - 8, 8, true},
    {3 * GIB, 3 * GIB - 7, 8, false},
    {3 * GIB, 4 * GIB, 1, false},
    {4 * GIB, 3 * GIB - 1, 2, false},
    {4 * GIB, 3 * GIB, 1, false},
    {4 * GIB, 4 * GIB - 1, 1, false},
    {4 * GIB, 4 * GIB - 1, 2, false},
    {4 * GIB, 4 * GIB, 1 * GIB, true},
    {4 * GIB, 4 * GIB, 1 * GIB + 1, false},
    {4 * GIB, 5 * GIB - 1, 1, true},
    {4 * GIB, 5 * GIB, 1, false},
};

START_TEST(ram_ends_at_the_hole_and_at_the_top)
{
	struct mem m;
	uint8_t byte = 0x5a;
	ck_assert_int_eq(mem_init(&m, bounds[_i].size), 0);
	ck_assert_uint_eq(mem_size(&m), bounds[_i].size);
	ck_assert_msg(mem_is_ram(&m, HPA(bounds[_i].addr), bounds[_i].len) == bounds[_i].ram, "row %d", _i);
	if (!bounds[_i].ram && bounds[_i].len == 1) {
		ck_assert(!mem_write_bytes(&m, HPA(bounds[_i].addr), &byte, 1));
		ck_assert(!mem_read_bytes(&m, HPA(bounds[_i].addr), &byte, 1));
		ck_assert_uint_eq(byte, 0x5a);
	}
	mem_free(&m);
}
END_TEST

START_TEST(values_are_little_endian_and_of_their_size)
{
	static const unsigned sizes[] = {1, 2, 4, 8};
	unsigned size = sizes[_i];
	uint8_t bytes[16];
	mem_write(&mem, HPA(0x1000), 0xffffffffffffffff, 8);
	mem_write(&mem, HPA(0x1000), 0x1122334455667788, size);
	ck_assert(mem_read_bytes(&mem, HPA(0x1000), bytes, 16));
	for (unsigned i = 0; i < 8; i++)
		ck_assert_uint_eq(bytes[i], i < size ? 0x88 - 0x11 * i : 0xff);
	ck_assert_uint_eq(mem_read(&mem, HPA(0x1000), size), 0x1122334455667788 & BITS(8 * size - 1, 0));
}
END_TEST

START_TEST(nowhere_reads_all_ones_and_swallows_writes)
{
	static const uint64_t where[] = {16 * MIB, 3 * GIB, 4 * GIB, 1ull << 45, ~0ull - 7};
	mem_write(&mem, HPA(where[_i]), 0, 8);
	ck_assert_uint_eq(mem_read(&mem, HPA(where[_i]), 1), 0xff);
	ck_assert_uint_eq(mem_read(&mem, HPA(where[_i]), 2), 0xffff);
	ck_assert_uint_eq(mem_read(&mem, HPA(where[_i]), 4), 0xffffffff);
	ck_assert_uint_eq(mem_read(&mem, HPA(where[_i]), 8), ~0ull);
	ck_assert_uint_eq(mem_read_entry(&mem, HPA(where[_i]), 4), 0xffffffff);
	ck_assert_uint_eq(mem_read_entry(&mem, HPA(where[_i]), 8), ~0ull);
	mem_or_entry(&mem, HPA(where[_i]), 0x20, 8);
	mem_mark(&mem, HPA(where[_i]), FRAME_TABLE);
	ck_assert(!mem.attention);
}
END_TEST

struct log {
	uint64_t addr, value;
	unsigned size, reads, writes;
};

static uint64_t log_read(void *ctx, hpa_t addr, unsigned size)
{
	struct log *l = ctx;
	*l = (struct log){.addr = addr.u, .size = size, .reads = l->reads + 1, .writes = l->writes};
	return 0xfedcba9876543210;
}

static void log_write(void *ctx, hpa_t addr, uint64_t value, unsigned size)
{
	struct log *l = ctx;
	*l = (struct log){.addr = addr.u, .value = value, .size = size, .reads = l->reads, .writes = l->writes + 1};
}

START_TEST(devices_get_what_is_not_ram_but_paging_entries)
{
	struct log l = {0};
	mem.devices = (struct mem_devices){log_read, log_write, &l};
	ck_assert_uint_eq(mem_read(&mem, HPA(0xfee00020), 4), 0x76543210);
	ck_assert_uint_eq(l.addr, 0xfee00020);
	ck_assert_uint_eq(l.size, 4);
	mem_write(&mem, HPA(0xfee000b0), 0x1234567890, 2);
	ck_assert_uint_eq(l.addr, 0xfee000b0);
	ck_assert_uint_eq(l.value, 0x7890);
	mem_write(&mem, HPA(0x2000), 1, 8);
	ck_assert_uint_eq(mem_read(&mem, HPA(0x2000), 8), 1);
	ck_assert_uint_eq(mem_read_entry(&mem, HPA(0xfee00020), 8), ~0ull);
	mem_or_entry(&mem, HPA(0xfee00020), 0x20, 8);
	ck_assert_uint_eq(l.reads + l.writes, 2);
}
END_TEST

START_TEST(store_over_an_entry_in_use_advances_the_epoch)
{
	uint8_t bytes[8192] = {0};
	mem_mark(&mem, HPA(0x3008), FRAME_TABLE);
	mem_write(&mem, HPA(0x2ff8), 1, 8);
	mem_write(&mem, HPA(0x2ff8), 0, 8);
	mem_write(&mem, HPA(0x4000), 1, 8);
	mem_write(&mem, HPA(0x3ff8), 1, 8); /* over one that is not present */
	ck_assert(!mem.attention);
	mem_write(&mem, HPA(0x3ff8), 0, 8);
	ck_assert_uint_eq(mem.table_epoch, 1);
	ck_assert(mem.attention);
	ck_assert(mem_write_bytes(&mem, HPA(0x2800), bytes, sizeof bytes));
	ck_assert_uint_eq(mem.table_epoch, 2);
	mem_or_entry(&mem, HPA(0x3000), 0x20, 8);
	ck_assert_uint_eq(mem.table_epoch, 2);
	ck_assert_uint_eq(mem.code_stores, 0);
}
END_TEST

/* Entries of 4 and of 8 bytes, and EPT's, which have R, W, X (bits 2:0) and X for user mode (bit 10). */
START_TEST(bits_that_make_an_entry_used)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		bool used = bit % 32 <= 2 || bit % 32 == 10;
		mem_write(&mem, HPA(0x3000), BIT(bit), 8);
		ck_assert_msg(mem_overwrites_entry(&mem, HPA(0x3000), 8) == used, "bit %u", bit);
		ck_assert_msg(mem_overwrites_entry(&mem, HPA(0x3007), 1) == used, "bit %u, by its last byte", bit);
		ck_assert_msg(mem_overwrites_entry(&mem, HPA(0x2ffc), 8) == used, "bit %u, from the entry before", bit);
		ck_assert(!mem_overwrites_entry(&mem, HPA(0x3008), 8));
	}
}
END_TEST

static void assert_change(unsigned i, uint64_t frame, unsigned from, unsigned to)
{
	ck_assert_uint_lt(i, mem.changes);
	ck_assert_uint_eq(mem.change[i].frame, frame);
	ck_assert_uint_eq(mem.change[i].from, from);
	ck_assert_uint_eq(mem.change[i].to, to);
}

START_TEST(a_frame_that_is_stored_to_as_data_loses_its_mark)
{
	mem_mark(&mem, HPA(0x3000), FRAME_TABLE);
	mem_mark(&mem, HPA(0x5000), FRAME_TABLE | FRAME_CODE);
	for (unsigned i = 0; i < MEM_WORN_STORES; i++) {
		ck_assert(!mem.has_worn);
		ck_assert_uint_eq(mem.table_epoch, i);
		mem_overwritten(&mem, HPA(0x3000 + 8 * i), 8);
	}
	ck_assert(mem.has_worn);
	uint64_t epoch = mem.table_epoch, marks = mem.marks;
	mem.changes = 0;
	mem_unmark_worn(&mem);
	ck_assert(!mem.has_worn);
	ck_assert_uint_eq(mem.changes, 1); /* from now on nobody sees where it changes */
	assert_change(0, 3, 0, PAGE_SIZE);
	ck_assert_uint_gt(mem.table_epoch, epoch);
	ck_assert_uint_eq(mem.frame_flags[3], 0);
	ck_assert_uint_eq(mem.frame_flags[5], FRAME_TABLE | FRAME_CODE);
	mem.marked = 0;
	mem_mark(&mem, HPA(0x3000), FRAME_TABLE);
	ck_assert_uint_eq(mem.marks, marks + 1);
	ck_assert_uint_eq(mem.marked, FRAME_TABLE);
	mem_mark(&mem, HPA(0x3000), FRAME_TABLE | FRAME_CODE);
	ck_assert_uint_eq(mem.marked, FRAME_TABLE | FRAME_CODE);
	mem.marked = 0;
	mem_mark(&mem, HPA(0x5000), FRAME_TABLE | FRAME_CODE);
	ck_assert_uint_eq(mem.marked, 0);
	mem.frame_flags[3] = FRAME_TABLE;
	for (unsigned i = 0; i < MEM_WORN_STORES; i++) { /* in turns with another frame of the same place */
		mem_overwritten(&mem, HPA(0x3000), 8);
		mem_overwritten(&mem, HPA(0x3000 + MEM_WORN_FRAMES * PAGE_SIZE), 8);
	}
	ck_assert(!mem.has_worn);
}
END_TEST

START_TEST(where_entries_change_is_noted_by_frame)
{
	for (unsigned f = 0; f < 40; f++)
		mem_mark(&mem, HPA(f << 12), FRAME_TABLE);
	mem_write(&mem, HPA(0x3010), 0x1000, 8); /* over an entry that is not present */
	ck_assert_uint_eq(mem.changes, 0);
	mem_write(&mem, HPA(0x3010), 1, 8);
	mem_write(&mem, HPA(0x3010), 0, 8);
	mem_overwritten(&mem, HPA(0x5ffc), 4);
	mem_overwritten(&mem, HPA(0x302c), 8); /* two entries */
	ck_assert_uint_eq(mem.changes, 2);
	assert_change(0, 3, 0x10, 0x38);
	assert_change(1, 5, 0xff8, 0x1000);
	for (unsigned f = 6; f < 6 + MEM_CHANGES - 2; f++)
		mem_overwritten(&mem, HPA(f << 12), 8);
	ck_assert_uint_eq(mem.changes, MEM_CHANGES);
	mem_overwritten(&mem, HPA(0x3000), 8);
	ck_assert_uint_eq(mem.changes, MEM_CHANGES);
	mem_overwritten(&mem, HPA(0x20000), 8);
	ck_assert_uint_eq(mem.changes, MEM_CHANGES + 1);
	mem_overwritten(&mem, HPA(0x21000), 8);
	ck_assert_uint_eq(mem.changes, MEM_CHANGES + 1);
}
END_TEST

START_TEST(a_change_of_ept_concerns_all)
{
	mem_mark(&mem, HPA(0x3000), FRAME_TABLE);
	mem_mark(&mem, HPA(0x3000), FRAME_TABLE | FRAME_EPT);
	ck_assert_uint_eq(mem.frame_flags[3], FRAME_TABLE | FRAME_EPT);
	mem_overwritten(&mem, HPA(0x3000), 8);
	ck_assert_uint_gt(mem.changes, MEM_CHANGES);
	mem.changes = 0;
	for (unsigned i = 1; i < MEM_WORN_STORES; i++)
		mem_overwritten(&mem, HPA(0x3000), 8);
	mem.changes = 0;
	mem_unmark_worn(&mem);
	ck_assert_uint_gt(mem.changes, MEM_CHANGES);
}
END_TEST

START_TEST(stores_to_code_frames_are_listed_once_in_a_row_until_the_list_overflows)
{
	for (unsigned f = 0; f < 80; f++)
		mem_mark(&mem, HPA(f << 12), FRAME_CODE);
	mem_write(&mem, HPA(0x5000), 1, 8);
	mem_write(&mem, HPA(0x5ff8), 1, 8);
	mem_write(&mem, HPA(0x6000), 1, 8);
	ck_assert_uint_eq(mem.code_stores, 2);
	ck_assert_uint_eq(mem.code_frame[0], 5);
	ck_assert_uint_eq(mem.code_frame[1], 6);
	ck_assert_uint_eq(mem.table_epoch, 0);
	for (unsigned f = 0; f < 62; f++)
		mem_write(&mem, HPA(f << 12), 1, 1);
	ck_assert_uint_eq(mem.code_stores, MEM_CODE_STORES);
	for (unsigned f = 62; f < 80; f++)
		mem_write(&mem, HPA(f << 12), 1, 1);
	ck_assert_uint_eq(mem.code_stores, MEM_CODE_STORES + 1);
}
END_TEST

START_TEST(accessed_flag_set_in_a_frame_of_code_is_a_store_to_code)
{
	mem_mark(&mem, HPA(0x7000), FRAME_CODE | FRAME_TABLE);
	mem_or_entry(&mem, HPA(0x7004), 0x20, 4);
	ck_assert_uint_eq(mem_read(&mem, HPA(0x7000), 8), 0x2000000000);
	ck_assert_uint_eq(mem.code_stores, 1);
	ck_assert_uint_eq(mem.table_epoch, 0);
}
END_TEST

static uint64_t resident(void)
{
	unsigned long all, pages;
	FILE *f = fopen("/proc/self/statm", "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%lu %lu", &all, &pages), 2);
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

START_TEST(untouched_ram_costs_nothing)
{
	struct mem m;
	uint64_t before = resident();
	ck_assert_int_eq(mem_init(&m, 64 * GIB), 0);
	for (uint64_t i = 0; i < 2560; i++)
		mem_write(&m, HPA(4 * GIB + i * 16 * MIB), i, 8);
	ck_assert_uint_lt(resident() - before, 32 * MIB); /* 10 MiB touched, and their flags */
	mem_free(&m);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("mem");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, sizes_out_of_range_are_refused, 0, 7);
	tcase_add_loop_test(tc, ram_ends_at_the_hole_and_at_the_top, 0, ARRAY_LEN(bounds));
	tcase_add_loop_test(tc, values_are_little_endian_and_of_their_size, 0, 4);
	tcase_add_loop_test(tc, nowhere_reads_all_ones_and_swallows_writes, 0, 5);
	tcase_add_test(tc, devices_get_what_is_not_ram_but_paging_entries);
	tcase_add_test(tc, store_over_an_entry_in_use_advances_the_epoch);
	tcase_add_test(tc, bits_that_make_an_entry_used);
	tcase_add_test(tc, a_frame_that_is_stored_to_as_data_loses_its_mark);
	tcase_add_test(tc, where_entries_change_is_noted_by_frame);
	tcase_add_test(tc, a_change_of_ept_concerns_all);
	tcase_add_test(tc, stores_to_code_frames_are_listed_once_in_a_row_until_the_list_overflows);
	tcase_add_test(tc, accessed_flag_set_in_a_frame_of_code_is_a_store_to_code);
	tcase_add_test(tc, untouched_ram_costs_nothing);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("mem", add_cases)
