/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Standard input, output and error. WORD: copy (input to output, then a line to each), some N (reads N bytes and leaves the rest), quick
 * (prints the seconds that pass while a read waits), sleeper (a child ticks while the parent waits for input), poll (waits by poll).
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void copy(size_t n)
{
	char text[3000];
	ssize_t got;

	while (n && (got = read(0, text, n < sizeof(text) ? n : sizeof(text))) > 0) {
		if (write(1, text, (size_t)got) != got)
			exit(9);
		n -= (size_t)got;
	}
}

static void sleeper(void)
{
	struct timespec tick = {0, 20000000};
	pid_t child = fork();

	if (!child)
		for (int i = 0; i < 5; i++) {
			nanosleep(&tick, NULL);
			if (write(1, "tick\n", 5) != 5)
				_exit(9);
			if (i == 4)
				_exit(0);
		}
	copy(~0ul);
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (!strcmp(word, "some"))
		copy(strtoul(argv[2], NULL, 0));
	if (!strcmp(word, "sleeper"))
		sleeper();
	if (!strcmp(word, "quick")) {
		struct timespec a, b;
		clock_gettime(CLOCK_MONOTONIC, &a);
		copy(~0ul);
		clock_gettime(CLOCK_MONOTONIC, &b);
		printf("%ld\n", (long)(b.tv_sec - a.tv_sec));
	}
	if (!strcmp(word, "poll")) {
		struct pollfd p = {0, POLLIN, 0};
		printf("now %d\n", poll(&p, 1, 0));
		int n = poll(&p, 1, -1);
		printf("later %d %d\n", n, p.revents);
		fflush(stdout);
		copy(~0ul);
	}
	if (!strcmp(word, "copy")) {
		copy(~0ul);
		fputs("to error\n", stderr);
		puts("to output");
		return 3;
	}
	return 0;
}
