/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory types of guest accesses under EPT (memtype.h). */
#include "ept/memtype.h"

#include "mmu/addr.h"
#include "mmu/pte.h"

enum { UC = MEMTYPE_UC, WC = MEMTYPE_WC, WT = MEMTYPE_WT, WP = MEMTYPE_WP, WB = MEMTYPE_WB, UC_MINUS = MEMTYPE_UC_MINUS };

/* By EPT type (in place of the MTRRs' type) and PAT type. */
static const uint8_t combined[8][8] = {
    [UC] = {[UC] = UC, [UC_MINUS] = UC, [WC] = WC, [WT] = UC, [WB] = UC, [WP] = UC},
    [WC] = {[UC] = UC, [UC_MINUS] = WC, [WC] = WC, [WT] = UC, [WB] = WC, [WP] = UC},
    [WT] = {[UC] = UC, [UC_MINUS] = UC, [WC] = WC, [WT] = WT, [WB] = WT, [WP] = WP},
    [WP] = {[UC] = UC, [UC_MINUS] = WC, [WC] = WC, [WT] = WT, [WB] = WP, [WP] = WP},
    [WB] = {[UC] = UC, [UC_MINUS] = UC, [WC] = WC, [WT] = WT, [WB] = WB, [WP] = WP},
};

const char *memtype_name(unsigned type)
{
	static const char *const names[8] = {"UC", "WC", "reserved", "reserved", "WT", "WP", "WB", "UC-"};

	return names[type & 7];
}

unsigned memtype_pat_index(uint64_t leaf, unsigned shift)
{
	unsigned pat = (unsigned)(leaf >> (shift == PAGE_SHIFT ? 7 : 12)) & 1;

	return pat << 2 | (leaf & PTE_PCD ? 2u : 0u) | (leaf & PTE_PWT ? 1u : 0u);
}

enum memory_type memtype_of_pat(uint64_t pat, unsigned index)
{
	return (enum memory_type)(pat >> (8 * (index & 7)) & 7);
}

enum memory_type memtype_effective(bool cache_disable, enum memory_type ept, bool ignore_pat, enum memory_type pat)
{
	if (cache_disable)
		return MEMTYPE_UC;
	return ignore_pat ? ept : (enum memory_type)combined[ept & 7][pat & 7];
}
