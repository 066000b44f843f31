/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks for what it cannot have: processes without end, memory without end, system calls that are not there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int processes(void)
{
	for (;;) {
		pid_t child = fork();
		if (child < 0) {
			puts(strerror(errno));
			return 3;
		}
		if (child == 0)
			pause();
	}
}

static int memory(void)
{
	for (;;) {
		char *p = malloc(1 << 20);
		if (!p)
			return 4;
		memset(p, 1, 1 << 20);
	}
}

static int unknown(void)
{
	for (int i = 0; i < 3; i++)
		syscall(300, i);
	puts(strerror(errno));
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "processes"))
		return processes();
	return !strcmp(what, "memory") ? memory() : unknown();
}
