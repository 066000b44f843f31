/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POSIX message queues: names, attributes, priorities, waiting, polling, notices; errors. */
#include "asleep.h"
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char name[64], text[20000];
static volatile int handled;
static siginfo_t said;

static void handle(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	said = *info;
	handled++;
}

static void get(const char *what, mqd_t q)
{
	unsigned priority = 77;
	long n;

	memset(text, 0, 100);
	n = mq_receive(q, text, sizeof(text), &priority);
	if (n < 0)
		result(what, n);
	else
		printf("%s: %ld, priority %u, %s\n", what, n, priority, text);
	fflush(stdout);
}

static void attributes(const char *what, mqd_t q)
{
	struct mq_attr a;

	if (mq_getattr(q, &a))
		result(what, -1);
	else
		printf("%s: flags %lx, %ld of %ld messages of %ld\n", what, (long)a.mq_flags, (long)a.mq_curmsgs, (long)a.mq_maxmsg,
		       (long)a.mq_msgsize);
}

static mqd_t make(long most, long size, int flags)
{
	struct mq_attr a = {.mq_maxmsg = most, .mq_msgsize = size};

	return mq_open(name, O_CREAT | flags, 0640, &a);
}

/* Opened to see how that ends. */
static void try(const char *what, mqd_t q)
{
	result(what, q < 0 ? -1 : 0);
	if (q >= 0)
		mq_close(q);
}

static void names(void)
{
	char path[300];
	struct stat s;
	mqd_t q;

	try("not there", mq_open(name, O_RDWR));
	try("made", make(4, 100, O_RDWR | O_EXCL));
	try("made again", make(4, 100, O_RDWR | O_EXCL));
	try("opened", make(9, 99, O_RDONLY));
	q = mq_open(name, O_WRONLY);
	attributes("as made", q);
	result("flags", fcntl(q, F_GETFD));
	result("way", fcntl(q, F_GETFL) & O_ACCMODE);
	fstat(q, &s);
	printf("mode %o, %ld bytes\n", s.st_mode, (long)s.st_size);
	result("removed", mq_unlink(name));
	result("removed again", mq_unlink(name));
	attributes("still open", q);
	mq_close(q);
	attributes("closed", q);
	result("no name", syscall(SYS_mq_open, "", O_RDWR, 0, NULL));
	result("a path", syscall(SYS_mq_open, "a/b", O_RDWR, 0, NULL));
	result("a point", syscall(SYS_mq_open, ".", O_RDWR | O_CREAT, 0600, NULL));
	result("two points", syscall(SYS_mq_unlink, ".."));
	result("nowhere", syscall(SYS_mq_open, (void *)8, O_RDWR, 0, NULL));
	result("attributes from nowhere", syscall(SYS_mq_open, "a", O_RDWR | O_CREAT, 0600, (void *)8));
	memset(path, 'a', sizeof(path));
	path[256] = 0;
	result("long name", syscall(SYS_mq_open, path, O_RDWR | O_CREAT, 0600, NULL));
	path[255] = 0;
	result("not so long", syscall(SYS_mq_unlink, path));
	try("no messages", make(0, 100, O_RDWR));
	try("no size", make(10, 0, O_RDWR));
	try("too many", make(65537, 1, O_RDWR));
	try("too large", make(1, 16777217, O_RDWR));
	try("both", mq_open(name, O_RDWR | O_WRONLY));
	q = mq_open(name, O_RDWR | O_CREAT, 0600, NULL);
	attributes("without attributes", q);
	mq_close(q);
	mq_unlink(name);
}

static void priorities(void)
{
	mqd_t q = make(10, 100, O_RDWR), r = mq_open(name, O_RDONLY), w = mq_open(name, O_WRONLY | O_NONBLOCK);

	mq_send(q, "five", 5, 5);
	mq_send(q, "seven", 6, 7);
	mq_send(q, "five too", 9, 5);
	mq_send(q, "zero", 5, 0);
	result("highest", mq_send(q, "highest", 8, 32767));
	result("too high", mq_send(q, "highest", 8, 32768));
	attributes("five of them", q);
	memset(text, 0, sizeof(text));
	lseek(q, 0, SEEK_SET);
	result("says", read(q, text, sizeof(text)));
	printf("%s", text);
	for (int i = 0; i < 5; i++)
		get("next", r);
	result("too large", mq_send(q, text, 101, 0));
	result("largest", mq_send(q, text, 100, 0));
	result("empty", mq_send(q, text, 0, 1));
	get("empty", q);
	result("no room", mq_receive(q, text, 99, NULL));
	get("largest", q);
	get("not for reading", w);
	result("not for writing", mq_send(r, text, 1, 0));
	result("no queue", mq_send(0, text, 1, 0));
	result("not open", mq_send(99, text, 1, 0));
	result("from nowhere", mq_send(q, (void *)8, 1, 0));
	for (int i = 0; i < 10; i++)
		mq_send(w, "x", 2, 0);
	result("full", mq_send(w, "x", 2, 0));
	mq_close(q);
	mq_close(r);
	mq_close(w);
	mq_unlink(name);
}

static struct timespec in(long ms)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += ms * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void waiting(void)
{
	int pid;
	long rc;
	struct itimerval soon = {{0, 50000}, {0, 50000}}, never = {{0}};
	struct timespec t = in(30), past = {1, 0}, bad = {1, 1000000000};
	struct mq_attr a = {.mq_flags = O_NONBLOCK};
	mqd_t q = make(1, 100, O_RDWR);

	result("in time", mq_timedreceive(q, text, 100, NULL, &t));
	result("in the past", mq_timedreceive(q, text, 100, NULL, &past));
	result("no time", mq_timedreceive(q, text, 100, NULL, &bad));
	result("no time, no matter", mq_timedsend(q, "x", 2, 0, &past));
	t = in(30);
	result("full", mq_timedsend(q, "x", 2, 0, &t));
	if (!fork()) {
		usleep(60000);
		get("one", q);
		_exit(0);
	}
	rc = mq_send(q, "y", 2, 1);
	wait(NULL);
	result("until there is room", rc);
	get("other", q);
	pid = fork();
	if (!pid) {
		get("given", q);
		_exit(0);
	}
	asleep(pid);
	mq_send(q, "to who waits", 13, 2);
	wait(NULL);
	attributes("none is left", q);
	result("not to wait", mq_setattr(q, &a, NULL));
	get("none", q);
	attributes("not waiting", q);
	a.mq_flags = 1;
	result("no flags", mq_setattr(q, &a, NULL));
	a.mq_flags = 0;
	mq_setattr(q, &a, NULL);
	sigaction(SIGALRM, &(struct sigaction){.sa_sigaction = handle, .sa_flags = SA_SIGINFO}, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	get("interrupted", q);
	setitimer(ITIMER_REAL, &never, NULL);
	printf("handled %d\n", handled > 0);
	mq_close(q);
	mq_unlink(name);
}

static void polling(void)
{
	mqd_t q = make(1, 100, O_RDWR);
	struct pollfd p = {.fd = q, .events = POLLIN | POLLOUT};
	struct epoll_event e = {.events = EPOLLIN | EPOLLET};
	int ep = epoll_create1(0), n;

	result("polled", poll(&p, 1, 0));
	printf("%x\n", p.revents);
	result("added", epoll_ctl(ep, EPOLL_CTL_ADD, q, &e));
	result("no edge", epoll_wait(ep, &e, 1, 0));
	mq_send(q, "x", 2, 0);
	result("full", poll(&p, 1, 0));
	printf("%x\n", p.revents);
	result("edge", epoll_wait(ep, &e, 1, 0));
	result("no edge", epoll_wait(ep, &e, 1, 0));
	p.events = POLLOUT;
	if (!fork()) {
		usleep(60000);
		get("makes room", q);
		_exit(0);
	}
	n = poll(&p, 1, 5000);
	wait(NULL);
	result("room", n);
	close(ep);
	mq_close(q);
	mq_unlink(name);
}

static void notices(void)
{
	mqd_t q = make(4, 100, O_RDWR);
	struct sigevent by_signal = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value = {.sival_int = 42}},
			nothing = {.sigev_notify = SIGEV_NONE}, bad = {.sigev_notify = 9}, bad_signal = {.sigev_signo = 65};

	int pid;

	handled = 0;
	sigaction(SIGUSR1, &(struct sigaction){.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_RESTART}, NULL);
	result("asked", mq_notify(q, &by_signal));
	result("asked again", mq_notify(q, &nothing));
	memset(text, 0, sizeof(text));
	lseek(q, 0, SEEK_SET);
	read(q, text, 43);
	printf("%.40s\n", text);
	mq_send(q, "x", 2, 0);
	printf("handled %d: signal %d, code %d, by us %d, value %d\n", handled, said.si_signo, said.si_code, said.si_pid == getpid(),
	       said.si_value.sival_int);
	mq_send(q, "y", 2, 0);
	get("x", q);
	get("y", q);
	mq_send(q, "x", 2, 0);
	printf("once: %d\n", handled);
	result("asked, not empty", mq_notify(q, &by_signal));
	mq_send(q, "y", 2, 0);
	printf("not: %d\n", handled);
	get("x", q);
	get("y", q);
	if (!fork()) {
		result("busy", mq_notify(q, &nothing));
		result("not ours", mq_notify(q, NULL));
		mq_send(q, "x", 2, 0);
		_exit(0);
	}
	wait(NULL);
	printf("handled %d, by us %d\n", handled, said.si_pid == getpid());
	get("x", q);
	mq_notify(q, &by_signal);
	result("no more", mq_notify(q, NULL));
	result("nothing", mq_notify(q, &nothing));
	mq_send(q, "x", 2, 0);
	result("told of nothing", mq_notify(q, &nothing));
	get("x", q);
	close(dup(q));
	result("any close ends it", mq_notify(q, &by_signal));
	pid = fork();
	if (!pid) {
		get("here, not there", q);
		_exit(0);
	}
	asleep(pid);
	mq_send(q, "x", 2, 0);
	wait(NULL);
	printf("handled %d\n", handled);
	mq_notify(q, NULL);
	if (!fork()) {
		mq_notify(q, &by_signal);
		_exit(0);
	}
	wait(NULL);
	result("it ended", mq_notify(q, &nothing));
	result("bad way", mq_notify(q, &bad));
	result("bad signal", mq_notify(q, &bad_signal));
	result("no queue", mq_notify(0, &nothing));
	result("from nowhere", syscall(SYS_mq_notify, q, 8));
	mq_close(q);
	mq_unlink(name);
}

/* RLIMIT_MSGQUEUE; what is removed is no longer counted. */
static void room(void)
{
	struct rlimit limit;
	mqd_t q[100];
	int n;

	getrlimit(RLIMIT_MSGQUEUE, &limit);
	printf("%lu %lu\n", (unsigned long)limit.rlim_cur, (unsigned long)limit.rlim_max);
	for (int round = 0; round < 2; round++) {
		for (n = 0; n < 100; n++) {
			sprintf(name, "/vtxray-%d-%d", (int)getpid(), n);
			if ((q[n] = make(10, 8192, O_RDWR)) < 0)
				break;
		}
		result("so many", n);
		result("no more", -1);
		while (n--) {
			sprintf(name, "/vtxray-%d-%d", (int)getpid(), n);
			mq_unlink(name);
			mq_close(q[n]);
		}
	}
}

int main(void)
{
	sprintf(name, "/vtxray-%d", (int)getpid());
	umask(022);
	names();
	priorities();
	waiting();
	polling();
	notices();
	room();
	return 0;
}
