/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's memory. */
#include "guest.h"
#include "gdt.h"

#define P 0x1ul
#define RW 0x2ul
#define US 0x4ul
#define A 0x20ul
#define D 0x40ul
#define PS 0x80ul
#define GIB 0x40000000ul

/* host-physical: each in its own 2 MiB */
static const u64 frame_at[FRAMES] = {0x2105000, 0x2309000, 0x250b000, 0x270d000};

enum { PML4_INDEX = 1, PDPT_INDEX = 5 };

static u64 test_base(enum guest_mode mode)
{
	return mode == GUEST_64 ? 0x8000000000 : 0;
}

u64 guest_test_gpa(enum guest_mode mode, enum test_frame frame)
{
	if (mode != GUEST_64 && frame == FRAME_PDPT)
		return 0;
	return test_base(mode) + (1 + frame) * GIB + frame_at[frame];
}

u8 *guest_test_page(void)
{
	return (u8 *)frame_at[FRAME_DATA];
}

u64 guest_test_linear(enum guest_mode mode)
{
	u64 low = frame_at[FRAME_DATA];
	switch (mode) {
	case GUEST_64:
		return (u64)PML4_INDEX << 39 | (u64)PDPT_INDEX << 30 | low;
	case GUEST_UNPAGED:
		return guest_test_gpa(mode, FRAME_DATA);
	default:
		return GUEST_PAE_INDEX * GIB + low;
	}
}

static u64 *table64(u64 host)
{
	return (u64 *)host;
}

u64 *guest_test_entry64(enum guest_mode mode, unsigned level)
{
	u64 low = frame_at[FRAME_DATA];
	switch (level) {
	case 4:
		return mode == GUEST_64 ? table64(GUEST_HOST + GUEST_TABLES) + PML4_INDEX : NULL;
	case 3:
		return mode == GUEST_64 ? table64(frame_at[FRAME_PDPT]) + PDPT_INDEX : NULL;
	case 2:
		return table64(frame_at[FRAME_PD]) + (low >> 21 & 511);
	default:
		return table64(frame_at[FRAME_PT]) + (low >> 12 & 511);
	}
}

u32 *guest_test_entry32(unsigned level)
{
	u64 low = frame_at[FRAME_DATA];
	if (level == 2)
		return (u32 *)(GUEST_HOST + GUEST_TABLES) + (guest_test_linear(GUEST_32) >> 22);
	return (u32 *)frame_at[FRAME_PT] + (low >> 12 & 1023);
}

u64 guest_test_pdpte(void)
{
	return guest_test_gpa(GUEST_PAE, FRAME_PD) | P;
}

static void test_init64(enum guest_mode mode)
{
	u64 *pte = guest_test_entry64(mode, 1);
	pte[0] = guest_test_gpa(mode, FRAME_DATA) | P | RW | US;
	pte[1] = pte[0] + 4096;
	*guest_test_entry64(mode, 2) = (guest_test_gpa(mode, FRAME_PT) & ~0xffful) | P | RW | US;
	if (mode != GUEST_64)
		return;
	*guest_test_entry64(mode, 3) = (guest_test_gpa(mode, FRAME_PD) & ~0xffful) | P | RW | US;
	*guest_test_entry64(mode, 4) = (guest_test_gpa(mode, FRAME_PDPT) & ~0xffful) | P | RW | US;
}

static void test_init32(void)
{
	u32 *pte = guest_test_entry32(1);
	pte[0] = (u32)(guest_test_gpa(GUEST_32, FRAME_DATA) | P | RW | US);
	pte[1] = pte[0] + 4096;
	*guest_test_entry32(2) = (u32)(guest_test_gpa(GUEST_32, FRAME_PT) | P | RW | US);
}

void guest_test_init(enum guest_mode mode)
{
	u64 *page = (u64 *)guest_test_page();
	for (unsigned i = 0; i < 1024; i++)
		page[i] = (i + 1) * 0x0101010101010101ul ^ 0x5a5a00000000a5a5ul;
	if (mode == GUEST_64 || mode == GUEST_PAE)
		test_init64(mode);
	else if (mode == GUEST_32)
		test_init32();
}

static void set_gate(enum guest_mode mode, unsigned vector)
{
	u64 to = GUEST_HANDLERS + 16 * vector;
	u64 *idt = (u64 *)guest_host(GUEST_IDT);
	u64 gate = (to & 0xffff) | (u64)(mode == GUEST_64 ? KCODE : KCODE32) << 16 | 0xee00ul << 32 | (to >> 16) << 48;
	if (mode == GUEST_64) {
		idt[2 * vector] = gate;
		idt[2 * vector + 1] = 0;
	} else {
		idt[vector] = gate;
	}
}

static void set_tables64(enum guest_mode mode)
{
	u64 *pml4 = (u64 *)guest_host(GUEST_TABLES), *pdpt = pml4 + 512, *pd = pdpt + 512;
	pml4[0] = (GUEST_TABLES + 0x1000) | P | RW | US | A;
	pdpt[0] = (GUEST_TABLES + 0x2000) | P | (mode == GUEST_64 ? RW | US | A : 0);
	pd[0] = P | RW | A | D | PS;
	pd[GUEST_USER >> 21] = P | RW | US | A | D | PS;
}

static void set_tables32(void)
{
	u32 *pd = (u32 *)guest_host(GUEST_TABLES);
	pd[0] = P | RW | A | D | PS;
	pd[GUEST_USER >> 22] = P | RW | US | A | D | PS;
}

void guest_set_mode(enum guest_mode mode)
{
	u64 *tables = (u64 *)guest_host(GUEST_TABLES);
	for (unsigned i = 0; i < 3 * 512; i++)
		tables[i] = 0;
	if (mode == GUEST_32)
		set_tables32();
	else
		set_tables64(mode);
	for (unsigned v = 0; v < 32; v++)
		set_gate(mode, v);
	u8 *tss = guest_host(GUEST_TSS);
	*(u64 *)(tss + 4) = GUEST_STACK; /* RSP0 or ESP0 */
	if (mode != GUEST_64)
		*(u64 *)(tss + 8) = KDATA;	    /* SS0 */
	tss[mode == GUEST_64 ? 0x66 : 0x66] = 0x68; /* I/O map base: at once behind the limit */
}

void guest_init(void)
{
	u64 *memory = (u64 *)guest_host(0);
	for (unsigned i = 0; i < 0x10000 / 8; i++)
		memory[i] = 0;
	for (unsigned v = 0; v < 256; v++) {
		u8 *handler = guest_host(GUEST_HANDLERS + 16 * v);
		handler[0] = 0x0f; /* VMCALL */
		handler[1] = 0x01;
		handler[2] = 0xc1;
	}
	for (unsigned i = 0; i < GDT_ENTRIES; i++)
		((u64 *)guest_host(GUEST_GDT))[i] = gdt[i];
}

u64 guest_code(unsigned cpl, const u8 *bytes, unsigned length)
{
	u8 *to = guest_host(GUEST_CODE);
	for (unsigned i = 0; i < length; i++)
		to[i] = bytes[i];
	to[length] = 0x0f; /* VMCALL */
	to[length + 1] = 0x01;
	to[length + 2] = 0xc1;
	to[length + 3] = 0xf4; /* HLT */
	return GUEST_CODE + (cpl == 3 ? GUEST_USER : 0);
}
