/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stream [BYTES=3M [ROUNDS=3]]: copy, scale, add, triad over three arrays (McCalpin's STREAM). */
#include "workload.h"

int main(int argc, char **argv)
{
	u64 n = argument(argc, argv, 1, 3 << 20) / 24, rounds = argument(argc, argv, 2, 3), sum = 0;
	double *a = memory(n * 8), *b = memory(n * 8), *c = memory(n * 8);

	for (u64 i = 0; i < n; i++)
		a[i] = (double)(i % 1000), b[i] = 2, c[i] = 0;
	for (u64 r = 0; r < rounds; r++) {
		for (u64 i = 0; i < n; i++)
			c[i] = a[i];
		for (u64 i = 0; i < n; i++)
			b[i] = 0.5 * c[i];
		for (u64 i = 0; i < n; i++)
			c[i] = a[i] + b[i];
		for (u64 i = 0; i < n; i++)
			a[i] = b[i] + 0.25 * c[i];
	}
	for (u64 i = 0; i < n; i++)
		sum = mix(sum, (u64)(a[i] * 1024));
	return done("stream", sum);
}
