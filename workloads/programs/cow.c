/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cow [BYTES=1M [ROUNDS=3]]: a child writes to every page of memory it shares with its parent, which then writes too. */
#include "workload.h"
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static u64 write_all(unsigned char *p, u64 bytes, u64 with)
{
	u64 sum = 0;

	for (u64 at = 0; at < bytes; at += 4096)
		sum = mix(sum, p[at] += (unsigned char)with);
	return sum;
}

int main(int argc, char **argv)
{
	u64 bytes = argument(argc, argv, 1, 1 << 20), rounds = argument(argc, argv, 2, 3), sum = 0;
	unsigned char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status;

	if (p == MAP_FAILED)
		return 1;
	write_all(p, bytes, 1);
	for (u64 r = 0; r < rounds; r++) {
		pid_t child = fork();
		if (child == 0)
			_exit((int)(write_all(p, bytes, r + 2) & 0x7f));
		if (child < 0 || waitpid(child, &status, 0) != child)
			return 1;
		sum = mix(mix(sum, (u64)WEXITSTATUS(status)), write_all(p, bytes, r + 3));
	}
	return done("cow", sum);
}
