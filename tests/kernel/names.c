/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names: ".", "..", slashes at the end, links; what is removed or renamed while it is in use; owners. In the current directory. */
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void opened(const char *what, int fd)
{
	result(what, fd < 0 ? -1 : 0);
	if (fd >= 0)
		close(fd);
}

static void make(void)
{
	mkdir("d", 0755);
	mkdir("d/e", 0755);
	mkdir("d/empty", 0755);
	close(creat("d/file", 0644));
	symlink("file", "d/link");
	symlink("e", "d/to-e");
	symlink("nowhere", "d/dangling");
	symlink("loop", "d/loop");
	symlink("e/", "d/slash");
	symlink("file/", "d/file-slash");
}

static void removing(void)
{
	result("rmdir .", rmdir("."));
	result("rmdir d/.", rmdir("d/."));
	result("rmdir d/..", rmdir("d/.."));
	result("rmdir /", rmdir("/"));
	result("rmdir of a link", rmdir("d/to-e"));
	result("rmdir of a link, slash", rmdir("d/to-e/"));
	result("rmdir of a file", rmdir("d/file"));
	result("rmdir", rmdir("d"));
	result("unlink .", unlink("."));
	result("unlink /", unlink("/"));
	result("unlink of a folder", unlink("d/e"));
	result("unlink of a folder, slash", unlink("d/e/"));
	result("unlink, slash", unlink("d/file/"));
	result("unlink of a link, slash", unlink("d/to-e/"));
	result("of nothing, slash", unlink("d/none/"));
	result("still there", access("d/file", F_OK));
	result("rmdir, slashes", rmdir("d/empty//"));
}

static void renaming(void)
{
	result("to .", rename("d", "."));
	result("from ..", rename("d/..", "x"));
	result("into itself", rename("d/e", "d/e/x"));
	result("file, slash", rename("d/file/", "d/x"));
	result("file to slash", rename("d/file", "d/x/"));
	result("file to a folder", rename("d/file", "d/e"));
	result("folder to a file", rename("d/e", "d/file"));
	result("link, slash", rename("d/to-e/", "d/x"));
	result("folder, slash", rename("d/e/", "d/moved/"));
	result("to its parent", rename("d/moved", "d"));
	result("back", rename("d/moved", "d/e"));
	result("to itself", rename("d/file", "d/file"));
	result("of nothing", rename("d/none", "d/x"));
}

static void links(void)
{
	struct stat st;
	char text[300];

	opened("file, slash", open("d/file/", O_RDONLY));
	opened("link, slash", open("d/link/", O_RDONLY));
	opened("folder by link, slash", open("d/to-e/", O_RDONLY));
	opened("link with a slash", open("d/slash", O_RDONLY | O_DIRECTORY));
	opened("link with a slash to a file", open("d/file-slash", O_RDONLY));
	opened("loop", open("d/loop", O_RDONLY));
	opened("dangling, exclusive", open("d/dangling", O_CREAT | O_EXCL | O_RDWR, 0644));
	opened("new, slash", open("d/new/", O_CREAT | O_RDWR, 0644));
	opened("dangling", open("d/dangling", O_CREAT | O_RDWR, 0644));
	result("what it made", access("d/nowhere", F_OK));
	result("lstat of a link", lstat("d/to-e", &st));
	printf("%o\n", st.st_mode & S_IFMT);
	result("lstat of a link, slash", lstat("d/to-e/", &st));
	printf("%o\n", st.st_mode & S_IFMT);
	result("lstat of a loop, slash", lstat("d/loop/", &st));
	result("stat of a link to a file, slash", stat("d/link/", &st));
	result("readlink", readlink("d/link", text, 2));
	result("readlink of none", readlink("d/link", text, 0));
	result("readlink of a file", readlink("d/file", text, 10));
	result("readlink, slash", readlink("d/to-e/", text, 10));
	result("real", realpath("d/to-e/../link", text) ? (long)strlen(strrchr(text, '/')) : -1);
	result("real of a loop", realpath("d/loop", text) ? 0 : -1);
	result("access of no kind", access("d", 9));
}

static void removed(void)
{
	char text[300];
	struct stat st;

	mkdir("gone", 0755);
	mkdir("gone/in", 0755);
	chdir("gone/in");
	rmdir("../in");
	rmdir("../../gone");
	result("getcwd", getcwd(text, sizeof(text)) ? 0 : -1);
	opened("a new file", open("x", O_CREAT | O_RDWR, 0644));
	result("mkdir", mkdir("x", 0755));
	result("symlink", symlink("a", "x"));
	result("rename", rename("../../d/file", "x"));
	result("stat .", stat(".", &st));
	printf("%ld links\n", (long)st.st_nlink);
	result("chdir ..", chdir(".."));
	result("getcwd", getcwd(text, sizeof(text)) ? 0 : -1);
	result("chdir ..", chdir(".."));
	result("getcwd", getcwd(text, sizeof(text)) ? 0 : -1);
	result("d", access("d", F_OK));
	mkdir("one", 0755);
	mkdir("two", 0755);
	chdir("two");
	result("replaced", rename("../one", "../two"));
	opened("in the old one", open("x", O_CREAT | O_RDWR, 0644));
	result("chdir ../two", chdir("../two"));
	opened("in the new one", open("x", O_CREAT | O_RDWR, 0644));
	chdir("..");
}

static void owner(const char *what, long rc)
{
	struct stat st;

	result(what, rc);
	stat("d/file", &st);
	printf("%d %d %o\n", (int)st.st_uid, (int)st.st_gid, st.st_mode);
}

static void owners(void)
{
	int fd = open("d/file", O_RDWR);

	chmod("d/file", 06755);
	owner("the same", chown("d/file", getuid(), (gid_t)-1));
	chmod("d/file", 04644);
	owner("group", fchown(fd, (uid_t)-1, getgid()));
	if (getuid() == 0) {
		owner("other", fchown(fd, 7, 8));
		owner("by link", chown("d/link", 9, (gid_t)-1));
		owner("of the link", lchown("d/link", 10, 10));
		owner("back", chown("d/file", 0, 0));
	}
	result("ftruncate", ftruncate(fd, -1));
	result("truncate", truncate("d/file", -1));
	close(fd);
}

int main(void)
{
	make();
	removing();
	renaming();
	links();
	removed();
	owners();
	return 0;
}
