/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Masks of permitted accesses (see permit.h), made from walk_permits so that there is one ladder. */
#include "mmu/permit.h"

enum { ACCESSES = 64 };

/* bit a set where a has the bits: the constants of a 64-bit truth table */
#define WITH_READ 0xaaaaaaaaaaaaaaaaull
#define WITH_WRITE 0xccccccccccccccccull
#define WITH_FETCH 0xf0f0f0f0f0f0f0f0ull

static_assert(ACC_READ == 1 && ACC_WRITE == 2 && ACC_FETCH == 4 && ACC_IMPLICIT == 32, "truth tables follow enum access");

static uint64_t mask_of(const struct paging_mode *mode, unsigned rights, unsigned pkey)
{
	uint64_t mask = 0;
	uint32_t error;
	for (unsigned access = 0; access < ACCESSES; access++)
		if (walk_permits(mode, rights, pkey, access, &error))
			mask |= BIT(access);
	return mask;
}

/* One table for each combination of what the ladder looks at, made when first asked for. */
const uint64_t *permit_rights(const struct paging_mode *mode)
{
	static uint64_t table[16][8];
	static bool made[16];
	static const uint64_t everything[8] = {~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull};
	if (mode->levels == 0)
		return everything;
	unsigned which = mode->wp | mode->smep << 1 | mode->smap << 2 | mode->nxe << 3;
	if (!made[which]) {
		struct paging_mode plain = *mode;
		plain.pke = false;
		for (unsigned rights = 0; rights < 8; rights++)
			table[which][rights] = mask_of(&plain, rights, 0);
		made[which] = true;
	}
	return table[which];
}

uint64_t permit_key(const struct paging_mode *mode, unsigned pkey)
{
	if (!mode->pke || (mode->pkru >> (2 * pkey) & 3) == 0)
		return ~0ull;
	struct paging_mode keyed = *mode;
	keyed.smap = keyed.smep = false; /* only the key and what it depends on */
	return mask_of(&keyed, RIGHT_W | RIGHT_U, pkey);
}

uint64_t permit_second(unsigned second, bool user_page)
{
	uint64_t mask = ~0ull;
	if (!(second & SECOND_R))
		mask &= ~WITH_READ;
	if (!(second & SECOND_W))
		mask &= ~WITH_WRITE;
	if (!(second & (user_page ? SECOND_XU : SECOND_X)))
		mask &= ~WITH_FETCH;
	return mask;
}

uint64_t permit_clean(void)
{
	return ~WITH_WRITE;
}
