/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc of processes and threads: links, lists, what is said of others, of the dead and the gone. */
#include "result.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[8192];

/* A file of a process, as text. */
static char *contents(int pid, const char *file)
{
	char path[100];
	int fd, n;

	sprintf(path, "/proc/%d/%s", pid, file);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : (int)read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return strerror(errno);
	close(fd);
	text[n] = 0;
	return text;
}

/* One line of it. */
static char *line(int pid, const char *file, const char *name)
{
	char *at = strstr(contents(pid, file), name);

	if (!at)
		return "none";
	at[strcspn(at, "\n")] = 0;
	return at;
}

/* How many names a directory has, and whether this number is among them. */
static int count(const char *directory, int number, int *there)
{
	DIR *d = opendir(directory);
	struct dirent *e;
	int n = 0;

	*there = 0;
	while (d && (e = readdir(d))) {
		n += e->d_name[0] != '.';
		*there += atoi(e->d_name) == number;
	}
	if (d)
		closedir(d);
	return n;
}

static void *thread(void *argument)
{
	int there, n = count("/proc/self/task", (int)syscall(SYS_gettid), &there);
	char path[100], *end;

	(void)argument;
	printf("tasks %d, this one %d\n", n, there);
	n = (int)readlink("/proc/thread-self", text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	sprintf(path, "%d/task/%d", (int)getpid(), (int)syscall(SYS_gettid));
	printf("thread-self: %d\n", strcmp(text, path));
	prctl(PR_SET_NAME, "other");
	sprintf(path, "task/%d/comm", (int)syscall(SYS_gettid));
	printf("thread: %s", contents(getpid(), path));
	printf("process: %s", contents(getpid(), "comm"));
	sprintf(path, "task/%d/status", (int)syscall(SYS_gettid));
	end = line(getpid(), path, "Pid:");
	printf("its number: %d; %s\n", atoi(end + 4) == (int)syscall(SYS_gettid), line(getpid(), path, "Threads:"));
	sprintf(path, "/proc/self/task/%d/task", (int)getpid());
	result("no tasks of tasks", access(path, F_OK));
	return NULL;
}

static int letter(int pid)
{
	char *end = strrchr(contents(pid, "stat"), ')');

	return end ? end[2] : '-';
}

static void others(void)
{
	int pid = fork(), there, fd, status;
	char path[100];

	if (!pid) {
		prctl(PR_SET_NAME, "child");
		open("/dev/null", O_RDONLY);
		for (;;)
			pause();
	}
	while (letter(pid) != 'S' || strcmp(contents(pid, "comm"), "child\n"))
		usleep(10000);
	count("/proc", pid, &there);
	printf("listed %d\n", there);
	printf("%s", contents(pid, "comm"));
	printf("%s, parent %d\n", line(pid, "status", "State"), atoi(line(pid, "status", "PPid:") + 5) == getpid());
	contents(pid, "cmdline");
	printf("the same program: %d\n", strstr(text, "procs") != NULL);
	printf("stack: %s\n", strstr(line(pid, "maps", "[stack]"), "[stack]"));
	sprintf(path, "/proc/%d/fd", pid);
	printf("one more open: %d\n", count(path, 3, &there) - count("/proc/self/fd", 0, &status) + 1);
	printf("it: %d\n", there);
	sprintf(path, "/proc/%d/fd/3", pid);
	result("where", readlink(path, text, sizeof(text)));
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	printf("stopped: %c\n", letter(pid));
	kill(pid, SIGCONT);
	sprintf(path, "/proc/%d", pid);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	kill(pid, SIGKILL);
	while (letter(pid) != 'Z')
		usleep(10000);
	printf("dead: %c\n", letter(pid));
	printf("%s\n", line(pid, "status", "State"));
	printf("command line: %d\n", (int)strlen(contents(pid, "cmdline")));
	waitpid(pid, &status, 0);
	result("gone", access(path, F_OK));
	printf("there no more: %d\n", openat(fd, "stat", O_RDONLY));
	close(fd);
}

int main(void)
{
	struct stat s;
	pthread_t t;
	int there, n;

	lstat("/proc/self", &s);
	printf("link %d\n", S_ISLNK(s.st_mode));
	n = (int)readlink("/proc/self", text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	printf("self %d\n", atoi(text) == getpid());
	count("/proc", getpid(), &there);
	printf("listed %d\n", there);
	printf("tasks %d\n", count("/proc/self/task", getpid(), &there));
	pthread_create(&t, NULL, thread, NULL);
	pthread_join(t, NULL);
	others();
	printf("%s", contents(99999999, "stat"));
	result("", 0);
	result("no number", access("/proc/12x", F_OK));
	result("meminfo", access("/proc/meminfo", F_OK));
	for (n = 0; n < 300; n++) { /* they leave nothing behind */
		if (!fork()) {
			_exit(access("/proc/self/stat", F_OK));
		}
		wait(&there);
	}
	printf("%d\n", there);
	return 0;
}
