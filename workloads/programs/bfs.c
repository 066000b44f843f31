/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bfs [SCALE=12 [DEGREE=16]]: breadth-first search of a Kronecker graph of 2^SCALE vertices (Graph 500's generator). */
#include "workload.h"

/* One edge: at each level one of four quadrants, with chances of 57, 19, 19 and 5 in 100. */
static void edge(u64 scale, u64 *state, uint32_t *from, uint32_t *to)
{
	*from = *to = 0;
	for (u64 level = 0; level < scale; level++) {
		u64 r = random_next(state) % 100;
		*from = *from << 1 | (r >= 76);
		*to = *to << 1 | ((r >= 57 && r < 76) || r >= 95);
	}
}

int main(int argc, char **argv)
{
	u64 scale = argument(argc, argv, 1, 12), edges = argument(argc, argv, 2, 16) << scale, n = 1ull << scale, state = SEED, sum = 0;
	uint32_t *ends = memory(edges * 8), *start = calloc(n + 2, 4), *neighbour = memory(edges * 8), *queue = memory(n * 4);
	uint32_t *level = calloc(n, 4);

	if (!start || !level)
		return 1;
	for (u64 e = 0; e < edges; e++) {
		edge(scale, &state, &ends[2 * e], &ends[2 * e + 1]);
		start[ends[2 * e] + 2]++;
		start[ends[2 * e + 1] + 2]++;
	}
	for (u64 v = 2; v < n + 2; v++)
		start[v] += start[v - 1];
	for (u64 e = 0; e < edges; e++) { /* start[v + 1] moves from v's first to its end */
		neighbour[start[ends[2 * e] + 1]++] = ends[2 * e + 1];
		neighbour[start[ends[2 * e + 1] + 1]++] = ends[2 * e];
	}
	u64 head = 0, tail = 1;
	queue[0] = ends[0];
	level[ends[0]] = 1;
	while (head < tail) {
		uint32_t v = queue[head++];
		for (uint32_t i = start[v]; i < start[v + 1]; i++)
			if (!level[neighbour[i]]) {
				level[neighbour[i]] = level[v] + 1;
				queue[tail++] = neighbour[i];
			}
	}
	for (u64 v = 0; v < n; v++)
		sum = mix(sum, level[v]);
	return done("bfs", mix(sum, tail));
}
