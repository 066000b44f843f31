/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks of one instruction that goes on in the next page. What it is depends on two pages, so it is in no page of decoded code: it is kept
 * by its bytes, in pages of its own, one of which takes the place of its first page's while it is under way.
 */
#include "emu/engine_state.h"

#include <string.h>

static struct across *across_of(struct engine *e, uint64_t gla)
{
	return &e->across_of[(gla >> PAGE_SHIFT) % ACROSS_PAGES];
}

const struct code_block *engine_across(struct engine *e, uint64_t gla, uint32_t size, const uint8_t bytes[16])
{
	struct across *a = across_of(e, gla);
	unsigned offset = (unsigned)page_offset(gla);
	uint8_t *known = a->bytes[PAGE_SIZE - offset];

	if (!a->page && !(a->page = codecache_new_page()))
		return NULL;
	if (!a->page->at[offset] || memcmp(known, bytes, 15) != 0) {
		if (!codecache_put(&e->code, a->page, offset, bytes, e->width))
			return NULL;
		memcpy(known, bytes, 15);
	}
	a->page->frame = e->page->frame;
	return codeblock_get(&e->code, a->page, offset, size, e->width);
}

/* Until it is left no block is looked for where instructions come from. */
void engine_enter_across(struct engine *e, uint64_t gla)
{
	e->kept_page = e->page;
	e->kept_base = e->code_base;
	e->page = across_of(e, gla)->page;
	e->code_base = UNREACHABLE;
}

void engine_leave_across(struct engine *e)
{
	e->page = e->kept_page;
	e->code_base = e->kept_base;
	e->kept_page = NULL;
}
