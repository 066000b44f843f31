/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc's directories of processes and threads. What a file says is found out when it is opened; whom it is about is the number that its
 * inode has, a process's or a thread's. LIMIT: the names of threads cannot be written here.
 */
#include "proc_process.h"
#include "heap.h"
#include "path.h"
#include "process.h"
#include "string.h"
#include "time.h"
#include "user.h"

struct inode *proc_root;

/* The thread that a number means, or one of the process; t NULL: a zombie, p NULL: there is none such any more. */
struct subject {
	const struct process *p;
	const struct thread *t;
};

static struct subject subject_of(const struct inode *inode)
{
	const struct thread *t = thread_find((int)inode->device_number);
	const struct process *p = t ? t->process : process_find((int)inode->device_number);

	if (p && !t)
		for (t = thread_list; t && t->process != p;)
			t = t->next;
	return (struct subject){p, t};
}

static const char *base_name(const char *path)
{
	const char *base = path;

	for (; *path; path++)
		if (*path == '/')
			base = path + 1;
	return base;
}

static const char *name_of(const struct subject *s)
{
	return s->t ? s->t->name : base_name(s->p->program_path);
}

/* ---- files ---- */

static const char *area_name(const struct process *p, const struct area *a)
{
	if (a->flags & AREA_STACK)
		return "[stack]";
	if (a->flags & AREA_HEAP)
		return "[heap]";
	return a->inode && a->inode == p->program ? p->program_path : "";
}

static size_t maps(const struct inode *inode, char *text, size_t size)
{
	const struct process *p = subject_of(inode).p;
	size_t n = 0;

	for (const struct area *a = p && p->vm ? p->vm->areas : NULL; a; a = a->next) {
		const char *name = area_name(p, a);
		size_t start = n;
		n = text_add(text, size, n, "%08lx-%08lx %s%s%s%s %08lx 00:00 %lu", a->start, a->end, a->prot & PROT_READ ? "r" : "-",
			     a->prot & PROT_WRITE ? "w" : "-", a->prot & PROT_EXEC ? "x" : "-", a->flags & AREA_SHARED ? "s" : "p",
			     a->offset, a->inode ? a->inode->number : 0);
		while (*name && n < start + 73)
			n = text_add(text, size, n, " ");
		n = text_add(text, size, n, "%s\n", name);
	}
	return n;
}

static size_t exe(const struct inode *inode, char *text, size_t size)
{
	const struct process *p = subject_of(inode).p;

	return text_add(text, size, 0, "%s", p ? p->program_path : "");
}

static size_t comm(const struct inode *inode, char *text, size_t size)
{
	struct subject s = subject_of(inode);

	return s.p ? text_add(text, size, 0, "%s\n", name_of(&s)) : 0;
}

/* The strings that these pointers mean, as they are in the process's memory now, each with its zero byte. */
static size_t strings(const struct process *p, u64 pointers, u64 count, char *text, size_t size)
{
	size_t n = 0;
	u64 pointer;

	vm_switch(p->vm);
	for (u64 i = 0; i < count && n + 1 < size; i++) {
		long length;
		if (!user_read(&pointer, pointers + 8 * i, 8) || !pointer)
			break;
		length = user_string(text + n, pointer, size - n);
		if (length < 0)
			break;
		n += (size_t)length + 1;
	}
	vm_switch(process_current->vm);
	return n;
}

static size_t cmdline(const struct inode *inode, char *text, size_t size)
{
	const struct process *p = subject_of(inode).p;

	return p && p->vm ? strings(p, p->vm->arguments[0], p->vm->arguments[1], text, size) : 0;
}

/* As the program got it: the pointers are behind those of the arguments. */
static size_t environment(const struct inode *inode, char *text, size_t size)
{
	const struct process *p = subject_of(inode).p;

	return p && p->vm ? strings(p, p->vm->arguments[0] + 8 * (p->vm->arguments[1] + 1), ~0ull, text, size) : 0;
}

static const char *state(const struct subject *s)
{
	if (!s->t)
		return "Z (zombie)";
	if (s->p->stopped)
		return "T (stopped)";
	return s->t->state == THREAD_WAITING ? "S (sleeping)" : "R (running)";
}

static u32 parent_of(const struct process *p)
{
	return (u32)(p->parent ? p->parent->pid : 1);
}

static size_t status(const struct inode *inode, char *text, size_t size)
{
	struct subject s = subject_of(inode);
	const struct process *p = s.p;
	size_t n;

	if (!p)
		return 0;
	n = text_add(text, size, 0, "Name:\t%s\nState:\t%s\nTgid:\t%u\nPid:\t%u\nPPid:\t%u\n", name_of(&s), state(&s), (u32)p->pid,
		     (u32)inode->device_number, parent_of(p));
	n = text_add(text, size, n, "TracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t%u\n", p->files ? p->files->room : 0);
	if (p->vm)
		n = text_add(text, size, n, "VmSize:\t%8lu kB\nVmHWM:\t%lu kB\nVmRSS:\t%lu kB\n", p->vm->mapped / 1024,
			     process_pages_most(p) * 4, p->vm->pages * 4);
	return text_add(text, size, n,
			"Threads:\t%u\nSigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\nCpus_allowed:\t1\nCpus_allowed_list:\t0\n",
			p->zombie ? 1 : p->threads, s.t ? s.t->pending.set : 0, p->pending.set, s.t ? s.t->mask : 0);
}

/* Fields as proc(5) numbers them; those that have no meaning here are 0. */
static size_t stat(const struct inode *inode, char *text, size_t size)
{
	struct subject s = subject_of(inode);
	const struct process *p = s.p;
	u64 tick = SECOND / 100;
	int nice = s.t ? s.t->nice : 0;
	char letter[2];
	size_t n;

	if (!p)
		return 0;
	letter[0] = *state(&s);
	letter[1] = 0;
	n = text_add(text, size, 0, "%u (%s) %s %u %u %u 0 -1 0 %lu %lu 0 0 %lu 0 %lu 0 ", (u32)inode->device_number, name_of(&s), letter,
		     parent_of(p), (u32)p->group, (u32)p->session, p->faults, p->child_faults, process_cpu_time(p) / tick,
		     p->child_time / tick);
	n = text_add(text, size, n, "%u %s%u %u 0 0 %lu %lu 18446744073709551615 ", (u32)(20 + nice), nice < 0 ? "-" : "",
		     (u32)(nice < 0 ? -nice : nice), p->zombie ? 1 : p->threads, p->vm ? p->vm->mapped : 0, p->vm ? p->vm->pages : 0);
	n = text_add(text, size, n, "0 0 0 0 0 0 0 0 0 0 0 0 %u 0 ", SIGCHLD);
	return text_add(text, size, n, "%u %u 0 0 0 0 0 0 0 0 0 0 0\n", s.t ? s.t->priority : 0, s.t ? s.t->policy : 0);
}

static size_t statm(const struct inode *inode, char *text, size_t size)
{
	const struct process *p = subject_of(inode).p;
	u64 mapped = p && p->vm ? p->vm->mapped / PAGE : 0;

	return text_add(text, size, 0, "%lu %lu 0 0 0 %lu 0\n", mapped, mapped ? p->vm->pages : 0, mapped);
}

static size_t mounts(const struct inode *inode, char *text, size_t size)
{
	(void)inode;
	return text_add(text, size, 0, "tmpfs / tmpfs rw 0 0\n");
}

/* ---- fd: links that lead to the open files themselves; the number of one is the process's, and below it the file's ---- */

enum { FD_BITS = 32 };

static struct inode *fd_link[FILES];

static const struct files *files_of(const struct inode *directory)
{
	const struct process *p = subject_of(directory).p;

	return p ? p->files : NULL;
}

static const struct file *fd_file(const struct inode *link)
{
	const struct process *p = process_find((int)(link->device_number >> FD_BITS));

	return p && p->files ? files_find(p->files, (u32)link->device_number) : NULL;
}

static size_t fd_text(const struct inode *inode, char *text, size_t size)
{
	const struct file *file = fd_file(inode);
	const char *what;

	if (!file)
		return 0;
	if (file->inode->links && path_search(file->inode, text, size))
		return strlen(text);
	switch (file->inode->mode & S_IFMT) {
	case S_IFIFO:
		what = "pipe";
		break;
	case S_IFSOCK:
		what = "socket";
		break;
	case S_IFREG:
		return text_add(text, size, 0, "/%lu (deleted)", file->inode->number);
	default:
		what = "anon_inode";
	}
	return text_add(text, size, 0, "%s:[%lu]", what, file->inode->number);
}

static struct inode *fd_jump(const struct inode *link)
{
	const struct file *file = fd_file(link);

	return file ? file->inode : NULL;
}

/* A name that is a number, below most; else most. */
static u64 number_of(const char *name, size_t n, u64 most)
{
	u64 v = 0;

	for (size_t i = 0; i < n; i++) {
		if (name[i] < '0' || name[i] > '9' || v >= most)
			return most;
		v = v * 10 + (u64)(name[i] - '0');
	}
	return n && v < most ? v : most;
}

static struct inode *fd_find(const struct inode *directory, const char *name, size_t n)
{
	u64 fd = number_of(name, n, FILES);
	const struct files *files = files_of(directory);

	if (fd == FILES || !files || !files_find(files, fd))
		return NULL;
	if (!fd_link[fd] && (fd_link[fd] = inode_new(S_IFLNK | 0700))) {
		fd_link[fd]->generate = fd_text;
		fd_link[fd]->jump = fd_jump;
		fd_link[fd]->links = 1;
	}
	if (fd_link[fd])
		fd_link[fd]->device_number = (u64)subject_of(directory).p->pid << FD_BITS | fd;
	return fd_link[fd];
}

static bool fd_next(const struct inode *directory, u64 *number, char name[16])
{
	const struct files *files = files_of(directory);

	while (files && *number < files->end && !files->slot[*number].file)
		++*number;
	text_add(name, 16, 0, "%lu", *number);
	return files && *number < files->end;
}

static const struct names fd_names = {fd_find, fd_next};

/* ---- directories ---- */

static struct inode *task_find(const struct inode *directory, const char *name, size_t n);
static bool task_next(const struct inode *directory, u64 *number, char name[16]);

static const struct names task_names = {task_find, task_next};

static const struct node {
	const char *name;
	u32 mode;
	size_t (*generate)(const struct inode *inode, char *text, size_t size);
	const struct names *names;
	bool threads_too;
} nodes[] = {
    {"cmdline", S_IFREG | 0444, cmdline, NULL, true},	  {"comm", S_IFREG | 0644, comm, NULL, true},
    {"environ", S_IFREG | 0400, environment, NULL, true}, {"exe", S_IFLNK | 0777, exe, NULL, true},
    {"fd", S_IFDIR | 0500, NULL, &fd_names, true},	  {"maps", S_IFREG | 0444, maps, NULL, true},
    {"mounts", S_IFREG | 0444, mounts, NULL, true},	  {"stat", S_IFREG | 0444, stat, NULL, true},
    {"statm", S_IFREG | 0444, statm, NULL, true},	  {"status", S_IFREG | 0444, status, NULL, true},
    {"task", S_IFDIR | 0555, NULL, &task_names, false},
};

static bool fill(struct inode *directory, bool thread)
{
	for (unsigned i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		struct inode *inode;
		bool ok;
		if (thread && !nodes[i].threads_too)
			continue;
		inode = inode_new(nodes[i].mode);
		if (!inode)
			return false;
		inode->generate = nodes[i].generate;
		inode->names = nodes[i].names;
		inode->device_number = directory->device_number;
		ok = inode_add(directory, nodes[i].name, strlen(nodes[i].name), inode) == 0;
		inode_put(inode);
		if (!ok)
			return false;
	}
	return true;
}

void proc_forget(struct inode *directory)
{
	while (directory && directory->entries)
		inode_remove(directory, directory->entries);
	inode_put(directory);
}

/* Makes *directory, if it is not there; NULL: no memory. */
static struct inode *look(struct inode **directory, int number, bool thread)
{
	if (*directory)
		return *directory;
	*directory = inode_new(S_IFDIR | 0555);
	if (!*directory)
		return NULL;
	(*directory)->device_number = (u64)number;
	(*directory)->parent = proc_root;
	(*directory)->links = 2;
	if (!fill(*directory, thread)) {
		proc_forget(*directory);
		*directory = NULL;
	}
	return *directory;
}

static struct inode *task_find(const struct inode *directory, const char *name, size_t n)
{
	struct thread *t = thread_find((int)number_of(name, n, 1 << 20));

	if (!t || t->process->pid != (int)directory->device_number)
		return NULL;
	return look(&t->proc, t->tid, true);
}

/* The least of two numbers that is not below from; 0: none. */
static u64 nearest(u64 from, u64 best, int number)
{
	return (u64)number >= from && (!best || (u64)number < best) ? (u64)number : best;
}

static bool task_next(const struct inode *directory, u64 *number, char name[16])
{
	u64 best = 0;

	for (const struct thread *t = thread_list; t; t = t->next)
		if (t->process->pid == (int)directory->device_number)
			best = nearest(*number, best, t->tid);
	*number = best;
	text_add(name, 16, 0, "%lu", best);
	return best;
}

static struct inode *process_directory(const struct inode *directory, const char *name, size_t n)
{
	struct process *p = process_find((int)number_of(name, n, 1 << 20));
	struct entry *e = p ? NULL : inode_find(directory, name, n);

	return p ? look(&p->proc, p->pid, false) : e ? e->inode : NULL;
}

static bool process_next(const struct inode *directory, u64 *number, char name[16])
{
	u64 best = 0;

	(void)directory;
	for (const struct process *p = process_list; p; p = p->next)
		best = nearest(*number, best, p->pid);
	*number = best;
	text_add(name, 16, 0, "%lu", best);
	return best;
}

const struct names proc_names = {process_directory, process_next};

size_t proc_self(const struct inode *inode, char *text, size_t size)
{
	(void)inode;
	return text_add(text, size, 0, "%u", (u32)process_current->pid);
}

size_t proc_thread_self(const struct inode *inode, char *text, size_t size)
{
	(void)inode;
	return text_add(text, size, 0, "%u/task/%u", (u32)process_current->pid, (u32)thread_current->tid);
}
