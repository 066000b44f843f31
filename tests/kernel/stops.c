/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stopping and continuing: what wait tells, what the parent hears, what goes on meanwhile and afterwards. */
#include "result.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int *counter;
static volatile int heard;

static void show(const char *what, pid_t child, int options)
{
	int s = 0;
	pid_t pid = waitpid(child, &s, options);

	if (pid <= 0)
		result(what, pid);
	else if (WIFSTOPPED(s))
		printf("%s: stopped by %d\n", what, WSTOPSIG(s));
	else if (WIFCONTINUED(s))
		printf("%s: continued\n", what);
	else if (WIFSIGNALED(s))
		printf("%s: killed by %d\n", what, WTERMSIG(s));
	else
		printf("%s: exited with %d\n", what, WEXITSTATUS(s));
	fflush(stdout);
}

static void by_itself(void)
{
	pid_t child = fork();
	siginfo_t info;

	if (!child) {
		raise(SIGSTOP);
		_exit(3);
	}
	show("stops itself", child, WUNTRACED);
	show("told once", child, WUNTRACED | WNOHANG);
	show("not asked for", child, WNOHANG);
	kill(child, SIGCONT);
	show("goes on", child, WCONTINUED);
	show("ends", child, 0);
	child = fork();
	if (!child) {
		raise(SIGTSTP);
		_exit(4);
	}
	memset(&info, 0, sizeof(info));
	result("waitid", waitid(P_PID, (id_t)child, &info, WSTOPPED | WNOWAIT));
	printf("%d %d\n", info.si_code == CLD_STOPPED, info.si_status == SIGTSTP);
	result("waitid", waitid(P_PID, (id_t)child, &info, WSTOPPED));
	kill(child, SIGCONT);
	result("waitid", waitid(P_PID, (id_t)child, &info, WCONTINUED | WEXITED | WNOWAIT));
	result("waitid", waitid(P_PID, (id_t)child, &info, WEXITED));
	printf("%d %d\n", info.si_code == CLD_EXITED, info.si_status);
}

static void *count(void *unused)
{
	for (;;) {
		++*counter;
		for (volatile int i = 0; i < 100; i++)
			;
	}
	return unused;
}

static int counts(void)
{
	int before = *counter;

	usleep(50000);
	return *counter != before;
}

/* All its threads. */
static void others(void)
{
	pid_t child = fork();
	pthread_t t;

	if (!child) {
		pthread_create(&t, NULL, count, NULL);
		pause();
	}
	while (!*counter)
		usleep(1000);
	kill(child, SIGSTOP);
	show("by another", child, WUNTRACED);
	printf("counts %d\n", counts());
	kill(child, SIGTERM);
	kill(child, SIGTSTP);
	printf("counts %d\n", counts());
	show("a signal that waits", child, WNOHANG | WUNTRACED);
	kill(child, SIGCONT);
	show("it came", child, 0);
	child = fork();
	if (!child) {
		signal(SIGTERM, SIG_IGN);
		count(NULL);
	}
	usleep(20000);
	kill(child, SIGSTOP);
	show("by another", child, WUNTRACED);
	kill(child, SIGTERM);
	kill(child, SIGCONT);
	show("continued", child, WCONTINUED);
	printf("counts %d\n", counts());
	kill(child, SIGSTOP);
	show("again", child, WUNTRACED);
	kill(child, SIGKILL);
	show("killed", child, 0);
}

static void hear(int signal)
{
	(void)signal;
	heard++;
}

/* A sleep goes on as if nothing had been. */
static void sleeping(void)
{
	struct timespec nap = {0, 150000000};
	int p[2];
	char c;
	pid_t child;

	if (pipe(p))
		exit(1);
	child = fork();
	if (!child)
		_exit(nanosleep(&nap, NULL) ? 5 : read(p[0], &c, 1) == 1 ? 6 : 7);
	usleep(20000);
	kill(child, SIGSTOP);
	show("asleep", child, WUNTRACED);
	kill(child, SIGCONT);
	show("continued", child, WCONTINUED);
	usleep(200000);
	kill(child, SIGSTOP);
	show("reading", child, WUNTRACED);
	if (write(p[1], "x", 1) != 1)
		exit(1);
	kill(child, SIGCONT);
	show("ended", child, 0);
}

static void handled(void)
{
	struct sigaction action = {.sa_handler = hear, .sa_flags = SA_RESTART},
			 quiet = {.sa_handler = hear, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
	sigset_t stop;
	pid_t child;

	sigaction(SIGCHLD, &action, NULL);
	child = fork();
	if (!child) {
		raise(SIGSTOP);
		raise(SIGSTOP);
		pause();
	}
	show("stopped", child, WUNTRACED);
	printf("heard %d\n", heard);
	sigaction(SIGCHLD, &quiet, NULL);
	kill(child, SIGCONT);
	show("again", child, WUNTRACED);
	printf("heard %d\n", heard);
	kill(child, SIGKILL);
	show("killed", child, 0);
	signal(SIGCHLD, SIG_DFL);
	child = fork();
	if (!child) {
		heard = 0;
		sigemptyset(&stop);
		sigaddset(&stop, SIGTSTP);
		sigaddset(&stop, SIGCONT);
		signal(SIGCONT, hear);
		sigprocmask(SIG_BLOCK, &stop, NULL);
		raise(SIGTSTP);
		raise(SIGCONT);
		sigprocmask(SIG_UNBLOCK, &stop, NULL);
		printf("one undid the other: %d\n", heard);
		signal(SIGTSTP, hear);
		raise(SIGTSTP);
		printf("handled: %d\n", heard);
		signal(SIGTTIN, SIG_IGN);
		raise(SIGTTIN);
		signal(SIGTSTP, SIG_DFL);
		sigprocmask(SIG_BLOCK, &stop, NULL);
		raise(SIGTSTP);
		printf("blocked\n");
		fflush(stdout);
		sigprocmask(SIG_UNBLOCK, &stop, NULL);
		printf("unblocked, handled %d\n", heard);
		fflush(stdout);
		_exit(0);
	}
	show("when it was unblocked", child, WUNTRACED);
	kill(child, SIGCONT);
	show("ended", child, 0);
}

int main(void)
{
	counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setpgid(0, 0);
	by_itself();
	others();
	sleeping();
	handled();
	return 0;
}
