/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for children, what they used, priorities and policies, processors. */
#include "result.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child_that(int status, int signal)
{
	pid_t child = fork();

	if (!child) {
		if (signal)
			kill(getpid(), signal);
		_exit(status);
	}
	return child;
}

static void waiting(void)
{
	siginfo_t info;
	pid_t child;
	int status;

	result("no child", waitid(P_ALL, 0, &info, WEXITED));
	child = child_that(7, 0);
	result("waitid, leaving it", waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT));
	printf("%d %d %d %d\n", info.si_signo, info.si_code, info.si_status, info.si_pid == child);
	info.si_pid = 1;
	result("waitid", waitid(P_PGID, 0, &info, WEXITED));
	printf("%d %d %d\n", info.si_code, info.si_status, info.si_pid == child);
	result("gone", waitid(P_PID, (id_t)child, &info, WEXITED));
	child = child_that(0, SIGKILL);
	waitid(P_ALL, 0, &info, WEXITED);
	printf("%d %d\n", info.si_code, info.si_status);
	child = fork();
	if (!child) {
		pause();
		_exit(0);
	}
	info.si_pid = 1;
	result("not yet", waitid(P_ALL, 0, &info, WEXITED | WNOHANG));
	printf("%d %d\n", info.si_signo, info.si_pid);
	result("not yet", waitpid(child, &status, WNOHANG));
	kill(child, SIGTERM);
	result("by its number", waitid(P_PID, (id_t)child, NULL, WEXITED));
	result("nothing to wait for", waitid(P_ALL, 0, &info, WNOHANG));
	result("options", waitid(P_ALL, 0, &info, WEXITED | 0x1000));
	result("of no kind", waitid(9, 0, &info, WEXITED));
	result("wait4's options", waitpid(-1, &status, 0x1000));
	printf("our parent is somebody else: %d\n", getppid() != getpid() && getppid() > 0);
}

static void usage(void)
{
	struct rusage before, after;
	size_t size = 8 << 20;

	getrusage(RUSAGE_SELF, &before);
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(p, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < size; i += 4096)
		p[i] = 1;
	getrusage(RUSAGE_SELF, &after);
	printf("faults: %d, resident: %d\n", after.ru_minflt - before.ru_minflt >= 2048 && after.ru_minflt - before.ru_minflt < 2100,
	       after.ru_maxrss >= 8192 && after.ru_maxrss - before.ru_maxrss < 10000);
	munmap(p, size);
	getrusage(RUSAGE_SELF, &before);
	printf("its most stays: %d\n", before.ru_maxrss >= after.ru_maxrss);
	if (!fork()) {
		p = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		_exit(p[5]);
	}
	wait(NULL);
	getrusage(RUSAGE_CHILDREN, &after);
	printf("children's: %d\n", after.ru_maxrss >= 16384 && after.ru_minflt > 10);
	result("nobody's", getrusage(5, &after));
}

static void *renamed(void *unused)
{
	char name[16] = "";

	prctl(PR_GET_NAME, name);
	printf("inherited %s\n", name);
	prctl(PR_SET_NAME, "worker");
	prctl(PR_GET_NAME, name);
	printf("own %s\n", name);
	return unused;
}

static void names(void)
{
	char name[16] = "";
	pthread_t t;

	prctl(PR_SET_NAME, "a name that is too long");
	pthread_create(&t, NULL, renamed, NULL);
	pthread_join(t, NULL);
	prctl(PR_GET_NAME, name);
	printf("still %s\n", name);
}

static void *nicer(void *unused)
{
	result("inherited", getpriority(PRIO_PROCESS, 0));
	result("of this thread", setpriority(PRIO_PROCESS, 0, 9));
	result("nice", getpriority(PRIO_PROCESS, 0));
	result("as a call", syscall(SYS_getpriority, PRIO_PROCESS, 0));
	result("of the first", getpriority(PRIO_PROCESS, getpid()));
	return unused;
}

static void nice_values(void)
{
	pthread_t t;
	long shown[2] = {99, 99};
	FILE *f;

	setpgid(0, 0);
	result("nice", nice(3));
	pthread_create(&t, NULL, nicer, NULL);
	pthread_join(t, NULL);
	result("still", getpriority(PRIO_PROCESS, 0));
	if (!fork()) {
		result("inherited", getpriority(PRIO_PROCESS, 0));
		setpriority(PRIO_PROCESS, 0, 5);
		result("of the group", getpriority(PRIO_PGRP, 0));
		result("set for the group", setpriority(PRIO_PGRP, getpgrp(), 6));
		_exit(0);
	}
	wait(NULL);
	result("set by another", getpriority(PRIO_PROCESS, getpid()));
	f = fopen("/proc/self/stat", "r");
	if (f && fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %ld %ld", &shown[0], &shown[1]) > 0)
		printf("shown: %ld %ld\n", shown[0], shown[1]);
}

static void priorities(void)
{
	struct sched_param p = {.sched_priority = 5};
	cpu_set_t set;
	unsigned cpu = 99, node = 99;
	struct timespec t;

	errno = 0;
	result("nice", getpriority(PRIO_PROCESS, 0));
	result("set", setpriority(PRIO_PROCESS, 0, 7));
	result("nice", getpriority(PRIO_PROCESS, 0));
	result("set", setpriority(PRIO_PROCESS, 0, 77));
	result("nice", getpriority(PRIO_PROCESS, 0));
	result("nobody", getpriority(PRIO_PROCESS, 999999));
	result("of no kind", getpriority(9, 0));
	setpriority(PRIO_PROCESS, 0, 0);
	result("highest", sched_get_priority_max(SCHED_FIFO));
	result("lowest", sched_get_priority_min(SCHED_RR));
	result("of others", sched_get_priority_max(SCHED_OTHER));
	result("of no policy", sched_get_priority_max(77));
	result("policy", syscall(SYS_sched_getscheduler, 0));
	result("parameter", syscall(SYS_sched_getparam, 0, &p));
	printf("%d\n", p.sched_priority);
	p.sched_priority = 100;
	result("too high", syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p));
	p.sched_priority = 1;
	result("others have none", syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p));
	p.sched_priority = 0;
	result("batch", syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &p));
	result("policy", syscall(SYS_sched_getscheduler, 0));
	result("nobody", syscall(SYS_sched_getscheduler, 999999));
	result("no parameter", syscall(SYS_sched_setparam, 0, NULL));
	result("interval", syscall(SYS_sched_rr_get_interval, 0, &t));
	result("affinity", sched_getaffinity(0, sizeof(set), &set));
	printf("%d\n", CPU_ISSET(0, &set) != 0);
	result("too small", syscall(SYS_sched_getaffinity, 0, 4, &set));
	CPU_ZERO(&set);
	result("none", sched_setaffinity(0, sizeof(set), &set));
	CPU_SET(0, &set);
	result("the first", sched_setaffinity(0, sizeof(set), &set));
	result("of nobody", sched_setaffinity(999999, sizeof(set), &set));
	result("yield", sched_yield());
	result("getcpu", syscall(SYS_getcpu, &cpu, &node, NULL));
	printf("%u %u\n", cpu, node);
}

/* What a process loads into FS is nothing to another, even to one whose FS has the same base. */
static void selectors(void)
{
	pid_t child = fork();
	int status;

	if (!child)
		__asm__ volatile("xor %%eax, %%eax; mov %%ax, %%fs; mov $50, %%r12d; 1: mov %0, %%eax; syscall; dec %%r12d; jnz 1b;"
				 "mov $3, %%edi; mov %1, %%eax; syscall"
				 :
				 : "i"(SYS_sched_yield), "i"(SYS_exit_group)
				 : "rax", "rcx", "r11", "r12", "rdi", "memory");
	for (int i = 0; i < 20; i++) {
		sched_yield();
		errno = 0;
		if (close(-1) != -1 || errno != EBADF)
			printf("another errno\n");
	}
	waitpid(child, &status, 0);
	printf("its status: %d\n", WEXITSTATUS(status));
}

int main(void)
{
	waiting();
	selectors();
	usage();
	priorities();
	nice_values();
	names();
	return 0;
}
