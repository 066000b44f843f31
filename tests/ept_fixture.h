/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A processor with EPT in use: guest-physical [0, 1 GiB) lies at host-physical 1 GiB and up, mapped by EPT tables below it as a test
 * asks. The guest's own tables are written by guest-physical address.
 */
#ifndef TESTS_EPT_FIXTURE_H
#define TESTS_EPT_FIXTURE_H

#include "ept/eptp.h"
#include "ept/map.h"
#include "ept/walk.h"
#include "mmu/pte.h"
#include "tests/test.h"
#include "vmx/exit.h"

enum { FIX_VPID = 5, FIX_TABLES = 0x100000, FIX_PML = 0x10000, FIX_VE_INFO = 0x11000, FIX_EPTP_LIST = 0x12000 };
#define FIX_GUEST BIT(30) /* host-physical address of guest-physical 0 */
#define FIX_SIZE (BIT(31) + (16 << 20))
#define FIX_RWX_WB (EPTE_RWX | (uint64_t)MEMTYPE_WB << EPTE_MEMTYPE_SHIFT)

static struct {
	struct mem mem;
	struct cpu cpu;
	struct vmx vmx;
	struct ept ept;
	struct ept_pool pool;
	struct ept_map map;
} fix;

static void fix_use(uint64_t eptp)
{
	fix.vmx.vmcs.eptp = eptp;
	fix.vmx.hooks.ept_use(&fix.cpu, eptp, FIX_VPID);
}

/* Non-root operation with empty EPT tables of so many levels, and the guest's paging off. */
static void fix_start(unsigned levels, bool ad)
{
	ck_assert_int_eq(mem_init(&fix.mem, FIX_SIZE), 0);
	memset(&fix.cpu, 0, sizeof fix.cpu);
	fix.cpu.mem = &fix.mem;
	ck_assert_int_eq(mmu_init(&fix.cpu.mmu, &fix.mem, &fix.cpu.ev, NULL), 0);
	cpu_reset(&fix.cpu);
	vmx_init(&fix.vmx, &fix.cpu);
	ept_attach(&fix.ept, &fix.cpu);
	fix.cpu.vmx_op = VMX_NONROOT;
	fix.vmx.vmcs.proc_controls = CTL(PROC, SECONDARY);
	fix.vmx.vmcs.proc2_controls = CTL(PROC2, EPT) | CTL(PROC2, VPID);
	fix.vmx.vmcs.pml_addr = FIX_PML;
	fix.vmx.vmcs.ve_info_addr = FIX_VE_INFO;
	ept_pool_init(&fix.pool, &fix.mem, BIT(31));
	ck_assert(ept_map_init(&fix.map, &fix.pool, levels));
	fix_use(ept_map_eptp(&fix.map, ad));
}

static void fix_stop(void)
{
	mmu_free(&fix.cpu.mmu);
	mem_free(&fix.mem);
}

static inline void fix_map(uint64_t gpa, unsigned shift)
{
	ck_assert(ept_map_page(&fix.map, GPA(gpa), HPA(FIX_GUEST + gpa), shift, FIX_RWX_WB));
}

static inline void guest_put(uint64_t gpa, uint64_t entry)
{
	mem_write(&fix.mem, HPA(FIX_GUEST + gpa), entry, 8);
}

static inline uint64_t guest_get(uint64_t gpa)
{
	return mem_read(&fix.mem, HPA(FIX_GUEST + gpa), 8);
}

/* Guest tables for gla at guest-physical FIX_TABLES + one frame a level (the top table of 5 levels is the fifth). */
static inline uint64_t guest_table(unsigned level)
{
	return FIX_TABLES + (uint64_t)level * PAGE_SIZE;
}
static inline uint64_t guest_entry_at(unsigned level, uint64_t gla)
{
	return guest_table(level) + 8 * (gla >> level_shift(level) & 511);
}

/* Maps gla by a page of the leaf's level to gpa; every entry has these bits. */
static inline void guest_map(unsigned levels, uint64_t gla, unsigned leaf, uint64_t gpa, uint64_t bits)
{
	for (unsigned level = levels; level > leaf; level--)
		guest_put(guest_entry_at(level, gla), guest_table(level - 1) | bits);
	guest_put(guest_entry_at(leaf, gla), gpa | bits | (leaf > 1 ? PTE_PS : 0));
}

static inline void guest_paging(unsigned levels)
{
	fix.cpu.cr0 = CR0_PE | CR0_PG | CR0_WP | CR0_NE;
	fix.cpu.cr3 = guest_table(levels);
	fix.cpu.cr4 = CR4_PAE | (levels == 5 ? CR4_LA57 : 0);
	fix.cpu.efer = EFER_LME | EFER_LMA | EFER_NXE;
	cpu_paging_changed(&fix.cpu);
}

/* One EPT entry of the tables: where the walk for gpa reads the entry of a level. */
static inline hpa_t ept_entry_at(uint64_t gpa, unsigned level)
{
	uint64_t table = fix.map.root.u;
	for (unsigned l = fix.map.levels; l > level; l--)
		table = mem_read(&fix.mem, HPA(table + 8 * (gpa >> level_shift(l) & 511)), 8) & BITS(45, 12);
	return HPA(table + 8 * (gpa >> level_shift(level) & 511));
}
static inline uint64_t ept_get(uint64_t gpa, unsigned level)
{
	return mem_read(&fix.mem, ept_entry_at(gpa, level), 8);
}
static inline void ept_put(uint64_t gpa, unsigned level, uint64_t entry)
{
	mem_write(&fix.mem, ept_entry_at(gpa, level), entry, 8);
}

#endif
