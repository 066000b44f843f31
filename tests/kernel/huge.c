/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many page faults 8 MiB take, as advised. Only in the guest: on a host it depends on settings. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define SIZE (8ul << 20)

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static void touch(const char *what, char *p, long most)
{
	long before = faults();

	for (size_t i = 0; i < SIZE; i += 4096)
		p[i] = 1;
	printf("%s: %d\n", what, faults() - before <= most);
}

static char *map(int flags)
{
	char *p = mmap(NULL, SIZE + (2 << 20), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return p == MAP_FAILED ? NULL : (char *)(((unsigned long)p + (2 << 20) - 1) & ~((2ul << 20) - 1));
}

int main(void)
{
	char *p = map(0), *q = map(0), *r = map(MAP_HUGETLB);

	printf("advice: %d\n", madvise(p, SIZE, MADV_HUGEPAGE) == 0 && madvise(q, SIZE, MADV_NOHUGEPAGE) == 0);
	touch("huge", p, 4);
	touch("small in few", q, 2000);
	touch("MAP_HUGETLB", r, 4);
	printf("not divided: %d\n", munmap(r, 4096) < 0 && errno == EINVAL);
	printf("whole: %d\n", munmap(r, 2 << 20) == 0);
	printf("too large: %d\n",
	       mmap(NULL, 1ul << 40, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0) == MAP_FAILED && errno == ENOMEM);
	return 0;
}
