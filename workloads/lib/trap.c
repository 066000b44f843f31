/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fills and loads the IDT. */
#include "trap.h"
#include "gdt.h"

extern char trap_stubs[]; /* trap_stub.S: 16 bytes each */

u64 idt[256][2] __attribute__((aligned(16)));

void trap_gate(unsigned vector, unsigned dpl, unsigned ist)
{
	u64 to = (u64)trap_stubs + 16 * vector;
	idt[vector][0] = (to & 0xffff) | (u64)KCODE << 16 | (u64)ist << 32 | (0x8e00ull | dpl << 13) << 32 | (to >> 16 & 0xffff) << 48;
	idt[vector][1] = to >> 32;
}

void trap_init(void)
{
	struct table_reg idtr = {sizeof(idt) - 1, (u64)idt};
	for (unsigned v = 0; v < 256; v++)
		trap_gate(v, 0, 0);
	asm volatile("lidt %0" : : "m"(idtr));
}
