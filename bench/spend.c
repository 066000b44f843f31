/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a command takes of the host: spend ROUNDS COMMAND [ARG..] prints seconds,seconds_low,seconds_high,mib: processor time (user and
 * system, median and extremes of the rounds), and the most memory that was resident. The command's input is empty, its output goes nowhere.
 */
#include "mmu/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS_MAX = 64 };

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "spend: %s: %s\n", what, why);
	exit(1);
}

static double seconds_of(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static _Noreturn void become(char **command)
{
	int nothing = open("/dev/null", O_RDWR);

	for (int i = 0; i < 3; i++)
		dup2(nothing, i);
	execvp(command[0], command);
	_exit(127);
}

static void run(char **command, double *seconds, long *kib)
{
	struct rusage use;
	int status;
	pid_t child = fork();

	if (child < 0)
		fail("fork", strerror(errno));
	if (!child)
		become(command);
	if (wait4(child, &status, 0, &use) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail(command[0], "did not end with status 0");
	*seconds = seconds_of(use.ru_utime) + seconds_of(use.ru_stime);
	*kib = use.ru_maxrss > *kib ? use.ru_maxrss : *kib;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	double seconds[ROUNDS_MAX];
	long kib = 0;

	if (!rounds || rounds > ROUNDS_MAX)
		fail("usage", "spend ROUNDS COMMAND [ARG..]");
	for (unsigned long i = 0; i < rounds; i++)
		run(argv + 2, &seconds[i], &kib);
	qsort(seconds, rounds, sizeof *seconds, ascending);
	printf("%.3f,%.3f,%.3f,%.1f\n", seconds[rounds / 2], seconds[0], seconds[rounds - 1], (double)kib / 1024);
	return 0;
}
