/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System V semaphores: values, several operations at once, waiting and who counts as waiting, undoing, removal; errors. */
#include "asleep.h"
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COUNT = 4, INFO = 3 };

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

static int handled;

static void handle(int signal)
{
	(void)signal;
	handled++;
}

static int op(int id, int number, int change, int flags)
{
	struct sembuf b = {(unsigned short)number, (short)change, (short)flags};

	return semop(id, &b, 1);
}

static int two(int id, int number, int change, int number2, int change2, int flags)
{
	struct sembuf b[2] = {{(unsigned short)number, (short)change, (short)flags},
			      {(unsigned short)number2, (short)change2, (short)flags}};

	return semop(id, b, 2);
}

static void show(const char *what, int id)
{
	printf("%s:", what);
	for (int i = 0; i < COUNT; i++) {
		int pid = semctl(id, i, GETPID);
		printf(" %d (%s, %d more, %d zero)", semctl(id, i, GETVAL),
		       !pid		 ? "nobody"
		       : pid == getpid() ? "self"
					 : "other",
		       semctl(id, i, GETNCNT), semctl(id, i, GETZCNT));
	}
	printf("\n");
	fflush(stdout);
}

static int make(void)
{
	return semget(IPC_PRIVATE, COUNT, 0600);
}

static void set(int id, int number, int value)
{
	if (semctl(id, number, SETVAL, (union semun){.val = value}))
		result("SETVAL", -1);
}

static void keys(void)
{
	int key = 0x56550000 | (getpid() & 0xffff), id;

	result("none has the key", semget(key, 1, 0600));
	id = semget(key, COUNT, IPC_CREAT | IPC_EXCL | 0640);
	result("made", id < 0);
	result("again", semget(key, 1, IPC_CREAT | IPC_EXCL));
	result("found", semget(key, 1, 0) - id);
	result("of any number", semget(key, 0, IPC_CREAT) - id);
	result("too few", semget(key, COUNT + 1, 0));
	show("new", id);
	result("removed", semctl(id, 0, IPC_RMID));
	result("removed again", semctl(id, 0, IPC_RMID));
	result("of none", semget(IPC_PRIVATE, 0, 0600));
	result("of too many", semget(IPC_PRIVATE, 32001, 0600));
	result("of a negative number", semget(IPC_PRIVATE, -1, 0600));
	id = semget(IPC_PRIVATE, 32000, 0600);
	result("of the most", id < 0);
	set(id, 31999, 5);
	result("the last", semctl(id, 31999, GETVAL));
	semctl(id, 0, IPC_RMID);
}

static void values(int id)
{
	unsigned short value[COUNT] = {1, 2, 3, 32767}, too_large[COUNT] = {1, 2, 3, 32768};
	struct sembuf many[501] = {{0}};

	result("all", semctl(id, 0, SETALL, (union semun){.array = value}));
	show("all", id);
	result("one too large", semctl(id, 0, SETALL, (union semun){.array = too_large}));
	result("from nowhere", semctl(id, 0, SETALL, (union semun){.array = (void *)8}));
	memset(value, 0, sizeof(value));
	result("got", semctl(id, 0, GETALL, (union semun){.array = value}));
	printf("%d %d %d %d\n", value[0], value[1], value[2], value[3]);
	result("to nowhere", semctl(id, 0, GETALL, (union semun){.array = (void *)8}));
	result("negative", semctl(id, 0, SETVAL, (union semun){.val = -1}));
	result("too large", semctl(id, 0, SETVAL, (union semun){.val = 32768}));
	result("no such semaphore", semctl(id, COUNT, SETVAL, (union semun){.val = 1}));
	result("no such semaphore", semctl(id, COUNT, GETVAL));
	result("negative number", semctl(id, -1, GETVAL));
	result("no such command", semctl(id, 0, 99));
	result("no such set", semctl(id + 1, 0, GETVAL));
	result("up", op(id, 0, 5, 0));
	result("beyond", op(id, 3, 1, 0));
	result("down", op(id, 3, -32767, 0));
	result("zero", op(id, 3, 0, 0));
	result("would wait", op(id, 3, -1, IPC_NOWAIT));
	result("would wait for zero", op(id, 0, 0, IPC_NOWAIT));
	show("now", id);
	result("both", two(id, 0, -1, 1, -2, IPC_NOWAIT));
	result("one or none", two(id, 0, -1, 1, -1, IPC_NOWAIT));
	result("twice the same", two(id, 0, -4, 0, -1, IPC_NOWAIT));
	result("down and zero", two(id, 2, -3, 2, 0, IPC_NOWAIT));
	result("zero and up", two(id, 2, 0, 2, 1, IPC_NOWAIT));
	show("now", id);
	result("no such semaphore", op(id, COUNT, 1, 0));
	result("none", semop(id, many, 0));
	result("many", semop(id, many + 1, 500) * 0);
	result("too many", semop(id, many, 501));
	result("from nowhere", semop(id, (void *)8, 1));
	result("no such set", op(id + 1, 0, 1, 0));
	result("negative set", op(-1, 0, 1, 0));
}

/* A child does this, and says how it ended. */
static pid_t child(int id, int number, int change, int flags, const char *name)
{
	pid_t pid = fork();

	if (pid) {
		asleep(pid);
		return pid;
	}
	result(name, op(id, number, change, flags));
	_exit(0);
}

static void waiting(int id)
{
	for (int i = 0; i < COUNT; i++)
		set(id, i, 0);
	child(id, 0, -2, 0, "woken");
	child(id, 0, -1, 0, "one");
	set(id, 1, 1);
	child(id, 1, 0, 0, "woken");
	show("three wait", id);
	op(id, 0, 1, 0);
	wait(NULL);
	show("two wait", id);
	two(id, 0, 2, 1, -1, 0);
	while (wait(NULL) > 0)
		;
	show("none waits", id);
	child(id, 2, -1, 0, "one");
	child(id, 2, -1, 0, "one");
	set(id, 2, 2);
	while (wait(NULL) > 0)
		;
	show("by SETVAL", id);
}

static void interrupted(int id)
{
	struct itimerval soon = {{0, 50000}, {0, 50000}}, never = {{0}};
	struct timespec t = {0, 20000000}, bad = {0, 1000000000};
	struct sembuf b = {0, -1, 0};

	set(id, 0, 0);
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = handle, .sa_flags = SA_RESTART}, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	result("interrupted", op(id, 0, -1, 0));
	setitimer(ITIMER_REAL, &never, NULL);
	printf("handled %d\n", handled > 0);
	result("in time", semtimedop(id, &b, 1, &t));
	result("no time", semtimedop(id, &b, 1, &bad));
	t.tv_nsec = 0;
	result("at once", semtimedop(id, &b, 1, &t));
	result("time from nowhere", semtimedop(id, &b, 1, (void *)8));
	show("nobody waits", id);
}

static void undoing(int id)
{
	int up[2], pid;
	char c;

	for (int i = 0; i < COUNT; i++)
		set(id, i, 5);
	if (!fork()) {
		op(id, 0, -3, SEM_UNDO);
		op(id, 1, 2, SEM_UNDO);
		op(id, 2, -2, 0);
		op(id, 3, -1, SEM_UNDO);
		show("in the child", id);
		set(id, 3, 1);
		if (!fork()) {
			op(id, 0, -1, 0);
			_exit(0);
		}
		wait(NULL);
		_exit(0);
	}
	wait(NULL);
	show("undone", id);
	pid = fork();
	if (!pid) {
		op(id, 0, 4, SEM_UNDO);
		op(id, 1, -5, SEM_UNDO);
		set(id, 0, 1);
		op(id, 0, 1, SEM_UNDO);
		op(id, 0, -2, 0);
		execl("/proc/self/exe", "sem", "waits", NULL);
		_exit(1);
	}
	asleep(pid);
	show("kept over exec", id);
	kill(pid, SIGTERM);
	wait(NULL);
	show("undone, not below zero", id);
	if (!fork()) {
		result("undo too much", two(id, 0, 32000, 0, -32000, 0));
		result("to be undone", op(id, 0, 20000, SEM_UNDO));
		op(id, 0, -20000, 0);
		result("beyond", two(id, 1, 1, 0, 20000, SEM_UNDO));
		_exit(0);
	}
	wait(NULL);
	show("some", id);
	set(id, 0, 0);
	pipe(up);
	if (!fork()) {
		op(id, 0, 1, SEM_UNDO);
		child(id, 0, 0, 0, "zero at the end");
		_exit(0);
	}
	wait(NULL);
	close(up[1]);
	read(up[0], &c, 1); /* until all who had the other end are gone */
	show("end", id);
}

static void removal(void)
{
	int id = make();

	child(id, 0, -1, 0, "removed");
	child(id, 1, -1, SEM_UNDO, "removed");
	if (semctl(id, 0, IPC_RMID))
		result("remove", -1);
	while (wait(NULL) > 0)
		;
	result("not there", op(id, 0, 1, 0));
}

static void killed(int id)
{
	pid_t pid;

	set(id, 0, 0);
	pid = child(id, 0, -1, 0, "not");
	show("one waits", id);
	kill(pid, SIGKILL);
	wait(NULL);
	show("none waits", id);
	op(id, 0, 1, 0);
	show("it stays", id);
}

static void control(int id)
{
	struct semid_ds d;
	struct seminfo info;
	time_t now = time(NULL);

	result("stat", semctl(id, 0, IPC_STAT, (union semun){.buf = &d}));
	printf("mode %o, %lu, times %d %d\n", d.sem_perm.mode, (unsigned long)d.sem_nsems, now - d.sem_otime < 60, now - d.sem_ctime < 60);
	d.sem_perm.mode = 07604;
	d.sem_perm.uid = 12;
	result("set", semctl(id, 0, IPC_SET, (union semun){.buf = &d}));
	semctl(id, 0, IPC_STAT, (union semun){.buf = &d});
	printf("mode %o, user %d, creator %d\n", d.sem_perm.mode, d.sem_perm.uid, d.sem_perm.cuid);
	result("to nowhere", semctl(id, 0, IPC_STAT, (union semun){.buf = (void *)8}));
	result("limits", semctl(0, 0, INFO, (union semun){.info = &info}) < 0);
	printf("%d %d %d %d %d %d\n", info.semmsl, info.semmni, info.semopm, info.semvmx, info.semusz, info.semaem);
	result("use", semctl(0, 0, SEM_INFO, (union semun){.info = &info}) < 0);
	printf("%d %d\n", info.semusz > 0, info.semaem >= COUNT);
	result("by index", semctl(id & 0x7fff, 0, SEM_STAT, (union semun){.buf = &d}) - id);
}

static void together(int id)
{
	set(id, 0, 1);
	set(id, 1, 0);
	for (int i = 0; i < 3; i++)
		if (!fork()) {
			for (int n = 0; n < 200; n++) {
				op(id, 0, -1, SEM_UNDO);
				op(id, 1, 1, 0);
				op(id, 0, 1, SEM_UNDO);
			}
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	show("all together", id);
}

int main(int n, char **argument)
{
	int id;

	(void)argument;
	if (n > 1) {
		for (;;)
			pause();
	}
	keys();
	id = make();
	values(id);
	waiting(id);
	interrupted(id);
	undoing(id);
	killed(id);
	together(id);
	control(id);
	result("removed", semctl(id, 0, IPC_RMID));
	removal();
	return 0;
}
