/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's paging-structure entries (SDM 3A, "Paging"; tables of the formats of CR3 and paging-structure
 * entries), and the bits of the page-fault error code (SDM 3A, "Page-Fault Exceptions").
 */
#ifndef MMU_PTE_H
#define MMU_PTE_H

#include "mmu/base.h"

#define PTE_P BIT(0)   /* present */
#define PTE_RW BIT(1)  /* read/write */
#define PTE_US BIT(2)  /* user/supervisor */
#define PTE_PWT BIT(3) /* page-level write-through */
#define PTE_PCD BIT(4) /* page-level cache disable */
#define PTE_A BIT(5)   /* accessed */
#define PTE_D BIT(6)   /* dirty (leaf entries) */
#define PTE_PS BIT(7)  /* page size: the entry maps a page (levels 2 and 3); PAT at level 1 */
#define PTE_PAT4K BIT(7)
#define PTE_G BIT(8) /* global (leaf entries, CR4.PGE = 1) */
#define PTE_PAT_LARGE BIT(12)
#define PTE_ADDR BITS(51, 12)
#define PTE_PKEY_SHIFT 59 /* protection key, bits 62:59 (leaf entries, 4- and 5-level paging) */
#define PTE_XD BIT(63)	  /* execute disable (EFER.NXE = 1) */

#define PF_P 0x1u    /* protection violation; 0: not present */
#define PF_W 0x2u    /* write */
#define PF_U 0x4u    /* user-mode access */
#define PF_RSVD 0x8u /* reserved bit set */
#define PF_I 0x10u   /* instruction fetch */
#define PF_PK 0x20u  /* protection key */

#endif
