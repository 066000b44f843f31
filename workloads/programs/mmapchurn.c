/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mmapchurn [ROUNDS=2000 [SLOTS=32]]: maps and unmaps pieces of 1 to 16 pages in random order, touching each page. */
#include "workload.h"
#include <sys/mman.h>

int main(int argc, char **argv)
{
	u64 rounds = argument(argc, argv, 1, 2000), slots = argument(argc, argv, 2, 32), state = SEED, sum = 0;
	struct {
		unsigned char *at;
		u64 pages;
	} *piece = calloc(slots, sizeof(*piece));

	if (!piece)
		return 1;
	for (u64 i = 0; i < rounds; i++) {
		u64 r = random_next(&state), s = r % slots;
		if (piece[s].at) {
			for (u64 p = 0; p < piece[s].pages; p++)
				sum = mix(sum, piece[s].at[p * 4096]);
			munmap(piece[s].at, piece[s].pages * 4096);
			piece[s].at = NULL;
			continue;
		}
		piece[s].pages = 1 + (r >> 32) % 16;
		piece[s].at = mmap(NULL, piece[s].pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (piece[s].at == MAP_FAILED)
			return 1;
		for (u64 p = 0; p < piece[s].pages; p++)
			piece[s].at[p * 4096] = (unsigned char)(i + p);
	}
	return done("mmapchurn", sum);
}
