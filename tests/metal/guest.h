/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest: two MiB of memory of its own with code, stack, descriptor tables and paging structures that always work, and beside them one
 * path of paging structures to a test page, which cases spoil. Guest-physical layout (4-level names; PAE has no own PDPT, 32-bit paging
 * no PD):
 *
 *   0 .. 2 MiB                     the working part, at host-physical GUEST_HOST; linear = guest-physical for CPL 0; + GUEST_USER for CPL 3
 *   test_base + 1 GiB + ..         test pages (two neighbours)      each of the four in its own GiB, so that it has EPT entries
 *   test_base + 2 GiB + ..         page table                       of its own on levels 3, 2, 1; host-physical = the low 30 bits,
 *   test_base + 3 GiB + ..         page directory                   whatever the size of the EPT page
 *   test_base + 4 GiB + ..         page-directory-pointer table
 */
#ifndef METAL_GUEST_H
#define METAL_GUEST_H

#include "x86.h"

enum guest_mode { GUEST_64, GUEST_PAE, GUEST_32, GUEST_UNPAGED, GUEST_MODES };

#define GUEST_HOST 0x1000000ul
#define GUEST_USER 0x800000ul

enum {
	GUEST_TABLES = 0x1000, /* PML4, or 32-bit page directory; then PDPT, PD */
	GUEST_CODE = 0x5000,
	GUEST_IDT = 0x6000,
	GUEST_HANDLERS = 0x7000, /* 16 bytes for each vector: VMCALL */
	GUEST_TSS = 0x8000,
	GUEST_GDT = 0x9000,
	GUEST_STACK = 0xb000,	   /* the top, CPL 0 */
	GUEST_USER_STACK = 0xc000, /* the top, CPL 3 */
	GUEST_SPARE = 0xd000,	   /* two pages for what a case needs */
};

enum test_frame { FRAME_DATA, FRAME_PT, FRAME_PD, FRAME_PDPT, FRAMES };

/* Host's view of a guest-physical address of the working part. */
static inline u8 *guest_host(u64 gpa)
{
	return (u8 *)(GUEST_HOST + gpa);
}

/* Fills the working part: what never changes. */
void guest_init(void);
/* Writes what a mode needs: tables, IDT. */
void guest_set_mode(enum guest_mode mode);
/* The code to run at CPL 0 or 3: its linear address, written from these bytes, VMCALL behind them. */
u64 guest_code(unsigned cpl, const u8 *bytes, unsigned length);

/* The test path, made anew, all rights, A and D clear. */
void guest_test_init(enum guest_mode mode);
u64 guest_test_gpa(enum guest_mode mode, enum test_frame frame);
/* Where the test page is in the host's memory, and its linear address in the guest. */
u8 *guest_test_page(void);
u64 guest_test_linear(enum guest_mode mode);
/* The entry of a level, 1..4, for the test page; NULL if the mode has none. The next page's entry is at [1] of level 1. */
u64 *guest_test_entry64(enum guest_mode mode, unsigned level);
u32 *guest_test_entry32(unsigned level);
/* The PDPTE of the test path: PAE paging takes it from the VMCS. */
u64 guest_test_pdpte(void);
enum { GUEST_PAE_INDEX = 2 };

#endif
