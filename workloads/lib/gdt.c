/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The GDT in the order SYSCALL, SYSRET, SYSENTER and SYSEXIT demand, and the TSS with its stacks. */
#include "gdt.h"

enum { STACK = 8192 };

static u8 stacks[4][STACK] __attribute__((aligned(16)));

struct tss64 tss;

u64 gdt[GDT_ENTRIES] __attribute__((aligned(16))) = {
    [KCODE >> 3] = 0x00af9b000000ffff,	 [KDATA >> 3] = 0x00cf93000000ffff,   [UCODE32 >> 3] = 0x00cffb000000ffff,
    [UDATA >> 3] = 0x00cff3000000ffff,	 [UCODE >> 3] = 0x00affb000000ffff,   [UDATA_SYSEXIT >> 3] = 0x00cff3000000ffff,
    [KCODE32 >> 3] = 0x00cf9b000000ffff, [KCODE16 >> 3] = 0x00009b000000ffff, [KDATA16 >> 3] = 0x000093000000ffff,
};

static void set_tss(void)
{
	u64 base = (u64)&tss;
	tss.io_map = sizeof(tss); /* beyond the limit: no port for ring 3 */
	tss.rsp[0] = (u64)stacks[0] + STACK;
	for (unsigned i = 1; i < 4; i++)
		tss.ist[i] = (u64)stacks[i] + STACK;
	gdt[TSS_SEL >> 3] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
	gdt[(TSS_SEL >> 3) + 1] = base >> 32;
}

void gdt_init(void)
{
	struct table_reg gdtr = {sizeof(gdt) - 1, (u64)gdt};
	set_tss();
	asm volatile("lgdt %0\n\t"
		     "mov %w1, %%ss; mov %w1, %%ds; mov %w1, %%es\n\t"
		     "push %2; push $1f; lretq\n"
		     "1: ltr %w3; lldt %w4"
		     :
		     : "m"(gdtr), "r"(KDATA), "i"(KCODE), "r"(TSS_SEL), "r"(0)
		     : "memory");
}
