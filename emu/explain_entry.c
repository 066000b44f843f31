/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one paging-structure entry says, as letters and in words (SDM 3A, "Paging", tables of the formats of CR3 and paging-structure
 * entries; 3C, "EPT Translation Mechanism", "EPT Misconfigurations", tables of the formats of EPT entries).
 */
#include "emu/explain.h"

#include "ept/epte.h"
#include "mmu/pte.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

static const char *const memtypes[8] = {"UC", "WC", "?2", "?3", "WT", "WP", "WB", "?7"};

void explain_add(char *to, size_t size, const char *format, ...)
{
	size_t used = strlen(to);
	va_list args;

	va_start(args, format);
	vsnprintf(to + used, size - used, format, args);
	va_end(args);
}

#define FLAG(...) explain_add(ref->flags, sizeof ref->flags, __VA_ARGS__)
#define WORD(...) explain_add(ref->words, sizeof ref->words, __VA_ARGS__)

/* What the entry's address bits name. */
static uint64_t page_of(const struct explain_ref *ref, unsigned shift)
{
	if (ref->size == 4 && shift == PAGE_SHIFT_4M)
		return (ref->entry & BITS(31, 22)) | FIELD(ref->entry, 20, 13) << 32;
	return ref->entry & (ref->size == 4 ? BITS(31, 12) : BITS(MAXPHYADDR - 1, 12)) & ~(BIT(shift) - 1);
}

static unsigned guest_shift(const struct explain_ref *ref)
{
	return ref->size == 4 && ref->level == 2 ? PAGE_SHIFT_4M : level_shift(ref->level);
}

static void cache_words(struct explain_ref *ref)
{
	if (ref->entry & PTE_PWT)
		FLAG(" PWT"), WORD(", write-through");
	if (ref->entry & PTE_PCD)
		FLAG(" PCD"), WORD(", cache disabled");
}

static void leaf_words(struct explain_ref *ref, const struct explanation *e)
{
	uint64_t entry = ref->entry;

	FLAG("%s%s", entry & PTE_D ? " D" : "", ref->level > 1 ? " PS" : "");
	WORD(", %s", entry & PTE_D ? "dirty" : "not dirty");
	if (entry & (ref->level == 1 ? PTE_PAT4K : PTE_PAT_LARGE))
		FLAG(" PAT"), WORD(", PAT");
	if (entry & PTE_G)
		FLAG(" G"), WORD(", %s", e->mode.pge ? "global" : "global, ignored as CR4.PGE = 0");
	if (e->mode.pke && FIELD(entry, 62, PTE_PKEY_SHIFT))
		FLAG(" K%u", (unsigned)FIELD(entry, 62, PTE_PKEY_SHIFT));
	if (e->mode.pke)
		WORD(", protection key %u", (unsigned)FIELD(entry, 62, PTE_PKEY_SHIFT));
}

static void reserved_words(struct explain_ref *ref, uint64_t bits)
{
	ref->reserved = bits != 0;
	if (bits)
		FLAG(" RSVD"), WORD("; reserved bits %#" PRIx64 " are set", bits);
}

void explain_guest_entry(struct explain_ref *ref, const struct explanation *e)
{
	const struct paging_mode *mode = &e->mode;
	uint64_t entry = ref->entry;
	bool user = entry & PTE_US;

	ref->present = entry & PTE_P;
	ref->leaf = ref->level == 1 || (ref->level <= 3 && entry & PTE_PS && (mode->levels != 2 || mode->pse));
	if (!ref->present) {
		ref->leaf = false;
		FLAG("not present");
		WORD("not present (P = 0): the processor ignores all other bits");
		return;
	}
	FLAG("P%s%s", entry & PTE_RW ? " RW" : "", user ? " US" : "");
	WORD("present, %s, %s", entry & PTE_RW ? "writable" : "read-only", user ? "user" : "supervisor");
	cache_words(ref);
	FLAG("%s", entry & PTE_A ? " A" : "");
	WORD(", %s", entry & PTE_A ? "accessed" : "not accessed");
	if (ref->leaf)
		leaf_words(ref, e);
	if (ref->size == 8 && entry & PTE_XD && mode->nxe)
		FLAG(" XD"), WORD(", execute disable");
	if (ref->leaf)
		WORD("; maps the %s page at %#" PRIx64, explain_size_name(guest_shift(ref)), page_of(ref, guest_shift(ref)));
	else
		WORD("; refers to the %s at %#" PRIx64, explain_table_name(ref->level - 1), page_of(ref, PAGE_SHIFT));
	reserved_words(ref, entry & (ref->leaf ? mode->reserved_leaf : mode->reserved)[ref->level]);
}

/* Reserved bits of a present EPT entry. */
static uint64_t ept_reserved(const struct explain_ref *ref)
{
	uint64_t high = BITS(51, MAXPHYADDR);

	if (!ref->leaf)
		return ref->entry & (high | (ref->level >= 4 ? BITS(7, 3) : BITS(6, 3)));
	return ref->entry & (high | (ref->level > 1 ? BITS(level_shift(ref->level) - 1, 12) : 0));
}

/* "EPT Misconfigurations": which of its conditions holds; NULL: none. */
static const char *misconfigured(const struct explain_ref *ref)
{
	unsigned type = (unsigned)FIELD(ref->entry, 5, 3);

	if ((ref->entry & (EPTE_R | EPTE_W)) == EPTE_W)
		return "W is 1 while R is 0";
	if (ref->leaf && (type == 2 || type == 3 || type == 7))
		return "its memory type is reserved";
	if (ept_reserved(ref))
		return "reserved bits are set";
	return NULL;
}

static void ept_leaf_words(struct explain_ref *ref, bool ad)
{
	uint64_t entry = ref->entry;
	const char *type = memtypes[FIELD(entry, 5, 3)];

	FLAG(" %s%s", type, entry & EPTE_IPAT ? " IPAT" : "");
	WORD("; memory type %s%s", type, entry & EPTE_IPAT ? ", guest's PAT ignored" : ", combined with the guest's PAT");
	if (ad && entry & EPTE_D)
		FLAG(" D");
	if (ad)
		WORD(", %s", entry & EPTE_D ? "dirty" : "not dirty");
	if (ref->level > 1)
		FLAG(" PS");
	if (entry & EPTE_SUPPRESS_VE)
		FLAG(" SVE"), WORD(", suppress #VE");
}

void explain_ept_entry(struct explain_ref *ref, const struct explanation *e)
{
	uint64_t entry = ref->entry;
	bool ad = e->request.eptp & EPTP_AD, mode_based = e->request.mode_based;
	uint64_t any = EPTE_R | EPTE_W | EPTE_X | (mode_based ? EPTE_XU : 0);
	const char *why;

	ref->present = entry & any;
	ref->leaf = ref->present && (ref->level == 1 || (ref->level <= 3 && entry & EPTE_PS));
	if (!ref->present) {
		FLAG("not present%s", entry & EPTE_SUPPRESS_VE ? " SVE" : "");
		WORD("not present (bits 2:0%s are 0)%s", mode_based ? " and 10" : "", entry & EPTE_SUPPRESS_VE ? ", suppress #VE" : "");
		return;
	}
	FLAG("%c%c%c%s", entry & EPTE_R ? 'R' : '-', entry & EPTE_W ? 'W' : '-', entry & EPTE_X ? 'X' : '-',
	     !mode_based       ? ""
	     : entry & EPTE_XU ? "U"
			       : "-");
	WORD("%s, %s, %s", entry & EPTE_R ? "readable" : "not readable", entry & EPTE_W ? "writable" : "not writable",
	     entry & EPTE_X ? "executable" : "not executable");
	if (mode_based)
		WORD(" in supervisor mode, %s in user mode", entry & EPTE_XU ? "executable" : "not executable");
	if (ad && entry & EPTE_A)
		FLAG(" A");
	if (ad)
		WORD(", %s", entry & EPTE_A ? "accessed" : "not accessed");
	if (ref->leaf)
		ept_leaf_words(ref, ad);
	if (ref->leaf)
		WORD("; maps the %s page at %#" PRIx64, explain_size_name(level_shift(ref->level)), page_of(ref, level_shift(ref->level)));
	else
		WORD("; refers to the EPT %s at %#" PRIx64, explain_table_name(ref->level - 1), page_of(ref, PAGE_SHIFT));
	if ((why = misconfigured(ref))) {
		ref->reserved = true;
		FLAG(" BAD");
		WORD("; misconfigured: %s", why);
	}
}
