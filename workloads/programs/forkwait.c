/* SPDX-License-Identifier: GPL-2.0-or-later */
/* forkwait [ROUNDS=50 [BYTES=256K]]: fork a child that exits at once, and wait for it; the parent holds BYTES of touched memory. */
#include "workload.h"
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	u64 rounds = argument(argc, argv, 1, 50), bytes = argument(argc, argv, 2, 256 << 10), sum = 0;
	char *held = memory(bytes);
	int status;

	memset(held, 1, bytes);
	for (u64 i = 0; i < rounds; i++) {
		pid_t child = fork();
		if (child == 0)
			_exit((int)(i % 100));
		if (child < 0 || waitpid(child, &status, 0) != child)
			return 1;
		held[i * 4096 % bytes]++;
		sum = mix(sum, (u64)WEXITSTATUS(status));
	}
	return done("forkwait", mix(sum, (u64)held[0]));
}
