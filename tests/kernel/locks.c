/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mutexes whose owner dies, and those with an owner in the kernel (priority inheritance); the futex calls behind them. */
#include "result.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_PI = 6, UNLOCK_PI = 7, TRYLOCK_PI = 8 };

static struct shared {
	pthread_mutex_t mutex;
	uint32_t word;
	int count;
	volatile int held, go;
} * shared;

static void make(int protocol, int robust)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setprotocol(&a, protocol);
	pthread_mutexattr_setrobust(&a, robust);
	result("init", pthread_mutex_init(&shared->mutex, &a));
}

/* until: until it is told to */
static void *die_holding(void *until)
{
	pthread_mutex_lock(&shared->mutex);
	shared->held = 1;
	usleep(20000);
	while (until && !shared->go)
		usleep(1000);
	return until;
}

static void wait_held(void)
{
	while (!shared->held)
		usleep(1000);
	shared->held = 0;
}

static void robust(int protocol)
{
	pthread_t t;

	make(protocol, PTHREAD_MUTEX_ROBUST);
	pthread_create(&t, NULL, die_holding, NULL);
	wait_held();
	result("its thread died while we waited", pthread_mutex_lock(&shared->mutex));
	pthread_join(t, NULL);
	result("consistent", pthread_mutex_consistent(&shared->mutex));
	result("unlock", pthread_mutex_unlock(&shared->mutex));
	if (!fork()) {
		pthread_mutex_lock(&shared->mutex);
		_exit(0);
	}
	wait(NULL);
	result("its process died before", pthread_mutex_lock(&shared->mutex));
	result("unlock, not consistent", pthread_mutex_unlock(&shared->mutex));
	result("for ever", pthread_mutex_lock(&shared->mutex));
	make(protocol, PTHREAD_MUTEX_ROBUST);
	if (!fork()) {
		pthread_mutex_lock(&shared->mutex);
		shared->held = 1;
		abort();
	}
	wait_held();
	result("its process was killed", pthread_mutex_lock(&shared->mutex));
	wait(NULL);
}

static void *add(void *unused)
{
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&shared->mutex);
		int n = shared->count;
		if (i % 50 == 0)
			sched_yield();
		shared->count = n + 1;
		pthread_mutex_unlock(&shared->mutex);
	}
	return unused;
}

static void inherit(void)
{
	pthread_t t[4];
	struct timespec soon;

	make(PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED);
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, add, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	printf("%d\n", shared->count);
	pthread_create(&t[0], NULL, die_holding, shared);
	wait_held();
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 5000000;
	if (soon.tv_nsec >= 1000000000) {
		soon.tv_nsec -= 1000000000;
		soon.tv_sec++;
	}
	result("held", pthread_mutex_trylock(&shared->mutex));
	result("in time", pthread_mutex_timedlock(&shared->mutex, &soon));
	shared->go = 1;
	pthread_join(t[0], NULL);
}

static long futex(int op)
{
	return syscall(SYS_futex, &shared->word, op, 0, NULL, NULL, 0);
}

static void calls(void)
{
	void *head;
	size_t size;

	result("free", futex(LOCK_PI));
	printf("ours: %d\n", shared->word == (uint32_t)syscall(SYS_gettid));
	result("again", futex(LOCK_PI));
	result("unlock", futex(UNLOCK_PI));
	printf("%x\n", shared->word);
	result("not ours", futex(UNLOCK_PI));
	shared->word = 1;
	result("somebody's", futex(TRYLOCK_PI));
	shared->word = 0x3fffff;
	result("nobody's", futex(LOCK_PI));
	shared->word = 0;
	if (!fork()) {
		futex(LOCK_PI);
		shared->held = 1;
		usleep(20000);
		futex(UNLOCK_PI);
		_exit(0);
	}
	wait_held();
	result("handed over", futex(LOCK_PI));
	printf("ours: %d\n", (shared->word & 0x3fffffff) == (uint32_t)syscall(SYS_gettid));
	result("unlock", futex(UNLOCK_PI));
	wait(NULL);
	result("size of the list", syscall(SYS_set_robust_list, 0, 5));
	result("the list", syscall(SYS_get_robust_list, 0, &head, &size));
	printf("%d\n", (int)size);
	result("of nobody", syscall(SYS_get_robust_list, 999999, &head, &size));
}

int main(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	robust(PTHREAD_PRIO_NONE);
	robust(PTHREAD_PRIO_INHERIT);
	inherit();
	calls();
	return 0;
}
