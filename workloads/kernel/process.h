/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes and their threads. */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include "file.h"
#include "sched.h"
#include "signal.h"
#include "timer.h"
#include "trap.h"
#include "vm.h"

enum { NOBODY = 1 };			     /* the process that all come from: a number only */
enum { LEAVING_MASK = 1, LEAVING_STOP = 2 }; /* the saved mask comes back; waits while its process is stopped */
enum { THREADS_MAX = 1024, STACK_ORDER = 2, SYSCALL_VECTOR = 0x100, ITIMERS = 3 };
#define CONTAINER(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

/* RLIMIT_... */
enum {
	LIMIT_TIME,
	LIMIT_FILE_SIZE,
	LIMIT_DATA,
	LIMIT_STACK,
	LIMIT_CORE,
	LIMIT_PROCESSES = 6,
	LIMIT_FILES,
	LIMIT_MEMORY = 9,
	LIMIT_QUEUES = 12,
	LIMITS = 16
};

/* timer_create's */
struct posix_timer {
	struct posix_timer *next;
	struct timer timer;
	struct process *process;
	u64 clock, value;
	int id, signal, tid, overrun; /* signal 0: none is sent; tid 0: to the process */
};

struct process {
	struct process *next;	/* all of them, by age */
	struct process *parent; /* NULL: it has none any more, or never had */
	int pid, group, session;
	struct vm *vm;
	struct files *files;
	struct inode *directory, *program; /* working directory; what /proc/self/exe names */
	char *program_path;
	u32 umask;
	struct limit {
		u64 soft, hard;
	} limit[LIMITS];
	unsigned threads;
	bool zombie, ending;	   /* ending: exit_group or a deadly signal; its threads go as they leave the kernel */
	int status;		   /* as wait4 gives it */
	int stopped;		   /* by this signal; 0: it runs */
	bool stop_told, continued; /* wait has told of it; it was continued, and wait has not told */
	struct sigaction action[SIGNALS];
	struct signal_queue pending; /* for any of the threads */
	struct itimer {
		struct timer timer;
		struct process *process;
	} itimer[ITIMERS];
	struct posix_timer *timers;
	int next_timer;
	struct sem_undo *undo;
	struct inode *proc;	    /* its directory there, if somebody looked */
	struct wait_queue children; /* waits for one to end */
	struct wait_queue vforked;  /* the parent waits here until we exec or exit */
	bool vfork;
	u64 user_time, child_time; /* nanoseconds */
	u64 faults, child_faults, pages_most, child_pages_most;
};

struct thread {
	struct thread *next;	 /* all of them */
	struct thread *run_next; /* in the run queue or a wait queue */
	struct process *process;
	int tid;
	u64 stack, rsp;
	enum { THREAD_READY, THREAD_WAITING, THREAD_GONE } state;
	struct wait_queue *queue;
	u64 deadline;	      /* while waiting; 0: none */
	long wake;	      /* what wait_on returns */
	u64 fs_base, gs_base; /* as asked for last; what loads of selectors make of them does not last, as on Linux without FSGSBASE */
	u64 mask;	      /* signals that are blocked */
	u64 wanted;	      /* of these, what rt_sigtimedwait waits for */
	struct signal_queue pending;
	u64 saved_mask; /* sigsuspend's and ppoll's: comes back after the handler */
	u8 on_leaving;	/* the kernel: LEAVING_... */
	bool ending;	/* another thread calls execve */
	u64 alt_stack, alt_size;
	u32 policy, priority; /* sched_setscheduler: kept only */
	u32 io_priority;      /* ioprio_set's; 0: none */
	char name[16];
	u64 set_tid, clear_tid, robust_list; /* set_tid: where it writes its number when it begins to run; 0: nowhere */
	struct inode *proc;		     /* its directory there, if somebody looked */
	u64 futex_key[2];
	u32 futex_bits;
	int futex_owner; /* waiting for a lock: who has it; the lock is at futex_address */
	u64 futex_address;
	int nice;
	u64 share_time, share_cpu, ready_since; /* virtual time when so much was used (share.c); in the run queue since */
	u64 started, cpu_time;			/* on the processor since; before that, in all */
	u8 fpu[512] __attribute__((aligned(16)));
};

extern struct thread *thread_current, *thread_list;
extern struct process *process_list;
#define process_current (thread_current->process)

/* true if the thread has something to do before it sleeps: a signal that is not blocked, or its end */
static inline bool signal_waits(const struct thread *t)
{
	return t->process->ending || t->ending || ((t->pending.set | t->process->pending.set) & (~t->mask | t->wanted));
}
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

void process_first_limits(struct process *process); /* of process 1 */
/* Ends the calling thread; the last one ends the process with this status (wait4's). */
_Noreturn void thread_exit(int status);
/* Ends the process: marks all threads; the caller's own end comes when it leaves the kernel. */
void process_end(struct process *process, int status);
/* Ends the process's other threads, and returns when they are gone. */
void process_end_others(void);
void process_vfork_done(struct process *process);
/* Time on the processor, in user mode and in the kernel, in nanoseconds. */
u64 process_cpu_time(const struct process *process);
u64 thread_cpu_time(const struct thread *thread);
u64 process_pages_most(const struct process *process);		 /* present at a time, in 4 KiB */
void process_drop_timers(struct process *process, bool itimers); /* timer_create's, and setitimer's too */

#endif
