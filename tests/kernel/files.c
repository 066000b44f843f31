/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls on files that go beyond reading and writing, with their errors. Works in the current directory. */
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef FALLOC_FL_KEEP_SIZE
#define FALLOC_FL_KEEP_SIZE 1
#define FALLOC_FL_PUNCH_HOLE 2
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SEEK_DATA
#define SEEK_DATA 3
#define SEEK_HOLE 4
#endif

static long size(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -1 : (long)st.st_size;
}

static void sparse(void)
{
	char page[4096] = "x";
	int fd = creat("sparse", 0640);
	struct stat st;

	result("creat", fd);
	result("creat of a folder", creat(".", 0640));
	result("creat below a file", creat("sparse/x", 0640));
	pwrite(fd, page, 4096, 8192);
	pwrite(fd, page, 100, 40960);
	close(fd);
	fd = open("sparse", O_RDWR);
	fstat(fd, &st);
	printf("mode %o, size %ld, holes take no room: %d\n", st.st_mode, (long)st.st_size, st.st_blocks < 30);
	result("data from 0", lseek(fd, 0, SEEK_DATA));
	result("data in data", lseek(fd, 9000, SEEK_DATA));
	result("hole in data", lseek(fd, 9000, SEEK_HOLE));
	result("data after it", lseek(fd, 12288, SEEK_DATA));
	result("hole at the end", lseek(fd, 40961, SEEK_HOLE));
	result("data behind the end", lseek(fd, 50000, SEEK_DATA));
	result("hole behind the end", lseek(fd, 41060, SEEK_HOLE));
	result("no such place", lseek(fd, -1, SEEK_DATA));
	result("no such way", lseek(fd, 0, 9));
	result("punch", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8192, 4096));
	result("data from 0", lseek(fd, 0, SEEK_DATA));
	result("allocate", fallocate(fd, 0, 0, 50000));
	result("size", size(fd));
	result("beyond the end", fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 60000));
	result("size", size(fd));
	result("no length", fallocate(fd, 0, 0, 0));
	result("negative", fallocate(fd, 0, -1, 5));
	result("punch alone", fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 5));
	close(fd);
	fd = open("sparse", O_RDONLY);
	result("read-only", fallocate(fd, 0, 0, 5));
	result("closed", fallocate(99, 0, 0, 5));
	close(fd);
}

static void vectors(void)
{
	char a[5] = "", b[5] = "";
	struct iovec v[2] = {{a, 4}, {b, 4}};
	static struct iovec many[2000];
	int fd = open("vectors", O_RDWR | O_CREAT, 0600), p[2];

	pipe(p);
	result("pwritev", pwritev(fd, (struct iovec[]){{"abc", 3}, {"", 0}, {"defgh", 5}}, 3, 2));
	result("preadv", preadv(fd, v, 2, 3));
	printf("%s %s, position %ld\n", a, b, (long)lseek(fd, 0, SEEK_CUR));
	result("at the end", preadv(fd, v, 2, 10));
	result("negative", preadv(fd, v, 2, -1));
	result("of a pipe", preadv(p[0], v, 2, 0));
	result("too many", preadv(fd, many, 2000, 0));
	result("closed", pwritev(99, v, 2, 0));
	result("for reading only", pwritev(open("vectors", O_RDONLY), v, 2, 0));
	close(fd);
}

static void copies(void)
{
	int in = open("vectors", O_RDONLY), out = open("copy", O_RDWR | O_CREAT, 0600);
	char text[32] = "";
	off_t from = 2, to = 1;

	result("copy", copy_file_range(in, &from, out, &to, 5, 0));
	printf("offsets %ld %ld\n", (long)from, (long)to);
	result("the rest", copy_file_range(in, &from, out, &to, 500, 0));
	result("at the end", copy_file_range(in, &from, out, &to, 500, 0));
	result("positions", copy_file_range(in, NULL, out, NULL, 1, 0));
	pread(out, text, 31, 1);
	printf("'%s' %ld %ld\n", text, (long)lseek(in, 0, SEEK_CUR), (long)lseek(out, 0, SEEK_CUR));
	result("onto itself", copy_file_range(out, NULL, out, NULL, 4, 0));
	result("flags", copy_file_range(in, NULL, out, NULL, 4, 1));
	result("backwards", copy_file_range(out, NULL, in, NULL, 4, 0));
	result("closed", copy_file_range(99, NULL, out, NULL, 4, 0));
	result("a folder", copy_file_range(open(".", O_RDONLY), NULL, out, NULL, 4, 0));
}

static void sent(void)
{
	static char text[10000], got[10000];
	int in = open("sent", O_RDWR | O_CREAT, 0600), out = open("sent2", O_RDWR | O_CREAT, 0600), p[2];
	off_t at = 3;

	pipe(p);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	write(in, text, sizeof(text));
	result("sendfile at the end", sendfile(out, in, NULL, 100));
	lseek(in, 0, SEEK_SET);
	result("sendfile", sendfile(out, in, NULL, sizeof(text)));
	pread(out, got, sizeof(got), 0);
	printf("the same: %d, positions %ld %ld\n", !memcmp(text, got, sizeof(text)), (long)lseek(in, 0, SEEK_CUR),
	       (long)lseek(out, 0, SEEK_CUR));
	result("to a pipe", sendfile(p[1], in, &at, 5000));
	result("read", read(p[0], got, sizeof(got)));
	printf("the same: %d, offset %ld\n", !memcmp(text + 3, got, 5000), (long)at);
	result("from a pipe", sendfile(out, p[0], NULL, 5));
	result("closed", sendfile(99, in, NULL, 5));
	result("close_range", (long)syscall(SYS_close_range, p[0], p[1], 0));
	result("closed", read(p[0], got, 1));
	result("backwards", (long)syscall(SYS_close_range, 9, 5, 0));
}

static void locks(void)
{
	int a = open("lock", O_RDWR | O_CREAT, 0600), b = open("lock", O_RDWR), p[2];
	char c;

	pipe(p);
	result("exclusive", flock(a, LOCK_EX));
	result("again", flock(a, LOCK_EX | LOCK_NB));
	result("another", flock(b, LOCK_SH | LOCK_NB));
	result("share", flock(a, LOCK_SH));
	result("another", flock(b, LOCK_SH | LOCK_NB));
	result("alone", flock(a, LOCK_EX | LOCK_NB));
	flock(a, LOCK_UN);
	result("not locked", flock(a, LOCK_UN));
	result("no such", flock(a, 16));
	result("closed", flock(99, LOCK_EX));
	result("alone now", flock(b, LOCK_EX));
	fflush(stdout);
	if (!fork()) { /* waits until b is closed everywhere */
		close(b);
		write(p[1], "w", 1);
		flock(a, LOCK_EX);
		write(p[1], "l", 1);
		_exit(0);
	}
	read(p[0], &c, 1);
	usleep(30000);
	struct pollfd poll_it = {p[0], POLLIN, 0};
	printf("the child waits: %d\n", poll(&poll_it, 1, 0) == 0);
	close(b);
	read(p[0], &c, 1);
	printf("and has it: %c\n", c);
	wait(NULL);
}

static void pipes(void)
{
	int p[2], n = -1, fd;
	char text[70000];

	pipe(p);
	write(p[1], "12345", 5);
	result("FIONREAD", ioctl(p[0], FIONREAD, &n));
	printf("%d\n", n);
	result("size", fcntl(p[0], F_GETPIPE_SZ));
	result("smaller", fcntl(p[1], F_SETPIPE_SZ, 5000));
	result("size", fcntl(p[0], F_GETPIPE_SZ));
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	printf("filled: %d\n", write(p[1], text, sizeof(text)) > 0);
	result("full", write(p[1], text, 1));
	result("too small", fcntl(p[1], F_SETPIPE_SZ, 4096));
	result("larger", fcntl(p[1], F_SETPIPE_SZ, 131072));
	result("filled", write(p[1], text, sizeof(text)));
	result("read", read(p[0], text, 5));
	printf("%.5s\n", text);
	fd = open("vectors", O_RDONLY);
	result("no pipe", fcntl(fd, F_GETPIPE_SZ));
	result("FIONREAD of a file", ioctl(fd, FIONREAD, &n));
	printf("%d\n", n);

	result("mkfifo", mkfifo("fifo", 0600));
	result("again", mkfifo("fifo", 0600));
	result("nobody reads", open("fifo", O_WRONLY | O_NONBLOCK));
	fflush(stdout);
	if (!fork()) {
		fd = open("fifo", O_WRONLY);
		write(fd, "through the fifo", 16);
		_exit(0);
	}
	fd = open("fifo", O_RDONLY);
	memset(text, 0, 20);
	while ((n = (int)read(fd, text, 20)) > 0)
		printf("%s\n", text);
	wait(NULL);
	result("ended", n);
	result("a device", mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	result("of no kind", mknod("kind", 0170000, 0));
	result("a folder", mknod("folder", S_IFDIR, 0));
	result("a file", mknod("file", 0600, 0));
	result("socket", mknod("socket", S_IFSOCK | 0600, 0));
	result("opened", open("socket", O_RDONLY));
}

static void memory_files(void)
{
	int fd = memfd_create("name", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	printf("%d\n", fd >= 0);
	result("size", size(fd));
	result("truncate", ftruncate(fd, 10000));
	result("write", pwrite(fd, "x", 1, 9999));
	char *map = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	printf("%c\n", map[9999]);
	map[0] = 'y';
	char c = 0;
	pread(fd, &c, 1, 0);
	printf("%c\n", c);
	munmap(map, 10000);
	result("seals", fcntl(fd, F_GET_SEALS));
	result("seal", fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
	result("shrink", ftruncate(fd, 5));
	result("grow", ftruncate(fd, 50000));
	result("seal", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
	result("write", pwrite(fd, "x", 1, 0));
	result("no more", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	result("flags", memfd_create("name", 0x100));
	result("seals of a file", fcntl(open("vectors", O_RDWR), F_GET_SEALS));
}

static void times(void)
{
	struct timespec t[2] = {{1000, 5}, {2000, 7}}, bad[2] = {{0, 1000000000}, {0, 0}}, omit[2] = {{0, UTIME_OMIT}, {3000, 9}};
	struct stat st;
	char c;

	result("utimensat", utimensat(AT_FDCWD, "vectors", t, 0));
	stat("vectors", &st);
	printf("%ld.%09ld %ld.%09ld\n", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec, (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	result("one of them", utimensat(AT_FDCWD, "vectors", omit, 0));
	stat("vectors", &st);
	printf("%ld.%09ld %ld.%09ld\n", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec, (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	result("bad", utimensat(AT_FDCWD, "vectors", bad, 0));
	result("no such", utimensat(AT_FDCWD, "none", t, 0));
	int fd = open("vectors", O_RDWR);
	read(fd, &c, 1);
	fstat(fd, &st);
	printf("reading is noted: %d, and changes nothing else: %ld\n", st.st_atim.tv_sec > 3000, (long)st.st_mtim.tv_sec);
	write(fd, &c, 1);
	fstat(fd, &st);
	printf("writing is noted: %d\n", st.st_mtim.tv_sec > 3000);
	result("of an open file", futimens(fd, t));
	fstat(fd, &st);
	printf("%ld\n", (long)st.st_mtim.tv_sec);
}

static void limits(void)
{
	struct rlimit limit = {20, 100};
	int fd, last = -1;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 40;
	result("setrlimit", setrlimit(RLIMIT_NOFILE, &limit));
	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		last = fd;
	result("too many files", fd);
	printf("the last was %d\n", last);
	result("dup2 beyond", dup2(0, 40));
	result("dup2 within", dup2(0, 39));
	result("F_DUPFD beyond", fcntl(0, F_DUPFD, 40));
	limit.rlim_cur = limit.rlim_max + 1;
	result("more than the most", setrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 400;
	setrlimit(RLIMIT_NOFILE, &limit);
	result("dup2 higher", dup2(0, 399));
	result("poll", poll(NULL, 401, 0));
	getrlimit(RLIMIT_NOFILE, &limit);
	printf("%ld\n", (long)limit.rlim_cur);
	result("no such limit", getrlimit(77, &limit));
}

static void systems(void)
{
	struct statfs s;

	result("statfs", statfs(".", &s));
	printf("%ld %d\n", (long)s.f_bsize, s.f_blocks > s.f_bfree && s.f_bfree > 0 && s.f_namelen == 255);
	result("no such", statfs("none", &s));
	result("closed", fstatfs(99, &s));
	result("fstatfs", fstatfs(open(".", O_RDONLY), &s));
}

int main(void)
{
	sparse();
	vectors();
	copies();
	sent();
	locks();
	pipes();
	memory_files();
	times();
	systems();
	limits();
	return 0;
}
