/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hashjoin [BUILD=32768 [PROBE=100000]]: a hash table of one relation's rows, looked up for each row of the other. */
#include "workload.h"

struct row {
	u64 key, value;
	uint32_t next;
};

static u64 hash(u64 key)
{
	return key * 0x9e3779b97f4a7c15 >> 20;
}

int main(int argc, char **argv)
{
	u64 build = argument(argc, argv, 1, 32768), probe = argument(argc, argv, 2, 100000), buckets = 1, state = SEED, sum = 0, hits = 0;

	while (buckets < build)
		buckets *= 2;
	uint32_t *first = calloc(buckets, sizeof(*first));
	struct row *row = memory((build + 1) * sizeof(*row));
	if (!first)
		return 1;
	for (uint32_t i = 1; i <= build; i++) {
		u64 key = random_next(&state) % (2 * build), b = hash(key) % buckets;
		row[i] = (struct row){key, i, first[b]};
		first[b] = i;
	}
	for (u64 i = 0; i < probe; i++) {
		u64 key = random_next(&state) % (2 * build);
		for (uint32_t r = first[hash(key) % buckets]; r; r = row[r].next)
			if (row[r].key == key) {
				hits++;
				sum += row[r].value ^ i;
			}
	}
	return done("hashjoin", mix(sum, hits));
}
