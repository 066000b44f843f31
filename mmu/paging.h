/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paging mode, decoded once from CR0, CR3, CR4, EFER and PKRU (SDM 3A, "Paging Modes and Control Bits").
 * Levels: 0 paging off, 2 32-bit, 3 PAE, 4 and 5 the long modes. Also the control-register bits.
 */
#ifndef MMU_PAGING_H
#define MMU_PAGING_H

#include "mmu/addr.h"

#define CR0_PE BIT(0)
#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_ET BIT(4)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)
#define CR0_NW BIT(29)
#define CR0_CD BIT(30)
#define CR0_PG BIT(31)

#define CR4_VME BIT(0)
#define CR4_PVI BIT(1)
#define CR4_TSD BIT(2)
#define CR4_DE BIT(3)
#define CR4_PSE BIT(4)
#define CR4_PAE BIT(5)
#define CR4_MCE BIT(6)
#define CR4_PGE BIT(7)
#define CR4_PCE BIT(8)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP BIT(11)
#define CR4_LA57 BIT(12)
#define CR4_VMXE BIT(13)
#define CR4_SMXE BIT(14)
#define CR4_FSGSBASE BIT(16)
#define CR4_PCIDE BIT(17)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)
#define CR4_PKE BIT(22)

#define EFER_SCE BIT(0)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)

enum { MAXPHYADDR = 46 };

/* What the paging mode is decoded from. */
struct paging_regs {
	uint64_t cr0, cr3, cr4, efer;
	uint64_t pdpte[4]; /* the PDPTE registers, for PAE paging */
	uint32_t pkru;
};

struct paging_mode {
	uint8_t levels;	      /* 0, 2, 3, 4, 5 */
	uint8_t entry_size;   /* 4 for 32-bit paging, else 8 */
	uint8_t linear_width; /* canonical width: 32, 48 or 57 */
	bool wp, smep, smap, pke, nxe, pge, pcide;
	bool pse;				/* 4-MiB pages in 32-bit paging */
	uint16_t pcid;				/* CR3[11:0] if CR4.PCIDE, else 0 */
	gpa_t root;				/* of the top table; unused for PAE (pdpte) and no paging */
	uint64_t pdpte[4];			/* PAE */
	uint64_t reserved[LEVELS_MAX + 1];	/* must-be-zero bits of an entry that refers to a table, by level */
	uint64_t reserved_leaf[LEVELS_MAX + 1]; /* must-be-zero bits of an entry that maps a page, by level */
	uint32_t pkru;
};

void paging_decode(struct paging_mode *mode, const struct paging_regs *regs);

/*
 * PAE: the mask of bits that must be 0 in a present PDPTE (SDM 3A, "PDPTE Registers"); loading one with any of
 * them set is #GP(0).
 */
uint64_t paging_pdpte_reserved(void);

#endif
