/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads, mutexes, conditions, thread-local variables, a join with results: on one processor, by preemption. */
#include <pthread.h>
#include <stdio.h>

enum { THREADS = 4, ROUNDS = 2000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
static long sum;
static int turn;
static __thread long own;

static void *add(void *argument)
{
	long id = (long)argument;

	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		sum += id;
		own++;
		pthread_mutex_unlock(&mutex);
	}
	pthread_mutex_lock(&mutex);
	while (turn != id)
		pthread_cond_wait(&turn_changed, &mutex);
	printf("thread %ld: %ld rounds, a third is %.3f\n", id, own, (double)id / 3);
	turn++;
	pthread_cond_broadcast(&turn_changed);
	pthread_mutex_unlock(&mutex);
	return (void *)(id * id);
}

int main(void)
{
	pthread_t thread[THREADS];
	void *result;
	long results = 0;

	for (long i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, add, (void *)i);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &result);
		results += (long)result;
	}
	printf("results %ld\n", results);
	printf("sum %ld\n", sum);
	return 0;
}
