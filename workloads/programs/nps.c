/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nps [ROUNDS=500]: two processes pass a number to and fro through pipes: a context switch each time. */
#include "workload.h"
#include <sys/wait.h>
#include <unistd.h>

static u64 take(int fd)
{
	u64 v;

	if (read(fd, &v, sizeof(v)) != sizeof(v))
		_exit(1);
	return v;
}

static void give(int fd, u64 v)
{
	if (write(fd, &v, sizeof(v)) != sizeof(v))
		_exit(1);
}

int main(int argc, char **argv)
{
	u64 rounds = argument(argc, argv, 1, 500), v = SEED;
	int to[2], from[2], status;

	if (pipe(to) || pipe(from))
		return 1;
	if (fork() == 0) {
		for (u64 i = 0; i < rounds; i++)
			give(from[1], mix(take(to[0]), i));
		_exit(0);
	}
	for (u64 i = 0; i < rounds; i++) {
		give(to[1], v);
		v = take(from[0]);
	}
	wait(&status);
	return status ? 1 : done("nps", v);
}
