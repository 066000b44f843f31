/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walk that nearly every native access takes (walk_plain.c). */
#ifndef MMU_WALK_PLAIN_H
#define MMU_WALK_PLAIN_H

#include "mmu/walk.h"

/* true if nothing but memory and counters takes part in this environment's walks, in this mode: 4 or 5 levels, no second stage .. */
static inline bool walk_is_plain(const struct walk_env *env, const struct paging_mode *mode)
{
	return mode->levels >= 4 && !env->second && !env->observer && !env->psc && !env->caches;
}

/*
 * Walks as walk_into, if all goes smoothly: every entry present, accessed, in RAM and in a frame that is marked as a paging structure, the
 * access permitted, D set if it writes. true: *w is the result (but fail, fail_gpa, fail_is_table, which are not written), and the
 * references are counted. false: nothing has been counted or written; walk.c says what comes of it.
 */
bool walk_plain(struct walk *w, const struct walk_env *env, const struct paging_mode *mode, gla_t gla, unsigned access);

#endif
