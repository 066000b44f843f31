/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alias windows: the same RAM appears several times in the engine's physical address space, so that an engine page stands for
 * exactly one linear page between two flushes of the engine's softmmu. The table says which, and with what rights it was given.
 *
 *     engine page = window x stride + frame      window 0 first: the engine books translated code under window 0
 */
#ifndef EMU_ALIAS_H
#define EMU_ALIAS_H

#include "mmu/mem.h"

/*
 * One engine page in eight bytes, for the host's caches: linear page (bits 56:12 of the address; the rest is their sign) 63:19,
 * generation 18:3, rights given to the engine since the last flush 2:0.
 */
typedef uint64_t alias_t;

enum { ALIAS_PERMS = 7, ALIAS_GENERATION_SHIFT = 3, ALIAS_GENERATIONS = 1 << 16, ALIAS_GLA_SHIFT = 19 };

static inline uint64_t alias_gla(alias_t a)
{
	return (uint64_t)((int64_t)a >> ALIAS_GLA_SHIFT) << PAGE_SHIFT;
}

struct aliases {
	alias_t *entry;
	uint64_t stride; /* frames of a window: RAM's address range, hole included, rounded up to a power of two */
	unsigned windows;
	uint32_t generation;
};

/* Returns 0 or -ERR_NOMEM. frames: of [0, mem->top). */
int alias_init(struct aliases *aliases, uint64_t frames);
void alias_free(struct aliases *aliases);

/* All engine pages are free again: the softmmu was flushed. */
void alias_reset(struct aliases *aliases);

/* true if the engine page stands for this linear page now */
static inline bool alias_is(const struct aliases *aliases, uint64_t engine_page, uint64_t gla_page)
{
	alias_t a = aliases->entry[engine_page];

	return alias_gla(a) == gla_page && ((a >> ALIAS_GENERATION_SHIFT) & (ALIAS_GENERATIONS - 1)) == aliases->generation;
}

/* The engine page that stands for (linear page, frame), taken now if it had none; ~0 if all windows of the frame are taken. */
uint64_t alias_take(struct aliases *aliases, uint64_t gla_page, uint64_t frame);

#endif
