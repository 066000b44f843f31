/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page faults of 4-level paging: error code and CR2 for each kind of page and access; WP, NX, SMEP, SMAP, protection keys, reserved bits;
 * accessed and dirty flags; page-splitting accesses; INVLPG, PCIDs, INVPCID and global pages with the invalidations software must do.
 * SDM 3A, "Paging": "Page-Fault Exceptions", "Access Rights", "Accessed and Dirty Flags", "Process-Context Identifiers (PCIDs)".
 */
#include "finish.h"
#include "lib/attempt.h"
#include "print.h"

enum { P = 1, RW = 2, US = 4, A = 32, D = 64, G = 256 };
#define NX (1ull << 63)
#define RESERVED (1ull << 51) /* beyond the physical-address width of any processor */
#define KEY1 (1ull << 59)
#define AREA 0x40000000ul /* 2 MiB of linear addresses with a page table of their own */

extern u64 boot_pml4[512], boot_pdpt[512];
static u64 area_pd[512] __attribute__((aligned(4096))), area_pt[512] __attribute__((aligned(4096)));
static u8 frames[4][4096] __attribute__((aligned(4096)));
void main(u64 multiboot);

/* what each page of the area is */
enum { NONE, SUP_RO, SUP_RW, USER_RO, USER_RW, SUP_NX, USER_NX, RSVD, USER_KEY1, SPLIT, SPLIT_NEXT, FRESH, REMAP, REMAP_G };
static const u64 pages[] = {
    [SUP_RO] = P,
    [SUP_RW] = P | RW,
    [USER_RO] = P | US,
    [USER_RW] = P | RW | US,
    [SUP_NX] = P | RW | NX,
    [USER_NX] = P | RW | US | NX,
    [RSVD] = P | RW | US | RESERVED,
    [USER_KEY1] = P | RW | US | KEY1,
    [SPLIT] = P | RW | US,
    [FRESH] = P | RW,
    [REMAP] = P | RW,
    [REMAP_G] = P | RW | G,
};
static const char *const names[] = {
    "none", "supervisor read-only", "supervisor", "user read-only", "user", "supervisor nx", "user nx", "reserved bit", "user key 1",
};

/* The piece works on the address AREA + page_offset. */
#define TARGET "mov $0x40000000, %edi; add page_offset(%rip), %rdi"
extern u64 page_offset;
PIECE(load, TARGET, "mov (%rdi), %rax");
PIECE(store, TARGET "; mov $0x909090c3, %eax", "mov %eax, (%rdi)");
PIECE(modify, TARGET, "addl $0, (%rdi)");
PIECE(fetch, TARGET, "call *%rdi");
PIECE(load_ac, "stac; " TARGET, "mov (%rdi), %rax");
PIECE(movs, "mov $0x40000ffc, %esi; add page_offset(%rip), %rsi; mov %rsi, %rdi; mov $2, %ecx", "rep movsl");
PIECE(xlock, TARGET "; xor %eax, %eax; mov $1, %ecx", "lock cmpxchg %ecx, (%rdi)");
u64 page_offset;

/* Prints the error code of the page fault, or - if there is none; and what must not differ: CR2 and the saved RIP. */
static void try(void (*how)(void (*)(void)), void (*piece)(void), const char *at, unsigned page)
{
	page_offset = page * 4096ul;
	how(piece);
	if (caught.vector == VECTOR_NONE) {
		print(" -");
		return;
	}
	print(" %lx", caught.error);
	u64 rip = at ? (u64)at + (caught.cs & 3 ? BOOT_USER : 0) : AREA + page_offset;
	if (caught.vector != 14 || caught_cr2 != AREA + page_offset || caught.rip != rip)
		print("(vector %lu cr2 %lx rip %lx)", caught.vector, caught_cr2, caught.rip);
}

/* A line for each kind of page, each with 7 outcomes: supervisor load, store, fetch; user load, store, read-modify-write, fetch. */
static void all(const char *title)
{
	for (unsigned page = NONE; page <= USER_KEY1; page++) {
		print("%s, %s: supervisor", title, names[page]);
		try(attempt, t_load, at_load, page);
		try(attempt, t_store, at_store, page);
		try(attempt, t_fetch, NULL, page);
		print(", user");
		try(attempt_user, t_load, at_load, page);
		try(attempt_user, t_store, at_store, page);
		try(attempt_user, t_modify, at_modify, page);
		try(attempt_user, t_fetch, NULL, page);
		print("\n");
	}
}

static void map(unsigned page, u64 frame, u64 flags)
{
	area_pt[page] = (u64)frames[frame] | flags;
	invlpg((void *)(AREA + page * 4096ull));
}

static void build(void)
{
	for (unsigned f = 0; f < 4; f++)
		for (unsigned i = 0; i < 4096; i++)
			frames[f][i] = i % 8 ? 0x90 : 0xc3; /* RET at each 8th byte */
	for (unsigned page = 0; page < sizeof(pages) / sizeof(pages[0]); page++)
		area_pt[page] = pages[page] ? (u64)frames[0] | pages[page] : 0;
	area_pd[0] = (u64)area_pt | P | RW | US;
	boot_pdpt[1] = (u64)area_pd | P | RW | US;
	write_cr3((u64)boot_pml4);
}

static void wrpkru(u32 v)
{
	asm volatile("wrpkru" : : "a"(v), "c"(0), "d"(0));
}

static void rights(void)
{
	all("plain");
	write_cr0(read_cr0() | CR0_WP);
	all("WP");
	write_cr4(read_cr4() | CR4_SMEP);
	all("WP, SMEP");
	write_cr4(read_cr4() | CR4_SMAP);
	all("WP, SMEP, SMAP");
	print("SMAP and AC, user: supervisor");
	try(attempt, t_load_ac, at_load_ac, USER_RW);
	print("\n");
	write_cr4(read_cr4() & ~(u64)(CR4_SMAP | CR4_SMEP));
	write_cr4(read_cr4() | CR4_PKE);
	wrpkru(4);
	all("WP, key 1 access-disabled");
	wrpkru(8);
	all("WP, key 1 write-disabled");
	write_cr0(read_cr0() & ~(u64)CR0_WP);
	all("key 1 write-disabled");
	wrpkru(0);
	write_cr4(read_cr4() & ~(u64)CR4_PKE);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~(u64)EFER_NXE);
	all("NXE 0");
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
}

static void splits(void)
{
	print("-- page-splitting\n");
	page_offset = SPLIT * 4096 + 4094;
	report_cr2_base = AREA + SPLIT * 4096;
	TRY(attempt, load, "load, second page absent");
	TRY(attempt, store, "store, second page absent");
	print("  first page %lx\n", *(u64 *)(AREA + SPLIT * 4096 + 4088));
	map(SPLIT_NEXT, 1, P);
	write_cr0(read_cr0() | CR0_WP);
	TRY(attempt, load, "load, second page read-only");
	TRY(attempt, store, "store, second page read-only");
	TRY(attempt, modify, "read-modify-write, second page read-only");
	page_offset = (SPLIT - 1) * 4096 + 4094;
	area_pt[SPLIT - 1] = 0;
	invlpg((void *)(AREA + (SPLIT - 1) * 4096ull));
	report_cr2_base = AREA + (SPLIT - 1) * 4096;
	TRY(attempt, load, "load, first page absent");
	map(SPLIT_NEXT, 1, 0);
	page_offset = SPLIT * 4096;
	report_cr2_base = AREA + SPLIT * 4096;
	TRY(attempt, movs, "rep movsd, second iteration");
	print("  rcx %lu rsi %lx rdi %lx\n", caught.rcx, caught.rsi - AREA - SPLIT * 4096, caught.rdi - AREA - SPLIT * 4096);
	page_offset = 0;
	report_cr2_base = AREA;
	TRY(attempt, xlock, "cmpxchg, absent");
	page_offset = SUP_RO * 4096;
	report_cr2_base = AREA + page_offset;
	TRY(attempt, xlock, "cmpxchg that fails, read-only");
	write_cr0(read_cr0() & ~(u64)CR0_WP);
}

static void show_ad(const char *what)
{
	print("%s: pde A %u, pte A %u D %u\n", what, !!(area_pd[0] & A), !!(area_pt[FRESH] & A), !!(area_pt[FRESH] & D));
	area_pd[0] &= ~(u64)A;
	area_pt[FRESH] &= ~(u64)(A | D);
	write_cr3((u64)boot_pml4);
}

static void flags(void)
{
	print("-- accessed and dirty\n");
	show_ad("before");
	show_ad("nothing");
	page_offset = FRESH * 4096;
	attempt(t_load);
	show_ad("load");
	attempt(t_store);
	show_ad("store");
	attempt(t_modify);
	show_ad("read-modify-write");
	attempt(t_fetch);
	show_ad("fetch");
	attempt(t_load);
	attempt(t_store);
	show_ad("load, then store");
	attempt(t_store);
	area_pt[FRESH] &= ~(u64)D;
	invlpg((void *)(AREA + page_offset));
	attempt(t_store);
	show_ad("D cleared, INVLPG, store");
	area_pt[FRESH] &= ~(u64)RW;
	invlpg((void *)(AREA + page_offset));
	write_cr0(read_cr0() | CR0_WP);
	attempt(t_store);
	print("  D after a store that faults: %u\n", !!(area_pt[FRESH] & D));
	write_cr0(read_cr0() & ~(u64)CR0_WP);
}

static u64 peek(unsigned page)
{
	return *(volatile u64 *)(AREA + page * 4096ull);
}

static void invpcid(u64 type, u64 pcid, u64 address)
{
	struct {
		u64 pcid, address;
	} d = {pcid, address};
	asm volatile("invpcid %0, %1" : : "m"(d), "r"(type) : "memory");
}

static void remap(u64 frame)
{
	area_pt[REMAP] = (u64)frames[frame] | P | RW;
	area_pt[REMAP_G] = (u64)frames[frame] | P | RW | G;
}

static bool has_invpcid(void)
{
	u32 r[4];
	cpuid(7, 0, r);
	return r[1] & 1 << 10;
}

/* with PCID 2 current */
static void invalidation_invpcid(u64 a, u64 cr3)
{
	remap(3);
	invpcid(0, 2, a);
	print("INVPCID address, PCID 2: %lu\n", peek(REMAP));
	invpcid(1, 1, 0);
	write_cr3(cr3 | 1 | 1ull << 63);
	print("INVPCID single context, PCID 1, no flush by CR3: %lu\n", peek(REMAP));
	remap(0);
	invpcid(3, 0, 0);
	print("INVPCID all but global: %lu\n", peek(REMAP));
	invpcid(2, 0, 0);
	print("INVPCID all: %lu %lu\n", peek(REMAP), peek(REMAP_G));
}

/* Each time both pages are looked at, remapped, invalidated in one way, and looked at again. */
static void invalidation(void)
{
	u64 a = AREA + REMAP * 4096ull, cr3 = (u64)boot_pml4;
	print("-- invalidation\n");
	for (unsigned f = 0; f < 4; f++)
		*(u64 *)frames[f] = f;
	remap(0);
	write_cr3(cr3);
	write_cr4(read_cr4() | CR4_PGE);
	print("start: %lu %lu\n", peek(REMAP), peek(REMAP_G));
	remap(1);
	invlpg((void *)a);
	invlpg((void *)(a + 4096));
	print("INVLPG: %lu %lu\n", peek(REMAP), peek(REMAP_G));
	remap(2);
	write_cr3(cr3);
	print("MOV CR3: %lu\n", peek(REMAP));
	write_cr4(read_cr4() & ~(u64)CR4_PGE);
	print("CR4.PGE: %lu %lu\n", peek(REMAP), peek(REMAP_G));
	write_cr4(read_cr4() | CR4_PGE | CR4_PCIDE);
	write_cr3(cr3 | 1);
	print("PCID 1: %lu\n", peek(REMAP));
	write_cr3(cr3 | 2);
	print("PCID 2: %lu\n", peek(REMAP));
	if (has_invpcid())
		invalidation_invpcid(a, cr3);
	write_cr3(cr3);
	write_cr4(read_cr4() & ~(u64)(CR4_PGE | CR4_PCIDE));
}
PIECE(pcide_bits, "mov %cr3, %rax; or $1, %rax; mov %rax, %cr3; mov %cr4, %rax; or $0x20000, %rax", "mov %rax, %cr4");
PIECE(invpcid_type, "push $0; push $0; mov $4, %eax", "invpcid (%rsp), %rax");
PIECE(invpcid_reserved, "push $0; push $0x1000; xor %eax, %eax", "invpcid (%rsp), %rax");
PIECE(invpcid_pcid, "push $0; push $1; mov $1, %eax", "invpcid (%rsp), %rax");
PIECE(invpcid_canonical, "mov $0x4000000000000000, %rax; push %rax; push $0; xor %eax, %eax", "invpcid (%rsp), %rax");
PIECE(invlpg_canonical, "mov $0x800000000000, %rax", "invlpg (%rax)");
PIECE(invlpg_plain, "", "invlpg (%rsp)");

static void operands(void)
{
	print("-- operands\n");
	TRY(attempt, pcide_bits, "CR4.PCIDE with CR3[11:0] not 0");
	write_cr3((u64)boot_pml4);
	if (has_invpcid()) {
		TRY(attempt, invpcid_type, "INVPCID type 4");
		TRY(attempt, invpcid_reserved, "INVPCID reserved descriptor bits");
		TRY(attempt, invpcid_pcid, "INVPCID PCID 1, PCIDE 0");
		TRY(attempt, invpcid_canonical, "INVPCID non-canonical");
	}
	TRY(attempt, invlpg_canonical, "INVLPG non-canonical");
	TRY(attempt_user, invlpg_plain, "INVLPG, user");
}

void main(u64 multiboot)
{
	attempt_init(multiboot);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
	build();
	rights();
	splits();
	flags();
	invalidation();
	operands();
	finish(0);
}
