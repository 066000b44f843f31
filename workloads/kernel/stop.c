/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stopping. LIMIT: the program that was started, which nobody here could continue, is not stopped. */
#include "stop.h"
#include "process.h"

static struct wait_queue stopped;

static void tell_parent(struct process *p, int code, int status)
{
	struct process *parent = p->parent;
	struct siginfo info = {.signal = SIGCHLD, .code = code, .pid = p->pid};

	if (!parent)
		return;
	info.status = status;
	if (!(parent->action[SIGCHLD - 1].flags & SA_NOCLDSTOP))
		signal_send(parent, &info);
	wake_all(&parent->children);
}

/* A group in which nobody has a parent outside, in its session: nobody would continue it. The first program's parent is one, as a shell
 * would be. */
bool stop_orphaned(int group)
{
	for (const struct process *p = process_list; p; p = p->next)
		if (p->group == group && !p->zombie &&
		    (p->parent ? p->parent->group != group && p->parent->session == p->session : p == process_list))
			return false;
	return true;
}

void stop_process(struct process *process, int signal)
{
	if (!process->parent || (signal != SIGSTOP && stop_orphaned(process->group)))
		return;
	if (process->stopped)
		return;
	process->stopped = signal;
	process->stop_told = process->continued = false;
	for (struct thread *t = thread_list; t; t = t->next)
		if (t->process == process)
			t->on_leaving |= LEAVING_STOP;
	tell_parent(process, CLD_STOPPED, signal);
}

void stop_continue(struct process *process)
{
	if (!process->stopped)
		return;
	process->stopped = 0;
	process->continued = true;
	for (struct thread *t = stopped.first, *next; t; t = next) {
		next = t->run_next;
		if (t->process == process)
			wake_thread(t, 0);
	}
	tell_parent(process, CLD_CONTINUED, SIGCONT);
}

void stop_wait(void)
{
	struct thread *t = thread_current;
	u64 mask = t->mask;

	t->mask = ~0ull; /* only SIGCONT and the end */
	while (t->process->stopped && !t->process->ending && !t->ending)
		wait_on(&stopped, 0);
	t->mask = mask;
	t->on_leaving &= (u8)~LEAVING_STOP;
}
