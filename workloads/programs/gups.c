/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gups [BYTES=4M [UPDATES=200000]]: random updates of a table of 64-bit words (HPC Challenge RandomAccess). */
#include "workload.h"

int main(int argc, char **argv)
{
	u64 words = argument(argc, argv, 1, 4 << 20) / 8, updates = argument(argc, argv, 2, 200000), state = SEED, sum = 0;
	u64 *table = memory(words * 8);

	for (u64 i = 0; i < words; i++)
		table[i] = i;
	for (u64 i = 0; i < updates; i++) {
		u64 r = random_next(&state);
		table[r % words] ^= r;
	}
	for (u64 i = 0; i < words; i++)
		sum = mix(sum, table[i]);
	return done("gups", sum);
}
