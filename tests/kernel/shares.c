/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What nice values do: how the processor's time is divided among those who could always use it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct shared {
	volatile int stop;
	volatile long ran, longest; /* milliseconds */
	volatile double used[8];
} * shared;

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void use(int i)
{
	double from = cpu();

	while (!shared->stop)
		for (volatile int k = 0; k < 300; k++)
			;
	shared->used[i] = cpu() - from;
}

/* Lets processes with these nice values compete; what each got of all, in percent. */
static void compete(const char *what, const int *nice_of, int n, int ms)
{
	double sum = 0;

	shared->stop = 0;
	for (int i = 0; i < n; i++)
		if (!fork()) {
			setpriority(PRIO_PROCESS, 0, nice_of[i]);
			use(i);
			_exit(0);
		}
	usleep((useconds_t)ms * 1000);
	shared->stop = 1;
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < n; i++)
		sum += shared->used[i];
	printf("%s:", what);
	for (int i = 0; i < n; i++) {
		double part = 100 * shared->used[i] / sum;
		printf(" %d", (int)(part + 5) / 10 * 10); /* in tens */
	}
	printf("\n");
}

static void *thread(void *nice_value)
{
	setpriority(PRIO_PROCESS, 0, *(int *)nice_value); /* the thread's alone */
	use(*(int *)nice_value ? 1 : 0);
	return NULL;
}

static void threads(void)
{
	pthread_t t[2];
	int value[2] = {0, 4};

	shared->stop = 0;
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, thread, &value[i]);
	usleep(20000);
	shared->stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	printf("threads: %s\n", shared->used[0] > 2 * shared->used[1] && shared->used[1] > 1 ? "by their own values" : "?");
}

/* Who sleeps most of the time is hardly kept waiting, however nice. */
static void sleeper(void)
{
	struct timespec from, to;

	shared->stop = 0;
	for (int i = 0; i < 2; i++)
		if (!fork()) {
			setpriority(PRIO_PROCESS, 0, i ? -10 : 10);
			use(i);
			_exit(0);
		}
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < 10; i++)
		usleep(1000);
	clock_gettime(CLOCK_MONOTONIC, &to);
	shared->stop = 1;
	while (wait(NULL) > 0)
		;
	double ms = (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
	printf("ten naps of a millisecond: %s\n", ms < 16 ? "in time" : "late");
}

/* Who yields is not alone in running, even with the best value. */
static void yields(void)
{
	int from = 0;

	shared->stop = 0;
	setpriority(PRIO_PROCESS, 0, -20);
	if (!fork()) {
		setpriority(PRIO_PROCESS, 0, 19);
		shared->stop = 1;
		_exit(0);
	}
	while (!shared->stop && from < 1000) {
		sched_yield();
		from++;
	}
	wait(NULL);
	setpriority(PRIO_PROCESS, 0, 0);
	printf("yielding: %s\n", from < 10 ? "the other came" : "alone");
}

static long milliseconds(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - from->tv_sec) * 1000 + (now.tv_nsec - from->tv_nsec) / 1000000;
}

/* Who has the worst value beside the best still runs once a second. */
static void starving(void)
{
	struct timespec from;

	shared->stop = shared->ran = shared->longest = 0;
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < 2; i++)
		if (!fork()) {
			setpriority(PRIO_PROCESS, 0, i ? -20 : 19);
			while (!shared->stop) {
				for (volatile int k = 0; k < 300; k++)
					;
				long now = milliseconds(&from);
				if (i || shared->stop)
					continue;
				if (now - shared->ran > shared->longest)
					shared->longest = now - shared->ran;
				shared->ran = now;
			}
			_exit(0);
		}
	usleep(2300000);
	shared->stop = 1;
	while (wait(NULL) > 0)
		;
	printf("starving: %s\n", shared->ran > 1200 && shared->longest > 500 && shared->longest < 1050 ? "not" : "yes");
}

int main(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	compete("equal", (int[]){0, 0}, 2, 20);
	compete("equally nice", (int[]){7, 7}, 2, 20);
	compete("five steps", (int[]){0, 5}, 2, 20);
	compete("five steps", (int[]){3, -2}, 2, 20);
	compete("three of one, one of another", (int[]){0, 0, 0, 5}, 4, 40);
	compete("the nicest", (int[]){19, -20}, 2, 20);
	compete("equal again", (int[]){0, 0}, 2, 20);
	threads();
	sleeper();
	yields();
	starving();
	return 0;
}
