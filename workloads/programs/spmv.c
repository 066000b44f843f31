/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spmv [ROWS=8192 [ROUNDS=5]]: a sparse matrix (16 random entries a row) times a vector. */
#include "workload.h"

enum { ENTRIES = 16 };

int main(int argc, char **argv)
{
	u64 rows = argument(argc, argv, 1, 8192), rounds = argument(argc, argv, 2, 5), state = SEED, sum = 0;
	uint32_t *column = memory(rows * ENTRIES * 4);
	double *value = memory(rows * ENTRIES * 8), *x = memory(rows * 8), *y = memory(rows * 8);

	for (u64 i = 0; i < rows * ENTRIES; i++) {
		column[i] = (uint32_t)(random_next(&state) % rows);
		value[i] = (double)(random_next(&state) % 8) / 64;
	}
	for (u64 i = 0; i < rows; i++)
		x[i] = (double)(i % 17);
	for (u64 r = 0; r < rounds; r++) {
		for (u64 i = 0; i < rows; i++) {
			double t = 0;
			for (u64 k = i * ENTRIES; k < (i + 1) * ENTRIES; k++)
				t += value[k] * x[column[k]];
			y[i] = t;
		}
		double *swap = x;
		x = y;
		y = swap;
	}
	for (u64 i = 0; i < rows; i++)
		sum = mix(sum, (u64)(x[i] * 1024));
	return done("spmv", sum);
}
