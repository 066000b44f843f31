/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes and threads: made, replaced, ended, waited for, named. */
#include "errno.h"
#include "exec.h"
#include "heap.h"
#include "path.h"
#include "process.h"
#include "share.h"
#include "string.h"
#include "syscall.h"
#include "sysv_shm.h"
#include "time.h"
#include "user.h"

#define CLONE_VM 0x100ull
#define CLONE_FILES 0x400ull
#define CLONE_SIGHAND 0x800ull
#define CLONE_VFORK 0x4000ull
#define CLONE_THREAD 0x10000ull
#define CLONE_SETTLS 0x80000ull
#define CLONE_PARENT_SETTID 0x100000ull
#define CLONE_CHILD_CLEARTID 0x200000ull
#define CLONE_CHILD_SETTID 0x1000000ull
enum {
	WNOHANG = 1,
	WUNTRACED = 2,
	WSTOPPED = 2,
	WEXITED = 4,
	WCONTINUED = 8,
	WNOWAIT = 0x01000000,
	WNOTHREAD = 0x20000000,
	WALL = 0x40000000
};
#define WCLONE 0x80000000ull
enum { ARCH_SET_GS = 0x1001, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS, PR_SET_NAME = 15, PR_GET_NAME };

struct clone {
	u64 flags, stack, parent_tid, child_tid, tls;
};

/* The child's process: a copy of memory, or the same (vfork); open files copied or shared. NULL: no memory. */
static struct process *copy_process(const struct clone *c)
{
	struct process *parent = process_current, *child = process_new(parent);

	if (!child)
		return NULL;
	if (c->flags & CLONE_VM) {
		vm_get(parent->vm);
		child->vm = parent->vm;
	} else {
		child->vm = vm_fork(parent->vm);
		if (shm_segments && child->vm)
			shm_forked(child->vm);
	}
	if (c->flags & CLONE_FILES) {
		parent->files->refs++;
		child->files = parent->files;
	} else {
		child->files = files_fork(parent->files);
	}
	child->vfork = c->flags & CLONE_VFORK;
	return child;
}

static void drop_process(struct process *p)
{
	files_put(p->files);
	if (p->vm)
		vm_put(p->vm);
	inode_put(p->directory);
	inode_put(p->program);
	process_free(p);
}

static void inherit(struct thread *child, const struct clone *c)
{
	const struct thread *t = thread_current;

	child->mask = t->mask;
	memcpy(child->name, t->name, sizeof(child->name));
	child->io_priority = t->io_priority;
	child->policy = t->policy & 0x40000000 ? 0 : t->policy; /* SCHED_RESET_ON_FORK */
	child->priority = child->policy ? t->priority : 0;
	if ((t->policy & 0x40000000) && t->nice < 0)
		share_set(child, 0);
	child->fs_base = c->flags & CLONE_SETTLS ? c->tls : t->fs_base;
	child->gs_base = t->gs_base;
	asm volatile("fxsave64 %0" : "=m"(child->fpu));
	if (!(c->flags & CLONE_VM)) {
		child->alt_stack = t->alt_stack;
		child->alt_size = t->alt_size;
	}
	if (c->flags & CLONE_CHILD_CLEARTID)
		child->clear_tid = c->child_tid;
}

static long do_clone(const struct trap *regs, const struct clone *c)
{
	bool thread = c->flags & CLONE_THREAD;
	struct process *p = thread ? process_current : copy_process(c);
	struct trap start = *regs;
	struct thread *child = NULL;

	if (thread && !(c->flags & CLONE_VM))
		return -EINVAL;
	if (!p)
		return -ENOMEM;
	start.rax = 0;
	start.vector = SYSCALL_VECTOR + 1;
	if (c->stack)
		start.rsp = c->stack;
	if (p->vm && p->files)
		child = thread_new(p, &start);
	if (!child) {
		bool memory = p->vm && p->files;
		if (!thread)
			drop_process(p);
		return memory ? -EAGAIN : -ENOMEM;
	}
	inherit(child, c);
	if (c->flags & CLONE_PARENT_SETTID)
		user_write(c->parent_tid, &child->tid, sizeof(child->tid));
	if (c->flags & CLONE_CHILD_SETTID)
		child->set_tid = c->child_tid;
	int tid = child->tid;
	sched_ready(child);
	while (!thread && p->vfork && !process_current->ending && !thread_current->ending) {
		u64 mask = thread_current->mask; /* only its end interrupts the parent */
		thread_current->mask = ~0ull;
		wait_on(&p->vforked, 0);
		thread_current->mask = mask;
	}
	return tid;
}

long sys_clone(struct trap *r)
{
	return do_clone(r, &(struct clone){r->rdi, r->rsi, r->rdx, r->r10, r->r8});
}

long sys_fork(struct trap *r)
{
	return do_clone(r, &(struct clone){.flags = SIGCHLD});
}

long sys_vfork(struct trap *r)
{
	return do_clone(r, &(struct clone){.flags = SIGCHLD | CLONE_VM | CLONE_VFORK});
}

static long collect(u64 list)
{
	u64 pointer;
	long rc = 0;

	for (; list && !rc; list += 8) {
		if (!user_read(&pointer, list, 8))
			return -EFAULT;
		if (!pointer)
			return 0;
		rc = exec_add_user(&exec_strings, pointer);
	}
	return rc;
}

long sys_execve(struct trap *r)
{
	static char path[PATH_SIZE];
	long rc;

	if (process_current->threads > 1)
		process_end_others();
	rc = user_string(path, r->rdi, sizeof(path));
	exec_strings.count = exec_strings.used = 0;
	if (rc >= 0)
		rc = collect(r->rsi);
	exec_strings.arguments = exec_strings.count;
	if (rc == 0)
		rc = collect(r->rdx);
	if (rc == 0 && !exec_strings.arguments)
		rc = -EINVAL;
	return rc < 0 ? rc : exec_program(path, &exec_strings, r);
}

long sys_exit(u64 status)
{
	thread_exit((int)(status & 0xff) << 8);
}

long sys_exit_group(u64 status)
{
	process_end(process_current, (int)(status & 0xff) << 8);
	return 0;
}

static bool meant(const struct process *child, int pid)
{
	const struct process *p = process_current;

	if (child->parent != p)
		return false;
	return pid == -1 || child->pid == pid || (pid == 0 && child->group == p->group) || (pid < -1 && child->group == -pid);
}

struct usage {
	u64 user[2], system[2], resident_most, sizes[3], faults, unused[9];
};

_Static_assert(sizeof(struct usage) == 144, "struct rusage of x86-64");

static bool write_usage(u64 to, u64 time, u64 faults, u64 pages)
{
	struct usage usage = {.user = {time / SECOND, time % SECOND / 1000}, .resident_most = pages * (PAGE / 1024), .faults = faults};

	return !to || user_write(to, &usage, sizeof(usage));
}

static void release(struct process *child)
{
	struct process *p = process_current;

	p->child_time += child->user_time + child->child_time;
	p->child_faults += child->faults + child->child_faults;
	if (child->pages_most > p->child_pages_most)
		p->child_pages_most = child->pages_most;
	if (child->child_pages_most > p->child_pages_most)
		p->child_pages_most = child->child_pages_most;
	process_free(child);
}

/* Is there something to say of the child that is asked for? */
static bool tells(const struct process *p, u64 options)
{
	if (p->zombie)
		return options & WEXITED;
	return ((options & WSTOPPED) && p->stopped && !p->stop_told) || ((options & WCONTINUED) && p->continued);
}

/* wait4's status. */
static int status_of(const struct process *p)
{
	return p->zombie ? p->status : p->stopped ? p->stopped << 8 | 0x7f : 0xffff;
}

/* It has been told of: if it has ended, it goes, and its usage becomes part of its parent's children's. */
static void told(struct process *child)
{
	if (child->zombie)
		release(child);
	else if (child->stopped)
		child->stop_told = true;
	else
		child->continued = false;
}

/* The next child that has ended, stopped or gone on, as asked for; NULL: rc says why there is none (0: WNOHANG). */
static struct process *wait_for(int which, u64 options, long *rc)
{
	for (;;) {
		bool any = false;
		for (struct process *p = process_list; p; p = p->next) {
			if (!meant(p, which))
				continue;
			if (tells(p, options))
				return p;
			any |= !p->zombie;
		}
		*rc = any ? 0 : -ECHILD;
		if (!any || (options & WNOHANG))
			return NULL;
		if (wait_on(&process_current->children, 0)) {
			*rc = -ERESTART;
			return NULL;
		}
	}
}

long sys_wait4(u64 which, u64 status, u64 options, u64 usage)
{
	struct process *child;
	int said;
	long rc;

	if (options & ~(u64)(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE))
		return -EINVAL;
	if ((int)which == (int)0x80000000)
		return -ESRCH;
	child = wait_for((int)which, options | WEXITED, &rc);
	if (!child)
		return rc;
	rc = child->pid;
	said = status_of(child);
	if ((status && !user_write(status, &said, sizeof(said))) || !write_usage(usage, child->user_time, child->faults, child->pages_most))
		rc = -EFAULT;
	told(child);
	return rc;
}

long sys_waitid(u64 kind, u64 id, u64 info, u64 options, u64 usage)
{
	enum { P_ALL, P_PID, P_PGID };
	struct siginfo said = {};
	struct process *child;
	long rc;
	int which;

	if ((options & ~(u64)(WNOHANG | WSTOPPED | WEXITED | WCONTINUED | WNOWAIT | WNOTHREAD | WALL | WCLONE)) ||
	    !(options & (WSTOPPED | WEXITED | WCONTINUED)))
		return -EINVAL;
	if (kind > P_PGID || (kind == P_PID && (int)id <= 0) || (kind == P_PGID && (int)id < 0))
		return -EINVAL;
	which = kind == P_ALL ? -1 : kind == P_PID ? (int)id : id ? -(int)id : 0;
	child = wait_for(which, options, &rc);
	if (!child && rc)
		return rc;
	if (child) {
		int status = status_of(child), signal = status & 0x7f;
		said = (struct siginfo){.signal = SIGCHLD, .pid = child->pid};
		said.code = status == 0xffff ? CLD_CONTINUED : signal == 0x7f ? CLD_STOPPED : signal ? CLD_KILLED : CLD_EXITED;
		said.status = status == 0xffff ? SIGCONT : signal && signal != 0x7f ? signal : status >> 8;
		rc = write_usage(usage, child->user_time, child->faults, child->pages_most) ? 0 : -EFAULT;
		if (!(options & WNOWAIT))
			told(child);
	}
	return rc ? rc : !info || user_write(info, &said, 32) ? 0 : -EFAULT;
}

long sys_getrusage(u64 who, u64 to)
{
	enum { THREAD = 1, SELF = 0, CHILDREN = -1 };
	const struct process *p = process_current;
	bool ok = false;

	switch ((int)who) {
	case SELF:
		ok = to && write_usage(to, process_cpu_time(p), p->faults, process_pages_most(p));
		break;
	case THREAD:
		ok = to && write_usage(to, thread_cpu_time(thread_current), p->faults, process_pages_most(p));
		break;
	case CHILDREN:
		ok = to && write_usage(to, p->child_time, p->child_faults, p->child_pages_most);
		break;
	default:
		return -EINVAL;
	}
	return ok ? 0 : -EFAULT;
}

long sys_times(u64 to)
{
	const struct process *p = process_current;
	u64 tick = SECOND / 100, t[4] = {process_cpu_time(p) / tick, 0, p->child_time / tick, 0};

	return !to || user_write(to, t, sizeof(t)) ? (long)(time_now() / tick) : -EFAULT;
}

long sys_getpid(void)
{
	return process_current->pid;
}

long sys_gettid(void)
{
	return thread_current->tid;
}

long sys_getppid(void)
{
	return process_current->parent ? process_current->parent->pid : 1;
}

long sys_getpgrp(void)
{
	return process_current->group;
}

static struct process *by_pid(u64 pid)
{
	struct process *p = pid ? process_find((int)pid) : process_current;

	return p && !p->zombie ? p : NULL;
}

long sys_getpgid(u64 pid)
{
	const struct process *p = by_pid(pid);

	return p ? p->group : -ESRCH;
}

long sys_getsid(u64 pid)
{
	const struct process *p = by_pid(pid);

	return p ? p->session : -ESRCH;
}

static bool group_in(int group, int session)
{
	for (const struct process *p = process_list; p; p = p->next)
		if (p->group == group && (!session || p->session == session))
			return true;
	return false;
}

long sys_setpgid(u64 pid, u64 group)
{
	struct process *p = by_pid(pid), *self = process_current;
	int to = group ? (int)group : p ? p->pid : 0;

	if (to < 0)
		return -EINVAL;
	if (!p || (p != self && p->parent != self))
		return -ESRCH;
	if (p->session != self->session || p->session == p->pid || (to != p->pid && !group_in(to, self->session)))
		return -EPERM;
	p->group = to;
	return 0;
}

long sys_setsid(void)
{
	struct process *p = process_current;

	if (group_in(p->pid, 0))
		return -EPERM;
	p->session = p->group = p->pid;
	return p->pid;
}

long sys_set_tid_address(u64 address)
{
	thread_current->clear_tid = address;
	return thread_current->tid;
}

long sys_arch_prctl(u64 code, u64 address)
{
	bool fs = code == ARCH_SET_FS || code == ARCH_GET_FS;
	u64 *base = fs ? &thread_current->fs_base : &thread_current->gs_base;

	switch (code) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (address >= USER_TOP)
			return -EPERM;
		*base = address;
		wrmsr(fs ? MSR_FS_BASE : MSR_GS_BASE, address);
		return 0;
	case ARCH_GET_FS:
	case ARCH_GET_GS:
		return user_write(address, base, sizeof(*base)) ? 0 : -EFAULT;
	}
	return -EINVAL;
}

long sys_prctl(u64 option, u64 argument)
{
	char name[16] = "";

	switch (option) {
	case PR_SET_NAME:
		if (user_string(name, argument, sizeof(name)) == -EFAULT)
			return -EFAULT;
		name[15] = 0;
		memcpy(thread_current->name, name, sizeof(name));
		return 0;
	case PR_GET_NAME:
		return user_write(argument, thread_current->name, sizeof(thread_current->name)) ? 0 : -EFAULT;
	}
	return -EINVAL;
}

long sys_umask(u64 mask)
{
	u32 old = process_current->umask;

	process_current->umask = (u32)mask & 0777;
	return old;
}
