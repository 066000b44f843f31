/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of /proc/self; what they say is made when they are opened, for the process that opens them. */
#include "proc.h"
#include "page.h"
#include "path.h"
#include "process.h"
#include "string.h"

static const char *area_name(const struct area *a)
{
	if (a->flags & AREA_STACK)
		return "[stack]";
	if (a->flags & AREA_HEAP)
		return "[heap]";
	return a->inode && a->inode == process_current->program ? process_current->program_path : "";
}

static size_t maps(char *text, size_t size)
{
	size_t n = 0;

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

static size_t exe(char *text, size_t size)
{
	return text_add(text, size, 0, "%s", process_current->program_path);
}

static size_t meminfo(char *text, size_t size)
{
	return text_add(text, size, 0, "MemTotal: %lu kB\nMemFree: %lu kB\nMemAvailable: %lu kB\n", page_total * 4, page_free_count * 4,
			page_free_count * 4);
}

static size_t status(char *text, size_t size)
{
	const struct process *p = process_current;

	return text_add(text, size, 0, "Name:\t%s\nPid:\t%u\nPPid:\t%u\nVmSize:\t%lu kB\nVmRSS:\t%lu kB\nThreads:\t%u\n", p->name,
			(u32)p->pid, (u32)(p->parent ? p->parent->pid : 0), p->vm->mapped / 1024, vm_resident(p->vm) * 4, p->threads);
}

static const struct {
	const char *path;
	u32 mode;
	size_t (*generate)(char *text, size_t size);
} nodes[] = {
    {"/proc/self/exe", S_IFLNK | 0777, exe},
    {"/proc/self/maps", S_IFREG | 0444, maps},
    {"/proc/self/status", S_IFREG | 0444, status},
    {"/proc/meminfo", S_IFREG | 0444, meminfo},
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
		ok = path_install(nodes[i].path, inode);
		inode_put(inode);
	}
	return ok;
}
