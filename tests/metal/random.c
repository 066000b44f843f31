/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xorshift64*. */
#include "random.h"

static u64 state;

void random_seed(u64 seed, u64 number)
{
	state = (seed + 1) * 0x9e3779b97f4a7c15 ^ (number + 1) * 0xd1342543de82ef95;
	if (!state)
		state = 1;
	for (unsigned i = 0; i < 4; i++)
		random_word();
}

u64 random_word(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1d;
}

u32 random_below(u32 below)
{
	return (u32)((random_word() >> 32) % below);
}

bool random_one_in(u32 in)
{
	return random_below(in) == 0;
}
