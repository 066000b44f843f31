/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sort [COUNT=50000]: merge sort of random 64-bit numbers. */
#include "workload.h"

int main(int argc, char **argv)
{
	u64 n = argument(argc, argv, 1, 50000), state = SEED, sum = 0;
	u64 *from = memory(n * 8), *to = memory(n * 8);

	for (u64 i = 0; i < n; i++)
		from[i] = random_next(&state);
	for (u64 width = 1; width < n; width *= 2) {
		for (u64 start = 0; start < n; start += 2 * width) {
			u64 middle = start + width < n ? start + width : n, end = middle + width < n ? middle + width : n;
			u64 a = start, b = middle, at = start;
			while (at < end)
				to[at++] = b >= end || (a < middle && from[a] <= from[b]) ? from[a++] : from[b++];
		}
		u64 *swap = from;
		from = to;
		to = swap;
	}
	for (u64 i = 0; i < n; i++) {
		if (i && from[i - 1] > from[i])
			return 1;
		sum = mix(sum, from[i]);
	}
	return done("sort", sum);
}
