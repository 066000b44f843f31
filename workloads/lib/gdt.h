/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The GDT and the 64-bit TSS. Selectors are in x86.h. */
#ifndef LIB_GDT_H
#define LIB_GDT_H

#include "x86.h"

enum { GDT_ENTRIES = 64 };

struct __attribute__((packed)) tss64 {
	u32 reserved0;
	u64 rsp[3];
	u64 ist[8]; /* 1..7; ist[0] is reserved */
	u64 reserved2;
	u16 reserved3;
	u16 io_map;
	u8 io_bits[33];
};

_Static_assert(offsetof(struct tss64, io_map) == 102, "SDM 3A, 64-bit TSS");

extern u64 gdt[GDT_ENTRIES];
extern struct tss64 tss;

/* Loads the GDT, KDATA into SS, DS and ES, KCODE into CS, TR, a null LDTR; RSP0 and the IST stacks 1 to 3 are set. */
void gdt_init(void);

struct __attribute__((packed)) table_reg {
	u16 limit;
	u64 base;
};

#endif
