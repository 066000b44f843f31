/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls about messages, semaphores, shared memory, pipes and watches with arguments that make little sense: the kernel lives on. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 120, CALLS = 3000, WORDS = 4096 };

static const int calls[] = {
    SYS_shmget,		  SYS_shmat,	   SYS_shmctl,	     SYS_shmdt,		  SYS_semget,	     SYS_semop,
    SYS_semctl,		  SYS_semtimedop,  SYS_msgget,	     SYS_msgsnd,	  SYS_msgrcv,	     SYS_msgctl,
    SYS_mq_open,	  SYS_mq_unlink,   SYS_mq_timedsend, SYS_mq_timedreceive, SYS_mq_notify,     SYS_mq_getsetattr,
    SYS_splice,		  SYS_tee,	   SYS_vmsplice,     SYS_setxattr,	  SYS_fsetxattr,     SYS_getxattr,
    SYS_listxattr,	  SYS_removexattr, SYS_ioprio_set,   SYS_ioprio_get,	  SYS_inotify_init1, SYS_inotify_add_watch,
    SYS_inotify_rm_watch, SYS_fcntl,	   SYS_ioctl,	     SYS_getdents64,	  SYS_openat,	     SYS_readlink,
    SYS_unlink,		  SYS_rename,	   SYS_clock_settime};
static long words[WORDS];
static uint64_t seed;

static unsigned next(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33);
}

static long argument(void)
{
	switch (next() % 12) {
	case 0:
		return 0;
	case 1:
		return 8;
	case 2:
		return -(long)(next() % 5000);
	case 3:
		return (long)(words + next() % WORDS);
	case 4:
		return (long)(1ul << next() % 64);
	case 5:
		return (long)"/tmp/random";
	case 6:
		return (long)"/proc/self/fd";
	case 7:
		return 0x7fffffffffff;
	case 8:
		return next() % 4 << 15 | next() % 6;
	case 9:
		return next() % 4096;
	}
	return next() % 16;
}

static void child(unsigned number)
{
	int ends[2];

	seed = number;
	ualarm(200000, 0);
	pipe(ends);
	open("/tmp/random", O_CREAT | O_RDWR, 0600);
	open("/tmp", O_RDONLY);
	for (int i = 0; i < CALLS; i++) {
		long a[6];
		for (int k = 0; k < 6; k++)
			a[k] = argument();
		words[next() % WORDS] = argument();
		syscall(calls[next() % (sizeof(calls) / sizeof(calls[0]))], a[0], a[1], a[2], a[3], a[4], a[5]);
	}
	_exit(0);
}

int main(void)
{
	for (unsigned i = 0; i < CHILDREN; i++) {
		if (!fork())
			child(i);
		wait(NULL);
	}
	for (int i = 0; i < 1 << 16; i++) {
		syscall(SYS_shmctl, i, 0, 0);
		syscall(SYS_semctl, i, 0, 0, 0);
		syscall(SYS_msgctl, i, 0, 0);
	}
	puts("alive");
	return 0;
}
