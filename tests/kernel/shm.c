/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System V shared memory: made, found, attached, counted, removed; over fork and exec; errors. */
#include "result.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 20000, PAGE = 4096, INFO = 3 };

static sigjmp_buf back;

/* For numbers and addresses, which differ. */
static void done(const char *what, long rc)
{
	result(what, rc < 0 && rc > -PAGE ? -1 : 0);
}

static void attach(const char *what, int id, void *at, int flags)
{
	char *p = shmat(id, at, flags);

	result(what, p == (void *)-1 ? -1 : at ? p - (char *)at : 0);
	if (p != (void *)-1)
		shmdt(p);
}

static const char *who(int pid)
{
	return pid == 0 ? "nobody" : pid == getpid() ? "self" : pid == getppid() ? "parent" : "other";
}

static void show(const char *what, int id)
{
	struct shmid_ds d;
	time_t now = time(NULL);

	if (shmctl(id, IPC_STAT, &d)) {
		result(what, -1);
		return;
	}
	printf("%s: %lu bytes, mode %o, attached %lu, by %s, last %s, times %d %d %d, private %d\n", what, d.shm_segsz, d.shm_perm.mode,
	       d.shm_nattch, who(d.shm_cpid), who(d.shm_lpid), d.shm_atime && now - d.shm_atime < 60, d.shm_dtime && now - d.shm_dtime < 60,
	       now - d.shm_ctime < 60, d.shm_perm.__key == IPC_PRIVATE);
	fflush(stdout);
}

static void fault(int signal)
{
	siglongjmp(back, signal);
}

static void keys(void)
{
	int key = 0x56540000 | (getpid() & 0xffff), id;

	result("none has the key", shmget(key, SIZE, 0600));
	id = shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0640);
	done("made", id);
	result("again", shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0600));
	result("found", shmget(key, 100, 0) - id);
	result("of any size", shmget(key, 0, IPC_CREAT) - id);
	result("too small", shmget(key, SIZE + 1, IPC_CREAT));
	show("new", id);
	result("removed", shmctl(id, IPC_RMID, NULL));
	result("removed again", shmctl(id, IPC_RMID, NULL));
	result("none has the key", shmget(key, SIZE, 0600));
	show("gone", id);
	attach("attach what is gone", id, NULL, 0);
	result("of no size", shmget(IPC_PRIVATE, 0, 0600));
	result("of no size, with a key", shmget(key, 0, IPC_CREAT | 0600));
	result("too large", shmget(IPC_PRIVATE, -1ul, 0600));
	result("not there", shmctl(0x7fffffff, IPC_STAT, NULL));
	result("negative", shmctl(-1, IPC_STAT, NULL));
}

static void contents(int id)
{
	char *one = shmat(id, NULL, 0), *two = shmat(id, NULL, SHM_RDONLY);
	int status, sum = 0;

	for (int i = 0; i < SIZE; i++)
		sum += one[i];
	printf("zero: %d; different: %d\n", sum, one != two);
	strcpy(one + 5000, "text");
	printf("the other: %s\n", two + 5000);
	show("twice", id);
	if (!fork()) {
		show("in the child", id);
		printf("child: %s\n", two + 5000);
		strcpy(one + 5000, "child's");
		result("detached", shmdt(one));
		show("once there", id);
		_exit(0);
	}
	wait(&status);
	show("child ended", id);
	printf("from it: %s\n", two + 5000);
	signal(SIGSEGV, fault);
	if (sigsetjmp(back, 1) == 0) {
		*(volatile char *)two = 1;
		printf("not read-only\n");
	} else {
		printf("read-only\n");
	}
	result("made writable", mprotect(two, PAGE, PROT_READ | PROT_WRITE));
	result("behind the end, to the page's", one[5 * PAGE - 1]);
	result("not its start", shmdt(one + PAGE));
	result("within", shmdt(one + 100));
	result("nowhere", shmdt((void *)0x7000000));
	result("detach", shmdt(two));
	show("once", id);
	result("a hole", munmap(one + PAGE, PAGE));
	show("two pieces", id);
	result("both", shmdt(one));
	show("none", id);
	result("again", shmdt(one));
}

static void places(int id)
{
	char *room = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p;

	munmap(room, 8 * PAGE);
	attach("here", id, room, 0);
	attach("not at a page", id, room + 100, 0);
	p = shmat(id, room + 100, SHM_RND);
	result("rounded", p - room);
	shmdt(p);
	attach("over something", id, room + 6 * PAGE, 0);
	p = shmat(id, room + 6 * PAGE, SHM_REMAP);
	result("instead of something", p - room);
	result("writable", p[0] = 1);
	shmdt(p);
	attach("instead of nothing", id, NULL, SHM_REMAP);
	attach("outside", id, (void *)0x7ffffffff000, 0);
	attach("far outside", id, (void *)-4096l, 0);
	attach("no such", id + 5, NULL, 0);
	attach("negative", -1, NULL, 0);
	attach("executable", id, NULL, SHM_EXEC);
}

/* Removed while attached: it has its number, until nobody has it. */
static void removal(void)
{
	int id = shmget(IPC_PRIVATE, SIZE, 0600), status;
	char *p = shmat(id, NULL, 0), *q;

	result("remove", shmctl(id, IPC_RMID, NULL));
	show("still there", id);
	result("remove again", shmctl(id, IPC_RMID, NULL));
	q = shmat(id, NULL, 0);
	done("attached once more", (long)q);
	strcpy(p, "alive");
	printf("%s\n", q);
	if (!fork()) {
		shmdt(p);
		shmdt(q);
		show("by the parent only", id);
		_exit(0);
	}
	wait(&status);
	shmdt(p);
	show("once", id);
	shmdt(q);
	show("gone", id);
}

static void other_program(char *name)
{
	int id = shmget(IPC_PRIVATE, SIZE, 0600), status;
	char *p = shmat(id, NULL, 0), number[20];

	strcpy(p, "old");
	sprintf(number, "%d", id);
	fflush(stdout);
	if (!fork()) {
		execl(name, name, number, NULL);
		_exit(1);
	}
	wait(&status);
	printf("status %d, now: %s\n", status, p);
	show("after exec", id);
	if (!vfork())
		_exit(0);
	wait(&status);
	show("after vfork", id);
	shmctl(id, IPC_RMID, NULL);
	if (!fork()) {
		shmdt(p);
		_exit(0);
	}
	wait(&status);
}

static int in_other_program(int id)
{
	char *p;

	show("after exec, here", id);
	p = shmat(id, NULL, 0);
	printf("there is: %s\n", p);
	strcpy(p, "new");
	return 3;
}

static void control(int id)
{
	struct shmid_ds d;
	struct shminfo limits;
	union {
		struct shm_info info;
		struct shmid_ds d;
	} use;

	shmctl(id, IPC_STAT, &d);
	d.shm_perm.mode = 07604;
	d.shm_perm.uid = 12;
	d.shm_perm.gid = 13;
	result("set", shmctl(id, IPC_SET, &d));
	result("stat", shmctl(id, IPC_STAT, &d));
	printf("%o %u %u %u %u\n", d.shm_perm.mode, d.shm_perm.uid, d.shm_perm.gid, d.shm_perm.cuid, d.shm_perm.cgid);
	d.shm_perm.uid = -1;
	result("no user", shmctl(id, IPC_SET, &d));
	result("set from nowhere", shmctl(id, IPC_SET, (void *)8));
	result("to nowhere", shmctl(id, IPC_STAT, (void *)8));
	result("lock", shmctl(id, SHM_LOCK, NULL));
	show("locked", id);
	result("unlock", shmctl(id, SHM_UNLOCK, NULL));
	result("no command", shmctl(id, 99, &d));
	result("bad command", shmctl(id, -1, &d));
	done("limits", shmctl(0, INFO, (void *)&limits));
	printf("%lu %lu\n", limits.shmmin, limits.shmmni);
	done("use", shmctl(0, SHM_INFO, &use.d));
	printf("some: %d, pages %d\n", use.info.used_ids > 0, use.info.shm_tot >= 5);
	result("by index", shmctl(id & 0x7fff, SHM_STAT, &d) - id);
	result("by an index that is not", shmctl(4000, SHM_STAT, &d));
	result("system calls", syscall(SYS_shmctl, id, IPC_STAT | 0x100, &d));
}

/* Not all memory can be had, but it comes back. */
static void much(void)
{
	int id[64], n = 0;

	for (int round = 0; round < 3; round++) {
		for (n = 0; n < 64 && (id[n] = shmget(IPC_PRIVATE, 1 << 20, 0600)) >= 0; n++) {
			char *p = shmat(id[n], NULL, 0);
			memset(p, 1, 1 << 20);
			shmctl(id[n], IPC_RMID, NULL);
			shmdt(p);
		}
		printf("%d\n", n);
	}
}

int main(int n, char **argument)
{
	int id;

	if (n > 1)
		return in_other_program(atoi(argument[1]));
	keys();
	id = shmget(IPC_PRIVATE, SIZE, 0600);
	contents(id);
	places(id);
	control(id);
	result("removed", shmctl(id, IPC_RMID, NULL));
	removal();
	other_program("/proc/self/exe");
	much();
	return 0;
}
