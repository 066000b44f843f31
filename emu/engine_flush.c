/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine has cached, and when it must go: the softmmu (DESIGN: rules of "a cache of the model"), translated code of frames that
 * were stored to, decoded instructions.
 */
#include "emu/engine_state.h"

static void flush_softmmu(struct engine *e)
{
	uc_ctl_flush_tlb(e->now->uc);
	alias_reset(&e->alias);
	e->devices = 0;
	e->flushed_epoch = e->mem->table_epoch;
	e->mmu->engine_stale = false;
	e->flush = false;
	engine_forget_fetch_page(e);
}

/* Drops the instance's translations of code in one frame: it asks for a translation of any address, and gets that frame. */
static void drop_code(struct engine *e, struct instance *in, uint64_t frame)
{
	uc_ctl_flush_tlb(in->uc);
	e->probe_frame = frame;
	uc_ctl_remove_cache(in->uc, PRIVATE_GLA, PRIVATE_GLA + PAGE_SIZE);
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
			drop_code(e, in, in->drop[i]);
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

/* Everything that has to be in order before the engine goes on. */
void engine_attend(struct engine *e)
{
	e->insn = &e->no_insn; /* what it was may be dropped now */
	e->insn_gla = UNREACHABLE + 1;
	if (e->mem->attention || e->mem->code_stores)
		take_model_stores(e);
	if (e->now->drops)
		drop_pending(e, e->now);
	if (e->flush || e->cpu->engine_flush || e->mmu->engine_stale || e->flushed_epoch != e->mem->table_epoch)
		flush_softmmu(e);
	e->cpu->engine_flush = false;
	engine_take_limit(e);
	if (e->kicked)
		e->limit = 0;
#ifdef STRESS
	flush_softmmu(e);
#endif
}
