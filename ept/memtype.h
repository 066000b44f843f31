/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory type of an access whose address EPT translates (SDM 3C, "EPT and Memory Typing"; 3A, "Selecting a Memory Type from the PAT"
 * and the table "Effective Page-Level Memory Types for Pentium III and More Recent Processor Families"). MTRRs take no part in it.
 * Nothing else of the model depends on memory types: data caches and costs treat all of guest memory as WB (LIMIT).
 */
#ifndef EPT_MEMTYPE_H
#define EPT_MEMTYPE_H

#include "ept/epte.h"

/* "UC", "WC", "WT", "WP", "WB", "UC-"; "reserved". */
const char *memtype_name(unsigned type);

/*
 * Which of the PAT's eight entries the guest entry that maps a page selects: PAT, PCD and PWT. shift: log2 of its page, 12, 21, 22 or 30;
 * PAT is bit 7 of an entry that maps 4 KiB, else bit 12.
 */
unsigned memtype_pat_index(uint64_t leaf, unsigned shift);

/* The type in entry `index` (0 to 7) of the IA32_PAT MSR. */
enum memory_type memtype_of_pat(uint64_t pat, unsigned index);

/*
 * The effective type: UC with CR0.CD; the EPT entry's with "ignore PAT"; else what the table makes of both. ept and pat must be valid
 * types, ept not UC-: EPT entries with others are misconfigured, and WRMSR refuses them.
 */
enum memory_type memtype_effective(bool cache_disable, enum memory_type ept, bool ignore_pat, enum memory_type pat);

#endif
