/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 1 GiB and a little, in the largest pages that fit: few faults; then divided by mprotect, munmap, and a child that writes. */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define GIB (1ul << 30)

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

int main(void)
{
	char *p = mmap(NULL, 2 * GIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *q = (char *)(((unsigned long)p + GIB - 1) & ~(GIB - 1));
	long before = faults();
	int status;

	for (size_t i = 0; i < GIB; i += GIB / 16)
		q[i] = (char)(i >> 26);
	printf("%ld faults\n", faults() - before);
	if (!fork()) {
		q[GIB / 2 + 5] = 77;
		_exit(q[GIB / 2] + q[GIB / 2 + 5]);
	}
	wait(&status);
	printf("child %d, here %d\n", WEXITSTATUS(status), q[GIB / 2 + 5]);
	mprotect(q + 4096, 4096, PROT_READ);
	munmap(q + GIB / 2 + 8192, 4096);
	q[0] = q[8192] = q[GIB / 2] = 1;
	printf("%d %d\n", q[GIB / 4], q[GIB / 16 * 15]);
	return 0;
}
