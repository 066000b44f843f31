/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The start: memory from the Multiboot memory map, page tables, devices, files, the first process. */
#include "device.h"
#include "entry.h"
#include "log.h"
#include "modules.h"
#include "options.h"
#include "page.h"
#include "pagetable.h"
#include "path.h"
#include "proc.h"
#include "program.h"
#include "sched.h"
#include "syscall.h"
#include "time.h"
#include "tty.h"
#include "vm_page.h"

enum { RANGES = 32, HAS_MAP = 64, INFO_MAP = 11, RAM = 1, LOW = 0x100000 };
#define BOOT_MAPPED 0x40000000ull /* what boot.S's tables reach */

extern char kernel_end[];
void main(u64 multiboot);

static struct range {
	u64 start, end;
} range[RANGES];
static unsigned ranges;
static u64 top, boot_frame;

/* The map's RAM from 1 MiB on; below are the firmware's things. */
static void note_memory(u64 multiboot)
{
	const u32 *info = direct(multiboot);
	u64 at = info[INFO_MAP + 1], end = at + info[INFO_MAP];

	if (!(info[0] & HAS_MAP))
		panic("the loader gave no memory map", info[0], 0);
	while (at < end && ranges < RANGES) {
		const u32 *e = direct(at);
		u64 start = (u64)e[2] << 32 | e[1], size = (u64)e[4] << 32 | e[3];
		at += e[0] + 4;
		if (e[5] != RAM || start + size <= LOW)
			continue;
		range[ranges++] = (struct range){start < LOW ? LOW : start, (start + size) & PAGE_MASK};
		if (start + size > top)
			top = start + size;
	}
}

static u64 next_frame(void)
{
	boot_frame += PAGE;
	if (boot_frame > BOOT_MAPPED)
		panic("the modules are too large: they and the page tables must lie in the first GiB", boot_frame, 0);
	return boot_frame - PAGE;
}

static bool has_giant_pages(void)
{
	u32 r[4];

	cpuid(0x80000001, 0, r);
	if (!(r[3] & 1u << 26))
		log("this processor has no 1-GiB pages: 2-MiB pages are used");
	return r[3] & 1u << 26;
}

static unsigned direct_level(void)
{
	if (options_is("direct", "1g") && has_giant_pages())
		return 3;
	return options_is("direct", "4k") ? 1 : 2;
}

/* The page table (frames' descriptors) and the kernel's tables lie behind image and modules; the rest is free. */
static void init_memory(void)
{
	struct page *table;
	u64 count = top / PAGE;

	boot_frame = modules_end(physical(kernel_end));
	table = direct(boot_frame);
	boot_frame += page_round(count * sizeof(*table)) - PAGE;
	next_frame();
	vm_kernel_pml4 = pagetable_kernel(top, direct_level(), true, next_frame);
	page_init(table, count);
	write_cr3(vm_kernel_pml4);
	for (unsigned i = 0; i < ranges; i++)
		page_give(range[i].start < boot_frame && range[i].end > boot_frame ? boot_frame : range[i].start, range[i].end);
	vm_giant = options_is("user", "1g") && has_giant_pages();
	vm_huge = options_is("user", "2m") || options_is("user", "1g");
}

void main(u64 multiboot)
{
	modules_note(multiboot);
	note_memory(multiboot);
	syscall_trace = options_is("trace", "on");
	tty_init(options_is("tty", "on"));
	entry_init(options_is("pcid", "on"));
	init_memory();
	time_init(options_number("hz", 100));
	path_root = inode_new(S_IFDIR | 0755);
	if (!path_root)
		panic("no memory", top, 0);
	path_root->links = 2;
	struct inode *tmp = inode_new(S_IFDIR | 01777);
	const char *wrong = options_wrong();
	if (wrong) {
		log("'%s' on the command line: no such word, or not with this value (workloads/kernel/README.md lists them)", wrong);
		panic("a word of the command line", 0, 0);
	}
	bool ok = tmp && path_install("/tmp", tmp) && device_install() && proc_install() && modules_install();
	if (!ok)
		panic("no memory for the files", page_free_count, top);
	inode_put(tmp);
	program_start();
	sched_start();
}
