/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory hooks: every data access goes through the modelled TLBs here, and every store to a frame that holds paging structures or code
 * is noticed. Also device pages, and the page that tells the address of a fault.
 */
#include "emu/engine_state.h"

#include <string.h>

static __attribute__((noinline)) void store_marked(struct engine *e, uint64_t paddr, unsigned size)
{
	uint64_t frame = (paddr >> PAGE_SHIFT) & e->frame_mask;
	hpa_t hpa = HPA(frame << PAGE_SHIFT | page_offset(paddr));
	unsigned flags = e->mem->frame_flags[frame];

	if (flags & FRAME_WATCH)
		mem_watch_store(e->mem, hpa, size);
	if (unlikely(e->mem->watch.hit))
		e->limit_asked = e->done; /* this instruction, and no other */
	if (flags & FRAME_TABLE)
		e->mem->table_epoch++;
	if (flags & FRAME_CODE) {
		bool window0 = paddr >> PAGE_SHIFT == frame;
		codecache_store(&e->code, hpa, size);
		engine_code_stored(e, frame, window0 ? e->now : NULL);
		e->smc_step = e->done;
		if (e->insn->flags & INSN_REP)
			e->smc_rcx = engine_read_reg(e, RCX);
	}
	e->limit = 0;
}

static uint64_t piece_gla(const struct engine *e, uint64_t paddr)
{
	uint64_t offset = page_offset(paddr);

	if (paddr < e->ram_end)
		return alias_gla(e->alias.entry[paddr >> PAGE_SHIFT]) | offset;
	return e->device[(paddr - e->device_base) >> PAGE_SHIFT].gla | offset;
}

/* The frame of the second page of a store that splits. */
static void store_second_page(struct engine *e, uint64_t gla, unsigned size)
{
	const struct tlb_entry *entry = mmu_peek_tlb(e->mmu, GLA(gla), false);

	if (!entry)
		return;
	hpa_t hpa = tlb_entry_hpa(entry, GLA(gla));
	if (!mem_is_ram(e->mem, hpa, 1) || !e->mem->frame_flags[hpa.u >> PAGE_SHIFT])
		return;
	store_marked(e, hpa.u, size);
	if (e->mem->frame_flags[hpa.u >> PAGE_SHIFT] & FRAME_CODE)
		engine_code_stored(e, hpa.u >> PAGE_SHIFT, NULL); /* through which window is not known here */
}

/* The data caches' part of an access. What has been charged may bring the deadline near. */
static inline void price_data(struct engine *e, uint64_t paddr)
{
	uint64_t frame = paddr >> PAGE_SHIFT & e->frame_mask;

	caches_data(e->mmu->env.caches, HPA(frame << PAGE_SHIFT | page_offset(paddr)));
	if (unlikely(*e->cpu->cost.clock >= e->charged_limit))
		e->limit = 0;
}

static __attribute__((noinline)) void piece_slow(struct engine *e, bool write, uint64_t paddr, unsigned size)
{
	if (e->mode != MODE_RUN || (paddr >= e->ram_end && paddr < e->device_base))
		return;
	if (e->smc_step == e->done + 1) /* the engine began a step again whose accesses are counted */
		return;
	uint64_t gla = piece_gla(e, paddr);
	unsigned access = write ? e->write_access : e->read_access;

	if (e->insn->flags & INSN_RMW)
		access |= ACC_READ | ACC_WRITE;
	access_begin(&e->access, e->done);
	access_piece(&e->access, e->insn, gla, size, write, access);
	if (paddr >= e->ram_end)
		return;
	if (e->mmu->env.caches)
		price_data(e, paddr);
	if (!write)
		return;
	if ((e->insn->flags & INSN_BRANCH) && e->insn->opcode == 0xff) {
		e->call_undo_at = (paddr >> PAGE_SHIFT & e->frame_mask) << PAGE_SHIFT | page_offset(paddr);
		memcpy(&e->call_undo, e->mem->host + e->call_undo_at, size <= 8 && page_offset(paddr) + size <= PAGE_SIZE ? size : 0);
	}
	if (unlikely(e->mem->frame_flags[paddr >> PAGE_SHIFT & e->frame_mask]))
		store_marked(e, paddr, size);
	if (unlikely(page_offset(paddr) + size > PAGE_SIZE))
		store_second_page(e, page_base(gla) + PAGE_SIZE, (unsigned)(page_offset(paddr) + size - PAGE_SIZE));
}

void engine_on_memory(uc_engine *uc, uc_mem_type type, uint64_t paddr, int bytes, int64_t value, void *user)
{
	struct engine *e = user;
	bool write = type == UC_MEM_WRITE;
	unsigned size = (unsigned)bytes;

	(void)uc;
	(void)value;
	if (likely(paddr < e->ram_end && e->special_step != e->done && !(e->insn->flags & (INSN_MULTI | INSN_RMW)) &&
		   page_offset(paddr) + size <= PAGE_SIZE)) {
		uint64_t gla = alias_gla(e->alias.entry[paddr >> PAGE_SHIFT]) | page_offset(paddr);
		mmu_access(e->mmu, GLA(gla), write ? e->write_access : e->read_access);
		e->cpu->ev.n[write ? EV_STORES : EV_LOADS]++;
		if (e->mmu->env.caches)
			price_data(e, paddr);
		if (write && unlikely(e->mem->frame_flags[(paddr >> PAGE_SHIFT) & e->frame_mask]))
			store_marked(e, paddr, size);
		return;
	}
	piece_slow(e, write, paddr, size);
}

/* The trap page was touched: the exact address of the faulting access. */
bool engine_on_trap(uc_engine *uc, uc_mem_type type, uint64_t paddr, int size, int64_t value, void *user)
{
	struct engine *e = user;

	(void)uc;
	(void)type;
	(void)size;
	(void)value;
	if (!e->trapped && paddr >= e->trap_base && paddr < e->trap_base + PAGE_SIZE) {
		e->trapped = true;
		e->trap_offset = page_offset(paddr);
	}
	return false;
}

uint64_t engine_on_device_read(uc_engine *uc, uint64_t offset, unsigned size, void *user)
{
	struct engine *e = user;

	(void)uc;
	engine_settle(e);
	e->limit = 0; /* devices may want the processor's attention now */
	return mem_read(e->mem, HPA(e->device[offset >> PAGE_SHIFT].hpa | page_offset(offset)), size);
}

void engine_on_device_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user)
{
	struct engine *e = user;

	(void)uc;
	engine_settle(e);
	e->limit = 0;
	e->limit_asked = e->done; /* the machine looks at interrupts before the next instruction */
	mem_write(e->mem, HPA(e->device[offset >> PAGE_SHIFT].hpa | page_offset(offset)), value, size);
}
