/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advice, locking and residency of memory; mappings that are only reserved; limits of the address space. */
#include "result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ /* musl has no names for them */
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#define PAGE 4096ul

static char *map(size_t pages, int prot, int flags)
{
	return mmap(NULL, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static void residency(void)
{
	unsigned char there[8];
	char *p = map(8, PROT_READ | PROT_WRITE, 0);

	p[0] = p[3 * PAGE] = 1;
	result("mincore", mincore(p, 8 * PAGE, there));
	for (int i = 0; i < 8; i++)
		printf("%d", there[i] & 1);
	puts("");
	result("locked", mlock(p + 5 * PAGE + 7, PAGE));
	mincore(p, 8 * PAGE, there);
	for (int i = 0; i < 8; i++)
		printf("%d", there[i] & 1);
	puts("");
	result("populate", madvise(p, 2 * PAGE, MADV_POPULATE_WRITE));
	result("dropped", madvise(p + 3 * PAGE, PAGE, MADV_DONTNEED));
	mincore(p, 8 * PAGE, there);
	for (int i = 0; i < 8; i++)
		printf("%d", there[i] & 1);
	puts("");
	printf("zero again: %d\n", p[3 * PAGE]);
	result("unlocked", munlock(p, 8 * PAGE));
	result("not aligned", mincore(p + 1, PAGE, there));
	munmap(p + 4 * PAGE, PAGE);
	result("a hole", mincore(p, 8 * PAGE, there));
	result("a hole", mlock(p, 8 * PAGE));
	result("a hole", madvise(p, 8 * PAGE, MADV_NORMAL));
	result("no such advice", madvise(p, PAGE, 77));
	result("not aligned", madvise(p + 1, PAGE, MADV_NORMAL));
	mprotect(p, PAGE, PROT_READ);
	result("populate to write", madvise(p, PAGE, MADV_POPULATE_WRITE));
	result("populate to read", madvise(p, PAGE, MADV_POPULATE_READ));
	result("mlockall", mlockall(MCL_CURRENT | MCL_FUTURE));
	char *q = map(4, PROT_READ | PROT_WRITE, 0);
	mincore(q, 4 * PAGE, there);
	printf("there at once: %d%d%d%d\n", there[0] & 1, there[1] & 1, there[2] & 1, there[3] & 1);
	result("munlockall", munlockall());
	result("no flags", mlockall(0));
}

static void forks(void)
{
	char *kept = map(1, PROT_READ | PROT_WRITE, 0), *wiped = map(1, PROT_READ | PROT_WRITE, 0),
	     *gone = map(1, PROT_READ | PROT_WRITE, 0);
	int status;

	*kept = *wiped = *gone = 'x';
	result("wipe", madvise(wiped, PAGE, MADV_WIPEONFORK));
	result("not in the child", madvise(gone, PAGE, MADV_DONTFORK));
	if (!fork()) {
		unsigned char there;
		_exit((*kept == 'x') | (*wiped == 0) << 1 | (mincore(gone, PAGE, &there) < 0) << 2);
	}
	wait(&status);
	printf("%d, here %c%c%c\n", WEXITSTATUS(status), *kept, *wiped, *gone);
}

static void reservations(void)
{
	size_t size = 1ul << 40;
	char *p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	printf("1 TiB without access: %d\n", p != MAP_FAILED);
	mprotect(p + size / 2, PAGE, PROT_READ | PROT_WRITE);
	p[size / 2] = 1;
	munmap(p, size);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	printf("1 TiB that is not reserved: %d\n", p != MAP_FAILED);
	p[size - 1] = 1;
	munmap(p, size);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("1 TiB to be filled: %d\n", p != MAP_FAILED);
	if (!fork()) {
		struct rlimit limit = {64 << 20, 64 << 20};
		result("setrlimit", setrlimit(RLIMIT_AS, &limit));
		p = map(20 << 10, PROT_READ | PROT_WRITE, 0);
		printf("more than that: %d\n", p == MAP_FAILED && errno == ENOMEM);
		printf("less: %d\n", map(10, PROT_READ, 0) != MAP_FAILED);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	if (!fork()) { /* the stack's limit */
		struct rlimit limit = {1 << 20, 1 << 20};
		volatile char *stack = (char *)&limit;
		setrlimit(RLIMIT_STACK, &limit);
		for (size_t i = 0; i < 2 << 20; i += PAGE)
			stack[-i] = 1;
		_exit(0);
	}
	int status;
	wait(&status);
	printf("beyond the stack's limit: signal %d\n", WTERMSIG(status));
}

int main(void)
{
	residency();
	forks();
	reservations();
	return 0;
}
