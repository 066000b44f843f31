/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine has cached, and when it must go: the softmmu (DESIGN: rules of "a cache of the model"), translated code of frames that
 * were stored to, decoded instructions.
 */
#include "emu/engine_state.h"

/*
 * The softmmu has as many slots as it seems to need: at a flush it becomes twice as large if most were in use, and smaller if few were for
 * some time. Without a flush it would stay as it is. It does not say how large it is; if it still fills up when it should have its full
 * size, it has become smaller, or more pages are in use than it ever holds: it is made to grow once more, then less and less soon.
 */
void engine_outgrows(struct engine *e)
{
	struct instance *in = e->now;

	if (in->slots < SLOTS_MAX) {
		in->slots *= 2;
	} else {
		in->slots = SLOTS_FIRST;
		in->patience += in->patience < PATIENCE_MAX;
	}
	in->fills = 0;
	in->full = in->slots * (in->slots < SLOTS_LARGE ? 2 : 8); /* each flush goes over all slots: many are for those who seldom flush */
	if (in->slots == SLOTS_MAX)
		in->full <<= in->patience;
	e->flush = true;
	e->limit = 0;
}

static void flush_instance(struct engine *e)
{
	uc_ctl_flush_tlb(e->now->uc);
	engine_holds_nothing(e->now);
	e->now->generation++;
	e->now->flushes = e->flushes;
}

/* What has become of the tables has been seen to. */
static void note_tables(struct engine *e)
{
	e->flushed_epoch = e->mem->table_epoch;
	e->mem->changes = 0;
	e->mmu->engine_stale = false;
	e->cpu->engine_inval = false;
}

static void flush_softmmu(struct engine *e)
{
	e->now->fills = 0;
	e->flushes++;
	flush_instance(e);
	alias_reset(&e->alias);
	e->devices = 0;
	e->flush = false;
	note_tables(e);
}

/* It asks for a translation of any address, and gets that frame. */
void engine_drop_code(struct engine *e, struct instance *in, uint64_t frame, unsigned offset, unsigned size)
{
	uc_ctl_flush_tlb(in->uc);
	e->probe_frame = frame;
	uc_ctl_remove_cache(in->uc, PRIVATE_GLA + offset, PRIVATE_GLA + offset + size);
	e->probe_frame = ~0ull;
	e->flush = true;
}

static void drop_pending(struct engine *e, struct instance *in)
{
	if (in->drops > DROPS) {
		uc_ctl_flush_tb(in->uc);
		e->flush = true;
	} else {
		for (unsigned i = 0; i < in->drops; i++)
			engine_drop_code(e, in, in->drop[i], 0, PAGE_SIZE);
	}
	in->drops = 0;
}

static void drop_later(struct engine *e, struct instance *in, uint64_t frame)
{
	e->code_in[frame] &= (uint8_t) ~(1u << (in - e->inst));
	for (unsigned i = 0; i < in->drops && i < DROPS; i++)
		if (in->drop[i] == frame)
			return;
	if (in->drops < DROPS)
		in->drop[in->drops] = frame;
	if (in->drops <= DROPS)
		in->drops++;
}

/* A store to a frame that holds code, which instance `by` has noticed itself (NULL: none has). */
void engine_code_stored(struct engine *e, uint64_t frame, const struct instance *by)
{
	for (unsigned i = 0; i < INSTANCES; i++)
		if ((e->code_in[frame] & BIT(i)) && &e->inst[i] != by)
			drop_later(e, &e->inst[i], frame);
}

/* What stores by our own code (devices, VMMs, descriptor accessed bits, walks) have left in struct mem. */
static void take_model_stores(struct engine *e)
{
	struct mem *mem = e->mem;

	engine_forget_fetch_page(e);
	if (mem->code_stores > MEM_CODE_STORES) {
		codecache_drop_all(&e->code);
		for (unsigned i = 0; i < INSTANCES; i++)
			e->inst[i].drops = DROPS + 1;
	} else {
		for (unsigned i = 0; i < mem->code_stores; i++) {
			codecache_drop(&e->code, HPA(mem->code_frame[i] << PAGE_SHIFT));
			engine_code_stored(e, mem->code_frame[i], NULL);
		}
	}
	mem->code_stores = 0;
	mem->attention = false;
}

/* Do the tables not agree any more with what the softmmu was filled with? */
static bool are_tables_changed(const struct engine *e)
{
	return e->flushed_epoch != e->mem->table_epoch || e->cpu->engine_inval;
}

/* Do they, or the modelled TLBs, not? */
static bool are_changed(const struct engine *e)
{
	return e->mmu->engine_stale || are_tables_changed(e);
}

/* What modelled TLBs hold does not matter to an instance that runs by plan. */
bool engine_must_attend(const struct engine *e)
{
	bool marked = e->marks != e->mem->marks && engine_in_blocks(e);
	bool changed = e->planning ? are_tables_changed(e) : are_changed(e);

	return e->flush || changed || marked || e->mem->attention || e->now->drops;
}

/* The instruction executed last may be dropped now; where it was is asked for only if it was a branch. */
static void keep_branch(struct engine *e)
{
	if (e->insn == &e->no_insn || !(e->insn->flags & INSN_BRANCH) || (e->insn->flags & INSN_SYSTEM)) {
		e->insn = &e->no_insn;
		e->insn_gla = UNREACHABLE + 1;
		return;
	}
	e->previous = *e->insn;
	e->insn = &e->previous;
}

/*
 * The CPL decides on rights. INSTANCE_FAST keeps what it holds of either privilege: it is told of SMAP, and at CPL 3 that EFLAGS.AC is set,
 * so its softmmu has tables for both. What the other instances hold has the rights of one, in one address space: the one in which one of
 * them ran last.
 */
static void note_privilege(struct engine *e)
{
	const struct cpu *cpu = e->cpu;
	bool user = cpu->cpl == 3, user_pages = cpu->rflags & FLAG_AC;

	if (!user && user_pages != e->user_pages) {
		e->user_pages = user_pages;
		e->flush = true;
	}
	if (engine_is_fast(e) || (user == e->user && cpu->spaces == e->space))
		return;
	e->user = user;
	e->space = cpu->spaces;
	for (unsigned i = 0; i < INSTANCE_FAST; i++)
		e->inst[i].flushes = 0;
	alias_reset(&e->alias);
	e->devices = 0;
}

/* What runs unwatched keeps what has not changed; all else is flushed. */
static void take_changes(struct engine *e)
{
	for (unsigned i = 0; i < INSTANCES; i++) {
		struct instance *in = &e->inst[i];
		if (i < INSTANCE_FAST || (in->flushes == e->flushes && !engine_drop_changed(e, in)))
			in->flushes = 0;
	}
	alias_reset(&e->alias);
	e->devices = 0;
	note_tables(e);
}

void engine_forget_unwatched(struct engine *e)
{
	e->inst[INSTANCE_FAST].flushes = e->inst[INSTANCE_FAST_2].flushes = 0;
}

/* The marked frames may not be written in blocks any more; but plans see their stores to the guest's tables themselves. */
static void take_marks(struct engine *e)
{
	e->inst[INSTANCE_BLOCK].flushes = 0;
	if (e->account != ACCOUNT_BLOCK || e->mem->marked & ~FRAME_TABLE)
		engine_forget_unwatched(e);
	e->mem->marked = 0;
	e->marks = e->mem->marks;
}

void engine_attend(struct engine *e)
{
	keep_branch(e);
	note_privilege(e);
	if (e->mem->attention || e->mem->code_stores)
		take_model_stores(e);
	if (e->now->drops)
		drop_pending(e, e->now);
	if (unlikely(e->now->cuts.wanted))
		engine_take_cut(e);
	if (unlikely(e->mem->has_worn))
		mem_unmark_worn(e->mem);
	if (e->marks != e->mem->marks)
		take_marks(e);
	if (e->cpu->engine_flush || e->flush)
		flush_softmmu(e);
	else if (are_changed(e))
		take_changes(e);
	if (e->now->flushes != e->flushes) /* what it holds is from before the other instance's last flush, or a change */
		flush_instance(e);
	e->cpu->engine_flush = false;
	engine_take_limit(e);
	if (e->kicked)
		e->limit = 0;
#ifdef STRESS
	flush_softmmu(e);
#endif
}
