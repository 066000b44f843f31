/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that begin and end while others do: nothing is left of them; what a child finds when it begins. */
#include "result.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAMILIES = 500, CHILDREN = 3 };

/* 1500 of them, by threes: more than there may be threads at a time. */
static void families(void)
{
	int ended = 0, status;

	for (int i = 0; i < FAMILIES; i++) {
		for (int k = 0; k < CHILDREN; k++) {
			int pid = fork();
			if (!pid)
				_exit(k);
			if (pid < 0)
				result("fork", pid);
		}
		while (wait(&status) > 0)
			ended += WIFEXITED(status) && WEXITSTATUS(status) < CHILDREN;
	}
	printf("%d ended\n", ended);
}

/* CLONE_CHILD_SETTID: in the child's memory, not in the parent's, where that is a copy; with no memory there, it is left. */
static void numbers(void)
{
	static int number;
	int status;

	for (int bad = 0; bad < 2; bad++) {
		long pid = syscall(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, 0, 0, bad ? (int *)16 : &number, 0);
		if (!pid)
			_exit(bad ? 7 : number == getpid());
		waitpid((int)pid, &status, 0);
		printf("child knows %d, parent has %d\n", WEXITSTATUS(status), number);
	}
}

static void note(int signal)
{
	(void)signal;
	_exit(9);
}

/* Signals to children that may not have run yet: one that they have a handler for, and one that ends them. */
static void early_signals(void)
{
	int status, pid;

	signal(SIGUSR1, note);
	for (int i = 0; i < 2; i++) {
		pid = fork();
		if (!pid)
			for (;;)
				pause();
		kill(pid, i ? SIGKILL : SIGUSR1);
		waitpid(pid, &status, 0);
		printf("exit status %d, signal %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		       WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	}
}

int main(void)
{
	families();
	numbers();
	early_signals();
	return 0;
}
