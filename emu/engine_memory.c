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
	if (unlikely(e->mem->watch.hit)) {
		e->limit_asked = e->done; /* this instruction, and no other */
		e->limit = 0;
	}
	if (flags & FRAME_TABLE) {
		uint64_t room = PAGE_SIZE - page_offset(hpa.u);
		mem_before_store(e->mem, flags, hpa, size);
		unsigned here = size < room ? size : (unsigned)room;
		if (mem_overwrites_entry(e->mem, hpa, here)) {
			mem_overwritten(e->mem, hpa, here);
			e->limit = 0;
		}
	}
	if (flags & FRAME_CODE) {
		bool window0 = paddr >> PAGE_SHIFT == frame;
		codecache_store(&e->code, hpa, size);
		engine_code_stored(e, frame, window0 ? e->now : NULL);
		e->smc_step = e->done;
		if (e->insn->flags & INSN_REP)
			e->smc_rcx = engine_read_reg(e, RCX);
		e->limit = 0;
	}
}

uint64_t engine_piece_gla(const struct engine *e, uint64_t paddr)
{
	uint64_t offset = page_offset(paddr);

	if (paddr < e->ram_end)
		return alias_gla(e->alias.entry[paddr >> PAGE_SHIFT]) | offset;
	return e->device[(paddr - e->device_base) >> PAGE_SHIFT].gla | offset;
}

/* The data caches' part of size bytes within a page. What has been charged may bring the deadline near. */
static inline void price_data(struct engine *e, hpa_t hpa, unsigned size)
{
	caches_data(e->mmu->env.caches, hpa);
	if (unlikely(caches_split(hpa, size)))
		caches_data(e->mmu->env.caches, HPA(hpa.u + size - 1));
	if (unlikely(*e->cpu->cost.clock >= e->charged_limit))
		e->limit = 0;
}

void engine_price_data(struct engine *e, hpa_t hpa, unsigned size)
{
	price_data(e, hpa, size);
}

static hpa_t piece_hpa(const struct engine *e, uint64_t paddr)
{
	return HPA((paddr >> PAGE_SHIFT & e->frame_mask) << PAGE_SHIFT | page_offset(paddr));
}

/* The frame of the second page of a store that splits. */
static void store_second_page(struct engine *e, uint64_t gla, unsigned size)
{
	const struct tlb_entry *entry = mmu_peek_tlb(e->mmu, GLA(gla), false);

	if (!entry)
		return;
	hpa_t hpa = tlb_entry_hpa(entry, GLA(gla));
	if (!mem_is_ram(e->mem, hpa, 1))
		return;
	if (e->mmu->env.caches)
		price_data(e, hpa, size);
	if (!e->mem->frame_flags[hpa.u >> PAGE_SHIFT])
		return;
	store_marked(e, hpa.u, size);
	if (e->mem->frame_flags[hpa.u >> PAGE_SHIFT] & FRAME_CODE)
		engine_code_stored(e, hpa.u >> PAGE_SHIFT, NULL); /* through which window is not known here */
}

/* A step whose accesses a plan has booked. What the softmmu was filled with before this store may be wrong after it. */
static void booked_piece(struct engine *e, bool write, uint64_t paddr, unsigned size)
{
	uint64_t room = PAGE_SIZE - page_offset(paddr);

	if (!write || paddr >= e->ram_end || !(e->mem->frame_flags[paddr >> PAGE_SHIFT & e->frame_mask] & FRAME_TABLE))
		return;
	mem_change_table(e->mem, piece_hpa(e, paddr), size < room ? size : (unsigned)room);
	e->limit = 0;
}

/*
 * Where a read-modify-write loads from. It is translated once, to write: if the engine has the page by a stale entry that may only be read,
 * it loads from elsewhere, lacks the page for the store, and begins again then.
 */
static hpa_t modified_hpa(struct engine *e, uint64_t gla, hpa_t loaded)
{
	const struct tlb_entry *entry = mmu_peek_tlb(e->mmu, GLA(gla), false);

	if (!entry || page_base(tlb_entry_hpa(entry, GLA(gla)).u) == page_base(loaded.u))
		return loaded;
	e->loaded_elsewhere = e->done;
	return tlb_entry_hpa(entry, GLA(gla));
}

static __attribute__((noinline)) void piece_slow(struct engine *e, bool write, uint64_t paddr, unsigned size)
{
	if (e->mode != MODE_RUN || (paddr >= e->ram_end && paddr < e->device_base))
		return;
	if (e->done <= e->booked) {
		booked_piece(e, write, paddr, size);
		return;
	}
	if (e->smc_step == e->done + 1) /* the engine began a step again whose accesses are counted */
		return;
	uint64_t gla = engine_piece_gla(e, paddr);
	unsigned access = write ? e->write_access : e->read_access;

	if (e->insn->flags & INSN_RMW)
		access |= ACC_READ | ACC_WRITE;
	access_begin(&e->access, e->done);
	if (page_offset(paddr) + size > PAGE_SIZE)
		e->special_step = e->done; /* a load's parts follow */
	if (!access_piece(&e->access, e->insn, gla, size, write, access) || paddr >= e->ram_end)
		return;
	unsigned room = (unsigned)(PAGE_SIZE - page_offset(paddr));
	hpa_t hpa = piece_hpa(e, paddr);
	if (!write && (e->insn->flags & INSN_RMW))
		hpa = modified_hpa(e, gla, hpa);
	if (e->mmu->env.caches && access_price(&e->access))
		price_data(e, hpa, size < room ? size : room);
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

/* An instruction's only piece, within a page. */
static ALWAYS_INLINE void piece_simple(struct engine *e, bool write, uint64_t paddr, unsigned size)
{
	uint64_t gla = alias_gla(e->alias.entry[paddr >> PAGE_SHIFT]) | page_offset(paddr);

	mmu_access(e->mmu, GLA(gla), write ? e->write_access : e->read_access);
	e->cpu->ev.n[write ? EV_STORES : EV_LOADS]++;
	if (e->mmu->env.caches)
		price_data(e, piece_hpa(e, paddr), size);
	if (write && unlikely(e->mem->frame_flags[(paddr >> PAGE_SHIFT) & e->frame_mask]))
		store_marked(e, paddr, size);
}

void engine_on_memory(uc_engine *uc, uc_mem_type type, uint64_t paddr, int bytes, int64_t value, void *user)
{
	struct engine *e = user;
	bool write = type == UC_MEM_WRITE;
	unsigned size = (unsigned)bytes;

	(void)uc;
	(void)value;
	if (likely(paddr < e->ram_end && e->special_step != e->done && e->done > e->booked && !(e->insn->flags & (INSN_MULTI | INSN_RMW)) &&
		   page_offset(paddr) + size <= PAGE_SIZE))
		piece_simple(e, write, paddr, size);
	else
		piece_slow(e, write, paddr, size);
}

/* A piece in a block of an instruction that makes several, or splits a page, or has just been translated by a fill. */
static __attribute__((noinline)) void block_piece(struct engine *e, bool write, uint64_t paddr, unsigned size)
{
	if (e->mode != MODE_RUN || e->stop != STOP_NONE || !e->block)
		return;
	const struct code_piece *piece = engine_piece_under_way(e);
	bool split = page_offset(paddr) + size > PAGE_SIZE;

	CHECK(piece); /* tests/check_decode_engine.c: every plain encoding makes the pieces that codeblock_pieces says */
	if (e->split_left)
		e->split_left--;
	else
		e->piece++;
	if (split && !write)
		e->split_left = 2;
	if (split && write) {
		e->late_page = page_base(engine_piece_gla(e, paddr)) + PAGE_SIZE;
		e->late_until = e->piece;
	}
	e->block_special &= e->special_step >= e->done;
	if (piece->simple && e->special_step != e->done && !split)
		piece_simple(e, write, paddr, size);
	else
		piece_slow(e, write, paddr, size);
	e->block_special |= split;
}

void engine_on_block_memory(uc_engine *uc, uc_mem_type type, uint64_t paddr, int bytes, int64_t value, void *user)
{
	struct engine *e = user;
	bool write = type == UC_MEM_WRITE;
	unsigned size = (unsigned)bytes;

	(void)uc;
	(void)value;
	if (likely(e->piece->simple && !e->block_special && paddr < e->ram_end && page_offset(paddr) + size <= PAGE_SIZE)) {
		e->piece++;
		piece_simple(e, write, paddr, size);
	} else {
		block_piece(e, write, paddr, size);
	}
}

/* The same when accesses are observed: each that is counted is told, a read-modify-write once: when its store has not faulted. */
void engine_on_memory_observed(uc_engine *uc, uc_mem_type type, uint64_t paddr, int bytes, int64_t value, void *user)
{
	struct engine *e = user;
	const struct mmu_observer *observer = e->mmu->observer;
	const uint64_t *n = e->cpu->ev.n;
	uint64_t counted = n[EV_LOADS] + n[EV_STORES];
	bool write = type == UC_MEM_WRITE, rmw = e->insn->flags & INSN_RMW;
	bool guest = e->mode == MODE_RUN && (paddr < e->ram_end || paddr >= e->device_base);
	uint64_t gla = guest ? engine_piece_gla(e, paddr) : 0;

	engine_on_memory(uc, type, paddr, bytes, value, user);
	bool counts = n[EV_LOADS] + n[EV_STORES] != counted;
	if (rmw && !write && counts)
		e->untold_rmw = e->done;
	if (rmw ? !write || !guest || e->untold_rmw != e->done : !counts)
		return;
	e->untold_rmw = 0;
	if (e->done == e->told_step && e->told_data) {
		e->told_data--;
		return;
	}
	unsigned size = e->insn->memsize > (unsigned)bytes ? e->insn->memsize : (unsigned)bytes;
	observer->data(observer->ctx, GLA(gla), size,
		       rmw     ? e->read_access | (unsigned)ACC_WRITE
		       : write ? e->write_access
			       : e->read_access);
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
