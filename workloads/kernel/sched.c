/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scheduler. The idle loop runs on boot.S's stack: it halts until an interrupt. FS and GS bases and the FPU are switched with the
 * thread, CR3 with the process.
 */
#include "sched.h"
#include "errno.h"
#include "gdt.h"
#include "process.h"
#include "share.h"
#include "time.h"
#include "tty.h"
#include "user.h"

void thread_switch(u64 *save_rsp, u64 load_rsp); /* entry.S */
void sched_begin(struct trap *regs);		 /* called there */

bool sched_wanted;
struct wait_queue sched_pollers;

static struct thread *first_ready, *last_ready, *gone;
static u64 idle_rsp;

static void append(struct wait_queue *queue, struct thread *thread)
{
	struct thread **link = &queue->first;

	while (*link)
		link = &(*link)->run_next;
	*link = thread;
	thread->run_next = NULL;
	thread->queue = queue;
}

static void leave(struct thread *thread)
{
	struct thread **link = &thread->queue->first;

	while (*link != thread)
		link = &(*link)->run_next;
	*link = thread->run_next;
	thread->queue = NULL;
}

void sched_ready(struct thread *thread)
{
	thread->state = THREAD_READY;
	if (share_values > 1)
		share_ready(thread);
	thread->run_next = NULL;
	if (first_ready)
		last_ready->run_next = thread;
	else
		first_ready = thread;
	last_ready = thread;
}

/* By shares. Who gives the processor up by itself wants another to have it. */
static struct thread *take_chosen(void)
{
	struct thread *thread = share_choose(first_ready, sched_wanted ? NULL : thread_current), **link = &first_ready;

	if (last_ready == thread)
		for (struct thread *t = first_ready; t != thread; t = t->run_next)
			last_ready = t;
	while (*link != thread)
		link = &(*link)->run_next;
	*link = thread->run_next;
	return thread;
}

static struct thread *take_ready(void)
{
	struct thread *thread = first_ready;

	if (thread && share_values > 1)
		return take_chosen();
	if (thread)
		first_ready = thread->run_next;
	return thread;
}

static void save(struct thread *t, u64 now)
{
	asm volatile("fxsave64 %0" : "=m"(t->fpu));
	t->process->user_time += now - t->started;
	t->cpu_time += now - t->started;
}

/* from: the thread that ran last; NULL: none. A base that was 0 still is, whatever selectors it has loaded; any other may be gone. */
static void load(struct thread *t, const struct thread *from, u64 now)
{
	tss.rsp[0] = t->stack + ((u64)PAGE << STACK_ORDER);
	vm_switch(t->process->vm);
	if (!from || from->fs_base || t->fs_base)
		wrmsr(MSR_FS_BASE, t->fs_base);
	if (!from || from->gs_base || t->gs_base)
		wrmsr(MSR_GS_BASE, t->gs_base);
	asm volatile("fxrstor64 %0" : : "m"(t->fpu));
	t->started = now;
}

static void free_gone(void)
{
	if (gone)
		thread_free(gone);
	gone = NULL;
}

/* Runs the next ready thread, or the idle loop; returns when the current thread is chosen again. */
static void switch_away(void)
{
	struct thread *from = thread_current, *to = take_ready();

	sched_wanted = false;
	if (to == from)
		return;
	u64 now = time_now();
	if (from->state == THREAD_GONE)
		gone = from;
	else
		save(from, now);
	thread_current = to;
	if (to)
		load(to, from, now);
	thread_switch(&from->rsp, to ? to->rsp : idle_rsp);
	free_gone();
}

/* The first that a new thread does, on the way to user mode. */
void sched_begin(struct trap *regs)
{
	struct thread *t = thread_current;

	free_gone();
	if (t->set_tid)
		user_write(t->set_tid, &t->tid, sizeof(t->tid));
	t->set_tid = 0;
	if (signal_waits(t) || t->on_leaving)
		signal_deliver(regs);
}

static void expire(void)
{
	u64 now = time_now();

	for (struct thread *t = thread_list; t; t = t->next)
		if (t->state == THREAD_WAITING && t->deadline && now >= t->deadline)
			wake_thread(t, -ETIMEDOUT);
}

bool sched_alone(void)
{
	if (first_ready || timer_any())
		return false;
	for (const struct thread *t = thread_list; t; t = t->next)
		if (t->state == THREAD_WAITING && t->deadline)
			return false;
	return true;
}

/* At the soft limit, and then each second, a signal; at the hard one the end. */
static void limit_time(struct process *p)
{
	u64 used = process_cpu_time(p) / SECOND;
	struct limit *limit = &p->limit[LIMIT_TIME];

	if (used >= limit->hard) {
		process_end(p, SIGKILL);
	} else if (used >= limit->soft && used) {
		limit->soft = used + 1;
		signal_send(p, &(struct siginfo){.signal = SIGXCPU, .code = SI_KERNEL});
	}
}

void sched_tick(void)
{
	sched_wanted = true;
	if (thread_current && process_current->limit[LIMIT_TIME].soft != ~0ull)
		limit_time(process_current);
	expire();
	timer_run();
	if (tty_input())
		wake_pollers();
}

_Noreturn void sched_start(void)
{
	for (;;) {
		struct thread *to = take_ready();
		if (!to) {
			if (!tty_idle())
				asm volatile("sti; hlt; cli" : : : "memory");
			continue;
		}
		thread_current = to;
		load(to, NULL, time_now());
		thread_switch(&idle_rsp, to->rsp);
		free_gone();
	}
}

void sched_yield_now(void)
{
	sched_ready(thread_current);
	switch_away();
}

_Noreturn void sched_gone(void)
{
	thread_current->state = THREAD_GONE;
	switch_away();
	__builtin_unreachable();
}

long wait_on(struct wait_queue *queue, u64 deadline)
{
	struct thread *t = thread_current;

	if (signal_waits(t))
		return -EINTR;
	if (deadline && time_now() >= deadline)
		return -ETIMEDOUT;
	t->state = THREAD_WAITING;
	t->deadline = deadline;
	append(queue, t);
	switch_away();
	return t->wake;
}

void wake_thread(struct thread *thread, long result)
{
	if (thread->state != THREAD_WAITING)
		return;
	leave(thread);
	thread->wake = result;
	thread->deadline = 0;
	sched_ready(thread);
}

void wake_one(struct wait_queue *queue)
{
	if (queue->first)
		wake_thread(queue->first, 0);
}

void wake_waiting(struct wait_queue *queue)
{
	while (queue->first)
		wake_thread(queue->first, 0);
}
