/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose turn at the terminal it is: groups in the foreground and background, what stops them, errors. Wants a terminal. */
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void end(const char *what, int pid)
{
	int status = 0;

	waitpid(pid, &status, WUNTRACED | WCONTINUED);
	if (WIFSTOPPED(status))
		printf("%s: stopped by %d\n", what, WSTOPSIG(status));
	else if (WIFCONTINUED(status))
		printf("%s: goes on\n", what);
	else if (WIFSIGNALED(status))
		printf("%s: ended by %d\n", what, WTERMSIG(status));
	else
		printf("%s: status %d\n", what, WEXITSTATUS(status));
	fflush(stdout);
}

/* A child in a group of its own, in the background, does this. */
static int child(int (*work)(void))
{
	int pid = fork();

	if (!pid) {
		setpgid(0, 0);
		_exit(work());
	}
	setpgid(pid, pid);
	return pid;
}

static int reads(void)
{
	char c;

	return read(0, &c, 1) == 1 ? 1 : errno;
}

static int reads_deaf(void)
{
	signal(SIGTTIN, SIG_IGN);
	return reads();
}

static int up[2];

/* The one who could continue it ends first. */
static int leaves_orphan(void)
{
	int parent = getpid(), rc;

	if (fork())
		return 0;
	while (getppid() == parent)
		usleep(10000);
	rc = reads();
	write(up[1], &rc, sizeof(rc));
	return 0;
}

static int takes(void)
{
	return tcsetpgrp(0, getpgrp()) ? errno : 1;
}

static int takes_deaf(void)
{
	signal(SIGTTOU, SIG_IGN);
	return takes();
}

static int changes(void)
{
	struct termios t;

	tcgetattr(0, &t);
	return tcsetattr(0, TCSANOW, &t) ? errno : 1;
}

static int writes(void)
{
	return write(1, "written\n", 8) == 8 ? 1 : errno;
}

static int alone(void)
{
	setsid();
	result("no group", tcgetpgrp(0));
	result("no session", tcgetsid(0));
	result("not set", tcsetpgrp(0, getpgrp()));
	return 9;
}

static int waits(void)
{
	for (;;)
		pause();
}

static void stopped(const char *what, int (*work)(void))
{
	int pid = child(work);

	end(what, pid);
	kill(pid, SIGKILL);
	end(what, pid);
}

int main(void)
{
	struct termios t;
	int pid, group = getpgrp();

	result("in the foreground", tcgetpgrp(0) - group);
	result("session", tcgetsid(0) - getsid(0));
	stopped("reads", reads);
	end("reads, deaf", child(reads_deaf));
	stopped("takes it", takes);
	stopped("changes it", changes);
	end("writes", child(writes));
	tcgetattr(0, &t);
	t.c_lflag |= TOSTOP;
	tcsetattr(0, TCSANOW, &t);
	stopped("writes, not for everybody", writes);
	t.c_lflag &= ~(tcflag_t)TOSTOP;
	tcsetattr(0, TCSANOW, &t);
	pid = fork();
	if (!pid)
		_exit(alone());
	end("alone", pid);
	pipe(up);
	end("leaves an orphan", child(leaves_orphan));
	read(up[0], &pid, sizeof(pid));
	printf("orphan: %d\n", pid);
	signal(SIGTTOU, SIG_IGN);
	end("takes it, deaf", child(takes_deaf));
	result("back", tcsetpgrp(0, group));
	pid = child(waits);
	result("given", tcsetpgrp(0, pid));
	result("theirs", tcgetpgrp(0) - pid);
	result("back", tcsetpgrp(0, group));
	kill(pid, SIGSTOP);
	end("waits", pid);
	kill(pid, SIGCONT);
	end("waits", pid);
	kill(pid, SIGKILL);
	end("waits", pid);
	result("of nobody", tcsetpgrp(0, 99999));
	result("negative", tcsetpgrp(0, -1));
	result("from nowhere", ioctl(0, TIOCSPGRP, 8));
	result("no terminal", tcgetpgrp(open("/dev/null", O_RDWR)));
	return 0;
}
