/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals, as Linux has them on x86-64. */
#ifndef KERNEL_SIGNAL_H
#define KERNEL_SIGNAL_H

#include "x86.h"

struct process;
struct thread;
struct trap;

enum { SIGNALS = 64, SIGRTMIN = 32 };
enum {
	SIGHUP = 1,
	SIGINT = 2,
	SIGQUIT = 3,
	SIGILL = 4,
	SIGTRAP = 5,
	SIGABRT = 6,
	SIGBUS = 7,
	SIGFPE = 8,
	SIGKILL = 9,
	SIGSEGV = 11,
	SIGPIPE = 13,
	SIGALRM = 14,
	SIGTERM = 15,
	SIGCHLD = 17,
	SIGCONT = 18,
	SIGSTOP = 19,
	SIGTSTP = 20,
	SIGTTIN = 21,
	SIGTTOU = 22,
	SIGURG = 23,
	SIGXCPU = 24,
	SIGXFSZ = 25,
	SIGVTALRM = 26,
	SIGPROF = 27,
	SIGWINCH = 28,
};
enum { SIG_DFL = 0, SIG_IGN = 1 };
#define SA_NOCLDSTOP 1ull
#define SA_NOCLDWAIT 2ull
#define SA_SIGINFO 4ull
#define SA_ONSTACK 0x08000000ull
#define SA_RESTART 0x10000000ull
#define SA_NODEFER 0x40000000ull
#define SA_RESETHAND 0x80000000ull
enum {
	SI_USER = 0,
	SI_KERNEL = 0x80,
	SI_TKILL = -6,
	SI_TIMER = -2,
	SEGV_MAPERR = 1,
	SEGV_ACCERR = 2,
	BUS_ADRERR = 2,
	FPE_INTDIV = 1,
	FPE_FLTDIV = 3,
	FPE_FLTOVF,
	FPE_FLTUND,
	FPE_FLTRES,
	FPE_FLTINV,
	ILL_ILLOPN = 2,
	CLD_EXITED = 1,
	CLD_KILLED = 2,
	CLD_STOPPED = 5,
	CLD_CONTINUED,
	TRAP_BRKPT = 1
};

struct sigaction { /* as rt_sigaction has it */
	u64 handler, flags, restorer, mask;
};

struct siginfo { /* the first 48 of 128 bytes */
	int signal, error, code, pad;
	union {
		struct {
			int pid, uid;
			union {
				int status;
				u64 value; /* sigqueue's, a timer's */
			};
		};
		struct {
			int timer, overrun;
		};
		u64 address;
	};
	u64 unused[2];
};

/* Signals that wait to be taken, in the order they came. */
struct signal_queue {
	u64 set; /* bit signal - 1 */
	struct signal_waiting *first;
};

#define SIGNAL_BIT(signal) (1ull << ((signal)-1))

/* To a process, or to one thread. Ignored ones are dropped. */
void signal_send(struct process *process, const struct siginfo *info);
void signal_send_thread(struct thread *thread, const struct siginfo *info);
void signal_drop_all(struct signal_queue *queue);
/* The overrun count of this timer's signal, if that waits in the process (thread: there); else NULL. */
int *signal_timer_overrun(struct process *process, struct thread *thread, int timer);
/* Takes a signal of this set that waits for the thread or its process. 0: none. */
int signal_take(struct thread *thread, u64 set, struct siginfo *info);
/* A fault of the running program: cannot be blocked or ignored. */
void signal_fault(int signal, int code, u64 address);
/* On the way to user mode: ends the thread, or enters a handler. */
void signal_deliver(struct trap *regs);
/* From the handler back: restores what signal_deliver saved. */
long signal_return(struct trap *regs);

#endif
