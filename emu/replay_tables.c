/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paging structures built on first touch (replay_tables.h). */
#include "emu/replay_tables.h"

#include "ept/eptp.h"
#include "ept/walk.h"
#include "mmu/pte.h"
#include "vmx/exit.h"

#define ENTRY_ADDR BITS(MAXPHYADDR - 1, 12)
#define TABLE_AREA BIT(44) /* EPT: where the guest's tables lie, guest-physical; its pages lie below */
enum { GUEST_VPID = 1, LEVELS = 4 };

static void vm_exit(struct replay_tables *t, unsigned reason)
{
	struct cpu *cpu = t->cpu;

	cost_vm_exit(&cpu->cost, reason);
	cpu->ev.n[EV_VM_EXITS]++;
	cpu->vmx->exits[reason]++;
}

static void vm_entry(struct replay_tables *t)
{
	cost_charge(&t->cpu->cost, COST_HANDLER);
	t->cpu->ev.n[EV_VM_ENTRIES]++;
	cost_vm_entry(&t->cpu->cost);
}

/* ---- the VMM under EPT ---- */

/* An EPT violation at gpa: memory for it. false: none is left. */
static bool back(struct replay_tables *t, gpa_t gpa)
{
	unsigned shift = t->ept_shift;
	hpa_t page;

	vm_exit(t, EXIT_EPT_VIOLATION);
	if (!ept_pool_page(&t->pool, shift, &page) || !ept_map_page(&t->map, gpa, page, shift, EPTE_RWX | MEMTYPE_WB << EPTE_MEMTYPE_SHIFT))
		return false;
	vm_entry(t);
	return true;
}

/* Where the guest's memory is. The guest stores there now, so it is backed if it is not yet. */
static bool place(struct replay_tables *t, gpa_t gpa, hpa_t *hpa)
{
	unsigned shift;

	*hpa = HPA(gpa.u);
	if (t->paging != PAGING_EPT)
		return true;
	uint64_t entry = ept_map_find(&t->map, gpa, &shift);
	if (!entry && (!back(t, gpa) || !(entry = ept_map_find(&t->map, gpa, &shift))))
		return false;
	uint64_t offset = BIT(shift) - 1;
	*hpa = HPA((entry & ENTRY_ADDR & ~offset) | (gpa.u & offset));
	return true;
}

/* ---- the guest's operating system ---- */

static bool new_page(struct replay_tables *t, gpa_t *gpa)
{
	uint64_t size = BIT(t->guest_shift);
	hpa_t page;

	t->guest_pages++;
	if (t->paging == PAGING_EPT) {
		*gpa = GPA((t->next_page + size - 1) & ~(size - 1));
		t->next_page = gpa->u + size;
		return t->next_page <= TABLE_AREA;
	}
	if (!ept_pool_page(&t->pool, t->guest_shift, &page))
		return false;
	*gpa = GPA(page.u);
	return true;
}

/* A table, all zeros: pages of the pool are new, and so zero. */
static bool new_table(struct replay_tables *t, gpa_t *gpa)
{
	hpa_t frame;

	t->guest_tables++;
	if (t->paging == PAGING_EPT) {
		*gpa = GPA(t->next_table);
		t->next_table += PAGE_SIZE;
		return gpa->u < BIT(MAXPHYADDR) && place(t, *gpa, &frame);
	}
	if (!ept_pool_frame(&t->pool, &frame))
		return false;
	*gpa = GPA(frame.u);
	return true;
}

static unsigned leaf_level(const struct replay_tables *t)
{
	return (t->guest_shift - PAGE_SHIFT) / 9 + 1;
}

static uint64_t entry_offset(uint64_t address, unsigned level)
{
	return 8 * (address >> level_shift(level) & 511);
}

/* Where the leaf for gla is in the guest's tables, made as far as need be. */
static bool guest_leaf(struct replay_tables *t, gla_t gla, hpa_t *at)
{
	gpa_t table = GPA(t->guest_root);

	for (unsigned level = LEVELS;; level--) {
		if (!place(t, GPA(table.u + entry_offset(gla.u, level)), at))
			return false;
		if (level == leaf_level(t))
			return true;
		uint64_t entry = mem_read(t->cpu->mem, *at, 8);
		if (!(entry & PTE_P)) {
			gpa_t below;
			if (!new_table(t, &below))
				return false;
			entry = below.u | PTE_P | PTE_RW | PTE_US | PTE_A;
			mem_write(t->cpu->mem, *at, entry, 8);
		}
		table = GPA(entry & ENTRY_ADDR);
	}
}

/* As Linux does: the page is young from the start, and dirty if it is written. */
static bool map_page(struct replay_tables *t, gla_t gla, unsigned access)
{
	hpa_t at;
	gpa_t page;

	t->cpu->ev.n[EV_EXC_PF]++;
	cost_charge(&t->cpu->cost, COST_EXCEPTION);
	if (!guest_leaf(t, gla, &at) || !new_page(t, &page))
		return false;
	uint64_t entry = page.u | PTE_P | PTE_RW | PTE_US | PTE_A | (access & ACC_WRITE ? PTE_D : 0);
	mem_write(t->cpu->mem, at, entry | (leaf_level(t) > 1 ? PTE_PS : 0), 8);
	return true;
}

/* ---- the VMM with shadow tables ---- */

static bool shadow_leaf(struct replay_tables *t, gla_t gla, hpa_t *at)
{
	hpa_t table = HPA(t->shadow_root), below;

	for (unsigned level = LEVELS;; level--) {
		*at = HPA(table.u + entry_offset(gla.u, level));
		if (level == leaf_level(t))
			return true;
		uint64_t entry = mem_read(t->cpu->mem, *at, 8);
		if (!(entry & PTE_P)) {
			if (!ept_pool_frame(&t->pool, &below))
				return false;
			t->shadow_tables++;
			entry = below.u | PTE_P | PTE_RW | PTE_US | PTE_A;
			mem_write(t->cpu->mem, *at, entry, 8);
		}
		table = HPA(entry & ENTRY_ADDR);
	}
}

/* A page is writable in the shadow once it is dirty in the guest's table: so the VMM sees the first write. */
static bool shadow_fault(struct replay_tables *t, gla_t gla, unsigned access)
{
	struct mem *mem = t->cpu->mem;
	hpa_t guest, shadow;

	vm_exit(t, EXIT_EXCEPTION_NMI);
	if (!guest_leaf(t, gla, &guest))
		return false;
	uint64_t entry = mem_read(mem, guest, 8);
	if (!(entry & PTE_P)) {
		t->cpu->ev.n[EV_SHADOW_TRUE_FAULTS]++;
		vm_entry(t);
		return map_page(t, gla, access);
	}
	t->cpu->ev.n[EV_SHADOW_HIDDEN_FAULTS]++;
	if (access & ACC_WRITE)
		entry |= PTE_D;
	mem_write(mem, guest, entry, 8);
	if (!shadow_leaf(t, gla, &shadow))
		return false;
	mem_write(mem, shadow, entry & PTE_D ? entry : entry & ~PTE_RW, 8);
	vm_entry(t);
	return true;
}

bool replay_tables_fault(struct replay_tables *t, gla_t gla, unsigned access)
{
	const struct walk *w = &t->cpu->mmu.last;

	if (w->status == WALK_SECOND)
		return back(t, w->fail_gpa);
	return t->paging == PAGING_SHADOW ? shadow_fault(t, gla, access) : map_page(t, gla, access);
}

static bool make_roots(struct replay_tables *t)
{
	gpa_t root;
	hpa_t shadow;

	if (t->paging == PAGING_EPT && !ept_map_init(&t->map, &t->pool, LEVELS))
		return false;
	if (!new_table(t, &root))
		return false;
	t->guest_root = root.u;
	if (t->paging != PAGING_SHADOW)
		return true;
	t->shadow_tables = 1;
	t->shadow_root = ept_pool_frame(&t->pool, &shadow) ? shadow.u : 0;
	return t->shadow_root;
}

bool replay_tables_init(struct replay_tables *t, struct cpu *cpu, struct ept *ept, const struct replay_config *config)
{
	*t = (struct replay_tables){.cpu = cpu,
				    .paging = config->paging,
				    .guest_shift = config->guest_shift,
				    .ept_shift = config->ept_shift,
				    .next_page = BIT(30),
				    .next_table = TABLE_AREA};
	ept_pool_init(&t->pool, cpu->mem, PAGE_SIZE);
	if (!make_roots(t))
		return false;
	struct paging_regs regs = {.cr0 = CR0_PE | CR0_PG | CR0_WP,
				   .cr3 = t->shadow_root ? t->shadow_root : t->guest_root,
				   .cr4 = CR4_PAE | CR4_PGE,
				   .efer = EFER_LME | EFER_LMA | EFER_NXE};
	mmu_set_paging(&cpu->mmu, &regs);
	if (config->paging == PAGING_EPT) {
		ept_decode(ept, ept_map_eptp(&t->map, false), false, true);
		mmu_set_context(&cpu->mmu, GUEST_VPID, ept->root | EPTRTA_EPT, ept_translate, ept);
	} else if (config->paging == PAGING_SHADOW) {
		mmu_set_context(&cpu->mmu, GUEST_VPID, 0, NULL, NULL);
	}
	return true;
}
