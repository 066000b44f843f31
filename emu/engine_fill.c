/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fills: the softmmu asks for each translation that it lacks, and gets what the model gives: rights that never exceed those of the
 * modelled TLB entry, a page that traps for an access that faults, a poison page for code that is not there.
 */
#include "emu/engine_state.h"

struct given *engine_given_slot(struct engine *e, uint64_t gla)
{
	uint64_t page = gla >> PAGE_SHIFT;
	uint64_t pair = page >> 1;

	return &e->now->given[(((pair ^ pair >> 11 ^ pair >> 22) & (GIVEN_SLOTS / 2 - 1)) << 1) | (page & 1)];
}

bool engine_given_is(struct engine *e, uint64_t gla, uint64_t frame)
{
	const struct given *g = engine_given_slot(e, gla);

	return g->gla == gla && g->generation == e->now->generation && g->frame == frame;
}

/* In blocks, marked frames are read-only: a store to one arrives as a fill, before its instruction. */
static unsigned given_perms(const struct engine *e, uint64_t frame)
{
	return engine_in_blocks(e) && e->mem->frame_flags[frame] ? ALIAS_PERMS & ~(unsigned)UC_PROT_WRITE : (unsigned)ALIAS_PERMS;
}

/* In fast-forward: what data accesses may do with a page that code is fetched from. It holds code, so stores are not among it. */
static unsigned beside_code(struct engine *e, uint64_t page, hpa_t code)
{
	hpa_t hpa;
	uint64_t allows;

	if (!engine_glance(e, page, e->read_access, &hpa, &allows) || hpa.u != code.u)
		return 0;
	engine_holds(e, page);
	return UC_PROT_READ;
}

/* Between two blocks the engine looks for the next one's page, which is not there. It stops before anything of that block. */
static bool refuse_fetch(struct engine *e, uint64_t page)
{
	if (!engine_is_fast(e) || page == UNREACHABLE || page_base(engine_read_reg(e, REG_RIP_INDEX)) != page)
		return false;
	e->fetch_refused = true;
	return true;
}

/*
 * The engine reads ahead when it translates: a fetch fill is not an access of the processor. The code hook decides. The frame comes from
 * the modelled TLBs or the tables as they are; if there is none, a poison page is given, which would have to be flushed when the page is
 * there; so it is not given where that can be helped.
 */
static bool fill_fetch(struct engine *e, uint64_t page, uc_tlb_entry *result)
{
	const struct tlb_entry *entry = NULL;
	hpa_t hpa = HPA(~0ull);

	if (page == e->code_base && page != UNREACHABLE) { /* looked up already: where instructions come from now */
		hpa = HPA(e->page->frame << PAGE_SHIFT);
	} else if (page != UNREACHABLE && (e->mmu->mode.linear_width == 32 || is_canonical(page, e->mmu->mode.linear_width))) {
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
		return !refuse_fetch(e, page);
	}
	uint64_t frame = hpa.u >> PAGE_SHIFT;
	if (engine_is_fast(e))
		result->perms |= beside_code(e, page, hpa);
	else if (alias_is(&e->alias, frame, page))
		result->perms |= e->alias.entry[frame] & ALIAS_PERMS & given_perms(e, frame);
	*engine_given_slot(e, page) = (struct given){.gla = page, .frame = frame, .generation = e->now->generation};
	e->code_in[frame] |= (uint8_t)(1u << (e->now - e->inst));
	mem_mark(e->mem, hpa, FRAME_CODE);
	result->paddr = hpa.u;
	return true;
}

/* Stops before the instruction under way, which a fill does exactly. The rest of a block goes by instruction. */
static bool begin_again(struct engine *e)
{
	if (e->block && !e->foreseen.step) {
		e->in_blocks = false;
		e->stretch = e->block_done;
	}
	if (e->block && e->planning && !e->foreseen.step)
		e->booked = e->block_done;
	e->stop = STOP_AGAIN;
	return false;
}

static bool fill_device(struct engine *e, uint64_t page, hpa_t hpa, uc_tlb_entry *result)
{
	if (e->devices == DEVICE_SLOTS)
		e->flush = true;
	if (e->devices == DEVICE_SLOTS || e->block)
		return begin_again(e);
	e->device[e->devices] = (struct device_slot){.gla = page, .hpa = hpa.u};
	result->paddr = e->device_base + (uint64_t)e->devices++ * PAGE_SIZE;
	result->perms = UC_PROT_READ | UC_PROT_WRITE;
	return true;
}

/* A data access that faults. Loads get a page that traps, which tells their exact address; stores fail here and are tried again. */
static bool fill_fault(struct engine *e, uint64_t page, unsigned access, bool write, uc_tlb_entry *result)
{
	if (e->block) /* found out by instruction: the walk is not made again */
		return begin_again(e);
	e->fault = true;
	e->fault_page = page;
	e->fault_access = access;
	e->trapped = false;
	e->now->flushes = 0; /* of the page that traps */
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

/*
 * Whether an access of a block may go on with this translation. Not to a marked frame, and not if that walk has marked a frame which the
 * block may be writing to. A translation older than the last store to a table must be what the tables still say: nothing could stop the
 * block in time if the modelled TLBs lost it.
 */
static bool block_may_have(struct engine *e, const struct tlb_entry *entry, uint64_t page, hpa_t hpa, bool write)
{
	if ((write && e->mem->frame_flags[hpa.u >> PAGE_SHIFT]) || e->marks != e->mem->marks || e->mmu->engine_stale)
		return false;
	if (likely(entry->epoch == e->mem->table_epoch))
		return true;
	uint64_t allows;
	hpa_t now;
	return mmu_glance(e->mmu, GLA(page), write ? e->write_access : e->read_access, &now, &allows) && now.u == hpa.u &&
	       e->marks == e->mem->marks;
}

/* Stores that the block hook sees beforehand, in a plan, may go to paging structures. */
static bool unwritable(const struct engine *e, uint64_t frame)
{
	return e->mem->frame_flags[frame] & ~(e->planning ? (unsigned)FRAME_TABLE : 0u);
}

/*
 * Where nothing is counted, a walk that sets flags may be made here. But not for what may be the load of a read-modify-write, which is
 * translated once, for writing: if that faults it sets none.
 */
static bool find_fast(struct engine *e, uint64_t page, unsigned access, hpa_t *hpa, uint64_t *allows)
{
	if (likely(engine_glance(e, page, access, hpa, allows)))
		return true;
	if (e->planning || !e->block || e->block->flags & INSN_RMW)
		return false;
	return mmu_access(e->mmu, GLA(page), access) && mmu_glance(e->mmu, GLA(page), access, hpa, allows);
}

/*
 * In fast-forward: what the access finds without changing anything but flags of the tables. Whatever else it needs it gets by instruction.
 * Engine pages are of window 0: nothing asks for their linear addresses, and stores to code arrive here.
 */
static bool fill_fast(struct engine *e, uint64_t page, bool write, uc_tlb_entry *result)
{
	unsigned width = e->mmu->mode.linear_width;
	hpa_t hpa;
	uint64_t allows;

	if ((width != 32 && !is_canonical(page, width)) || !find_fast(e, page, write ? e->write_access : e->read_access, &hpa, &allows) ||
	    !mem_is_ram(e->mem, hpa, PAGE_SIZE) || e->marks != e->mem->marks || (write && unwritable(e, hpa.u >> PAGE_SHIFT)))
		return begin_again(e);
	uint64_t frame = hpa.u >> PAGE_SHIFT;
	mem_use(e->mem, frame);
	engine_holds(e, page);
	result->perms = allows >> e->read_access & 1 ? UC_PROT_READ : UC_PROT_NONE;
	if (allows >> e->write_access & 1 && !unwritable(e, frame))
		result->perms |= UC_PROT_WRITE;
	if (e->mem->frame_flags[frame] & FRAME_CODE && engine_given_is(e, page, frame))
		result->perms |= UC_PROT_EXEC;
	result->paddr = hpa.u;
	return true;
}

/* Gives an engine page for a frame that data is accessed in, with these rights and those that it was given with before. */
static bool give(struct engine *e, uint64_t page, hpa_t hpa, unsigned perms, uc_tlb_entry *result)
{
	uint64_t frame = hpa.u >> PAGE_SHIFT, engine_page = alias_take(&e->alias, page, frame);

	if (engine_page == ~0ull) { /* out of windows for this frame */
		e->flush = true;
		return begin_again(e);
	}
	mem_use(e->mem, frame);
	e->alias.entry[engine_page] |= perms;
	result->perms = e->alias.entry[engine_page] & ALIAS_PERMS & given_perms(e, frame);
	/* the mark first: it spares a look into a table that the host's caches do not hold */
	if (engine_page == frame && (e->mem->frame_flags[frame] & FRAME_CODE) && engine_given_is(e, page, frame))
		result->perms |= UC_PROT_EXEC;
	result->paddr = engine_page << PAGE_SHIFT;
	return true;
}

/* The frame for a step whose accesses are booked: what its translation has found. false: it is nowhere any more. */
static bool booked_frame(struct engine *e, uint64_t page, unsigned access, hpa_t *hpa)
{
	struct tlb_entry *entry = (struct tlb_entry *)mmu_peek_tlb(e->mmu, GLA(page), false);
	uint64_t allows;

	if (!entry || !mmu_peek_permits(e->mmu, entry, access))
		return mmu_glance(e->mmu, GLA(page), access, hpa, &allows);
	entry->in_engine = true;
	*hpa = tlb_entry_hpa(entry, GLA(page));
	return true;
}

static bool fill_data(struct engine *e, uint64_t page, bool write, uc_tlb_entry *result)
{
	unsigned access = write ? e->write_access : e->read_access;
	unsigned width = e->mmu->mode.linear_width;
	hpa_t hpa;

	e->late = e->block && write && page == e->late_page && e->piece == e->late_until;
	if (e->block && !engine_piece_under_way(e))
		return begin_again(e);
	e->late = false;
	if (unlikely(e->done <= e->booked) && booked_frame(e, page, access, &hpa) && mem_is_ram(e->mem, hpa, PAGE_SIZE))
		return give(e, page, hpa, write ? UC_PROT_WRITE : UC_PROT_READ, result);
	if (e->insn->flags & INSN_RMW)
		access |= ACC_READ | ACC_WRITE;
	if (write && unlikely(e->loaded_elsewhere == e->done)) {
		e->loaded_elsewhere = 0;
		e->flush = true;
		return begin_again(e);
	}
	access_begin(&e->access, e->done);
	e->special_step = e->done;
	e->block_special = true;
	if (width != 32 && e->now->wide && !is_canonical(page, width))
		return fill_fault(e, page, access | ACC_IMPLICIT, write, result);
	const struct tlb_entry *entry = access_fill(&e->access, page, access);
	if (!entry)
		return fill_fault(e, page, access, write, result);

	hpa = tlb_entry_hpa(entry, GLA(page));
	if (!mem_is_ram(e->mem, hpa, PAGE_SIZE))
		return fill_device(e, page, hpa, result);
	if (e->block && !block_may_have(e, entry, page, hpa, write))
		return begin_again(e);
	unsigned perms = UC_PROT_READ;
	if (mmu_entry_permits(e->mmu, entry, e->write_access))
		perms |= UC_PROT_WRITE;
	if (write && !mmu_entry_permits(e->mmu, entry, e->read_access))
		perms &= ~(unsigned)UC_PROT_READ;
	if (write)
		perms |= UC_PROT_WRITE;
	((struct tlb_entry *)entry)->in_engine = true;
	return give(e, page, hpa, perms, result);
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
		uint64_t n = page == PRIVATE_CODE_GLA ? PRIVATE_CODE : (page - PRIVATE_GLA) >> PAGE_SHIFT;
		result->paddr = e->private_base + (n < PRIVATE_PAGES ? n : 0) * PAGE_SIZE;
		return true;
	}
	if (type == UC_MEM_FETCH)
		return fill_fetch(e, page, result);
	if (e->mode == MODE_TRAP)
		return fill_trap(e, page, type == UC_MEM_WRITE, result);
	if (unlikely(++e->now->fills > e->now->full))
		engine_outgrows(e);
	if (engine_is_fast(e))
		return fill_fast(e, page, type == UC_MEM_WRITE, result);
	return fill_data(e, page, type == UC_MEM_WRITE, result);
}
