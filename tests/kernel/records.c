/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Record locks: ranges, owners, waiting, deadlock, what F_GETLK says; those of open files; flock beside them. In the current directory. */
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef F_OFD_GETLK
#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#define F_OFD_SETLKW 38
#endif

static int file, up[2], down[2]; /* pipes to the other process and back */

static int lock(int fd, int command, int type, int whence, long start, long length)
{
	struct flock l = {.l_type = (short)type, .l_whence = (short)whence, .l_start = start, .l_len = length};

	return fcntl(fd, command, &l);
}

static void ask(int fd, int command, int type, long start, long length)
{
	struct flock l = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
	int rc = fcntl(fd, command, &l);
	const char *who = l.l_pid == -1 ? "an open file" : l.l_pid == getppid() ? "parent" : l.l_pid == 0 ? "nobody" : "other";

	if (rc)
		result("asked", rc);
	else
		printf("[%ld, +%ld] %d: type %d whence %d start %ld length %ld by %s\n", start, length, type, l.l_type, l.l_whence,
		       (long)l.l_start, (long)l.l_len, who);
	fflush(stdout);
}

/* All that is locked, as another process sees it. */
static void show(const char *what)
{
	printf("%s:\n", what);
	fflush(stdout);
	if (fork()) {
		wait(NULL);
		return;
	}
	for (long at = 0; at >= 0;) {
		struct flock l = {.l_type = F_WRLCK, .l_start = at};
		if (fcntl(file, F_GETLK, &l) || l.l_type == F_UNLCK)
			break;
		printf("  %s %ld to %ld%s\n", l.l_type == F_RDLCK ? "shared" : "alone", (long)l.l_start, (long)(l.l_start + l.l_len - 1),
		       l.l_pid == getppid() ? "" : " by another");
		at = l.l_len ? (long)(l.l_start + l.l_len) : -1;
	}
	fflush(stdout);
	_exit(0);
}

static void ranges(void)
{
	lock(file, F_SETLK, F_WRLCK, SEEK_SET, 100, 100);
	show("one");
	lock(file, F_SETLK, F_RDLCK, SEEK_SET, 140, 20);
	show("split in three");
	lock(file, F_SETLK, F_UNLCK, SEEK_SET, 150, 2);
	show("a hole in it");
	lock(file, F_SETLK, F_RDLCK, SEEK_SET, 150, 2);
	show("filled");
	lock(file, F_SETLK, F_WRLCK, SEEK_SET, 200, 50);
	show("joined behind");
	lock(file, F_SETLK, F_WRLCK, SEEK_SET, 50, 50);
	show("joined before");
	lock(file, F_SETLK, F_WRLCK, SEEK_SET, 130, 50);
	show("all one");
	lock(file, F_SETLK, F_RDLCK, SEEK_SET, 0, 60);
	lock(file, F_SETLK, F_RDLCK, SEEK_SET, 240, 60);
	show("ends of another kind");
	lock(file, F_SETLK, F_UNLCK, SEEK_SET, 55, 190);
	show("without the middle");
	lock(file, F_SETLK, F_WRLCK, SEEK_SET, 1000, 0);
	show("to the end of all files");
	lock(file, F_SETLK, F_UNLCK, SEEK_SET, 2000, 10);
	show("parted");
	lock(file, F_SETLK, F_RDLCK, SEEK_SET, 0, 0);
	show("everything shared");
	lock(file, F_SETLK, F_UNLCK, SEEK_SET, 0, 0);
	show("nothing");
	lseek(file, 300, SEEK_SET);
	lock(file, F_SETLK, F_WRLCK, SEEK_CUR, -10, 5);
	lock(file, F_SETLK, F_WRLCK, SEEK_END, 0, -20);
	lock(file, F_SETLK, F_WRLCK, SEEK_CUR, 20, -10);
	lock(file, F_SETLK, F_WRLCK, SEEK_END, 7, 1);
	show("from other places");
	lock(file, F_SETLK, F_UNLCK, SEEK_SET, 0, 0);
}

static void errors(void)
{
	struct flock l = {.l_type = 7};
	int reader = open("records", O_RDONLY), writer = open("records", O_WRONLY), path = open("records", O_PATH);

	result("type", fcntl(file, F_SETLK, &l));
	result("asking for none", lock(file, F_GETLK, F_UNLCK, SEEK_SET, 0, 0));
	result("whence", lock(file, F_SETLK, F_RDLCK, 5, 0, 0));
	result("before the file", lock(file, F_SETLK, F_RDLCK, SEEK_SET, -1, 0));
	result("before the file", lock(file, F_SETLK, F_RDLCK, SEEK_SET, 10, -11));
	result("its first bytes", lock(file, F_SETLK, F_RDLCK, SEEK_SET, 10, -10));
	result("too far", lock(file, F_SETLK, F_RDLCK, SEEK_END, 0x7fffffffffffffff, 1));
	result("too long", lock(file, F_SETLK, F_RDLCK, SEEK_SET, 2, 0x7fffffffffffffff));
	result("as long as possible", lock(file, F_SETLK, F_RDLCK, SEEK_SET, 1, 0x7fffffffffffffff));
	result("alone, to read", lock(reader, F_SETLK, F_WRLCK, SEEK_SET, 0, 0));
	result("shared, to write", lock(writer, F_SETLK, F_RDLCK, SEEK_SET, 0, 0));
	result("unlock, to read", lock(reader, F_SETLK, F_UNLCK, SEEK_SET, 0, 0));
	result("path only", lock(path, F_SETLK, F_UNLCK, SEEK_SET, 0, 0));
	result("not open", lock(99, F_SETLK, F_UNLCK, SEEK_SET, 0, 0));
	result("no address", fcntl(file, F_GETLK, (void *)8));
	l = (struct flock){.l_type = F_RDLCK, .l_pid = 5};
	result("open file with a process", fcntl(file, F_OFD_SETLK, &l));
	result("lockf", lockf(file, F_TEST, 0));
	close(reader);
	close(writer);
	close(path);
}

static void say(int fd)
{
	if (write(fd, "x", 1) != 1)
		_exit(9);
}

static void hear(int fd)
{
	char c;

	if (read(fd, &c, 1) != 1)
		_exit(9);
}

static void owners(void)
{
	lock(file, F_SETLK, F_RDLCK, SEEK_SET, 0, 10);
	lock(file, F_SETLK, F_WRLCK, SEEK_SET, 20, 10);
	if (!fork()) {
		ask(file, F_GETLK, F_RDLCK, 0, 0);
		ask(file, F_GETLK, F_WRLCK, 5, 1);
		ask(file, F_GETLK, F_WRLCK, 10, 10);
		ask(file, F_OFD_GETLK, F_WRLCK, 0, 0);
		result("shared too", lock(file, F_SETLK, F_RDLCK, SEEK_SET, 0, 20));
		result("alone", lock(file, F_SETLK, F_WRLCK, SEEK_SET, 5, 1));
		result("alone, its own", lock(file, F_SETLK, F_WRLCK, SEEK_SET, 10, 10));
		result("lockf", lockf(file, F_TEST, 0));
		say(down[1]);
		hear(up[0]);
		_exit(0);
	}
	hear(down[0]);
	result("shared by two", lock(file, F_SETLK, F_WRLCK, SEEK_SET, 0, 10));
	say(up[1]);
	wait(NULL);
	result("it is gone", lock(file, F_SETLK, F_WRLCK, SEEK_SET, 0, 20));
	close(dup(file));
	show("another descriptor was closed");
	lock(file, F_SETLK, F_WRLCK, SEEK_SET, 0, 20);
	dup2(file, up[0] + 50);
	dup2(0, up[0] + 50);
	show("another descriptor was taken");
	close(up[0] + 50);
	lock(file, F_SETLK, F_WRLCK, SEEK_SET, 0, 20);
	close(open("records", O_RDONLY));
	show("opened and closed once more");
}

static void nothing(int signal)
{
	(void)signal;
}

/* A process that holds bytes 0 to 9, and gives them up when it is told to. */
static pid_t holder(void)
{
	pid_t pid = fork();

	if (!pid) {
		lock(file, F_SETLK, F_WRLCK, SEEK_SET, 0, 10);
		say(down[1]);
		hear(up[0]);
		_exit(0);
	}
	hear(down[0]);
	return pid;
}

static void waits(void)
{
	struct sigaction action = {.sa_handler = nothing};
	struct itimerval soon = {.it_value = {0, 30000}};
	pid_t pid = holder();

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	result("interrupted", lock(file, F_SETLKW, F_WRLCK, SEEK_SET, 5, 10));
	if (!fork()) {
		usleep(30000);
		kill(getppid(), SIGALRM);
		usleep(30000);
		kill(pid, SIGTERM);
		_exit(0);
	}
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	result("waited", lock(file, F_SETLKW, F_WRLCK, SEEK_SET, 5, 10));
	wait(NULL);
	wait(NULL);
	show("ours");
	lock(file, F_SETLK, F_UNLCK, SEEK_SET, 0, 0);
}

/* We have 0 to 9 and want 20; the other has 20 and wants 0. */
static void deadlock(int first, int second)
{
	int rc;

	lock(file, F_SETLK, F_WRLCK, SEEK_SET, 0, 10);
	if (!fork()) {
		lock(file, F_SETLK, F_WRLCK, SEEK_SET, 20, 10);
		say(down[1]);
		rc = lock(file, F_SETLKW, first, SEEK_SET, 0, 1);
		result("the other", rc);
		_exit(0);
	}
	hear(down[0]);
	usleep(30000);
	result("deadlock", lock(file, F_SETLKW, second, SEEK_SET, 20, 1));
	result("without waiting", lock(file, F_SETLK, second, SEEK_SET, 20, 1));
	lock(file, F_SETLK, F_UNLCK, SEEK_SET, 0, 0);
	wait(NULL);
}

static void open_files(void)
{
	int other = open("records", O_RDWR), copy;

	result("open file", lock(file, F_OFD_SETLK, F_WRLCK, SEEK_SET, 0, 10));
	result("another open file", lock(other, F_OFD_SETLK, F_RDLCK, SEEK_SET, 5, 1));
	ask(other, F_OFD_GETLK, F_RDLCK, 0, 100);
	ask(other, F_GETLK, F_RDLCK, 0, 100);
	result("the process", lock(file, F_SETLK, F_WRLCK, SEEK_SET, 0, 10));
	copy = dup(file);
	close(copy);
	close(open("records", O_RDONLY));
	result("still there", lock(other, F_OFD_SETLK, F_RDLCK, SEEK_SET, 5, 1));
	if (!fork()) {
		result("inherited", lock(file, F_OFD_SETLK, F_RDLCK, SEEK_SET, 0, 10));
		_exit(0);
	}
	wait(NULL);
	result("shared now", lock(other, F_OFD_SETLK, F_RDLCK, SEEK_SET, 5, 1));
	if (!fork()) {
		usleep(20000);
		lock(file, F_OFD_SETLK, F_UNLCK, SEEK_SET, 0, 0);
		_exit(0);
	}
	result("waited", lock(other, F_OFD_SETLKW, F_WRLCK, SEEK_SET, 0, 10));
	wait(NULL);
	result("flock beside it", flock(file, LOCK_EX | LOCK_NB));
	result("flock of another", flock(other, LOCK_EX | LOCK_NB));
	close(other);
	result("closed", lock(file, F_OFD_SETLK, F_WRLCK, SEEK_SET, 0, 10));
	lock(file, F_OFD_SETLK, F_UNLCK, SEEK_SET, 0, 0);
}

static void *lock_and_count(void *counter)
{
	for (int i = 0; i < 100; i++) {
		int fd = open("records", O_RDWR);
		lock(fd, F_OFD_SETLKW, F_WRLCK, SEEK_SET, 0, 0);
		int n = *(volatile int *)counter;
		sched_yield();
		*(volatile int *)counter = n + 1;
		close(fd);
	}
	return NULL;
}

static void *wait_for_lock(void *fd)
{
	long rc = lock(*(int *)fd, F_SETLKW, F_WRLCK, SEEK_SET, 0, 1);

	result("closed meanwhile", rc);
	return NULL;
}

static void of_threads(void)
{
	pthread_t t[4];
	int counter = 0, fd = dup(file);

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, lock_and_count, &counter);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	printf("%d\n", counter);
	holder();
	pthread_create(&t[0], NULL, wait_for_lock, &fd);
	usleep(30000);
	close(fd);
	say(up[1]);
	pthread_join(t[0], NULL);
	wait(NULL);
	show("nothing stays");
}

/* Each adds to a number in the file, under a lock. */
static void count(void)
{
	int n = 0;

	pwrite(file, &n, sizeof(n), 0);
	for (int i = 0; i < 4; i++)
		if (!fork()) {
			for (int k = 0; k < 50; k++) {
				lockf(file, F_LOCK, 0);
				pread(file, &n, sizeof(n), 0);
				sched_yield();
				n++;
				pwrite(file, &n, sizeof(n), 0);
				lockf(file, F_ULOCK, 0);
			}
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	pread(file, &n, sizeof(n), 0);
	printf("%d\n", n);
}

int main(void)
{
	file = open("records", O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (pipe(up) || pipe(down) || ftruncate(file, 500))
		return 1;
	ranges();
	errors();
	owners();
	waits();
	deadlock(F_WRLCK, F_WRLCK);
	deadlock(F_RDLCK, F_WRLCK);
	open_files();
	of_threads();
	lseek(file, 0, SEEK_SET);
	count();
	return 0;
}
