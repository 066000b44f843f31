/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stride [BYTES=4M [LOADS=50000]]: loads over the range at each stride from 64 bytes to 64 KiB. */
#include "workload.h"

int main(int argc, char **argv)
{
	u64 bytes = argument(argc, argv, 1, 4 << 20), loads = argument(argc, argv, 2, 50000), state = SEED, sum = 0;
	u64 *p = memory(bytes);

	for (u64 i = 0; i < bytes / 8; i++)
		p[i] = random_next(&state);
	for (u64 stride = 64; stride <= 65536; stride *= 2) {
		u64 at = 0, part = 0;
		for (u64 i = 0; i < loads; i++) {
			part += p[at / 8];
			at += stride;
			if (at + 8 > bytes)
				at = (at + 8) % 64 & ~7ull;
		}
		sum = mix(sum, part);
	}
	return done("stride", sum);
}
