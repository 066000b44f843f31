/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory: copy-on-write across fork, shared mappings, mremap, madvise, partial munmap and mprotect, files mapped, brk. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 1100 }; /* more than two 2-MiB pages */

static unsigned long sum(const unsigned char *p)
{
	unsigned long s = 0;

	for (int i = 0; i < PAGES; i++)
		s = s * 31 + p[i * PAGE + i % PAGE];
	return s;
}

static void fill(unsigned char *p, int with)
{
	for (int i = 0; i < PAGES; i++)
		p[i * PAGE + i % PAGE] = (unsigned char)(i * 7 + with);
}

static void *anonymous(int flags)
{
	return mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
}

static void forks(void)
{
	unsigned char *own = anonymous(MAP_PRIVATE), *shared = anonymous(MAP_SHARED);

	fill(own, 1);
	fill(shared, 2);
	fflush(stdout);
	if (fork() == 0) {
		printf("child sees %lx %lx\n", sum(own), sum(shared));
		fill(own, 3);
		fill(shared, 4);
		printf("child has %lx %lx\n", sum(own), sum(shared));
		exit(0);
	}
	wait(NULL);
	printf("parent has %lx %lx\n", sum(own), sum(shared));
	fill(own, 5);
	printf("and then %lx\n", sum(own));
	munmap(own, (size_t)PAGES * PAGE);
	munmap(shared, (size_t)PAGES * PAGE);
}

static void pieces(void)
{
	unsigned char *p = anonymous(MAP_PRIVATE), *q;

	fill(p, 6);
	munmap(p + 100 * PAGE, 3 * PAGE);
	mmap(p + 100 * PAGE, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	printf("hole: %lx\n", sum(p));
	mprotect(p + 200 * PAGE, 300 * PAGE, PROT_NONE);
	mprotect(p + 200 * PAGE, 300 * PAGE, PROT_READ);
	mprotect(p + 250 * PAGE, 20 * PAGE, PROT_READ | PROT_WRITE);
	p[251 * PAGE] = 9;
	printf("rights: %lx\n", sum(p));
	madvise(p + 600 * PAGE, 50 * PAGE, MADV_DONTNEED);
	printf("discarded: %lx\n", sum(p));
	q = mremap(p, (size_t)PAGES * PAGE, (size_t)PAGES * PAGE * 2, MREMAP_MAYMOVE);
	if (q == MAP_FAILED)
		printf("mremap over several areas: %s\n", strerror(errno));
	mprotect(p, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE);
	q = mremap(p, (size_t)PAGES * PAGE, (size_t)PAGES * PAGE * 2, MREMAP_MAYMOVE);
	printf("moved: %lx, beyond %d\n", sum(q), q[(size_t)PAGES * PAGE * 2 - 1]);
	q = mremap(q, (size_t)PAGES * PAGE * 2, (size_t)PAGES * PAGE, 0);
	printf("shrunk: %lx\n", sum(q));
}

static void files(void)
{
	char text[64] = "";
	int fd = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (ftruncate(fd, 3 * PAGE) || pwrite(fd, "hello, file", 11, PAGE) != 11)
		exit(1);
	char *shared = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *own = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	printf("%s / %s\n", shared + PAGE, own + PAGE);
	memcpy(own + PAGE, "HELLO", 5);
	memcpy(shared + PAGE + 7, "page", 4);
	if (pread(fd, text, 11, PAGE) != 11)
		exit(1);
	printf("%s / %s / %s\n", shared + PAGE, own + PAGE, text);
	close(fd);
	unlink("mapped");
}

static void heap(void)
{
	char *start = sbrk(0);

	if (sbrk(1000 * PAGE) != start)
		exit(1);
	memset(start, 5, 1000 * PAGE);
	sbrk(-500 * PAGE);
	printf("heap moved by %ld, last byte %d\n", (long)((char *)sbrk(0) - start), start[500 * PAGE - 1]);
	for (int i = 0; i < 300; i++)
		free(malloc((size_t)(i * 1237 % 300000)));
}

int main(void)
{
	forks();
	pieces();
	files();
	heap();
	return 0;
}
