/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is only kept: a file's owner and signal, priorities of input and output; and clocks that cannot be set so. */
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef F_SETOWN_EX
#define F_SETOWN_EX 15
#define F_GETOWN_EX 16
#endif

static void owners(int fd)
{
	struct {
		int type, pid;
	} owner;
	int pid;

	result("none", fcntl(fd, F_GETOWN));
	result("set", fcntl(fd, F_SETOWN, getpid()));
	result("get", fcntl(fd, F_GETOWN) - getpid());
	result("group", fcntl(fd, F_SETOWN, -getpgrp()));
	result("get, extended", fcntl(fd, F_GETOWN_EX, &owner));
	printf("%d %d\n", owner.type, owner.pid == getpgrp());
	owner.type = 0;
	owner.pid = getpid();
	result("thread", fcntl(fd, F_SETOWN_EX, &owner));
	result("get", fcntl(fd, F_GETOWN) - getpid());
	owner.type = 3;
	result("no type", fcntl(fd, F_SETOWN_EX, &owner));
	result("from nowhere", fcntl(fd, F_SETOWN_EX, 8));
	result("to nowhere", fcntl(fd, F_GETOWN_EX, 8));
	result("nobody", fcntl(fd, F_SETOWN, 99999999));
	result("no number", fcntl(fd, F_SETOWN, INT_MIN));
	result("cleared", fcntl(fd, F_SETOWN, 0));
	result("none", fcntl(fd, F_GETOWN));
	pid = fork();
	if (!pid)
		_exit(0);
	fcntl(fd, F_SETOWN, pid);
	wait(NULL);
	result("it ended", fcntl(fd, F_GETOWN));
	result("signal", fcntl(fd, 11));
	result("set", fcntl(fd, 10, 10));
	result("get", fcntl(fd, 11));
	result("no signal", fcntl(fd, 10, 65));
	result("not open", fcntl(99, F_GETOWN));
}

static void priorities(void)
{
	result("set", syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 3));
	result("get", syscall(SYS_ioprio_get, 1, 0));
	result("idle", syscall(SYS_ioprio_set, 1, getpid(), 3 << 13));
	result("get", syscall(SYS_ioprio_get, 1, 0));
	if (!fork()) {
		result("inherited", syscall(SYS_ioprio_get, 1, 0));
		_exit(0);
	}
	wait(NULL);
	result("no class", syscall(SYS_ioprio_set, 1, 0, 4 << 13));
	result("none with a level", syscall(SYS_ioprio_set, 1, 0, 1));
	result("no such", syscall(SYS_ioprio_set, 4, 0, 2 << 13));
	result("no such", syscall(SYS_ioprio_get, 0, 0));
	result("nobody", syscall(SYS_ioprio_get, 1, 99999999));
}

static void clocks(void)
{
	struct timespec t = {1, 1000000000};
	struct timeval v = {1, 1000000};

	result("not this clock", clock_settime(CLOCK_MONOTONIC, &t));
	result("no clock", clock_settime(77, &t));
	result("no time", clock_settime(CLOCK_REALTIME, &t));
	result("from nowhere", syscall(SYS_clock_settime, CLOCK_REALTIME, 8));
	result("no time", syscall(SYS_settimeofday, &v, NULL));
	result("from nowhere", syscall(SYS_settimeofday, 8, NULL));
}

int main(int n, char **argument)
{
	int fd[2];

	(void)argument;
	pipe(fd);
	owners(fd[0]);
	priorities();
	clocks();
	return n > 1;
}
