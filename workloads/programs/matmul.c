/* SPDX-License-Identifier: GPL-2.0-or-later */
/* matmul [N=96]: product of two N x N matrices, row times column: one operand is read across its rows. */
#include "workload.h"

int main(int argc, char **argv)
{
	u64 n = argument(argc, argv, 1, 96), state = SEED, sum = 0;
	double *a = memory(n * n * 8), *b = memory(n * n * 8);

	for (u64 i = 0; i < n * n; i++) {
		a[i] = (double)(random_next(&state) % 16);
		b[i] = (double)(random_next(&state) % 16);
	}
	for (u64 i = 0; i < n; i++)
		for (u64 j = 0; j < n; j++) {
			double t = 0;
			for (u64 k = 0; k < n; k++)
				t += a[i * n + k] * b[k * n + j];
			sum = mix(sum, (u64)t);
		}
	return done("matmul", sum);
}
