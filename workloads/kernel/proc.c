/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc, as far as programs ask for it, beside the directories of processes; and what of /dev leads there. */
#include "proc.h"
#include "heap.h"
#include "page.h"
#include "path.h"
#include "proc_process.h"
#include "process.h"
#include "string.h"
#include "time.h"

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

static const struct {
	const char *path;
	u32 mode;
	size_t (*generate)(const struct inode *inode, char *text, size_t size);
	const char *target;
} nodes[] = {
    {"/proc/self", S_IFLNK | 0777, proc_self, NULL},
    {"/proc/thread-self", S_IFLNK | 0777, proc_thread_self, NULL},
    {"/proc/meminfo", S_IFREG | 0444, meminfo, NULL},
    {"/proc/cpuinfo", S_IFREG | 0444, cpuinfo, NULL},
    {"/proc/version", S_IFREG | 0444, version, NULL},
    {"/proc/uptime", S_IFREG | 0444, uptime, NULL},
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
		ok = path_install(nodes[i].path, inode);
		inode_put(inode);
	}
	if (ok) {
		proc_root = inode_find(path_root, "proc", 4)->inode;
		proc_root->names = &proc_names;
	}
	return ok;
}
