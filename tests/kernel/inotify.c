/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inotify: what happens to files and directories, in which order; masks, reading, waiting, removal; errors. In the current directory. */
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int in;
static unsigned cookie;

/* What is not here: IN_ACCESS */
enum { ALL = IN_ALL_EVENTS & ~IN_ACCESS };

static void show(const char *what)
{
	static const char *const names[] = {"access",	  "modify",   "attrib", "close-write", "close-nowrite", "open",
					    "moved-from", "moved-to", "create", "delete",      "delete-self",	"move-self"};
	char text[8192] __attribute__((aligned(8)));
	long n = read(in, text, sizeof(text));

	printf("%s:\n", what);
	for (long at = 0; at < n;) {
		struct inotify_event *e = (void *)(text + at);
		printf("  %d:", e->wd);
		for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (e->mask & 1u << i)
				printf(" %s", names[i]);
		printf("%s%s %s (%u)%s\n", e->mask & IN_ISDIR ? " directory" : "", e->mask & IN_IGNORED ? " ignored" : "",
		       e->len ? e->name : "-", e->len, e->cookie ? e->cookie == cookie ? " same" : " move" : "");
		cookie = e->cookie;
		at += (long)sizeof(*e) + e->len;
	}
	fflush(stdout);
}

static void touch(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	write(fd, text, strlen(text));
	close(fd);
}

static void in_directory(void)
{
	int fd;

	result("watch", inotify_add_watch(in, "d", ALL));
	touch("d/file", "text");
	show("made");
	close(open("d/file", O_RDONLY));
	show("read");
	fd = open("d/file", O_RDWR);
	write(fd, "one", 3);
	write(fd, "two", 3);
	ftruncate(fd, 2);
	fchmod(fd, 0600);
	close(fd);
	show("changed");
	chmod("d/file", 0640);
	chown("d/file", 0, 0);
	truncate("d/file", 1);
	show("attributes");
	mkdir("d/sub", 0755);
	symlink("file", "d/link");
	link("d/file", "d/a-rather-long-name");
	mkfifo("d/fifo", 0600);
	show("others");
	close(open("d/sub", O_RDONLY));
	close(open("d", O_RDONLY));
	show("directories");
	rename("d/file", "d/moved");
	rename("d/moved", "elsewhere");
	rename("elsewhere", "d/file");
	rename("d/sub", "d/under");
	show("moved");
	touch("d/other", "");
	show("other");
	rename("d/other", "d/file");
	show("over another");
	unlink("d/file");
	unlink("d/link");
	unlink("d/fifo");
	unlink("d/a-rather-long-name");
	rmdir("d/under");
	show("removed");
	close(open("d/none", O_RDONLY));
	mkdir("d", 0755);
	rmdir("d/none");
	result("nothing", read(in, &fd, 4));
}

static void of_file(void)
{
	int fd;

	touch("d/file", "text");
	show("made");
	result("watch", inotify_add_watch(in, "d/file", ALL));
	fd = open("d/file", O_RDWR);
	write(fd, "x", 1);
	show("both");
	link("d/file", "d/second");
	unlink("d/second");
	rename("d/file", "d/third");
	show("names");
	chmod("d/third", 0600);
	show("by the new name");
	unlink("d/third");
	show("still open");
	inotify_rm_watch(in, 1);
	close(fd);
	show("closed, gone");
	result("watch", inotify_add_watch(in, "d", IN_DELETE_SELF | IN_MOVE_SELF));
	rename("d", "e");
	rmdir("e");
	show("the directory itself");
	mkdir("d", 0755);
}

static void masks(void)
{
	result("one", inotify_add_watch(in, "d", IN_CREATE));
	result("another", inotify_add_watch(in, "d", IN_DELETE) > 0);
	touch("d/file", "");
	unlink("d/file");
	show("deleted only");
	inotify_add_watch(in, "d", IN_CREATE | IN_MASK_ADD);
	touch("d/file", "");
	unlink("d/file");
	show("both");
	result("there", inotify_add_watch(in, "d", IN_CREATE | IN_MASK_CREATE));
	inotify_add_watch(in, "d", IN_CREATE | IN_ONESHOT);
	touch("d/file", "");
	touch("d/file2", "");
	show("once");
	result("gone", inotify_add_watch(in, "d", IN_CREATE | IN_MASK_CREATE));
	unlink("d/file");
	unlink("d/file2");
	symlink("d", "link");
	result("not followed", inotify_add_watch(in, "link", IN_ATTRIB | IN_DONT_FOLLOW));
	result("no directory", inotify_add_watch(in, "link", IN_ATTRIB | IN_ONLYDIR | IN_DONT_FOLLOW));
	unlink("link");
	show("link");
}

static void reading(void)
{
	struct pollfd p = {.fd = in, .events = POLLIN};
	char text[64];
	int n;

	result("watch", inotify_add_watch(in, "d", IN_CREATE) > 0);
	result("nothing", poll(&p, 1, 0));
	touch("d/1", "");
	touch("d/2", "");
	result("some", poll(&p, 1, 0));
	ioctl(in, FIONREAD, &n);
	printf("%d bytes\n", n);
	result("too short", read(in, text, 31));
	result("one", read(in, text, 63));
	result("other", read(in, text, 64));
	result("none", read(in, text, 64));
	result("written", write(in, text, 1));
	fcntl(in, F_SETFL, 0);
	if (!fork()) {
		usleep(50000);
		unlink("d/1");
		touch("d/1", "");
		_exit(0);
	}
	result("waited for", read(in, text, 64));
	wait(NULL);
	fcntl(in, F_SETFL, O_NONBLOCK);
	unlink("d/1");
	unlink("d/2");
}

static void errors(void)
{
	int other = inotify_init1(IN_CLOEXEC), wd = inotify_add_watch(other, "d", ALL);

	result("another instance", wd);
	printf("close on exec: %d %d\n", fcntl(other, F_GETFD), fcntl(other, F_GETFL) & O_ACCMODE);
	result("removed", inotify_rm_watch(other, wd));
	result("removed again", inotify_rm_watch(other, wd));
	result("flags", inotify_init1(1));
	result("no mask", inotify_add_watch(in, "d", 0));
	result("two", inotify_add_watch(in, "d", IN_CREATE | IN_MASK_ADD | IN_MASK_CREATE));
	result("not there", inotify_add_watch(in, "none", ALL));
	result("not open", inotify_add_watch(99, "d", ALL));
	result("another file", inotify_add_watch(0, "d", ALL));
	result("name from nowhere", inotify_add_watch(in, (char *)8, ALL));
	result("not open", inotify_rm_watch(99, 1));
	result("another file", inotify_rm_watch(0, 1));
	close(other);
}

/* More than is kept. */
static void much(void)
{
	char text[8192];
	long n = 0, all = 0;

	inotify_add_watch(in, "d", IN_CREATE | IN_DELETE);
	for (int i = 0; i < 9000; i++) {
		close(open("d/x", O_CREAT | O_WRONLY, 0600));
		unlink("d/x");
	}
	while ((n = read(in, text, sizeof(text))) > 0)
		for (long at = 0; at < n; all++)
			at += (long)sizeof(struct inotify_event) + ((struct inotify_event *)(void *)(text + at))->len;
	printf("some: %d\n", all > 1000);
}

int main(void)
{
	mkdir("d", 0755);
	in = inotify_init1(IN_NONBLOCK);
	result("made", in);
	in_directory();
	of_file();
	masks();
	reading();
	errors();
	much();
	close(in);
	rmdir("d");
	return 0;
}
