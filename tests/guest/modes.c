/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A walk through the modes: 64-bit, compatibility, protected without paging, real, 32-bit paging, PAE, 64-bit again, and 5-level paging;
 * loads, stores, faults and an interrupt in each. SDM 3A, "Switching Modes", "Initializing IA-32e Mode", "5-Level Paging".
 */
#include "modes.h"
#include "cmdline.h"
#include "finish.h"
#include "gdt.h"
#include "lapic.h"
#include "lib/attempt.h"
#include "print.h"

void main(u64 multiboot);
void tour(void);
void relong(u64 cr3, u64 cr4);
extern char real_start[], real_end[];
extern u32 tss32[26], do_task;
extern u64 boot_pml4[512];

static void descriptors(void)
{
	u64 base = (u64)tss32;
	gdt[TSS32_SEL >> 3] = 103 | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
	gdt[SMALL_SEL >> 3] = 0x004093000000000f;
	gdt[DOWN_SEL >> 3] = 0x0040970000000fff;
	gdt[TASK_SEL >> 3] = gdt[TSS32_SEL >> 3];
	gdt[ABSENT_SEL >> 3] = 0x00cf13000000ffff;
}

static const char *const real_names[] = {
    "real mode: CR0.PE",
    "cs",
    "int 60",
    "sp",
    "div by 0",
    "ud2",
    "load at the limit",
    "stack load at the limit",
    "load at 10000",
    "load at 100000 by an old limit",
    "load at ffff:10",
    "IOPL and NT",
    "popf of IOPL and NT",
    "far call and return",
    "self-IPI",
    "lldt",
    "int beyond the IVT",
    "push and pop in virtual-8086 mode",
};

static void show_real(void)
{
	const volatile u16 *f = (const volatile u16 *)REAL_FACTS;
	for (unsigned i = 0; i < sizeof(real_names) / sizeof(real_names[0]); i++, f += 2)
		if (f[0] == REAL_NOTHING)
			print("%s: %x\n", real_names[i], f[1]);
		else
			print("%s: vector %u ip +%x\n", real_names[i], f[0], f[1]);
}

static void show(void)
{
	for (u32 i = 0; i < fact_count; i++) {
		const struct fact *f = &facts[i];
		print("%s: ", (const char *)(u64)f->text);
		if (f->vector == VECTOR_OK)
			print("%x\n", f->value);
		else if (f->vector == VECTOR_DONE)
			print("completes\n");
		else if (f->vector == 14)
			print("#PF(%x) cr2 +%x cpl %u\n", f->value, f->cr2, f->cpl);
		else
			print("vector %u (%x) eip +%x cpl %u\n", f->vector, f->value, f->eip, f->cpl);
	}
}

static u64 pml5[512] __attribute__((aligned(4096))), pml4_2[512] __attribute__((aligned(4096))), pdpt_2[512] __attribute__((aligned(4096)));
PIECE(load_high, "mov $0x1000000000000, %rax", "mov 0x100000(%rax), %eax");
PIECE(load_hole, "mov $0x2000000000000, %rax", "mov (%rax), %eax");
PIECE(load_57, "mov $0x100000000000000, %rax", "mov (%rax), %eax");
PIECE(push_high, "mov $0x1000000200000, %rsp", "push %rax; pop %rcx");
PIECE(ud2, "", "ud2");

static bool has_la57(void)
{
	u32 r[4];
	cpuid(7, 0, r);
	return r[2] & 1 << 16;
}

static void load(const char *name)
{
	attempt(t_load_high);
	if (caught.vector == VECTOR_NONE)
		print("%s: %lx\n", name, caught.rax);
	else
		report(name, at_load_high);
}

static void five_levels(void)
{
	if (!has_la57())
		return;
	pml5[0] = (u64)boot_pml4 | 7;
	pml5[1] = (u64)pml4_2 | 7;
	pml4_2[0] = (u64)pdpt_2 | 7;
	pdpt_2[0] = 0x83;
	load("4 levels, load at 1000000000000");
	relong((u64)pml5, read_cr4() | CR4_LA57);
	print("5 levels: cr4.LA57 %u\n", !!(read_cr4() & CR4_LA57));
	load("load at 1000000000000");
	report_cr2_base = 0x2000000000000;
	TRY(attempt, load_hole, "load at 2000000000000");
	TRY(attempt, load_57, "load at 100000000000000");
	TRY(attempt, push_high, "push at 1000000200000");
	TRY(attempt, ud2, "ud2");
	lapic_write(LAPIC_ICR, 0x40050);
	attempt_iret((u64)t_ud2, KCODE, FLAG_IF | 2, (u64)user_stack + 4096, KDATA);
	report("self-IPI", at_ud2);
	lapic_write(LAPIC_EOI, 0);
	relong((u64)boot_pml4, read_cr4() & ~(u64)CR4_LA57);
	load("4 levels again, load at 1000000000000");
}

void main(u64 multiboot)
{
	attempt_init(multiboot);
	lapic_init(0xff);
	descriptors();
	for (char *from = real_start, *to = (char *)REAL_CODE; from < real_end; from++, to++)
		*to = *from;
	if (cmdline_is("case", "task")) {
		do_task = 1;
		print("task switch\n");
	}
	tour();
	show();
	show_real();
	gdt[TSS_SEL >> 3] &= ~(2ull << 40); /* not busy */
	asm volatile("ltr %w0" : : "r"(TSS_SEL));
	TRY(attempt, ud2, "64-bit mode again, ud2");
	five_levels();
	finish(0);
}
