/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ladder of access rights, evaluated beforehand for all accesses: a mask with bit a for the access whose enum access bits are a.
 * A TLB entry keeps the mask of its accesses (tlb_entry.allows), so that a hit tests one bit.
 */
#ifndef MMU_PERMIT_H
#define MMU_PERMIT_H

#include "mmu/tlb.h"

/* By RIGHT_* bits (8 masks), without protection keys; the table lives for ever. */
const uint64_t *permit_rights(const struct paging_mode *mode);
/* The accesses that a protection key lets through to a user-mode page. */
uint64_t permit_key(const struct paging_mode *mode, unsigned pkey);
/* The accesses that the second stage lets through, for a user-mode page or not. */
uint64_t permit_second(unsigned second, bool user_page);
/* The accesses that do not need the dirty flag. */
uint64_t permit_clean(void);

#endif
