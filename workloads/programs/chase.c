/* SPDX-License-Identifier: GPL-2.0-or-later */
/* chase [BYTES=4M [STEPS=200000]]: a chain of pointers through all cache lines, in random order. */
#include "workload.h"

struct node {
	struct node *next;
	u64 number, pad[6];
};

int main(int argc, char **argv)
{
	u64 n = argument(argc, argv, 1, 4 << 20) / sizeof(struct node), steps = argument(argc, argv, 2, 200000), state = SEED, sum = 0;
	struct node *node = memory(n * sizeof(*node)), *at = node;
	u64 *order = memory(n * sizeof(*order));

	for (u64 i = 0; i < n; i++)
		order[i] = i;
	for (u64 i = n - 1; i > 0; i--) { /* Sattolo: one cycle through all */
		u64 j = random_next(&state) % i, t = order[i];
		order[i] = order[j];
		order[j] = t;
	}
	for (u64 i = 0; i < n; i++)
		node[i] = (struct node){.next = &node[order[i]], .number = i};
	for (u64 i = 0; i < steps; i++)
		at = at->next;
	sum = mix(at->number, n);
	return done("chase", sum);
}
