/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that end badly, or ask for more than there is: each by its name. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

static int say(void)
{
	puts(strerror(errno));
	return 3;
}

static int crash(void)
{
	*(volatile int *)16 = 1;
	return 0;
}

static int jump(void)
{
	((int (*)(void))0x123456000)();
	return 0;
}

static int privileged(void)
{
	asm volatile("cli");
	return 0;
}

static int port(void)
{
	asm volatile("outb %%al, $0x80" : : "a"(0xb1));
	return 0;
}

static __attribute__((noinline)) int deeper(volatile int *above)
{
	volatile int here[1000];

	here[0] = *above + 1;
	return deeper(here) + here[0];
}

static int recursion(void)
{
	volatile int zero = 0;

	return deeper(&zero);
}

static int loop(void)
{
	for (;;)
		asm volatile("");
}

static int chatter(void)
{
	for (;;)
		puts("chatter");
}

static int huge(void)
{
	return mmap(NULL, 1ull << 40, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? say() : 0;
}

static int descriptors(void)
{
	while (open("/dev/null", O_RDONLY) >= 0)
		;
	return say();
}

static int file(void)
{
	static char block[1 << 20];
	int fd = open("/tmp/full", O_CREAT | O_WRONLY, 0600);

	while (write(fd, block, sizeof(block)) > 0)
		;
	return say();
}

static int semaphores(void)
{
	while (semget(IPC_PRIVATE, 32000, 0600) >= 0)
		;
	return say();
}

static int segments(void)
{
	while (shmget(IPC_PRIVATE, 1, 0600) >= 0)
		;
	return say();
}

static void *sleeper(void *unused)
{
	pause();
	return unused;
}

static int threads(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	while ((errno = pthread_create(&thread, &attributes, sleeper, NULL)) == 0)
		;
	return say();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} ways[] = {{"crash", crash},	   {"jump", jump},	     {"privileged", privileged},
		    {"port", port},	   {"recursion", recursion}, {"loop", loop},
		    {"chatter", chatter},  {"huge", huge},	     {"descriptors", descriptors},
		    {"file", file},	   {"threads", threads},     {"semaphores", semaphores},
		    {"segments", segments}};

	for (unsigned i = 0; argc > 1 && i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(argv[1], ways[i].name))
			return ways[i].run();
	return 9;
}
