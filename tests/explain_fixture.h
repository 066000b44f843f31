/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of explain share: a translation explained in a static structure, its picture, and tables built natively: the EPT fixture
 * without EPT, where guest-physical addresses are host-physical.
 */
#ifndef TESTS_EXPLAIN_FIXTURE_H
#define TESTS_EXPLAIN_FIXTURE_H

#include "emu/explain.h"
#include "tests/ept_fixture.h"

#include <string.h>

enum { P = 1, RW = 2, US = 4, A = 0x20, D = 0x40, PS = 0x80, G = 0x100, ALL = P | RW | US };
#define XD BIT(63)
#define GLA_4K 0x7f0040201678ull

static struct explanation e;

static inline void explain(uint64_t gla, unsigned access)
{
	struct explain_request request = {.gla = GLA(gla), .access = access};

	explain_request_from(&request, &fix.cpu);
	explain_walk(&e, &fix.cpu.mmu, &request);
}

/* The picture as SVG; free it. */
static __attribute__((noinline, unused)) char *svg_of(void) /* inline, gcc 12 sees dangling pointers in it */
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(explain_svg(out, &e), 0);
	fclose(out);
	return text;
}

static inline void native_start(void)
{
	fix_start(4, false);
	fix.cpu.vmx_op = VMX_OUTSIDE;
	mmu_set_context(&fix.cpu.mmu, 0, 0, NULL, NULL);
}

static inline void put(uint64_t at, uint64_t entry, unsigned size)
{
	mem_write(&fix.mem, HPA(at), entry, size);
}

/* the guest's tables by host-physical address */
static inline void native_map(unsigned levels, uint64_t gla, unsigned leaf, uint64_t page, uint64_t bits)
{
	for (unsigned level = levels; level > leaf; level--)
		put(guest_entry_at(level, gla), guest_table(level - 1) | bits, 8);
	put(guest_entry_at(leaf, gla), page | bits | (leaf > 1 ? PTE_PS : 0), 8);
	guest_paging(levels);
}

/* guest tables of these levels under EPT of those, each mapping its leaf in pages of these levels */
static inline void ept_start(unsigned levels, unsigned leaf, unsigned ept_levels, unsigned ept_leaf, bool ad)
{
	fix_start(ept_levels, ad);
	guest_map(levels, GLA_4K, leaf, 0, ALL);
	guest_paging(levels);
	for (unsigned level = 1; level <= levels; level++)
		fix_map(guest_table(level), level_shift(ept_leaf));
	fix_map(GLA_4K & (BIT(level_shift(leaf)) - 1), level_shift(ept_leaf));
}

#endif
