/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The EPT pointer and the EPT paging-structure entries (SDM 3C, "Extended-Page-Table Pointer (EPTP)"; "EPT Translation Mechanism",
 * tables of the formats), and the exit qualification of an EPT violation (3C, "Exit Qualification for EPT Violations").
 * Left out: supervisor shadow-stack control, sub-page permissions, HLAT (bits 57 to 61 are ignored, as on processors without them).
 */
#ifndef EPT_EPTE_H
#define EPT_EPTE_H

#include "mmu/base.h"

#define EPTP_MEMTYPE BITS(2, 0)
#define EPTP_WALK_SHIFT 3 /* bits 5:3: page-walk length - 1 */
#define EPTP_AD BIT(6)	  /* accessed and dirty flags for EPT */

#define EPTE_R BIT(0)	/* data reads */
#define EPTE_W BIT(1)	/* data writes */
#define EPTE_X BIT(2)	/* fetches; with mode-based execute control, from supervisor-mode linear addresses */
#define EPTE_XU BIT(10) /* mode-based execute control: fetches from user-mode linear addresses */
#define EPTE_RWX (EPTE_R | EPTE_W | EPTE_X)
#define EPTE_MEMTYPE_SHIFT 3 /* bits 5:3 of a leaf */
#define EPTE_IPAT BIT(6)     /* of a leaf: ignore PAT */
#define EPTE_PS BIT(7)	     /* the entry maps a page (levels 2 and 3; ignored at level 1) */
#define EPTE_A BIT(8)	     /* accessed */
#define EPTE_D BIT(9)	     /* dirty (leaf) */
#define EPTE_SUPPRESS_VE BIT(63)

enum memory_type {
	MEMTYPE_UC = 0,
	MEMTYPE_WC = 1,
	MEMTYPE_WT = 4,
	MEMTYPE_WP = 5,
	MEMTYPE_WB = 6,
	MEMTYPE_UC_MINUS = 7 /* of the PAT only */
};

/* Bits 0 to 2 are the access, as enum access has it; bits 3 to 5 the rights R, W, X, as an entry has them. */
enum { QUAL_EPT_RIGHTS_SHIFT = 3 };
#define QUAL_EPT_READ BIT(0)
#define QUAL_EPT_WRITE BIT(1)
#define QUAL_EPT_FETCH BIT(2)
#define QUAL_EPT_READABLE BIT(3)
#define QUAL_EPT_WRITABLE BIT(4)
#define QUAL_EPT_EXECUTABLE BIT(5)
#define QUAL_EPT_USER_EXECUTABLE BIT(6) /* with mode-based execute control; else 0 (CHOICE: undefined) */
#define QUAL_EPT_GLA_VALID BIT(7)	/* the guest linear-address field is valid */
#define QUAL_EPT_FINAL BIT(8)		/* the translation of a linear address was accessed; 0: a paging-structure entry */
/* advanced VM-exit information, with bits 7 and 8 both 1: */
#define QUAL_EPT_GUEST_USER BIT(9)   /* a user-mode linear address */
#define QUAL_EPT_GUEST_WRITE BIT(10) /* a read/write page */
#define QUAL_EPT_GUEST_XD BIT(11)    /* an execute-disable page */
#define QUAL_EPT_NMI_UNBLOCKED BIT(12)

#endif
