/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pagefault [BYTES=4M [ROUNDS=2]]: touches each page of fresh memory once, gives it back, and again. */
#include "workload.h"
#include <sys/mman.h>

int main(int argc, char **argv)
{
	u64 bytes = argument(argc, argv, 1, 4 << 20), rounds = argument(argc, argv, 2, 2), sum = 0;

	for (u64 r = 0; r < rounds; r++) {
		char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			return 1;
		for (u64 at = 0; at < bytes; at += 4096)
			p[at] += (char)(at / 4096 + r);
		for (u64 at = 0; at < bytes; at += 4096)
			sum = mix(sum, (u64)p[at]);
		munmap(p, bytes);
	}
	return done("pagefault", sum);
}
