/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lab 2: runs the student's functions on tables of their own (decode, tables), and as the EPT violation handler of the built-in EPT VMM
 * with a real guest (run IMAGE). Prints lines "GOT MAX text|why" for grade.sh.
 */
#include "emu/machine.h"
#include "ept/epte.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab2.h"

enum {
	RAM = 64 << 20,
	GUEST_RAM = 16 << 20,
	LOADED_END = 0x200000,
	RUN_RAM = 2047 << 20,
	CAPTURE = 1 << 20,
	AGAIN_MAX = 8,
	VIOLATIONS_MAX = 20000
};

static struct ept_pool *pool;
static uint64_t frames;

uint64_t host_read(uint64_t hpa)
{
	return mem_read_entry(pool->mem, HPA(hpa), 8);
}

void host_write(uint64_t hpa, uint64_t value)
{
	mem_write_bytes(pool->mem, HPA(hpa), &value, 8);
}

uint64_t host_frame(void)
{
	hpa_t frame;
	if (!ept_pool_frame(pool, &frame))
		return 0;
	frames++;
	return frame.u;
}

static void points(unsigned got, unsigned all, const char *text, const char *why)
{
	printf("%u %u %s|%s\n", got, all, text, got == all ? "" : why);
}

/* ---- decode ---- */

static void grade_decode(void)
{
	static const struct {
		unsigned bit;
		const char *name;
		size_t offset;
	} fields[] = {
	    {0, "read", offsetof(struct violation, read)},
	    {1, "write", offsetof(struct violation, write)},
	    {2, "fetch", offsetof(struct violation, fetch)},
	    {3, "readable", offsetof(struct violation, readable)},
	    {4, "writable", offsetof(struct violation, writable)},
	    {5, "executable", offsetof(struct violation, executable)},
	    {7, "linear_valid", offsetof(struct violation, linear_valid)},
	    {8, "final", offsetof(struct violation, final)},
	};
	char why[256] = "";
	unsigned right = 0, used = 0;
	for (unsigned f = 0; f < ARRAY_LEN(fields); f++) {
		bool ok = true;
		for (uint64_t q = 0; q < 0x2000; q++) {
			struct violation v = decode(q);
			bool want = q >> fields[f].bit & 1 && (fields[f].bit != 8 || q >> 7 & 1);
			ok &= *(bool *)((char *)&v + fields[f].offset) == want;
		}
		right += ok;
		if (!ok)
			used += (unsigned)snprintf(why + used, sizeof why - used, "%sbit %u: %s", used ? ", " : "wrong: ", fields[f].bit,
						   fields[f].name);
	}
	points(3 * right, 24, "decode: the fields of the exit qualification", why);
}

/* ---- tables ---- */

static struct mem mem;
static struct ept_pool own_pool;
static struct ept_map map;
static struct vm vm;
static const struct violation write_access = {.write = true, .linear_valid = true, .final = true};

static void fresh(void)
{
	static bool there;
	if (there)
		mem_free(&mem);
	there = true;
	if (mem_init(&mem, RAM) < 0)
		exit(2);
	ept_pool_init(&own_pool, &mem, LOADED_END);
	pool = &own_pool;
	ept_map_init(&map, pool, 4);
	vm = (struct vm){.root = map.root.u, .ram = GUEST_RAM, .loaded_end = LOADED_END};
	frames = 0;
}

static uint64_t leaf(uint64_t gpa)
{
	unsigned shift;
	uint64_t entry = ept_map_find(&map, GPA(gpa), &shift);
	return shift == PAGE_SHIFT ? entry : 0;
}

/* Entries that refer to tables: rights, and no bit that must be 0. */
static bool tables_good(uint64_t gpa)
{
	uint64_t table = map.root.u;
	for (unsigned level = 4; level > 1; level--) {
		uint64_t entry = host_read(table + 8 * (gpa >> level_shift(level) & 511));
		if ((entry & EPTE_RWX) != EPTE_RWX || entry & (BITS(6, 3) | EPTE_PS))
			return false;
		table = entry & BITS(51, 12);
	}
	return true;
}

/* The accessed flag of the entries that refer to tables, which the processor sets when it uses them. */
static void put_accessed(uint64_t gpa, uint64_t flag)
{
	uint64_t table = map.root.u;
	for (unsigned level = 4; level > 1; level--) {
		uint64_t at = table + 8 * (gpa >> level_shift(level) & 511), entry = host_read(at);
		if (!(entry & EPTE_RWX))
			return;
		host_write(at, (entry & ~EPTE_A) | flag);
		table = entry & BITS(51, 12);
	}
}

static void grade_tables(void)
{
	const uint64_t high = 0x812345, low = 0x100abc;
	fresh();
	bool retried = handle(&vm, high, write_access) == RETRY;
	uint64_t entry = leaf(high);
	points(retried && (entry & EPTE_RWX) == EPTE_RWX ? 6 : 0, 6, "a page that was not there is mapped, with all rights",
	       retried ? "after handle() the walk for the address finds no 4-KiB page with R, W and X"
		       : "handle() refuses an address in RAM");
	points(entry && FIELD(entry, 5, 3) == MEMTYPE_WB && !(entry & EPTE_IPAT) ? 6 : 0, 6, "its memory type",
	       "memory type (bits 5:3) of an entry that maps RAM is 6, write-back; bit 6 is 0");
	points(entry && tables_good(high) ? 4 : 0, 4, "entries that refer to tables",
	       "R, W and X are 1 and bits 7:3 are 0 in an entry that refers to a table: else it is a misconfiguration");
	uint64_t before = frames;
	put_accessed(high, EPTE_A);
	handle(&vm, high + PAGE_SIZE, write_access);
	points(entry && leaf(high) == entry && leaf(high + PAGE_SIZE) && frames == before + 1 ? 6 : 0, 6,
	       "tables that are there are used again",
	       entry && !leaf(high + PAGE_SIZE)
		   ? "the next page is not found there: an entry's address is bits 51:12, and bit 8 is a flag that "
		     "the processor has set"
		   : "the next page needs one frame more, for its data; not one frame of tables for each page");
	put_accessed(high, 0);
	handle(&vm, low, write_access);
	points(page_base(leaf(low) & BITS(51, 12)) == page_base(low) ? 8 : 0, 8, "memory that the loader has filled",
	       "below loaded_end the page lies where the loader put it: host-physical = guest-physical");
	uint64_t at = 0, table = map.root.u;
	for (unsigned level = 4; entry && level > 0; level--) {
		at = table + 8 * (high >> level_shift(level) & 511);
		table = host_read(at) & BITS(51, 12);
	}
	uint64_t page = table;
	if (at) {
		host_write(page, 0x1234);
		host_write(at, host_read(at) & ~EPTE_W);
		handle(&vm, high,
		       (struct violation){.write = true, .readable = true, .executable = true, .linear_valid = true, .final = true});
	}
	points(at && (leaf(high) & EPTE_W) && page_base(leaf(high) & BITS(51, 12)) == page && host_read(page) == 0x1234 ? 10 : 0, 10,
	       "a write to a page that is mapped read-only",
	       "the entry gets its W back and keeps its page: with a new page its data is lost");
	before = frames;
	bool refused = handle(&vm, GUEST_RAM, write_access) == REFUSE && handle(&vm, 1ull << 45, write_access) == REFUSE;
	points(at && refused && frames == before ? 10 : 0, 10, "addresses that are not RAM",
	       "beyond the end of RAM there is nothing: REFUSE");
}

/* ---- a guest ---- */

static struct machine m;
static struct console console;
static vmm_handler *built_in;
static uint64_t last_gpa = ~0ull, again, violations;

static enum vmm_result on_violation(struct vmm *vmm)
{
	uint64_t gpa = vmm_read(vmm, GUEST_PHYSICAL_ADDR);
	if (!mem_is_ram(&m.ept_vmm.guest, HPA(gpa), 1)) /* devices are not the student's */
		return built_in(vmm);
	vmm_reinject(vmm);
	pool = &m.ept_vmm.pool;
	again = gpa == last_gpa ? again + 1 : 0;
	last_gpa = gpa;
	if (again == AGAIN_MAX || ++violations == VIOLATIONS_MAX)
		return vmm_stop(vmm, "handle() has said RETRY for guest-physical 0x%llx, but the violation comes again",
				(unsigned long long)gpa);
	vm = (struct vm){.root = m.ept_vmm.map.root.u, .ram = RUN_RAM, .loaded_end = m.ept_vmm.config.loaded_end};
	if (handle(&vm, gpa, decode(vmm_read(vmm, EXIT_QUALIFICATION))) == RETRY)
		return VMM_RETRY;
	return vmm_stop(vmm, "handle() refuses guest-physical 0x%llx, which is RAM", (unsigned long long)gpa);
}

struct outcome {
	enum machine_end end;
	size_t length;
	char *text;
	uint64_t pages, exits, tables;
	const char *why;
};

/* frames of tables below one, itself included */
static uint64_t count_tables(uint64_t table, unsigned level, uint64_t *pages)
{
	uint64_t count = 1;
	for (unsigned i = 0; i < 512; i++) {
		uint64_t entry = mem_read_entry(&m.mem, HPA(table + 8 * i), 8);
		if (!(entry & EPTE_RWX))
			continue;
		if (level == 1)
			(*pages)++;
		else
			count += count_tables(entry & BITS(51, 12), level - 1, pages);
	}
	return count;
}

static struct outcome run(const char *image, bool student)
{
	struct outcome o = {.end = END_STOP};
	char error[LOAD_ERROR_SIZE];
	const struct load_request request = {.path = image, .cmdline = "chase=512,1 chase2m=4,1 chase1g=0 copy=16,1 gups=64,2000 ticks=2"};
	const struct machine_config config = {
	    .ram_size = RUN_RAM, .max_insns = 4000000, .paging = PAGING_EPT, .console = &console, .tlbs = &mmu_config_default};
	if (console_init(&console, NULL, -1, CAPTURE) < 0 || machine_init(&m, &config) < 0 || machine_load(&m, &request, error) < 0)
		exit(2);
	if (student) {
		built_in = m.ept_vmm.vmm.row[EXIT_EPT_VIOLATION].handler;
		m.ept_vmm.vmm.row[EXIT_EPT_VIOLATION].handler = on_violation;
	}
	o.end = machine_run(&m);
	o.why = m.stop_reason;
	o.length = console.captured;
	o.text = malloc(o.length + 1);
	if (!o.text)
		exit(2);
	memcpy(o.text, console.capture ? console.capture : "", o.length);
	o.exits = student ? violations : 0;
	if (o.end == END_EXIT)
		o.tables = count_tables(m.ept_vmm.map.root.u, 4, &o.pages);
	return o;
}

static void stop(void)
{
	machine_free(&m);
	console_free(&console);
}

static void grade_run(const char *image)
{
	char why[400];
	struct outcome good = run(image, false);
	stop();
	struct outcome o = run(image, true);
	bool same = o.end == END_EXIT && o.length == good.length && !memcmp(o.text, good.text, o.length);
	snprintf(why, sizeof why, "%s",
		 o.end == END_STOP	  ? o.why
		 : o.end == END_MAX_INSNS ? "the guest comes to no end: the same violation again and again?"
					  : "the guest's output differs from that of the built-in VMM");
	points(same ? 18 : 0, 18, "a real guest runs", why);
	snprintf(why, sizeof why, "%" PRIu64 " pages are mapped after %" PRIu64 " violations; the guest touched %" PRIu64, o.pages, o.exits,
		 good.pages);
	points(same && o.pages == good.pages ? 8 : 0, 8, "lazily: what the guest touches, and no more", why);
	if (same)
		printf("note: %" PRIu64 " frames of EPT tables (%.2f %% of what they map) for %" PRIu64 " pages and %" PRIu64
		       " EPT violations\n",
		       o.tables, 100.0 * (double)o.tables / (double)o.pages, o.pages, o.exits);
	free(o.text);
	free(good.text);
	stop();
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "decode"))
		grade_decode();
	else if (argc == 2 && !strcmp(argv[1], "tables"))
		grade_tables();
	else if (argc == 3 && !strcmp(argv[1], "run"))
		grade_run(argv[2]);
	else
		return 2;
	return 0;
}
