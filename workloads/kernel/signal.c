/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals: those that wait, default actions, and which one is next. Of one number below SIGRTMIN only one waits at a time.
 * LIMIT: no core files.
 */
#include "signal.h"
#include "errno.h"
#include "heap.h"
#include "process.h"
#include "sigframe.h"
#include "signalfd.h"
#include "stop.h"

#define IGNORED_BY_DEFAULT (SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH))

static bool ignored(const struct process *p, int signal)
{
	u64 handler = p->action[signal - 1].handler;

	return handler == SIG_IGN || (handler == SIG_DFL && (SIGNAL_BIT(signal) & IGNORED_BY_DEFAULT));
}

struct signal_waiting {
	struct signal_waiting *next;
	struct siginfo info;
};

/* false: the host of all is out of memory, and the signal is lost */
static bool queue_add(struct signal_queue *q, const struct siginfo *info)
{
	struct signal_waiting **link = &q->first, *w;

	if (info->signal < SIGRTMIN && (q->set & SIGNAL_BIT(info->signal)))
		return true;
	w = heap_alloc(sizeof(*w));
	if (!w)
		return false;
	w->info = *info;
	while (*link)
		link = &(*link)->next;
	*link = w;
	q->set |= SIGNAL_BIT(info->signal);
	if (signalfd_open)
		wake_pollers();
	return true;
}

static void queue_take(struct signal_queue *q, int signal, struct siginfo *info)
{
	struct signal_waiting **link = &q->first, *w;

	while ((*link)->info.signal != signal)
		link = &(*link)->next;
	w = *link;
	*info = w->info;
	*link = w->next;
	heap_free(w);
	q->set &= ~SIGNAL_BIT(signal);
	for (w = *link; w; w = w->next)
		if (w->info.signal == signal)
			q->set |= SIGNAL_BIT(signal);
}

void signal_drop_all(struct signal_queue *q)
{
	struct siginfo info;

	while (q->first)
		queue_take(q, q->first->info.signal, &info);
}

int *signal_timer_overrun(struct process *process, struct thread *thread, int timer)
{
	struct signal_queue *q = thread ? &thread->pending : &process->pending;

	for (struct signal_waiting *w = q->first; w; w = w->next)
		if (w->info.code == SI_TIMER && w->info.timer == timer)
			return &w->info.overrun;
	return NULL;
}

/* Wakes a thread that can take the signal. */
static void wake_taker(struct process *p, int signal)
{
	for (struct thread *t = thread_list; t; t = t->next)
		if (t->process == p && ((~t->mask | t->wanted) & SIGNAL_BIT(signal))) {
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

static void drop(struct process *p, u64 set)
{
	struct siginfo info;

	for (struct thread *t = thread_list; t; t = t->next)
		while (t->process == p && (t->pending.set & set))
			queue_take(&t->pending, __builtin_ctzll(t->pending.set & set) + 1, &info);
	while (p->pending.set & set)
		queue_take(&p->pending, __builtin_ctzll(p->pending.set & set) + 1, &info);
}

/* What stops and what continues undo each other, and continuing is done at once. true: so is stopping, and there is nothing to deliver. */
static bool stops(struct process *p, int signal, bool is_blocked)
{
	if (signal == SIGCONT) {
		drop(p, STOP_SIGNALS);
		stop_continue(p);
	}
	if (!(SIGNAL_BIT(signal) & STOP_SIGNALS))
		return false;
	drop(p, SIGNAL_BIT(SIGCONT));
	if (p->action[signal - 1].handler != SIG_DFL || (is_blocked && signal != SIGSTOP))
		return false;
	stop_process(p, signal);
	return true;
}

#define STOP_OR_CONTINUE (STOP_SIGNALS | SIGNAL_BIT(SIGCONT))

void signal_send(struct process *p, const struct siginfo *info)
{
	if (p->zombie || p->ending)
		return;
	if (info->signal == SIGKILL) {
		process_end(p, SIGKILL);
		return;
	}
	if ((SIGNAL_BIT(info->signal) & STOP_OR_CONTINUE) && stops(p, info->signal, blocked_by_all(p, info->signal)))
		return;
	if (ignored(p, info->signal) && !blocked_by_all(p, info->signal))
		return;
	queue_add(&p->pending, info);
	wake_taker(p, info->signal);
}

void signal_send_thread(struct thread *t, const struct siginfo *info)
{
	if (info->signal == SIGKILL) {
		process_end(t->process, SIGKILL);
		return;
	}
	if ((SIGNAL_BIT(info->signal) & STOP_OR_CONTINUE) && stops(t->process, info->signal, blocked(t, info->signal)))
		return;
	if (ignored(t->process, info->signal) && !blocked(t, info->signal))
		return;
	queue_add(&t->pending, info);
	if ((~t->mask | t->wanted) & SIGNAL_BIT(info->signal))
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
	if (!queue_add(&t->pending, &(struct siginfo){.signal = signal, .code = code, .address = address}))
		process_end(t->process, signal);
}

/* Faults first, then by number. */
int signal_take(struct thread *t, u64 wanted, struct siginfo *info)
{
	u64 faults = SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP);
	u64 own = t->pending.set & wanted, shared = t->process->pending.set & wanted;
	u64 set = own & faults ? own & faults : own ? own : shared;
	int signal = set ? __builtin_ctzll(set) + 1 : 0;

	if (signal)
		queue_take(own ? &t->pending : &t->process->pending, signal, info);
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

	if (t->on_leaving & LEAVING_STOP)
		stop_wait();
	while (!p->ending && !t->ending && (signal = signal_take(t, ~t->mask, &info))) {
		struct sigaction action = p->action[signal - 1];
		if (ignored(p, signal))
			continue;
		if (action.handler == SIG_DFL && (SIGNAL_BIT(signal) & STOP_SIGNALS)) {
			stop_process(p, signal);
			stop_wait();
			continue;
		}
		if (action.handler == SIG_DFL) {
			process_end(p, signal);
			break;
		}
		restart(regs, action.flags & SA_RESTART);
		if (!sigframe_push(regs, &action, &info))
			process_end(p, SIGSEGV);
		t->on_leaving &= (u8)~LEAVING_MASK;
		t->mask |= action.mask | (action.flags & SA_NODEFER ? 0 : SIGNAL_BIT(signal));
		if (action.flags & SA_RESETHAND)
			p->action[signal - 1].handler = SIG_DFL;
	}
	if (p->ending || t->ending)
		thread_exit(p->status);
	restart(regs, true);
	if (t->on_leaving & LEAVING_MASK) {
		t->mask = t->saved_mask;
		t->on_leaving &= (u8)~LEAVING_MASK;
	}
}
