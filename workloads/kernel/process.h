/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes and their threads. */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include "file.h"
#include "sched.h"
#include "signal.h"
#include "trap.h"
#include "vm.h"

enum { THREADS_MAX = 1024, STACK_ORDER = 2, SYSCALL_VECTOR = 0x100 };

struct process {
	struct process *next;	/* all of them, by age */
	struct process *parent; /* NULL: the first one's */
	int pid, group, session;
	struct vm *vm;
	struct files *files;
	struct inode *directory, *program; /* working directory; what /proc/self/exe names */
	char *program_path;
	u32 umask;
	unsigned threads;
	bool zombie, ending; /* ending: exit_group or a deadly signal; its threads go as they leave the kernel */
	int status;	     /* as wait4 gives it */
	struct sigaction action[SIGNALS];
	u64 pending;		      /* signals for any of the threads: bit signal - 1 */
	struct siginfo info[SIGNALS]; /* of the pending ones */
	struct wait_queue children;   /* waits for one to end */
	struct wait_queue vforked;    /* the parent waits here until we exec or exit */
	bool vfork;
	u64 user_time, child_time; /* nanoseconds */
	char name[16];
};

struct thread {
	struct thread *next;	 /* all of them */
	struct thread *run_next; /* in the run queue or a wait queue */
	struct process *process;
	int tid;
	u64 stack, rsp;
	enum { THREAD_READY, THREAD_WAITING, THREAD_GONE } state;
	struct wait_queue *queue;
	u64 deadline; /* while waiting; 0: none */
	long wake;    /* what wait_on returns */
	u64 fs_base, gs_base;
	u64 mask, pending; /* signals */
	struct siginfo info[SIGNALS];
	u64 saved_mask; /* sigsuspend's and ppoll's: comes back after the handler */
	bool restore_mask;
	bool ending; /* another thread calls execve */
	u64 alt_stack, alt_size;
	u64 clear_tid, robust_list;
	u64 futex_key[2];
	u32 futex_bits;
	u64 started; /* on the processor since */
	u8 fpu[512] __attribute__((aligned(16)));
};

extern struct thread *thread_current, *thread_list;
extern struct process *process_list;
#define process_current (thread_current->process)

static inline struct trap *thread_trap(const struct thread *t)
{
	return (struct trap *)(t->stack + ((u64)PAGE << STACK_ORDER)) - 1;
}

/* A thread of a new process (process NULL: made, child of parent) whose struct trap is a copy of regs. Not yet ready. NULL: no room. */
struct process *process_new(struct process *parent);
struct thread *thread_new(struct process *process, const struct trap *regs);
void thread_free(struct thread *thread); /* one that never ran, or is gone */
void process_free(struct process *process);
struct process *process_find(int pid);
struct thread *thread_find(int tid);

/* Ends the calling thread; the last one ends the process with this status (wait4's). */
_Noreturn void thread_exit(int status);
/* Ends the process: marks all threads; the caller's own end comes when it leaves the kernel. */
void process_end(struct process *process, int status);
/* Ends the process's other threads, and returns when they are gone. */
void process_end_others(void);
void process_vfork_done(struct process *process);

#endif
