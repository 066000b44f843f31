/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the softmmu of an instance that runs unwatched holds, page by page: what was given to it agrees with the tables, and from then on
 * until a store to one of the entries that it was read from, so where these lie is kept. Stores to entries in use are noted in struct mem;
 * the pages that they concern are taken out one by one, which costs a small part of a flush and of all the fills after it. Unicorn has no
 * call for that, but the processor has an instruction: INVLPG, at an address that no guest has.
 *
 * EPT's entries are not among those kept: if one of these changes, all goes.
 */
#include "emu/engine_state.h"

#include <string.h>

enum { DROPS_MAX = 32 /* pages at a time: a flush is cheaper than more */ };

static const uint8_t invlpg_rdi[] = {0x0f, 0x01, 0x3f, 0x90 /* not executed */};

void engine_put_private_code(struct engine *e)
{
	memcpy(e->private_page + PRIVATE_CODE * PAGE_SIZE, invlpg_rdi, sizeof invlpg_rdi);
}

void engine_holds_nothing(struct instance *in)
{
	in->helds = 0;
	for (unsigned i = 0; i < NEARS; i++)
		in->near[i].path.levels = 0;
}

static struct near *near_of(struct instance *in, uint64_t page)
{
	return &in->near[page >> PAGE_SHIFT_2M & (NEARS - 1)];
}

static bool is_near(const struct near *near, uint64_t page)
{
	return near->path.levels && near->region == page >> PAGE_SHIFT_2M;
}

bool engine_glance(struct engine *e, uint64_t page, unsigned access, hpa_t *hpa, uint64_t *allows)
{
	const struct near *near = near_of(e->now, page);

	return (is_near(near, page) && mmu_glance_near(e->mmu, &near->path.table, GLA(page), access, hpa, allows)) ||
	       mmu_glance(e->mmu, GLA(page), access, hpa, allows);
}

void engine_holds(struct engine *e, uint64_t page)
{
	struct instance *in = e->now;
	struct near *near = near_of(in, page);

	if (in->helds >= HELD_MAX || !in->held) {
		in->helds = HELD_MAX + 1;
		return;
	}
	struct held *held = &in->held[in->helds];
	held->gla = page;
	if (!is_near(near, page)) {
		struct mmu_path path;
		bool found = mmu_path(e->mmu, GLA(page), &path);
		held->levels = found ? path.levels : 0;
		memcpy(held->at, path.at, sizeof held->at);
		if (found && path.levels == e->mmu->mode.levels)
			*near = (struct near){page >> PAGE_SHIFT_2M, path};
	} else {
		held->levels = near->path.levels;
		memcpy(held->at, near->path.at, sizeof held->at);
		held->at[held->levels - 1] = HPA(near->path.table.table + (page >> PAGE_SHIFT & 511) * 8);
	}
	in->helds = held->levels ? in->helds + 1 : HELD_MAX + 1;
}

static bool is_changed(const struct mem *mem, hpa_t entry)
{
	for (unsigned i = 0; i < mem->changes; i++) {
		const struct mem_change *change = &mem->change[i];
		uint64_t offset = page_offset(entry.u);
		if (change->frame == entry.u >> PAGE_SHIFT && offset >= change->from && offset < change->to)
			return true;
	}
	return false;
}

static uint64_t frame_bit(uint64_t frame)
{
	return BIT(frame & 63);
}

/* frames: a bit for each frame that changed, which some of the others share */
static bool concerns(const struct mem *mem, const hpa_t *at, unsigned levels, uint64_t frames)
{
	for (unsigned i = 0; i < levels; i++)
		if (unlikely(frames & frame_bit(at[i].u >> PAGE_SHIFT)) && is_changed(mem, at[i]))
			return true;
	return false;
}

void engine_private_block(struct engine *e, uint64_t gla)
{
	if (gla != PRIVATE_CODE_GLA)
		uc_emu_stop(e->private_in->uc);
}

static void invalidate(struct instance *in, uint64_t gla)
{
	uc_reg_write(in->uc, UC_X86_REG_RDI, &gla);
	uc_err err = uc_emu_start(in->uc, PRIVATE_CODE_GLA, UNREACHABLE, 0, 0);
	CHECK(err == UC_ERR_OK);
}

static void drop_pages(struct engine *e, struct instance *in, const uint64_t *gla, unsigned count)
{
	if (!count)
		return;
	uint64_t rdi = in->reg[RDI];
	e->mode = MODE_PRIVATE;
	e->private_in = in;
	e->block_done = e->done;
	for (unsigned i = 0; i < count; i++)
		invalidate(in, gla[i]);
	e->mode = MODE_RUN;
	uc_reg_write(in->uc, UC_X86_REG_RDI, &rdi);
}

bool engine_drop_changed(struct engine *e, struct instance *in)
{
	const struct mem *mem = e->mem;
	uint64_t drop[DROPS_MAX], frames = 0;
	unsigned drops = 0, kept = 0;

	if (!mem->changes)
		return true;
	if (mem->changes > MEM_CHANGES || in->helds > HELD_MAX)
		return false;
	for (unsigned i = 0; i < mem->changes; i++)
		frames |= frame_bit(mem->change[i].frame);
	for (unsigned i = 0; i < in->helds; i++) {
		if (!concerns(mem, in->held[i].at, in->held[i].levels, frames))
			in->held[kept++] = in->held[i];
		else if (drops == DROPS_MAX)
			return false;
		else
			drop[drops++] = in->held[i].gla;
	}
	in->helds = kept;
	for (struct near *near = in->near; near < in->near + NEARS; near++)
		if (near->path.levels && concerns(mem, near->path.at, near->path.levels - 1, frames))
			near->path.levels = 0;
	drop_pages(e, in, drop, drops);
	return true;
}
