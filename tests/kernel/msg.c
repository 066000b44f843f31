/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System V message queues: types, sizes, waiting on both sides, removal; errors. */
#include "asleep.h"
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

enum { INFO = 3, SIZE = 8192 };

static struct {
	long type;
	char text[SIZE + 8];
} out, in;

static int handled;

static void handle(int signal)
{
	(void)signal;
	handled++;
}

static int send(int id, long type, const char *text, int flags)
{
	out.type = type;
	strcpy(out.text, text);
	return msgsnd(id, &out, strlen(text) + 1, flags);
}

static void get(const char *what, int id, long size, long type, int flags)
{
	long n;

	memset(&in, '.', sizeof(in));
	n = msgrcv(id, &in, size, type, flags);
	if (n < 0)
		result(what, n);
	else
		printf("%s: %ld, type %ld, %.*s\n", what, n, in.type, (int)strnlen(in.text, n), in.text);
	fflush(stdout);
}

static const char *who(int pid)
{
	return pid == 0 ? "nobody" : pid == getpid() ? "self" : "other";
}

static void show(const char *what, int id)
{
	struct msqid_ds d;
	time_t now = time(NULL);

	if (msgctl(id, IPC_STAT, &d)) {
		result(what, -1);
		return;
	}
	printf("%s: %lu messages, %lu of %lu bytes, mode %o, sent by %s, received by %s, times %d %d %d\n", what, (unsigned long)d.msg_qnum,
	       (unsigned long)d.__msg_cbytes, (unsigned long)d.msg_qbytes, d.msg_perm.mode, who(d.msg_lspid), who(d.msg_lrpid),
	       d.msg_stime && now - d.msg_stime < 60, d.msg_rtime && now - d.msg_rtime < 60, now - d.msg_ctime < 60);
	fflush(stdout);
}

static void keys(void)
{
	int key = 0x56560000 | (getpid() & 0xffff), id;

	result("none has the key", msgget(key, 0600));
	id = msgget(key, IPC_CREAT | IPC_EXCL | 0640);
	result("made", id < 0);
	result("again", msgget(key, IPC_CREAT | IPC_EXCL));
	result("found", msgget(key, IPC_CREAT) - id);
	show("new", id);
	result("removed", msgctl(id, IPC_RMID, NULL));
	result("removed again", msgctl(id, IPC_RMID, NULL));
	result("none has the key", msgget(key, 0));
	result("gone", send(id, 1, "text", 0));
	get("gone", id, SIZE, 0, IPC_NOWAIT);
}

static void types(int id)
{
	get("none", id, SIZE, 0, IPC_NOWAIT);
	for (int i = 0; i < 2; i++) {
		send(id, 5, "five", 0);
		send(id, 3, "three", 0);
		send(id, 7, "seven", 0);
		send(id, 3, "another three", 0);
		send(id, 1000, "thousand", 0);
	}
	show("ten", id);
	get("any", id, SIZE, 0, 0);
	get("three", id, SIZE, 3, 0);
	get("not three", id, SIZE, 3, MSG_EXCEPT);
	get("up to ten", id, SIZE, -10, 0);
	get("up to three", id, SIZE, -3, 0);
	get("up to three", id, SIZE, -3, 0);
	get("up to three", id, SIZE, -3, IPC_NOWAIT);
	get("up to any", id, SIZE, LONG_MIN, 0);
	get("eight", id, SIZE, 8, IPC_NOWAIT);
	show("some", id);
	while (msgrcv(id, &in, SIZE, 0, IPC_NOWAIT) >= 0)
		printf("%ld ", in.type);
	result("no more", -1);
	show("none", id);
}

static void sizes(int id)
{
	send(id, 1, "a long text", 0);
	get("no room", id, 4, 0, 0);
	get("no room", id, 0, 1, 0);
	get("cut", id, 4, 0, MSG_NOERROR);
	get("gone", id, 4, 0, IPC_NOWAIT);
	out.type = 2;
	result("empty", msgsnd(id, &out, 0, 0));
	get("empty", id, 0, 0, 0);
	result("the largest", msgsnd(id, &out, SIZE, 0));
	result("too large", msgsnd(id, &out, SIZE + 1, 0));
	result("negative", msgsnd(id, &out, -1, 0));
	result("another", msgsnd(id, &out, SIZE, 0));
	show("full", id);
	result("no room", msgsnd(id, &out, 1, IPC_NOWAIT));
	result("nothing has room", msgsnd(id, &out, 0, IPC_NOWAIT));
	get("received", id, SIZE, 0, 0);
	get("received", id, LONG_MAX, 0, 0);
	get("negative", id, -1, 0, 0);
	result("type 0", send(id, 0, "x", 0));
	result("type -1", send(id, -1, "x", 0));
	result("from nowhere", msgsnd(id, (void *)8, 1, 0));
	result("no queue", send(id + 1, 1, "x", 0));
	result("negative queue", send(-1, 1, "x", 0));
	get("negative queue", -1, 1, 1, 0);
	send(id, 1, "x", 0);
	result("to nowhere", msgrcv(id, (void *)8, 10, 0, 0));
	result("lost", msgrcv(id, &in, 10, 0, IPC_NOWAIT));
	result("a copy, and not", msgrcv(id, &in, 10, 0, MSG_COPY));
}

static void child(int id, long size, long type, int flags, const char *name)
{
	int pid = fork();

	if (!pid) {
		get(name, id, size, type, flags);
		_exit(0);
	}
	asleep(pid);
}

static void all_end(void)
{
	while (wait(NULL) > 0)
		;
}

static void waiting(int id)
{
	long n;

	child(id, SIZE, 5, 0, "five");
	child(id, SIZE, -4, 0, "up to four");
	child(id, 2, 0, 0, "any, short");
	send(id, 5, "is five", 0);
	wait(NULL);
	send(id, 3, "is three", 0);
	wait(NULL);
	send(id, 3, "is again", 0);
	wait(NULL);
	show("the long one stays", id);
	get("stayed", id, SIZE, 0, IPC_NOWAIT);
	child(id, SIZE, 0, 0, "given");
	send(id, 1, "to who waits", 0);
	n = msgrcv(id, &in, SIZE, 0, IPC_NOWAIT);
	all_end();
	printf("here: %ld\n", n);
	show("received by another", id);
	out.type = 1;
	msgsnd(id, &out, SIZE, 0);
	msgsnd(id, &out, SIZE, 0);
	for (int i = 1; i < 4; i++) {
		int pid = fork();
		if (!pid) {
			out.type = i;
			_exit(msgsnd(id, &out, 10, 0) != 0);
		}
		asleep(pid);
	}
	show("three wait", id);
	get("one", id, SIZE, 0, 0);
	all_end();
	show("they sent", id);
	get("one", id, SIZE, 0, 0);
	for (int i = 1; i < 4; i++)
		get("small", id, SIZE, i, 0);
}

static void interrupted(int id)
{
	struct itimerval soon = {{0, 50000}, {0, 50000}}, never = {{0}};

	sigaction(SIGALRM, &(struct sigaction){.sa_handler = handle, .sa_flags = SA_RESTART}, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	get("interrupted", id, SIZE, 0, 0);
	out.type = 1;
	msgsnd(id, &out, SIZE, 0);
	msgsnd(id, &out, SIZE, 0);
	setitimer(ITIMER_REAL, &soon, NULL);
	result("interrupted", msgsnd(id, &out, 1, 0));
	setitimer(ITIMER_REAL, &never, NULL);
	printf("handled %d\n", handled > 0);
	get("one", id, SIZE, 0, 0);
	get("one", id, SIZE, 0, 0);
}

static void removal(void)
{
	int id = msgget(IPC_PRIVATE, 0600), status, pid;

	child(id, SIZE, 0, 0, "removed");
	child(id, SIZE, 0, 0, "removed");
	if (msgctl(id, IPC_RMID, NULL))
		result("remove", -1);
	all_end();
	id = msgget(IPC_PRIVATE, 0600);
	out.type = 1;
	msgsnd(id, &out, SIZE, 0);
	msgsnd(id, &out, SIZE, 0);
	pid = fork();
	if (!pid) {
		result("sending", msgsnd(id, &out, SIZE, 0));
		_exit(0);
	}
	asleep(pid);
	msgctl(id, IPC_RMID, NULL);
	wait(&status);
	show("gone", id);
}

static void control(int id)
{
	struct msqid_ds d;
	struct msginfo info;
	int pid;

	msgctl(id, IPC_STAT, &d);
	d.msg_qbytes = 10;
	d.msg_perm.mode = 07604;
	result("set", msgctl(id, IPC_SET, &d));
	result("fits", send(id, 1, "123456789", IPC_NOWAIT));
	result("does not", send(id, 1, "", IPC_NOWAIT));
	show("small", id);
	pid = fork();
	if (!pid) {
		result("until it grows", send(id, 1, "text", 0));
		_exit(0);
	}
	asleep(pid);
	d.msg_qbytes = 100;
	msgctl(id, IPC_SET, &d);
	all_end();
	show("grown", id);
	result("set from nowhere", msgctl(id, IPC_SET, (void *)8));
	result("to nowhere", msgctl(id, IPC_STAT, (void *)8));
	result("no command", msgctl(id, 99, &d));
	result("limits", msgctl(0, INFO, (void *)&info) < 0);
	printf("%d %d %d %d\n", info.msgmax, info.msgmnb, info.msgmni, info.msgssz);
	result("use", msgctl(0, MSG_INFO, (void *)&info) < 0);
	printf("%d %d %d\n", info.msgpool > 0, info.msgmap >= 2, info.msgtql >= 15);
	result("by index", msgctl(id & 0x7fff, MSG_STAT, &d) - id);
}

int main(void)
{
	int id;

	keys();
	id = msgget(IPC_PRIVATE, 0600);
	types(id);
	sizes(id);
	waiting(id);
	interrupted(id);
	control(id);
	result("removed", msgctl(id, IPC_RMID, NULL));
	removal();
	return 0;
}
