/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines that instructions come from, when there is an L1 instruction cache: each in which an instruction begins goes through it, when that
 * instruction is fetched. Those of a block that the cache holds do so when the block is over, since they change nothing but its order of
 * use. Where it lacks one the plan sees to it: the line goes through the caches between the accesses of the instructions before, and those
 * of its own. What runs by instruction then does not do that again (lines_ahead). Lines are named by their offset in the page.
 */
#ifndef EMU_ENGINE_LINES_H
#define EMU_ENGINE_LINES_H

#include "emu/engine_state.h"

enum { LINE = 1 << CACHE_LINE_SHIFT };

static inline unsigned line_of(uint64_t gla)
{
	return (unsigned)page_offset(gla) & ~(LINE - 1u);
}

static inline hpa_t line_hpa(const struct engine *e, unsigned line)
{
	return HPA(e->page->frame << PAGE_SHIFT | line);
}

/* base: linear address of the page, here and below */
static inline bool has_line(const struct engine *e, uint64_t base, unsigned line)
{
	return e->fetch_base == base + line || caches_has_line(e->mmu->env.caches, line_hpa(e, line));
}

/* Does the cache hold the lines from this one on in which instructions of the block begin? */
static inline bool has_lines_from(const struct engine *e, const struct code_block *b, uint64_t gla, unsigned line)
{
	for (; line <= b->last; line += LINE)
		if (!has_line(e, page_base(gla), line))
			return false;
	return true;
}

static inline bool has_lines(const struct engine *e, const struct code_block *b, uint64_t gla)
{
	return has_lines_from(e, b, gla, line_of(gla));
}

/* Do all its instructions begin in the line that instructions come from now? */
static ALWAYS_INLINE bool in_line(const struct engine *e, const struct code_block *b, uint64_t gla)
{
	return gla - e->fetch_base < LINE && line_of(b->last) == line_of(gla);
}

/* Lines go through the cache from *next, which is the next then, up to this offset. */
static inline void take_lines_to(struct engine *e, uint64_t base, unsigned *next, unsigned offset)
{
	for (; *next <= offset; *next += LINE) {
		if (e->fetch_base == base + *next)
			continue;
		e->fetch_base = base + *next;
		caches_fetch(e->mmu->env.caches, line_hpa(e, *next));
	}
}

/* What the lines of the block may be charged at most. */
static inline uint64_t dearest_lines(const struct engine *e, const struct code_block *b, uint64_t gla)
{
	return ((b->last - line_of(gla)) / LINE + 1u) * e->dearest_line;
}

#endif
