/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of processes and threads: made, ended, waited for. */
#include "process.h"
#include "errno.h"
#include "futex.h"
#include "heap.h"
#include "page.h"
#include "proc_process.h"
#include "program.h"
#include "share.h"
#include "string.h"
#include "sysv_sem.h"
#include "sysv_shm.h"
#include "time.h"
#include "user.h"

void thread_start(void); /* entry.S */

struct thread *thread_current, *thread_list;
struct process *process_list;

static int next_id = 2; /* 1 is nobody: the parent of those who have none */
static unsigned count;

/* Thread and process numbers are of one kind; they start again at 300 after 32767, as Linux's. */
static int new_id(void)
{
	int id;

	do {
		id = next_id++;
		if (next_id > 32767)
			next_id = 300;
	} while (process_find(id) || thread_find(id));
	return id;
}

struct process *process_find(int pid)
{
	struct process *p = process_list;

	while (p && p->pid != pid)
		p = p->next;
	return p;
}

struct thread *thread_find(int tid)
{
	struct thread *t = thread_list;

	while (t && t->tid != tid)
		t = t->next;
	return t;
}

struct process *process_new(struct process *parent)
{
	struct process *p = heap_alloc(sizeof(*p)), **link = &process_list;

	if (!p)
		return NULL;
	if (parent) {
		memcpy(p, parent, sizeof(*p));
		p->vm = NULL;
		p->files = NULL;
		p->user_time = p->child_time = 0;
		p->faults = p->child_faults = p->pages_most = p->child_pages_most = 0;
		p->pending = (struct signal_queue){};
		memset(p->itimer, 0, sizeof(p->itimer));
		p->timers = NULL;
		p->next_timer = 0;
		p->undo = NULL;
		p->proc = NULL;
		p->children = p->vforked = (struct wait_queue){NULL};
		p->threads = 0;
		p->ending = p->vfork = p->continued = false;
		p->program_path = heap_text(parent->program_path, strlen(parent->program_path));
		inode_get(p->directory);
		inode_get(p->program);
	}
	p->parent = parent;
	p->pid = new_id();
	p->next = NULL;
	while (*link)
		link = &(*link)->next;
	*link = p;
	return p;
}

void process_free(struct process *process)
{
	struct process **link = &process_list;

	while (*link != process)
		link = &(*link)->next;
	*link = process->next;
	signal_drop_all(&process->pending);
	proc_forget(process->proc);
	heap_free(process->program_path);
	heap_free(process);
}

struct thread *thread_new(struct process *process, const struct trap *regs)
{
	struct thread *t = count < THREADS_MAX ? heap_alloc(sizeof(*t)) : NULL;
	u64 *stack;

	if (!t)
		return NULL;
	t->stack = (u64)direct(page_alloc(STACK_ORDER));
	if (t->stack == DIRECT) {
		heap_free(t);
		return NULL;
	}
	t->process = process;
	t->nice = thread_current ? thread_current->nice : 0;
	share_join(t);
	t->tid = process->threads++ ? new_id() : process->pid;
	*thread_trap(t) = *regs;
	stack = (u64 *)thread_trap(t);
	*--stack = (u64)thread_start;
	t->rsp = (u64)(stack - 6); /* what thread_switch takes off first */
	t->next = thread_list;
	thread_list = t;
	count++;
	return t;
}

void thread_free(struct thread *thread)
{
	struct thread **link = &thread_list;

	while (*link != thread)
		link = &(*link)->next;
	*link = thread->next;
	share_leave(thread);
	proc_forget(thread->proc);
	signal_drop_all(&thread->pending);
	page_free(physical((void *)thread->stack), STACK_ORDER);
	heap_free(thread);
	count--;
}

void process_vfork_done(struct process *process)
{
	process->vfork = false;
	wake_all(&process->vforked);
}

/* Children of a process that ends are nobody's then: they go when they end, as Linux's first process would see to it. */
static void orphan(struct process *parent)
{
	for (struct process *p = process_list, *next; p; p = next) {
		next = p->next;
		if (p->parent != parent)
			continue;
		p->parent = NULL;
		if (p->stopped) {
			signal_send(p, &(struct siginfo){.signal = SIGHUP, .code = SI_KERNEL});
			signal_send(p, &(struct siginfo){.signal = SIGCONT, .code = SI_KERNEL});
		}
		if (p->zombie)
			process_free(p);
	}
}

static void tell_parent(struct process *p)
{
	struct process *parent = p->parent;
	struct siginfo info = {.signal = SIGCHLD, .code = p->status & 0x7f ? CLD_KILLED : CLD_EXITED, .pid = p->pid};

	if (!parent) {
		process_free(p);
		return;
	}
	info.status = p->status & 0x7f ? p->status & 0x7f : p->status >> 8;
	signal_send(parent, &info);
	wake_all(&parent->children);
	if (parent->action[SIGCHLD - 1].handler == SIG_IGN || (parent->action[SIGCHLD - 1].flags & SA_NOCLDWAIT))
		process_free(p);
}

static void end_process(struct process *p)
{
	if (p == process_list)
		program_end(p->status);
	process_drop_timers(p, true);
	files_put(p->files);
	p->pages_most = process_pages_most(p);
	if (p->undo)
		sem_exit(p);
	if (shm_segments && p->vm->refs == 1)
		shm_left(p->vm);
	vm_put(p->vm);
	inode_put(p->directory);
	inode_put(p->program);
	p->files = NULL;
	p->vm = NULL;
	p->zombie = true;
	orphan(p);
	process_vfork_done(p);
	tell_parent(p);
}

static u64 running(const struct thread *t)
{
	return time_now() - t->started;
}

u64 thread_cpu_time(const struct thread *t)
{
	return t->cpu_time + (t == thread_current ? running(t) : 0);
}

u64 process_cpu_time(const struct process *p)
{
	return p->user_time + (thread_current && process_current == p ? running(thread_current) : 0);
}

u64 process_pages_most(const struct process *p)
{
	return p->vm && p->vm->pages_most > p->pages_most ? p->vm->pages_most : p->pages_most;
}

_Noreturn void thread_exit(int status)
{
	struct thread *t = thread_current;
	struct process *p = t->process;
	u32 zero = 0;

	if (vm_current() == p->vm && p->vm)
		futex_exit();
	if (t->clear_tid && user_write(t->clear_tid, &zero, sizeof(zero)))
		futex_wake(t->clear_tid, 1);
	p->user_time += time_now() - t->started;
	t->cpu_time += time_now() - t->started;
	t->started = time_now();
	if (!p->ending)
		p->status = status;
	if (--p->threads == 0)
		end_process(p);
	sched_gone();
}

void process_end(struct process *process, int status)
{
	if (process->ending)
		return;
	process->ending = true;
	process->status = status;
	for (struct thread *t = thread_list; t; t = t->next)
		if (t->process == process)
			wake_thread(t, -EINTR);
}

void process_end_others(void)
{
	struct process *p = process_current;

	for (struct thread *t = thread_list; t; t = t->next)
		if (t->process == p && t != thread_current) {
			t->ending = true;
			wake_thread(t, -EINTR);
		}
	while (p->threads > 1)
		sched_yield_now();
}
