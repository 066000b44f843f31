/* SPDX-License-Identifier: GPL-2.0-or-later */
/* eventfd, timerfd, epoll, pairs of sockets. */
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t number;

static long get(int fd)
{
	number = 0;
	return read(fd, &number, sizeof(number));
}

static long put(int fd, uint64_t n)
{
	return write(fd, &n, sizeof(n));
}

static void counters(void)
{
	int fd = eventfd(3, EFD_NONBLOCK);
	struct pollfd p = {fd, POLLIN | POLLOUT, 0};

	result("read", get(fd));
	printf("%ld\n", (long)number);
	result("empty", get(fd));
	result("write", put(fd, 5));
	result("write", put(fd, 6));
	result("poll", poll(&p, 1, 0));
	printf("%d\n", p.revents);
	get(fd);
	printf("%ld\n", (long)number);
	result("too large", put(fd, ~0ull));
	result("most", put(fd, ~1ull));
	result("full", put(fd, 1));
	result("too short", read(fd, &number, 4));
	close(fd);
	fd = eventfd(2, EFD_SEMAPHORE);
	get(fd);
	printf("%ld\n", (long)number);
	get(fd);
	printf("%ld\n", (long)number);
	if (!fork()) {
		usleep(20000);
		put(fd, 1);
		_exit(0);
	}
	result("waits", get(fd));
	wait(NULL);
	result("flags", eventfd(0, 0x100));
}

static void timers(void)
{
	struct itimerspec t = {{0, 20000000}, {0, 20000000}}, got, bad = {{0, 0}, {0, 1000000000}};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct pollfd p = {fd, POLLIN, 0};

	result("not armed", get(fd));
	result("set", timerfd_settime(fd, 0, &t, NULL));
	result("not yet", get(fd));
	result("poll", poll(&p, 1, 1000));
	result("read", get(fd));
	printf("%d\n", number >= 1);
	usleep(70000);
	get(fd);
	printf("missed ones are counted: %d\n", number >= 3);
	result("get", timerfd_gettime(fd, &got));
	printf("%ld %d\n", got.it_interval.tv_nsec, got.it_value.tv_nsec > 0);
	result("bad", timerfd_settime(fd, 0, &bad, NULL));
	result("no timer", timerfd_gettime(0, &got));
	result("clock", timerfd_create(77, 0));
	close(fd);
}

static void sets(void)
{
	struct epoll_event e = {EPOLLIN, {.u64 = 11}}, got[4];
	int set = epoll_create1(EPOLL_CLOEXEC), p[2], q[2], file = open("epoll", O_RDWR | O_CREAT, 0600);

	pipe(p);
	pipe(q);
	result("add", epoll_ctl(set, EPOLL_CTL_ADD, p[0], &e));
	result("again", epoll_ctl(set, EPOLL_CTL_ADD, p[0], &e));
	e.data.u64 = 22;
	e.events = EPOLLIN | EPOLLET;
	result("add", epoll_ctl(set, EPOLL_CTL_ADD, q[0], &e));
	result("a file", epoll_ctl(set, EPOLL_CTL_ADD, file, &e));
	result("itself", epoll_ctl(set, EPOLL_CTL_ADD, set, &e));
	result("closed", epoll_ctl(set, EPOLL_CTL_ADD, 99, &e));
	result("no set", epoll_ctl(p[0], EPOLL_CTL_ADD, q[0], &e));
	result("not in it", epoll_ctl(set, EPOLL_CTL_MOD, q[1], &e));
	result("no such operation", epoll_ctl(set, 9, q[0], &e));
	result("nothing", epoll_wait(set, got, 4, 0));
	result("nothing for a while", epoll_wait(set, got, 4, 20));
	result("no room", epoll_wait(set, got, 0, 0));
	write(p[1], "ab", 2);
	write(q[1], "cd", 2);
	int n = epoll_wait(set, got, 4, -1);
	printf("%d: %d %d, %d\n", n, (int)(got[0].data.u64 + got[1].data.u64), got[0].events, got[1].events);
	n = epoll_wait(set, got, 4, 0);
	printf("the level again: %d: %d\n", n, (int)got[0].data.u64);
	char c;
	read(q[0], &c, 1);
	n = epoll_wait(set, got, 4, 0);
	printf("no new edge: %d: %d\n", n, (int)got[0].data.u64);
	write(q[1], "e", 1);
	n = epoll_wait(set, got, 4, 0);
	printf("an edge: %d\n", n);
	e.events = EPOLLIN | EPOLLONESHOT;
	e.data.u64 = 33;
	result("once", epoll_ctl(set, EPOLL_CTL_MOD, p[0], &e));
	n = epoll_wait(set, got, 4, 0);
	printf("%d: %d\n", n, (int)got[0].data.u64);
	result("no more", epoll_wait(set, got, 4, 0));
	result("remove", epoll_ctl(set, EPOLL_CTL_DEL, q[0], NULL));
	result("again", epoll_ctl(set, EPOLL_CTL_DEL, q[0], NULL));
	e.events = EPOLLIN;
	epoll_ctl(set, EPOLL_CTL_MOD, p[0], &e);
	int outer = epoll_create(1);
	result("a set in a set", epoll_ctl(outer, EPOLL_CTL_ADD, set, &e));
	result("is ready", epoll_wait(outer, got, 4, 0));
	result("a circle", epoll_ctl(set, EPOLL_CTL_ADD, outer, &e));
	read(p[0], &c, 1);
	read(p[0], &c, 1);
	result("is not", epoll_wait(outer, got, 4, 0));
	fflush(stdout);
	if (!fork()) {
		usleep(20000);
		write(p[1], "x", 1);
		_exit(0);
	}
	n = epoll_wait(set, got, 4, 5000);
	printf("woken: %d: %d\n", n, (int)got[0].data.u64);
	wait(NULL);
	close(p[0]);
	close(p[1]);
	result("closed files are gone", epoll_wait(set, got, 4, 0));
	result("size", epoll_create(0));
}

static void streams(void)
{
	int s[2], n = 0;
	char text[32] = "";
	struct pollfd p;

	result("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	result("write", write(s[0], "hello ", 6));
	result("send", send(s[0], "there", 5, 0));
	result("FIONREAD", ioctl(s[1], FIONREAD, &n));
	printf("%d\n", n);
	result("peek", recv(s[1], text, 4, MSG_PEEK));
	printf("%s\n", text);
	result("read", read(s[1], text, 31));
	printf("%s\n", text);
	result("nothing", recv(s[1], text, 4, MSG_DONTWAIT));
	p = (struct pollfd){s[1], POLLIN | POLLOUT, 0};
	result("poll", poll(&p, 1, 0));
	printf("%x\n", p.revents);
	result("the other way", write(s[1], "back", 4));
	result("read", read(s[0], text, 31));
	result("shut", shutdown(s[0], SHUT_WR));
	result("at the end", read(s[1], text, 31));
	signal(SIGPIPE, SIG_IGN);
	result("no more", write(s[0], "x", 1));
	result("still this way", write(s[1], "x", 1));
	close(s[1]);
	result("read", read(s[0], text, 31));
	result("and the end", read(s[0], text, 31));
	p = (struct pollfd){s[0], POLLIN | POLLOUT, 0};
	poll(&p, 1, 0);
	printf("%x\n", p.revents);
	result("no such family", socketpair(77, SOCK_STREAM, 0, s));
	result("no such type", socketpair(AF_UNIX, 9, 0, s));
	result("no such protocol", socketpair(AF_UNIX, SOCK_STREAM, 77, s));
	result("no socket", send(0, "x", 1, 0));
	result("closed", send(99, "x", 1, 0));
}

static void messages(void)
{
	int s[2];
	char text[32] = "";

	socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, s);
	write(s[0], "first", 5);
	write(s[0], "second", 6);
	result("one", read(s[1], text, 31));
	result("cut", read(s[1], text, 3));
	result("no more", read(s[1], text, 31));
	result("empty", write(s[0], "", 0));
	result("empty", read(s[1], text, 31));
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s);
	struct iovec v = {text, 31};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	write(s[0], "packet", 6);
	result("recvmsg", recvmsg(s[1], &m, 0));
	printf("%s\n", text);
	fflush(stdout);
	if (!fork()) {
		usleep(10000);
		send(s[0], "late", 4, 0);
		_exit(0);
	}
	result("waits", recv(s[1], text, 31, 0));
	wait(NULL);
	close(s[0]);
	result("the end", recv(s[1], text, 31, 0));
}

static void much(void)
{
	static char block[300000];
	int s[2];
	long sum = 0, n;

	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	if (!fork()) {
		close(s[0]);
		for (int i = 0; i < 3; i++)
			if (write(s[1], block, sizeof(block)) != sizeof(block))
				_exit(1);
		_exit(0);
	}
	close(s[1]);
	while ((n = read(s[0], block, 1000)) > 0)
		sum += n;
	int status;
	wait(&status);
	printf("%ld, status %d\n", sum, status);
}

static void ask(const char *what, int fd, int option)
{
	int value[3] = {-1, -1, -1};
	socklen_t size = sizeof(value);
	int rc = getsockopt(fd, SOL_SOCKET, option, value, &size);

	result(what, rc);
	if (option == SO_PEERCRED && rc == 0)
		printf("%d bytes, ours: %d\n", (int)size, value[0] == getpid());
	else
		printf("%d bytes: %d\n", (int)size, value[0]);
}

/* What can be asked of a pair, and of what is none. */
static void asked(void)
{
	int s[2], file = open("/dev/null", O_RDONLY);
	char name[128];
	socklen_t size = sizeof(name);

	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	ask("type", s[0], SO_TYPE);
	ask("error", s[0], SO_ERROR);
	ask("domain", s[0], SO_DOMAIN);
	ask("protocol", s[0], SO_PROTOCOL);
	ask("accepts", s[0], SO_ACCEPTCONN);
	ask("peer", s[1], SO_PEERCRED);
	ask("no option", s[0], 9999);
	ask("no socket", file, SO_TYPE);
	ask("not open", 99, SO_TYPE);
	result("another level", getsockopt(s[0], 77, SO_TYPE, name, &size));
	result("name", getsockname(s[0], (struct sockaddr *)name, &size));
	printf("%d %d\n", (int)size, name[0]);
	size = 1;
	result("peer's, in part", getpeername(s[0], (struct sockaddr *)name, &size));
	printf("%d\n", (int)size);
	result("of no socket", getsockname(file, (struct sockaddr *)name, &size));
	result("bind", bind(file, (struct sockaddr *)name, 2));
	result("listen", listen(99, 1));
	result("listen to a pair", listen(s[0], 1));
	result("accept", accept(file, NULL, NULL));
	result("accept of a pair", accept(s[0], NULL, NULL));
	result("connect", connect(99, (struct sockaddr *)name, 2));
	result("set", setsockopt(file, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
}

int main(void)
{
	counters();
	timers();
	sets();
	streams();
	messages();
	much();
	asked();
	return 0;
}
