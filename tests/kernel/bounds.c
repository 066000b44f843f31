/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process may not exceed: processor time, size of files, arguments; groups and sessions it may not enter. */
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* How the child ended. */
static void ended(const char *what)
{
	int status = 0;

	wait(&status);
	printf("%s: %s %d\n", what, WIFSIGNALED(status) ? "signal" : "status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	fflush(stdout);
}

static void limit(int which, rlim_t soft, rlim_t hard)
{
	struct rlimit none = {0, 0}, l = {soft, hard};

	setrlimit(RLIMIT_CORE, &none);
	setrlimit(which, &l);
}

static void file_size(void)
{
	char page[4096] = "";

	if (!fork()) {
		int fd = creat("large", 0644);
		limit(RLIMIT_FSIZE, 6000, 6000);
		signal(SIGXFSZ, SIG_IGN);
		result("within", write(fd, page, 4096));
		result("in part", write(fd, page, 4096));
		result("beyond", write(fd, page, 4096));
		result("far beyond", pwrite(fd, page, 1, 100000));
		result("inside", pwrite(fd, page, 100, 0));
		result("truncate", ftruncate(fd, 6001));
		result("truncate", ftruncate(fd, 6000));
		signal(SIGXFSZ, SIG_DFL);
		write(fd, page, 4096);
		_exit(1);
	}
	ended("file size");
}

static volatile int seen;

static void count(int signal)
{
	(void)signal;
	seen++;
}

static void processor(void)
{
	if (!fork()) {
		limit(RLIMIT_CPU, 1, 2);
		signal(SIGXCPU, count);
		while (!seen)
			for (volatile int i = 0; i < 10000; i++)
				;
		_exit(seen);
	}
	ended("processor time");
}

static void arguments(void)
{
	enum { MANY = 12000 };
	char *text = malloc(300000), **list = calloc(MANY + 1, sizeof(*list));

	memset(text, 'x', 299999);
	text[299999] = 0;
	if (!fork()) {
		execl("/proc/self/exe", "x", text, (char *)NULL);
		_exit(errno == E2BIG ? 7 : 8);
	}
	ended("too long");
	text[100000] = 0;
	if (!fork()) {
		execl("/proc/self/exe", "x", text, (char *)NULL);
		_exit(errno);
	}
	ended("long");
	text[40] = 0;
	for (int i = 0; i < MANY; i++)
		list[i] = text;
	if (!fork()) {
		execv("/proc/self/exe", list);
		_exit(errno);
	}
	ended("many");
}

static void groups(void)
{
	pid_t child;

	if (!fork()) {
		result("group of its own", setpgid(0, 0));
		result("no such group", setpgid(0, 99999));
		result("no such process", setpgid(99999, 0));
		result("negative", setpgid(0, -1));
		result("not a child", setpgid(getppid(), 0));
		result("session of a leader", setsid());
		child = fork();
		if (!child) {
			result("session", setsid() == getpid());
			result("group and session", getpgrp() == getpid() && getsid(0) == getpid());
			result("a leader's group", setpgid(0, 0));
			pause();
		}
		usleep(30000);
		result("in another session", setpgid(child, getpgrp()));
		kill(child, SIGKILL);
		wait(NULL);
		child = fork();
		if (!child)
			pause();
		result("a child's", setpgid(child, child));
		result("into the child's", setpgid(0, child));
		kill(child, SIGKILL);
		wait(NULL);
		_exit(0);
	}
	ended("groups");
}

static void mappings(void)
{
	int fd = open("mapped", O_CREAT | O_RDWR, 0644), readable = open("mapped", O_RDONLY);
	char *own = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *shared;

	ftruncate(fd, 4096);
	shared = mmap(NULL, 4096, PROT_READ, MAP_SHARED, readable, 0);
	result("not open for writing", mprotect(shared, 4096, PROT_READ | PROT_WRITE));
	result("reading", mprotect(shared, 4096, PROT_READ));
	munmap(own + 4096, 4096);
	result("msync over a hole", msync(own, 12288, MS_SYNC));
	result("msync", msync(own, 4096, MS_SYNC));
	result("of two kinds", msync(own, 4096, MS_SYNC | MS_ASYNC));
	result("of no kind", msync(own, 4096, 64));
	result("nothing", msync(own, 0, MS_SYNC));
	result("askew", msync(own + 1, 4096, MS_SYNC));
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return (int)strlen(argv[1]) % 200 + argc / 1000;
	file_size();
	processor();
	arguments();
	groups();
	mappings();
	return 0;
}
