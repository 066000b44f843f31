/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xsbench [POINTS=400 [LOOKUPS=3000]]: cross-section look-ups: a binary search in the energies of each of 34 nuclides, interpolation of
 * five reaction channels (the access pattern of XSBench). */
#include "workload.h"

enum { NUCLIDES = 34, CHANNELS = 5 };

struct point {
	double energy, section[CHANNELS];
};

static double real(u64 *state)
{
	return (double)(random_next(state) >> 11) / 9007199254740992.0;
}

static void add(const struct point *grid, u64 points, double energy, double total[CHANNELS])
{
	u64 low = 0, high = points - 1;

	while (high - low > 1) {
		u64 middle = (low + high) / 2;
		if (grid[middle].energy > energy)
			high = middle;
		else
			low = middle;
	}
	double f = (energy - grid[low].energy) / (grid[high].energy - grid[low].energy);
	for (int c = 0; c < CHANNELS; c++)
		total[c] += grid[low].section[c] + f * (grid[high].section[c] - grid[low].section[c]);
}

int main(int argc, char **argv)
{
	u64 points = argument(argc, argv, 1, 400) + 1, lookups = argument(argc, argv, 2, 3000), state = SEED, sum = 0;
	struct point *grid = memory(NUCLIDES * points * sizeof(*grid));

	for (u64 n = 0; n < NUCLIDES; n++)
		for (u64 i = 0; i < points; i++) {
			struct point *p = &grid[n * points + i];
			p->energy = ((double)i + real(&state) / 2) / (double)points;
			for (int c = 0; c < CHANNELS; c++)
				p->section[c] = real(&state);
		}
	for (u64 i = 0; i < lookups; i++) {
		double total[CHANNELS] = {0}, energy = real(&state);
		for (u64 n = 0; n < NUCLIDES; n++)
			add(grid + n * points, points, energy, total);
		for (int c = 0; c < CHANNELS; c++)
			sum = mix(sum, (u64)(int64_t)(total[c] * 1e6));
	}
	return done("xsbench", sum);
}
