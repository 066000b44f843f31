/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speed of emulators on the same guest image, side by side: each command is run in turn, ROUNDS times, and its standard output watched for
 * lines `speed NAME begin` and `speed NAME end INSTRUCTIONS` (tests/metal/speed.c prints them); between the two the processor time of the
 * command's process, all threads, is taken, so what others do on the machine does not count, nor does starting up.
 *     race ROUNDS LABEL COMMAND [ARG..] [// LABEL COMMAND [ARG..]]..
 * CSV, a row a loop and label: loop,emulator,instructions,mips,mips_low,mips_high,ratio,ratio_low,ratio_high. mips: millions of
 * instructions a second, median and extremes; ratio: to the last label's, of the same round.
 */
#include "mmu/base.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS_MAX = 64, LABELS_MAX = 8, LOOPS_MAX = 32, NAME_SIZE = 32 };

struct loop {
	char name[NAME_SIZE];
	uint64_t instructions;
	double began, mips[LABELS_MAX][ROUNDS_MAX];
};

static struct loop loop[LOOPS_MAX];
static unsigned loops, labels, rounds;
static char **command[LABELS_MAX]; /* label, program, arguments, NULL */

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "race: %s: %s\n", what, why);
	exit(1);
}

static double seconds_of(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t))
		return 0;
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct loop *loop_named(const char *name)
{
	for (unsigned i = 0; i < loops; i++)
		if (!strcmp(loop[i].name, name))
			return &loop[i];
	if (loops == LOOPS_MAX)
		fail(name, "too many loops");
	memcpy(loop[loops].name, name, strlen(name) + 1);
	return &loop[loops++];
}

/* One line of a command's output. */
static void look_at(const char *text, clockid_t clock, unsigned label, unsigned round)
{
	const char *at = strstr(text, "speed ");
	double now = seconds_of(clock);
	char name[NAME_SIZE], what[8];
	unsigned long long instructions = 0;

	if (!at || sscanf(at, "speed %31s %7s %llu", name, what, &instructions) < 2)
		return;
	struct loop *l = loop_named(name);
	if (!strcmp(what, "begin")) {
		l->began = now;
	} else if (!strcmp(what, "end")) {
		if (l->instructions && l->instructions != instructions)
			fail(name, "not the same number of instructions everywhere");
		l->instructions = instructions;
		l->mips[label][round] = (double)instructions / (now - l->began) * 1e-6;
	}
}

/* The command runs to its end; its input is empty. */
static void run(unsigned label, unsigned round)
{
	int ends[2], status;
	char text[512];
	clockid_t clock;

	if (pipe(ends))
		fail("pipe", strerror(errno));
	pid_t child = fork();
	if (child < 0)
		fail("fork", strerror(errno));
	if (!child) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		if (!freopen("/dev/null", "r", stdin))
			_exit(127);
		execvp(command[label][1], command[label] + 1);
		_exit(127);
	}
	close(ends[1]);
	CHECK(!clock_getcpuclockid(child, &clock));
	FILE *output = fdopen(ends[0], "r");
	CHECK(output);
	while (fgets(text, sizeof text, output))
		look_at(text, clock, label, round);
	fclose(output);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) == 127)
		fail(command[label][1], "did not run, or was killed");
	for (unsigned i = 0; i < loops; i++)
		if (!(loop[i].mips[label][round] > 0))
			fail(command[label][0], "ended before the loops did");
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_spread(const double *value)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, value, rounds * sizeof *value);
	qsort(sorted, rounds, sizeof *sorted, ascending);
	double median = rounds % 2 ? sorted[rounds / 2] : (sorted[rounds / 2 - 1] + sorted[rounds / 2]) / 2;
	printf(",%.3f,%.3f,%.3f", median, sorted[0], sorted[rounds - 1]);
}

static void print(const struct loop *l, unsigned label)
{
	double ratio[ROUNDS_MAX] = {0};

	for (unsigned i = 0; i < rounds; i++)
		ratio[i] = l->mips[label][i] / l->mips[labels - 1][i];
	printf("%s,%s,%llu", l->name, command[label][0], (unsigned long long)l->instructions);
	print_spread(l->mips[label]);
	print_spread(ratio);
	printf("\n");
}

static void read_commands(int argc, char **argv)
{
	rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	for (int i = 2; i < argc; i++) {
		if (labels == LABELS_MAX)
			fail(argv[i], "too many commands");
		command[labels++] = argv + i;
		while (i < argc && strcmp(argv[i], "//") != 0)
			i++;
		argv[i] = NULL;
	}
	for (unsigned i = 0; i < labels; i++)
		if (!command[i][0] || !command[i][1])
			labels = 0;
	if (!labels || !rounds || rounds > ROUNDS_MAX)
		fail("usage", "race ROUNDS LABEL COMMAND [ARG..] [// LABEL COMMAND [ARG..]]..");
}

int main(int argc, char **argv)
{
	read_commands(argc, argv);
	for (unsigned round = 0; round < rounds; round++)
		for (unsigned label = 0; label < labels; label++)
			run(label, round);
	printf("loop,emulator,instructions,mips,mips_low,mips_high,ratio,ratio_low,ratio_high\n");
	for (unsigned i = 0; i < loops; i++)
		for (unsigned label = 0; label < labels; label++)
			print(&loop[i], label);
	return 0;
}
