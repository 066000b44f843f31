/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals read from a file: what they say, waiting, polling. */
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static struct signalfd_siginfo s[4];
static int handled;

static void handle(int signal)
{
	(void)signal;
	handled++;
}

static void show(void)
{
	printf("signal %u, user's %d, from us %d, value %d %lu\n", s[0].ssi_signo, s[0].ssi_code <= 0, s[0].ssi_pid == (unsigned)getpid(),
	       s[0].ssi_int, (unsigned long)s[0].ssi_ptr);
}

static void reading(int fd)
{
	union sigval value = {.sival_int = 42};

	raise(SIGUSR1);
	result("one", read(fd, s, sizeof(s)));
	show();
	value.sival_ptr = (void *)99;
	sigqueue(getpid(), SIGRTMIN, value);
	sigqueue(getpid(), SIGRTMIN, value);
	kill(getpid(), SIGUSR1);
	result("three", read(fd, s, sizeof(s)));
	printf("%u %u %u\n", s[0].ssi_signo, s[1].ssi_signo == (unsigned)SIGRTMIN, s[2].ssi_signo == (unsigned)SIGRTMIN);
	sigqueue(getpid(), SIGRTMIN, value);
	result("queued", read(fd, s, sizeof(s[0]) + 5));
	printf("%d %lu\n", s[0].ssi_int, (unsigned long)s[0].ssi_ptr);
	result("none", read(fd, s, sizeof(s)));
	result("too short", read(fd, s, 100));
	result("written to", write(fd, s, 128));
}

static void waiting(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct epoll_event e = {.events = EPOLLIN};
	int ep = epoll_create1(0), status;

	fcntl(fd, F_SETFL, 0);
	if (!fork()) {
		usleep(20000);
		kill(getppid(), SIGUSR1);
		usleep(20000);
		_exit(3);
	}
	result("comes later", read(fd, s, sizeof(s)));
	printf("%u, from us %d\n", s[0].ssi_signo, s[0].ssi_pid == (unsigned)getpid());
	result("child", read(fd, s, sizeof(s)));
	printf("%d %d %d\n", s[0].ssi_signo == SIGCHLD, s[0].ssi_code == CLD_EXITED, s[0].ssi_status);
	wait(&status);
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	result("nothing yet", poll(&p, 1, 0));
	if (!fork()) {
		usleep(20000);
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	result("polled", poll(&p, 1, 5000));
	result("by epoll", epoll_wait(ep, &e, 1, 5000));
	result("read", read(fd, s, sizeof(s[0])));
	wait(&status);
	result("read", read(fd, s, sizeof(s[0])));
	printf("%d\n", s[0].ssi_signo == SIGCHLD);
	result("nothing more", epoll_wait(ep, &e, 1, 0));
}

int main(void)
{
	sigset_t set, other;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGKILL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	result("opened", fd);
	reading(fd);
	waiting(fd);
	result("flags", signalfd(-1, &set, 1));
	result("no signalfd", signalfd(0, &set, 0));
	result("not open", signalfd(99, &set, 0));
	sigemptyset(&other);
	sigaddset(&other, SIGUSR2);
	signal(SIGUSR2, handle);
	result("another set", signalfd(fd, &other, 0) == fd);
	raise(SIGUSR2);
	printf("handled %d\n", handled);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	result("not blocked", read(fd, s, sizeof(s)));
	raise(SIGUSR1);
	result("of the old set", read(fd, s, sizeof(s)));
	return 0;
}
