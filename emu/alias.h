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

struct alias {
	uint64_t gla;        /* linear address of the page */
	uint32_t generation; /* valid if equal to the table's */
	uint8_t perms;       /* rights given to the engine since the last flush */
};

struct aliases {
	struct alias *entry;
	uint64_t stride; /* frames of a window: RAM's address range, hole included, rounded up to a power of two */
	unsigned windows;
	uint32_t generation;
};

/* Returns 0 or -ERR_NOMEM. frames: of [0, mem->top). */
int alias_init(struct aliases *aliases, uint64_t frames);
void alias_free(struct aliases *aliases);

/* All engine pages are free again: the softmmu was flushed. */
void alias_reset(struct aliases *aliases);

/* The engine page that stands for (linear page, frame), taken now if it had none; ~0 if all windows of the frame are taken. */
uint64_t alias_take(struct aliases *aliases, uint64_t gla_page, uint64_t frame);

#endif
