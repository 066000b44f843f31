/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decodes the paging mode, and with it the bits that must be 0 in each kind of entry (SDM 3A, "Paging Modes and Control
 * Bits"; "Page-Fault Exceptions", reserved bits; the format tables of each mode).
 *
 * CHOICE: MAXPHYADDR is 46, PSE-36, execute-disable and 1-GiB pages are supported.
 */
#include "mmu/paging.h"

#include <string.h>

#include "mmu/pte.h"

#define ABOVE_MAXPHYADDR BITS(51, MAXPHYADDR)

static uint8_t levels_of(const struct paging_regs *regs)
{
	if (!(regs->cr0 & CR0_PG))
		return 0;
	if (!(regs->cr4 & CR4_PAE))
		return 2;
	if (!(regs->efer & (EFER_LME | EFER_LMA)))
		return 3;
	return regs->cr4 & CR4_LA57 ? 5 : 4;
}

/* "Formats of CR3 and Paging-Structure Entries with 32-Bit Paging": only a 4-MiB page has reserved bits */
static void reserve_32bit(struct paging_mode *mode)
{
	mode->reserved_leaf[2] = BIT(21); /* PSE-36: bits 20:13 are address bits 39:32 */
}

static void reserve_64bit(struct paging_mode *mode)
{
	uint64_t all = ABOVE_MAXPHYADDR | (mode->nxe ? 0 : PTE_XD);
	if (mode->levels == 3)
		all |= BITS(62, 52);
	for (unsigned level = 1; level <= LEVELS_MAX; level++) {
		mode->reserved[level] = all;
		mode->reserved_leaf[level] = all;
	}
	mode->reserved[4] |= PTE_PS;
	mode->reserved[5] |= PTE_PS;
	mode->reserved_leaf[2] |= BITS(20, 13);
	mode->reserved_leaf[3] |= BITS(29, 13);
}

static gpa_t root_of(const struct paging_regs *regs, unsigned levels)
{
	return GPA(levels == 2 ? regs->cr3 & BITS(31, 12) : regs->cr3 & BITS(MAXPHYADDR - 1, 12));
}

void paging_decode(struct paging_mode *mode, const struct paging_regs *regs)
{
	memset(mode, 0, sizeof *mode);
	mode->levels = levels_of(regs);
	mode->entry_size = mode->levels == 2 ? 4 : 8;
	/* with paging off in IA-32e mode (which entry forbids) the width would not matter */
	mode->linear_width = mode->levels == 5 ? 57 : mode->levels == 4 ? 48 : 32;
	mode->wp = regs->cr0 & CR0_WP;
	mode->smep = regs->cr4 & CR4_SMEP;
	mode->smap = regs->cr4 & CR4_SMAP;
	mode->pke = mode->levels >= 4 && regs->cr4 & CR4_PKE;
	mode->nxe = mode->levels >= 3 && regs->efer & EFER_NXE;
	mode->pge = regs->cr4 & CR4_PGE;
	mode->pcide = regs->cr4 & CR4_PCIDE;
	mode->pse = regs->cr4 & CR4_PSE;
	mode->pcid = mode->pcide ? regs->cr3 & BITS(11, 0) : 0;
	mode->root = root_of(regs, mode->levels);
	mode->pkru = regs->pkru;
	memcpy(mode->pdpte, regs->pdpte, sizeof mode->pdpte);
	if (mode->levels == 2)
		reserve_32bit(mode);
	else if (mode->levels >= 3)
		reserve_64bit(mode);
}

uint64_t paging_pdpte_reserved(void)
{
	return BITS(63, MAXPHYADDR) | BITS(8, 5) | BITS(2, 1);
}
