/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals: pending sets, default actions, and which one is next. Of one number only one is pending at a time, real-time ones too.
 * LIMIT: nothing stops a process (SIGSTOP and its kin do nothing); no core files.
 */
#include "signal.h"
#include "errno.h"
#include "process.h"
#include "sigframe.h"

#define IGNORED_BY_DEFAULT                                                                                                                 \
	(SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH) | SIGNAL_BIT(SIGSTOP) |                     \
	 SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))

static bool ignored(const struct process *p, int signal)
{
	u64 handler = p->action[signal - 1].handler;

	return handler == SIG_IGN || (handler == SIG_DFL && (SIGNAL_BIT(signal) & IGNORED_BY_DEFAULT));
}

bool signal_waits(const struct thread *t)
{
	return t->process->ending || t->ending || ((t->pending | t->process->pending) & ~t->mask);
}

/* Wakes a thread that can take the signal. */
static void wake_taker(struct process *p, int signal)
{
	for (struct thread *t = thread_list; t; t = t->next)
		if (t->process == p && !(t->mask & SIGNAL_BIT(signal))) {
			wake_thread(t, -EINTR);
			return;
		}
}

static bool blocked(const struct thread *t, int signal)
{
	return t->mask & SIGNAL_BIT(signal);
}

static bool blocked_by_all(const struct process *p, int signal)
{
	for (const struct thread *t = thread_list; t; t = t->next)
		if (t->process == p && !blocked(t, signal))
			return false;
	return true;
}

void signal_send(struct process *p, const struct siginfo *info)
{
	if (p->zombie || p->ending)
		return;
	if (info->signal == SIGKILL) {
		process_end(p, SIGKILL);
		return;
	}
	if (ignored(p, info->signal) && !blocked_by_all(p, info->signal))
		return;
	p->pending |= SIGNAL_BIT(info->signal);
	p->info[info->signal - 1] = *info;
	wake_taker(p, info->signal);
}

void signal_send_thread(struct thread *t, const struct siginfo *info)
{
	if (info->signal == SIGKILL) {
		process_end(t->process, SIGKILL);
		return;
	}
	if (ignored(t->process, info->signal) && !blocked(t, info->signal))
		return;
	t->pending |= SIGNAL_BIT(info->signal);
	t->info[info->signal - 1] = *info;
	if (!blocked(t, info->signal))
		wake_thread(t, -EINTR);
}

void signal_fault(int signal, int code, u64 address)
{
	struct thread *t = thread_current;
	struct sigaction *action = &t->process->action[signal - 1];

	if (blocked(t, signal) || action->handler == SIG_IGN) {
		action->handler = SIG_DFL;
		t->mask &= ~SIGNAL_BIT(signal);
	}
	t->pending |= SIGNAL_BIT(signal);
	t->info[signal - 1] = (struct siginfo){.signal = signal, .code = code, .address = address};
}

/* Takes the next signal that is not blocked; faults first, then by number. 0: none. */
static int take(struct thread *t, struct siginfo *info)
{
	u64 faults = SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP);
	u64 own = t->pending & ~t->mask, shared = t->process->pending & ~t->mask;
	u64 set = own & faults ? own & faults : own ? own : shared;
	int signal = set ? __builtin_ctzll(set) + 1 : 0;

	if (!signal)
		return 0;
	*info = own ? t->info[signal - 1] : t->process->info[signal - 1];
	*(own ? &t->pending : &t->process->pending) &= ~SIGNAL_BIT(signal);
	return signal;
}

/* An interrupted call: once more if no handler runs or the handler wants that. */
static void restart(struct trap *regs, bool again)
{
	if (regs->vector != SYSCALL_VECTOR || (long)regs->rax != -ERESTART)
		return;
	if (again) {
		regs->rax = regs->error;
		regs->rip -= 2;
		regs->vector = SYSCALL_VECTOR + 1;
	} else {
		regs->rax = (u64)-EINTR;
	}
}

void signal_deliver(struct trap *regs)
{
	struct thread *t = thread_current;
	struct process *p = t->process;
	struct siginfo info;
	int signal;

	while (!p->ending && !t->ending && (signal = take(t, &info))) {
		struct sigaction action = p->action[signal - 1];
		if (ignored(p, signal))
			continue;
		if (action.handler == SIG_DFL) {
			process_end(p, signal);
			break;
		}
		restart(regs, action.flags & SA_RESTART);
		if (!sigframe_push(regs, &action, &info))
			process_end(p, SIGSEGV);
		t->restore_mask = false;
		t->mask |= action.mask | (action.flags & SA_NODEFER ? 0 : SIGNAL_BIT(signal));
		if (action.flags & SA_RESETHAND)
			p->action[signal - 1].handler = SIG_DFL;
	}
	if (p->ending || t->ending)
		thread_exit(p->status);
	restart(regs, true);
	if (t->restore_mask) {
		t->mask = t->saved_mask;
		t->restore_mask = false;
	}
}
