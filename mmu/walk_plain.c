/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page walk with all that seldom happens left out (SDM 3A, "4-Level Paging and 5-Level Paging"): it looks first, and counts once it
 * knows that nothing had to be set, marked or raised. Anything else is the general walk's (walk.c), from the beginning.
 */
#include "mmu/walk_plain.h"

#define PLAIN_BITS (PTE_P | PTE_A)

static ALWAYS_INLINE bool is_known_table(const struct mem *mem, uint64_t at)
{
	return mem_is_ram(mem, HPA(at), 8) && mem->frame_flags[at >> PAGE_SHIFT] & FRAME_TABLE;
}

static void count_references(const struct walk_env *env, unsigned top, unsigned leaf)
{
	for (unsigned level = leaf; level <= top; level++)
		walk_count_reference(env, false, level);
}

bool walk_plain(struct walk *w, const struct walk_env *env, const struct paging_mode *mode, gla_t gla, unsigned access)
{
	const struct mem *mem = env->mem;
	uint64_t table = mode->root.u, all = ~0ull, any = 0, at, entry;
	unsigned level = mode->levels, shift = level_shift(level);
	uint32_t error;

	for (;; level--, shift -= 9) {
		at = table + (gla.u >> shift & 511) * 8;
		if (unlikely(!is_known_table(mem, at)))
			return false;
		entry = mem_load_entry(mem, HPA(at), 8);
		all &= entry;
		any |= entry;
		if (unlikely((entry & PLAIN_BITS) != PLAIN_BITS))
			return false;
		if (level == 1 || (entry & PTE_PS && level <= 3))
			break;
		if (unlikely(entry & mode->reserved[level]))
			return false;
		table = entry & BITS(MAXPHYADDR - 1, 12);
	}
	if (unlikely(entry & mode->reserved_leaf[level] || (access & ACC_WRITE && !(entry & PTE_D))))
		return false;
	unsigned rights = walk_rights(mode, all, any), pkey = (unsigned)FIELD(entry, 62, PTE_PKEY_SHIFT);
	if (unlikely(!walk_permits(mode, rights, pkey, access, &error)))
		return false;
	count_references(env, mode->levels, level);
	w->status = WALK_OK;
	w->gpa = GPA((entry & BITS(MAXPHYADDR - 1, 12) & ~(BIT(shift) - 1)) | (gla.u & (BIT(shift) - 1)));
	w->hpa = HPA(w->gpa.u);
	w->guest_shift = w->shift = (uint8_t)shift;
	w->rights = (uint8_t)rights;
	w->second = SECOND_R | SECOND_W | SECOND_X | SECOND_XU;
	w->pkey = (uint8_t)pkey;
	w->global = mode->pge && entry & PTE_G;
	w->dirty = entry & PTE_D;
	w->leaf = entry;
	w->leaf_size = 8;
	w->leaf_hpa = HPA(at);
	w->error = 0;
	w->level = (uint8_t)level;
	return true;
}
