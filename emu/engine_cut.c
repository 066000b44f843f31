/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cuts: where the instructions that are booked together end before the engine's block does (codeblock.h), the engine calls a hook, which
 * goes on as at the beginning of a block: what follows is booked, or the engine stops exactly there, with all before it done. A hook costs
 * nothing elsewhere, but where one is called Unicorn goes through all of them: so only what is met often gets one. It concerns only what is
 * translated after it was added, so the translation of the block that is to be cut is dropped.
 */
#include "emu/engine_state.h"

#include <string.h>

enum {
	CUTS_MAX = CUT_SLOTS / 4 * 3,
	CUT_SEEN_MAX = CUT_SEEN_SLOTS / 4 * 3,
	CUT_HOOKS_MAX = CUT_HOOK_SLOTS / 2, /* the engine compares the address of each instruction that it translates with all of them */
	CUTS_REST = 1 << 20,		    /* steps from one time that all are forgotten to the next */
};

static uint64_t mixed(uint64_t a)
{
	a *= 0x9e3779b97f4a7c15;
	return a >> 32;
}

/* The slot of this cut, or a free one. */
static struct cut *cut_slot(struct cuts *cuts, uint64_t gla, uint64_t frame)
{
	uint64_t i = mixed(gla ^ frame << 40);

	while (cuts->at[i % CUT_SLOTS].gla && (cuts->at[i % CUT_SLOTS].gla != gla || cuts->at[i % CUT_SLOTS].frame != frame))
		i++;
	return &cuts->at[i % CUT_SLOTS];
}

static uint64_t *hook_slot(struct cuts *cuts, uint64_t gla)
{
	uint64_t i = mixed(gla);

	while (cuts->hook[i % CUT_HOOK_SLOTS] && cuts->hook[i % CUT_HOOK_SLOTS] != gla)
		i++;
	return &cuts->hook[i % CUT_HOOK_SLOTS];
}

bool engine_has_cut(struct engine *e, unsigned offset)
{
	return cut_slot(&e->now->cuts, e->code_base + offset, e->page->frame)->gla;
}

static bool is_met_often(struct cuts *cuts, uint64_t gla)
{
	uint64_t i = mixed(gla);

	if (cuts->seen_count == CUT_SEEN_MAX) {
		memset(cuts->seen, 0, sizeof cuts->seen);
		cuts->seen_count = 0;
	}
	while (cuts->seen[i % CUT_SEEN_SLOTS].gla && cuts->seen[i % CUT_SEEN_SLOTS].gla != gla)
		i++;
	struct seen *seen = &cuts->seen[i % CUT_SEEN_SLOTS];
	cuts->seen_count += !seen->gla;
	seen->gla = gla;
	return ++seen->times >= CUT_OFTEN;
}

bool engine_want_cut(struct engine *e, unsigned offset)
{
	struct cuts *cuts = &e->now->cuts;
	uint64_t gla = e->code_base + offset;

	if (!*hook_slot(cuts, gla) && (cuts->hooks == CUT_HOOKS_MAX || !is_met_often(cuts, gla)))
		return false;
	if (cuts->count == CUTS_MAX && e->done - cuts->forgotten < CUTS_REST)
		return false;
	cuts->wanted = gla;
	cuts->wanted_frame = e->page->frame;
	cuts->wanted_byte = offset < PAGE_SIZE ? offset : PAGE_SIZE - 1;
	return true;
}

void engine_take_cut(struct engine *e)
{
	struct cuts *cuts = &e->now->cuts;
	uint64_t gla = cuts->wanted, *slot = hook_slot(cuts, gla);
	uc_hook hook;

	cuts->wanted = 0;
	if (!*slot) {
		if (uc_hook_add(e->now->uc, &hook, UC_HOOK_CODE, (void *)engine_on_cut, e, gla, gla)) {
			cuts->hooks = CUT_HOOKS_MAX;
			return;
		}
		*slot = gla;
		cuts->hooks++;
	}
	if (cuts->count == CUTS_MAX) { /* those that are met again are dropped and translated once more */
		memset(cuts->at, 0, sizeof cuts->at);
		cuts->count = 0;
		cuts->forgotten = e->done;
	}
	*cut_slot(cuts, gla, cuts->wanted_frame) = (struct cut){.gla = gla, .frame = cuts->wanted_frame};
	cuts->count++;
	engine_drop_code(e, e->now, cuts->wanted_frame, cuts->wanted_byte, 1);
}
