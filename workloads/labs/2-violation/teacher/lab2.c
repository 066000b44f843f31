/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lab 2, for teachers: the solution. */
#include "lab2.h"

#define RWX 7ull
#define MEMORY_WB (6ull << 3)
#define ADDRESS 0x000ffffffffff000ull

struct violation decode(uint64_t qualification)
{
	return (struct violation){
	    .read = qualification >> 0 & 1,
	    .write = qualification >> 1 & 1,
	    .fetch = qualification >> 2 & 1,
	    .readable = qualification >> 3 & 1,
	    .writable = qualification >> 4 & 1,
	    .executable = qualification >> 5 & 1,
	    .linear_valid = qualification >> 7 & 1,
	    .final = (qualification >> 7 & 1) && (qualification >> 8 & 1),
	};
}

static uint64_t entry_at(uint64_t table, uint64_t gpa, int level)
{
	return table + 8 * (gpa >> (12 + 9 * (level - 1)) & 511);
}

/* The PT that gpa's entry is in, made with all tables above it if need be; 0: no memory left. */
static uint64_t page_table(uint64_t table, uint64_t gpa)
{
	for (int level = 4; level > 1; level--) {
		uint64_t at = entry_at(table, gpa, level), entry = host_read(at);
		if (!(entry & RWX)) {
			uint64_t frame = host_frame();
			if (!frame)
				return 0;
			entry = frame | RWX;
			host_write(at, entry);
		}
		table = entry & ADDRESS;
	}
	return table;
}

enum reply handle(const struct vm *vm, uint64_t gpa, struct violation v)
{
	if (gpa >= vm->ram)
		return REFUSE;
	uint64_t table = page_table(vm->root, gpa);
	if (!table)
		return REFUSE;
	uint64_t at = entry_at(table, gpa, 1), page = host_read(at) & ADDRESS;
	if (!(host_read(at) & RWX))
		page = gpa < vm->loaded_end ? gpa & ADDRESS : host_frame();
	host_write(at, page | RWX | MEMORY_WB);
	return RETRY;
}
