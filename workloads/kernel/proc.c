/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc, as far as programs ask for it, and what of /dev leads there. What files say is made when they are opened, for who opens them. */
#include "proc.h"
#include "heap.h"
#include "page.h"
#include "path.h"
#include "process.h"
#include "string.h"
#include "time.h"
#include "user.h"

static const char *area_name(const struct area *a)
{
	if (a->flags & AREA_STACK)
		return "[stack]";
	if (a->flags & AREA_HEAP)
		return "[heap]";
	return a->inode && a->inode == process_current->program ? process_current->program_path : "";
}

static size_t maps(const struct inode *inode, char *text, size_t size)
{
	size_t n = 0;

	(void)inode;
	for (const struct area *a = process_current->vm->areas; a; a = a->next) {
		const char *name = area_name(a);
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
	(void)inode;
	return text_add(text, size, 0, "%s", process_current->program_path);
}

static size_t meminfo(const struct inode *inode, char *text, size_t size)
{
	u64 total = page_total * 4, left = page_free_count * 4;

	(void)inode;
	return text_add(text, size, 0,
			"MemTotal:       %lu kB\nMemFree:        %lu kB\nMemAvailable:   %lu kB\nBuffers:        0 kB\nCached:         0 "
			"kB\nSwapCached:     0 kB\nSwapTotal:      0 kB\nSwapFree:       0 kB\nHugepagesize:   2048 kB\n",
			total, left, left);
}

static size_t version(const struct inode *inode, char *text, size_t size)
{
	(void)inode;
	return text_add(text, size, 0, "Linux version 6.1.0 (vtxray guest kernel) #1\n");
}

static size_t uptime(const struct inode *inode, char *text, size_t size)
{
	u64 now = time_now() / 10000000;

	(void)inode;
	return text_add(text, size, 0, "%lu.%02lu 0.00\n", now / 100, now % 100);
}

static size_t mounts(const struct inode *inode, char *text, size_t size)
{
	(void)inode;
	return text_add(text, size, 0, "tmpfs / tmpfs rw 0 0\n");
}

static size_t loadavg(const struct inode *inode, char *text, size_t size)
{
	(void)inode;
	return text_add(text, size, 0, "0.00 0.00 0.00 1/1 %u\n", (u32)process_current->pid);
}

static size_t cpuinfo(const struct inode *inode, char *text, size_t size)
{
	u32 r[4], brand[13] = {0};
	char vendor[13] = "";
	size_t n;

	(void)inode;
	cpuid(0, 0, r);
	memcpy(vendor, &r[1], 4);
	memcpy(vendor + 4, &r[3], 4);
	memcpy(vendor + 8, &r[2], 4);
	cpuid(0x80000000, 0, r);
	for (u32 i = 0; i < 3 && r[0] >= 0x80000004; i++)
		cpuid(0x80000002 + i, 0, brand + 4 * i);
	cpuid(1, 0, r);
	n = text_add(text, size, 0, "processor\t: 0\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\nstepping\t: %u\n",
		     vendor, r[0] >> 8 & 15, (r[0] >> 4 & 15) | (r[0] >> 12 & 0xf0), (const char *)brand, r[0] & 15);
	return text_add(
	    text, size, n,
	    "physical id\t: 0\nsiblings\t: 1\ncore id\t\t: 0\ncpu cores\t: 1\nfpu\t\t: yes\nflags\t\t: fpu tsc msr pae cx8 apic "
	    "cmov mmx fxsr sse sse2 syscall nx lm%s%s%s%s\n\n",
	    r[2] & 1 ? " pni" : "", r[2] & 1u << 9 ? " ssse3" : "", r[2] & 1u << 19 ? " sse4_1" : "", r[2] & 1u << 20 ? " sse4_2" : "");
}

/* ---- of the process itself ---- */

static size_t comm(const struct inode *inode, char *text, size_t size)
{
	(void)inode;
	return text_add(text, size, 0, "%s\n", thread_current->name);
}

/* The strings that these pointers mean, as they are in its memory now, each with its zero byte. */
static size_t strings(u64 pointers, u64 count, char *text, size_t size)
{
	size_t n = 0;
	u64 pointer;

	for (u64 i = 0; i < count && n + 1 < size; i++) {
		long length;
		if (!user_read(&pointer, pointers + 8 * i, 8) || !pointer)
			break;
		length = user_string(text + n, pointer, size - n);
		if (length < 0)
			break;
		n += (size_t)length + 1;
	}
	return n;
}

static size_t cmdline(const struct inode *inode, char *text, size_t size)
{
	const u64 *arguments = process_current->vm->arguments;

	(void)inode;
	return strings(arguments[0], arguments[1], text, size);
}

/* As the program got it: the pointers are behind those of the arguments. */
static size_t environment(const struct inode *inode, char *text, size_t size)
{
	const u64 *arguments = process_current->vm->arguments;

	(void)inode;
	return strings(arguments[0] + 8 * (arguments[1] + 1), ~0ull, text, size);
}

static size_t status(const struct inode *inode, char *text, size_t size)
{
	const struct process *p = process_current;
	const struct thread *t = thread_current;
	size_t n = text_add(text, size, 0, "Name:\t%s\nState:\tR (running)\nTgid:\t%u\nPid:\t%u\nPPid:\t%u\n", t->name, (u32)p->pid,
			    (u32)p->pid, (u32)(p->parent ? p->parent->pid : 1));

	(void)inode;
	n = text_add(text, size, n, "TracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t%u\nVmSize:\t%8lu kB\n", p->files->room,
		     p->vm->mapped / 1024);
	n = text_add(text, size, n, "VmHWM:\t%lu kB\nVmRSS:\t%lu kB\nThreads:\t%u\n", process_pages_most(p) * 4, p->vm->pages * 4,
		     p->threads);
	return text_add(text, size, n, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\nCpus_allowed:\t1\nCpus_allowed_list:\t0\n",
			t->pending.set, p->pending.set, t->mask);
}

/* Fields as proc(5) numbers them; those that have no meaning here are 0. */
static size_t stat(const struct inode *inode, char *text, size_t size)
{
	const struct process *p = process_current;
	u64 tick = SECOND / 100;
	int nice = thread_current->nice;
	size_t n = text_add(text, size, 0, "%u (%s) R %u %u %u 0 -1 0 %lu %lu 0 0 %lu 0 %lu 0 ", (u32)p->pid, thread_current->name,
			    (u32)(p->parent ? p->parent->pid : 1), (u32)p->group, (u32)p->session, p->faults, p->child_faults,
			    process_cpu_time(p) / tick, p->child_time / tick);

	(void)inode;
	n = text_add(text, size, n, "%u %s%u %u 0 0 %lu %lu 18446744073709551615 ", (u32)(20 + nice), nice < 0 ? "-" : "",
		     (u32)(nice < 0 ? -nice : nice), p->threads, p->vm->mapped, p->vm->pages);
	n = text_add(text, size, n, "0 0 0 0 0 0 0 0 0 0 0 0 %u 0 ", SIGCHLD);
	return text_add(text, size, n, "%u %u 0 0 0 0 0 0 0 0 0 0 0\n", thread_current->priority, thread_current->policy);
}

static size_t statm(const struct inode *inode, char *text, size_t size)
{
	const struct vm *vm = process_current->vm;

	(void)inode;
	return text_add(text, size, 0, "%lu %lu 0 0 0 %lu 0\n", vm->mapped / PAGE, vm->pages, vm->mapped / PAGE);
}

/* ---- /proc/self/fd: links that lead to the open files themselves ---- */

static struct inode *fd_link[FILES];

static size_t fd_text(const struct inode *inode, char *text, size_t size)
{
	const struct file *file = files_find(process_current->files, inode->device_number);
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
	const struct file *file = files_find(process_current->files, link->device_number);

	return file ? file->inode : NULL;
}

static struct inode *fd_find(const char *name, size_t n)
{
	u64 fd = 0;

	for (size_t i = 0; i < n; i++) {
		if (name[i] < '0' || name[i] > '9' || fd >= FILES)
			return NULL;
		fd = fd * 10 + (u64)(name[i] - '0');
	}
	if (!n || fd >= FILES || !files_find(process_current->files, fd))
		return NULL;
	if (!fd_link[fd] && (fd_link[fd] = inode_new(S_IFLNK | 0700))) {
		fd_link[fd]->device_number = fd;
		fd_link[fd]->generate = fd_text;
		fd_link[fd]->jump = fd_jump;
		fd_link[fd]->links = 1;
	}
	return fd_link[fd];
}

static bool fd_next(u64 *number, char name[16])
{
	const struct files *files = process_current->files;

	while (*number < files->end && !files->slot[*number].file)
		++*number;
	text_add(name, 16, 0, "%lu", *number);
	return *number < files->end;
}

static const struct names fd_names = {fd_find, fd_next};

static const struct {
	const char *path;
	u32 mode;
	size_t (*generate)(const struct inode *inode, char *text, size_t size);
	const char *target;
} nodes[] = {
    {"/proc/self/exe", S_IFLNK | 0777, exe, NULL},
    {"/proc/self/maps", S_IFREG | 0444, maps, NULL},
    {"/proc/self/status", S_IFREG | 0444, status, NULL},
    {"/proc/self/stat", S_IFREG | 0444, stat, NULL},
    {"/proc/self/statm", S_IFREG | 0444, statm, NULL},
    {"/proc/self/comm", S_IFREG | 0444, comm, NULL},
    {"/proc/self/cmdline", S_IFREG | 0444, cmdline, NULL},
    {"/proc/self/environ", S_IFREG | 0400, environment, NULL},
    {"/proc/self/fd", S_IFDIR | 0500, NULL, NULL},
    {"/proc/thread-self", S_IFLNK | 0777, NULL, "self"},
    {"/proc/meminfo", S_IFREG | 0444, meminfo, NULL},
    {"/proc/cpuinfo", S_IFREG | 0444, cpuinfo, NULL},
    {"/proc/version", S_IFREG | 0444, version, NULL},
    {"/proc/uptime", S_IFREG | 0444, uptime, NULL},
    {"/proc/self/mounts", S_IFREG | 0444, mounts, NULL},
    {"/proc/mounts", S_IFLNK | 0777, NULL, "self/mounts"},
    {"/proc/loadavg", S_IFREG | 0444, loadavg, NULL},
    {"/dev/fd", S_IFLNK | 0777, NULL, "/proc/self/fd"},
    {"/dev/stdin", S_IFLNK | 0777, NULL, "/proc/self/fd/0"},
    {"/dev/stdout", S_IFLNK | 0777, NULL, "/proc/self/fd/1"},
    {"/dev/stderr", S_IFLNK | 0777, NULL, "/proc/self/fd/2"},
    {"/dev/shm", S_IFDIR | 01777, NULL, NULL},
};

bool proc_install(void)
{
	bool ok = true;

	for (unsigned i = 0; ok && i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		struct inode *inode = inode_new(nodes[i].mode);
		ok = inode != NULL;
		if (!ok)
			break;
		inode->generate = nodes[i].generate;
		if (nodes[i].target) {
			inode->target = heap_text(nodes[i].target, strlen(nodes[i].target));
			inode->size = strlen(nodes[i].target);
		}
		if (inode->mode == (S_IFDIR | 0500))
			inode->names = &fd_names;
		ok = path_install(nodes[i].path, inode);
		inode_put(inode);
	}
	return ok;
}
