/* SPDX-License-Identifier: GPL-2.0-or-later */
/* splice, tee, vmsplice: between pipes, from and to files; offsets, waiting, ends; errors. In the current directory. */
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[200000];
static int a[2], b[2], file;

static void show(const char *what, int fd)
{
	long n = read(fd, text, sizeof(text));

	text[n > 0 ? n : 0] = 0;
	printf("%s: %ld %.40s\n", what, n, text);
	fflush(stdout);
}

static void put(int fd, const char *what)
{
	write(fd, what, strlen(what));
}

static void between_pipes(void)
{
	put(a[1], "one two three");
	result("some", splice(a[0], NULL, b[1], NULL, 4, 0));
	show("there", b[0]);
	result("copied", tee(a[0], b[1], 3, 0));
	show("there", b[0]);
	result("copied", tee(a[0], b[1], 1000, 0));
	show("there", b[0]);
	result("all", splice(a[0], NULL, b[1], NULL, 1000, SPLICE_F_MOVE));
	show("there", b[0]);
	result("nothing", splice(a[0], NULL, b[1], NULL, 1000, SPLICE_F_NONBLOCK));
	result("nothing to copy", tee(a[0], b[1], 1000, SPLICE_F_NONBLOCK));
	result("to itself", splice(a[0], NULL, a[1], NULL, 10, 0));
	result("to itself", tee(a[0], a[1], 10, 0));
	result("no bytes", splice(a[0], NULL, b[1], NULL, 0, 0));
	if (!fork()) {
		usleep(50000);
		put(a[1], "later");
		_exit(0);
	}
	result("waited for", splice(a[0], NULL, b[1], NULL, 100, 0));
	wait(NULL);
	show("there", b[0]);
}

static void files(void)
{
	loff_t at = 5;

	put(file, "contents of a file");
	result("from the end", splice(file, NULL, a[1], NULL, 100, 0));
	result("at an offset", splice(file, &at, a[1], NULL, 8, 0));
	printf("now %ld, own %ld\n", (long)at, (long)lseek(file, 0, SEEK_CUR));
	show("there", a[0]);
	lseek(file, 3, SEEK_SET);
	result("at its own", splice(file, NULL, a[1], NULL, 100, 0));
	printf("own %ld\n", (long)lseek(file, 0, SEEK_CUR));
	at = 2;
	result("back", splice(a[0], NULL, file, &at, 4, 0));
	printf("now %ld\n", (long)at);
	result("behind the end", splice(a[0], NULL, file, NULL, 100, 0));
	lseek(file, 0, SEEK_SET);
	show("file", file);
	result("nothing", splice(a[0], NULL, file, NULL, 100, SPLICE_F_NONBLOCK));
	at = -1;
	put(a[1], "x");
	result("negative", splice(a[0], NULL, file, &at, 1, 0));
	fcntl(file, F_SETFL, O_APPEND);
	result("appended", splice(a[0], NULL, file, NULL, 1, 0));
	fcntl(file, F_SETFL, 0);
	show("left", a[0]);
}

static void large(void)
{
	loff_t at = 0;
	long n, sum = 0;

	for (int i = 0; i < 150000; i++)
		text[i] = (char)(i % 251);
	ftruncate(file, 0);
	pwrite(file, text, 150000, 0);
	result("as much as there is room for", splice(file, &at, a[1], NULL, 150000, 0));
	result("no room", splice(file, &at, a[1], NULL, 150000, SPLICE_F_NONBLOCK));
	for (long all = 0; all < 150000; all += n) {
		n = read(a[0], text, 65536);
		for (long i = 0; i < n; i++)
			sum += (unsigned char)text[i];
		splice(file, &at, a[1], NULL, 150000, SPLICE_F_NONBLOCK);
	}
	printf("sum %ld, offset %ld\n", sum, (long)at);
}

static void memory(void)
{
	struct iovec v[2] = {{(char *)"memory ", 7}, {(char *)"of two pieces", 13}}, to[2] = {{text, 3}, {text + 100, 50}};

	result("into it", vmsplice(a[1], v, 2, 0));
	result("out of it", vmsplice(a[0], to, 2, 0));
	printf("%.3s, %.17s\n", text, text + 100);
	result("none", vmsplice(a[0], to, 2, SPLICE_F_NONBLOCK));
	result("no pipe", vmsplice(file, v, 2, 0));
	result("no pieces", vmsplice(a[1], v, 0, 0));
	v[0].iov_base = (void *)8;
	result("from nowhere", vmsplice(a[1], v, 1, 0));
}

static void ends(void)
{
	int c[2], s[2];

	signal(SIGPIPE, SIG_IGN);
	pipe(c);
	close(c[0]);
	put(a[1], "x");
	result("nobody reads", splice(a[0], NULL, c[1], NULL, 1, 0));
	show("left", a[0]);
	close(c[1]);
	pipe(c);
	put(c[1], "the last");
	close(c[1]);
	result("what is left", splice(c[0], NULL, b[1], NULL, 100, 0));
	result("the end", splice(c[0], NULL, b[1], NULL, 100, 0));
	result("the end", tee(c[0], b[1], 100, 0));
	show("there", b[0]);
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	put(s[0], "by socket");
	result("from a socket", splice(s[1], NULL, a[1], NULL, 100, 0));
	result("to a socket", splice(a[0], NULL, s[1], NULL, 100, 0));
	show("there", s[0]);
}

static void errors(void)
{
	loff_t at = 0;
	int reader = open("spliced", O_RDONLY), directory = open(".", O_RDONLY);

	put(a[1], "x");
	result("no pipe", splice(file, NULL, file, NULL, 1, 0));
	result("offset of a pipe", splice(a[0], &at, b[1], NULL, 1, 0));
	result("offset of a pipe", splice(file, NULL, b[1], &at, 1, 0));
	result("not for writing", splice(a[0], NULL, reader, NULL, 1, 0));
	result("not for reading", splice(a[1], NULL, b[1], NULL, 1, 0));
	result("directory", splice(directory, NULL, a[1], NULL, 1, 0));
	result("not open", splice(99, NULL, a[1], NULL, 1, 0));
	result("flags", splice(a[0], NULL, b[1], NULL, 1, 16));
	result("from nowhere", splice(file, (void *)8, a[1], NULL, 1, 0));
	result("no pipe", tee(file, a[1], 1, 0));
	result("flags", tee(a[0], b[1], 1, 16));
	result("none", tee(a[0], b[1], 0, 0));
	result("not open", tee(99, b[1], 1, 0));
	show("untouched", a[0]);
}

int main(void)
{
	pipe(a);
	pipe(b);
	file = open("spliced", O_RDWR | O_CREAT | O_TRUNC, 0600);
	between_pipes();
	files();
	large();
	memory();
	ends();
	errors();
	unlink("spliced");
	return 0;
}
