/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks, sleeping, alarm, interval and POSIX timers; queued signals and waiting for them. Prints no time, only what must hold. */
#include "result.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t hits;
static volatile int value;

static void hit(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	hits++;
	value = info->si_value.sival_int;
}

static void on(int signal)
{
	struct sigaction action = {.sa_sigaction = hit, .sa_flags = SA_SIGINFO};

	sigaction(signal, &action, NULL);
}

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void spin(double seconds)
{
	for (double end = now(CLOCK_THREAD_CPUTIME_ID) + seconds; now(CLOCK_THREAD_CPUTIME_ID) < end;)
		for (volatile int i = 0; i < 10000; i++)
			;
}

/* Time of the processor is shared out by ticks on a host: how much a timer sees of it there is not exact. */
static void spin_for_hit(void)
{
	for (double end = now(CLOCK_THREAD_CPUTIME_ID) + 5; !hits && now(CLOCK_THREAD_CPUTIME_ID) < end;)
		spin(0.01);
}

static void sleeping(void)
{
	struct timespec bad = {0, 1000000000}, negative = {-1, 0}, left, short_time = {0, 30000000};
	double start;

	result("nanosleep of too many nanoseconds", nanosleep(&bad, NULL));
	result("nanosleep of negative seconds", nanosleep(&negative, NULL));
	result("nanosleep", nanosleep(&short_time, &left));
	errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, NULL);
	result("clock_nanosleep", errno ? -1 : 0);
	errno = clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &short_time, NULL);
	result("clock_nanosleep on processor time", errno ? -1 : 0);
	start = now(CLOCK_PROCESS_CPUTIME_ID);
	nanosleep(&short_time, NULL);
	printf("sleeping takes no processor time: %d\n", now(CLOCK_PROCESS_CPUTIME_ID) - start < 0.02);
	result("no such clock", clock_gettime(77, &left));
}

static void *worker(void *unused)
{
	spin(0.02);
	return unused;
}

static void processor_time(void)
{
	pthread_t thread;
	clockid_t clock;
	double own = now(CLOCK_THREAD_CPUTIME_ID), all = now(CLOCK_PROCESS_CPUTIME_ID);

	pthread_create(&thread, NULL, worker, NULL);
	pthread_join(thread, NULL);
	printf("another thread's time is not ours: %d\n", now(CLOCK_THREAD_CPUTIME_ID) - own < 0.015);
	printf("but the process's: %d\n", now(CLOCK_PROCESS_CPUTIME_ID) - all >= 0.02);
	result("pthread_getcpuclockid", pthread_getcpuclockid(pthread_self(), &clock));
	spin(0.01);
	printf("the thread's clock by number: %d\n", now(clock) >= 0.01 && now(clock) <= now(CLOCK_THREAD_CPUTIME_ID));
	result("clock_getcpuclockid", clock_getcpuclockid(0, &clock));
	printf("the process's clock by number: %d\n", now(clock) >= 0.03);
}

static void intervals(void)
{
	struct itimerval every = {{0, 20000}, {0, 20000}}, none = {{0, 0}, {0, 0}}, old, bad = {{0, 1000000}, {0, 0}};

	on(SIGALRM);
	on(SIGVTALRM);
	on(SIGPROF);
	result("alarm", alarm(100));
	result("alarm again", alarm(1));
	result("alarm off", alarm(0));
	result("setitimer", setitimer(ITIMER_REAL, &every, NULL));
	while (hits < 3)
		pause();
	result("setitimer", setitimer(ITIMER_REAL, &none, &old));
	printf("every %ld.%06ld, left %d\n", (long)old.it_interval.tv_sec, (long)old.it_interval.tv_usec, old.it_value.tv_usec > 0);
	result("getitimer", getitimer(ITIMER_REAL, &old));
	printf("off: %ld %ld\n", (long)old.it_value.tv_sec, (long)old.it_value.tv_usec);
	result("a bad time", setitimer(ITIMER_REAL, &bad, NULL));
	result("a bad timer", setitimer(3, &every, NULL));
	hits = 0;
	setitimer(ITIMER_VIRTUAL, &every, NULL);
	spin_for_hit();
	setitimer(ITIMER_VIRTUAL, &none, NULL);
	printf("virtual: %d\n", hits >= 1);
	hits = 0;
	setitimer(ITIMER_PROF, &every, NULL);
	if (!fork()) { /* the child has no timer */
		spin(0.03);
		_exit(hits);
	}
	int status;
	wait(&status);
	printf("in the child: %d\n", WEXITSTATUS(status));
	setitimer(ITIMER_PROF, &none, NULL);
	if (!fork()) {
		signal(SIGALRM, SIG_DFL);
		alarm(1);
		for (;;)
			pause();
	}
	wait(&status);
	printf("killed by %d\n", WTERMSIG(status));
}

static void posix_timers(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 77};
	struct itimerspec every = {{0, 10000000}, {0, 10000000}}, once = {{0, 0}, {0, 20000000}}, got, bad = {{0, 0}, {0, 1000000000}};
	timer_t timer;
	siginfo_t info;
	sigset_t set, old;

	on(SIGRTMIN + 1);
	hits = 0;
	result("timer_create", timer_create(CLOCK_MONOTONIC, &event, &timer));
	result("timer_settime", timer_settime(timer, 0, &once, NULL));
	while (!hits)
		pause();
	printf("value %d, overrun %d\n", value, timer_getoverrun(timer));
	timer_gettime(timer, &got);
	printf("off: %ld %ld\n", (long)got.it_value.tv_sec, got.it_value.tv_nsec);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &set, &old);
	timer_settime(timer, 0, &every, NULL);
	spin(0.06);
	printf("one signal: %d, others are overruns: %d\n", sigwaitinfo(&set, &info) == SIGRTMIN + 1 && info.si_value.sival_int == 77,
	       info.si_overrun >= 3);
	once.it_value.tv_nsec = 0;
	timer_settime(timer, 0, &once, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	result("a bad time", timer_settime(timer, 0, &bad, NULL));
	clock_gettime(CLOCK_REALTIME, &every.it_value);
	result("timer_delete", timer_delete(timer));
	result("a bad clock", timer_create(77, &event, &timer));
	event.sigev_signo = 99;
	result("a bad signal", timer_create(CLOCK_MONOTONIC, &event, &timer));
	result("timer_create", timer_create(CLOCK_REALTIME, NULL, &timer));
	hits = 0;
	every.it_value.tv_sec -= 1;
	result("a time that has passed", timer_settime(timer, TIMER_ABSTIME, &every, NULL));
	while (hits < 2)
		pause();
	timer_delete(timer);
	result("a timer that is gone", syscall(SYS_timer_gettime, 0, &got));
}

static void waiting(void)
{
	struct timespec soon = {0, 20000000}, bad = {0, -1};
	siginfo_t info;
	sigset_t set, old;
	union sigval v = {.sival_int = 5};

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 2);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	result("nothing comes", sigtimedwait(&set, NULL, &soon));
	result("a bad time", sigtimedwait(&set, NULL, &bad));
	for (int i = 0; i < 3; i++, v.sival_int++)
		result("sigqueue", sigqueue(getpid(), SIGRTMIN + 2, v));
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	printf("the lower number first: %d\n", sigwaitinfo(&set, &info) == SIGUSR1 && info.si_code == SI_USER);
	for (int i = 0; i < 3; i++) {
		int signal = sigwaitinfo(&set, &info);
		printf("%d: value %d code %d from us %d\n", signal == SIGRTMIN + 2, info.si_value.sival_int, info.si_code,
		       info.si_pid == getpid());
	}
	result("no more", sigtimedwait(&set, NULL, &soon));
	pid_t child = fork();
	if (!child) {
		v.sival_int = 9;
		sigqueue(getppid(), SIGRTMIN + 2, v);
		_exit(4);
	}
	printf("from a child: %d\n", sigwaitinfo(&set, &info) == SIGCHLD || info.si_value.sival_int == 9);
	waitpid(child, NULL, 0);
	while (sigtimedwait(&set, NULL, &soon) > 0)
		;
	result("sigqueue to nobody", sigqueue(999999, SIGUSR1, v));
	result("sigqueue of no signal", sigqueue(getpid(), 65, v));
	sigprocmask(SIG_SETMASK, &old, NULL);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	sleeping();
	processor_time();
	intervals();
	posix_timers();
	waiting();
	return 0;
}
