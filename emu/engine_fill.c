/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fills: the softmmu asks for each translation that it lacks, and gets what the model gives: rights that never exceed those of the
 * modelled TLB entry, a page that traps for an access that faults, a poison page for code that is not there.
 */
#include "emu/engine_state.h"

static struct given *given_slot(struct engine *e, uint64_t gla)
{
	uint64_t page = gla >> PAGE_SHIFT;
	uint64_t pair = page >> 1;

	return &e->given[(((pair ^ pair >> 11 ^ pair >> 22) & (GIVEN_SLOTS / 2 - 1)) << 1) | (page & 1)];
}

bool engine_given_is(struct engine *e, uint64_t gla, uint64_t frame)
{
	const struct given *g = given_slot(e, gla);

	return g->gla == gla && g->generation == e->alias.generation && g->frame == frame;
}

unsigned engine_fetch_access(const struct cpu *cpu)
{
	return ACC_FETCH | (cpu->cpl == 3 ? (unsigned)ACC_USER : 0u);
}

/*
 * The engine reads ahead when it translates: a fetch fill is not an access of the processor and never fails. The code hook decides. The
 * frame comes from the modelled TLBs or the tables as they are; if there is none, a poison page is given.
 */
static void fill_fetch(struct engine *e, uint64_t page, uc_tlb_entry *result)
{
	const struct tlb_entry *entry = NULL;
	hpa_t hpa = HPA(~0ull);

	if (page != UNREACHABLE && (e->mmu->mode.linear_width == 32 || is_canonical(page, e->mmu->mode.linear_width))) {
		entry = mmu_peek_tlb(e->mmu, GLA(page), true);
		if (entry) {
			hpa = tlb_entry_hpa(entry, GLA(page));
		} else {
			struct walk walk = mmu_peek(e->mmu, GLA(page), engine_fetch_access(e->cpu));
			if (walk.status == WALK_OK)
				hpa = walk.hpa;
		}
	}
	result->perms = UC_PROT_EXEC;
	if (!mem_is_ram(e->mem, hpa, PAGE_SIZE)) {
		result->paddr = e->private_base + PRIVATE_POISON * PAGE_SIZE;
		return;
	}
	uint64_t frame = hpa.u >> PAGE_SHIFT;
	if (alias_is(&e->alias, frame, page))
		result->perms |= e->alias.entry[frame] & ALIAS_PERMS;
	*given_slot(e, page) = (struct given){.gla = page, .frame = frame, .generation = e->alias.generation};
	e->code_in[frame] |= (uint8_t)(1u << (e->now - e->inst));
	mem_mark(e->mem, hpa, FRAME_CODE);
	result->paddr = hpa.u;
}

static bool fill_device(struct engine *e, uint64_t page, hpa_t hpa, uc_tlb_entry *result)
{
	if (e->devices == DEVICE_SLOTS) {
		e->flush = true;
		e->stop = STOP_AGAIN;
		return false;
	}
	e->device[e->devices] = (struct device_slot){.gla = page, .hpa = hpa.u};
	result->paddr = e->device_base + (uint64_t)e->devices++ * PAGE_SIZE;
	result->perms = UC_PROT_READ | UC_PROT_WRITE;
	return true;
}

/* A data access that faults. Loads get a page that traps, which tells their exact address; stores fail here and are tried again. */
static bool fill_fault(struct engine *e, uint64_t page, unsigned access, bool write, uc_tlb_entry *result)
{
	e->fault = true;
	e->fault_page = page;
	e->fault_access = access;
	e->trapped = false;
	e->flush = true;
	if (write)
		return false;
	result->paddr = e->trap_base;
	result->perms = UC_PROT_READ;
	return true;
}

/*
 * While a faulting store is tried again to learn its address: the page that faults traps, stores to other pages go nowhere,
 * loads see their data.
 */
static bool fill_trap(struct engine *e, uint64_t page, bool write, uc_tlb_entry *result)
{
	if (write) {
		result->paddr = page == e->fault_page ? e->trap_base : e->private_base + PRIVATE_SINK * PAGE_SIZE;
		result->perms = UC_PROT_WRITE;
		return true;
	}
	const struct tlb_entry *entry = mmu_peek_tlb(e->mmu, GLA(page), false);
	hpa_t hpa = entry ? tlb_entry_hpa(entry, GLA(page)) : mmu_peek(e->mmu, GLA(page), e->read_access).hpa;
	if (!mem_is_ram(e->mem, hpa, PAGE_SIZE))
		return false;
	result->paddr = hpa.u;
	result->perms = UC_PROT_READ;
	return true;
}

static bool fill_data(struct engine *e, uint64_t page, bool write, uc_tlb_entry *result)
{
	unsigned access = write ? e->write_access : e->read_access;
	unsigned width = e->mmu->mode.linear_width;

	if (e->insn->flags & INSN_RMW)
		access |= ACC_READ | ACC_WRITE;
	access_begin(&e->access, e->done);
	e->special_step = e->done;
	if (width != 32 && e->now->wide && !is_canonical(page, width))
		return fill_fault(e, page, access | ACC_IMPLICIT, write, result);
	const struct tlb_entry *entry = access_fill(&e->access, page, access);
	if (!entry)
		return fill_fault(e, page, access, write, result);

	hpa_t hpa = tlb_entry_hpa(entry, GLA(page));
	if (!mem_is_ram(e->mem, hpa, PAGE_SIZE))
		return fill_device(e, page, hpa, result);
	uint64_t engine_page = alias_take(&e->alias, page, hpa.u >> PAGE_SHIFT);
	if (engine_page == ~0ull) { /* out of windows for this frame */
		e->flush = true;
		e->stop = STOP_AGAIN;
		return false;
	}
	unsigned perms = UC_PROT_READ;
	if (mmu_entry_permits(e->mmu, entry, e->write_access))
		perms |= UC_PROT_WRITE;
	if (write && !mmu_entry_permits(e->mmu, entry, e->read_access))
		perms &= ~(unsigned)UC_PROT_READ;
	if (write)
		perms |= UC_PROT_WRITE;
	((struct tlb_entry *)entry)->in_engine = true;
	e->alias.entry[engine_page] |= perms;
	result->perms = e->alias.entry[engine_page] & ALIAS_PERMS;
	/* the mark first: it spares a look into a table that the host's caches do not hold */
	if (engine_page == (hpa.u >> PAGE_SHIFT) && (e->mem->frame_flags[engine_page] & FRAME_CODE) &&
	    engine_given_is(e, page, engine_page))
		result->perms |= UC_PROT_EXEC;
	result->paddr = engine_page << PAGE_SHIFT;
	return true;
}

bool engine_on_fill(uc_engine *uc, uint64_t address, uc_mem_type type, uc_tlb_entry *result, void *user)
{
	struct engine *e = user;
	uint64_t page = page_base(address);

	(void)uc;
	result->perms = UC_PROT_ALL;
	if (e->probe_frame != ~0ull) {
		result->paddr = e->probe_frame << PAGE_SHIFT;
		return true;
	}
	if (e->mode == MODE_PRIVATE) {
		uint64_t n = (page - PRIVATE_GLA) >> PAGE_SHIFT;
		result->paddr = e->private_base + (n < PRIVATE_PAGES ? n : 0) * PAGE_SIZE;
		return true;
	}
	if (type == UC_MEM_FETCH) {
		fill_fetch(e, page, result);
		return true;
	}
	if (e->mode == MODE_TRAP)
		return fill_trap(e, page, type == UC_MEM_WRITE, result);
	return fill_data(e, page, type == UC_MEM_WRITE, result);
}
