/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System V shared memory. A segment is a file without a name, mapped where it is attached: the references of its inode are the segment's
 * own one, until IPC_RMID, and one for each area. When the last goes, so does the segment. LIMIT: no SHM_HUGETLB.
 */
#include "sysv_shm.h"
#include "errno.h"
#include "heap.h"
#include "ipc.h"
#include "page.h"
#include "process.h"
#include "syscall.h"
#include "user.h"

enum { SHM_RDONLY = 010000, SHM_RND = 020000, SHM_REMAP = 040000, SHM_EXEC = 0100000, SHM_HUGETLB = 04000 };
enum { SHM_LOCK = 11, SHM_UNLOCK, SHM_STAT, SHM_INFO, SHM_STAT_ANY };
enum { SHM_DEST = 01000, SHM_LOCKED = 02000, SEGMENTS = 4096 };
#define SIZE_MAX_SEGMENT (~0ull - (1 << 24)) /* SHMMAX, and SHMALL */
#define SIZE_MAX_FILE (1ull << 31)

struct segment {
	struct ipc ipc;
	struct inode *inode;
	u64 size, attached, detached;
	int creator, last;
};

struct shmid { /* struct shmid64_ds */
	struct ipc_perm perm;
	u64 size, attached, detached, changed;
	int creator, last;
	u64 count, unused[2];
};

_Static_assert(sizeof(struct shmid) == 112, "struct shmid64_ds of x86-64");

static bool fits(const struct ipc *ipc, u64 size);
static bool good(u64 size);
static struct ipc *make(u64 size, u64 flags);

unsigned shm_segments;
static struct ipc_table segments = {.most = SEGMENTS, .fits = fits, .good = good, .make = make};

static struct segment *find(u64 id)
{
	return (struct segment *)ipc_find(&segments, id);
}

/* The last of its memory is given back. */
static void gone(struct inode *inode)
{
	struct segment *s = inode->state;

	shm_segments--;
	ipc_remove(&segments, &s->ipc);
}

static struct segment *segment_of(const struct area *a)
{
	return a->inode && a->inode->gone == gone ? a->inode->state : NULL;
}

static bool fits(const struct ipc *ipc, u64 size)
{
	return size <= ((const struct segment *)ipc)->size;
}

static bool good(u64 size)
{
	return size && size <= SIZE_MAX_SEGMENT;
}

static struct ipc *make(u64 size, u64 flags)
{
	bool too_much = size > SIZE_MAX_FILE || size / PAGE > page_total || (flags & SHM_HUGETLB);
	struct segment *s = too_much ? NULL : heap_alloc(sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct segment){.inode = inode_new(S_IFREG | 0600), .size = size, .creator = process_current->pid};
	if (!s->inode) {
		heap_free(s);
		return NULL;
	}
	s->inode->size = page_round(size);
	s->inode->state = s;
	s->inode->gone = gone;
	shm_segments++;
	return &s->ipc;
}

long sys_shmget(u64 key, u64 size, u64 flags)
{
	return ipc_get(&segments, key, size, flags);
}

/* ---- attached and detached ---- */

static void opened(struct segment *s)
{
	s->attached = ipc_time();
	s->last = process_current->pid;
}

static void closed(struct segment *s)
{
	s->detached = ipc_time();
	s->last = process_current->pid;
}

void shm_forked(const struct vm *vm)
{
	for (const struct area *a = vm->areas; a; a = a->next)
		if (segment_of(a))
			opened(segment_of(a));
}

void shm_left(const struct vm *vm)
{
	for (const struct area *a = vm->areas; a; a = a->next)
		if (segment_of(a))
			closed(segment_of(a));
}

/* Makes room at this address, or finds some. 0 or a negative error. */
static long place(struct vm *vm, u64 *address, u64 size, u64 flags)
{
	if (!*address) {
		*address = vm_find(vm, size, false);
		return *address ? 0 : -ENOMEM;
	}
	if (*address < USER_LOW)
		return -EPERM;
	if (*address > USER_TOP || size > USER_TOP - *address)
		return *address + size < *address ? -EINVAL : -ENOMEM;
	if (vm_free_range(vm, *address, size))
		return 0;
	return flags & SHM_REMAP ? vm_unmap(vm, *address, size) : -EINVAL;
}

long sys_shmat(u64 id, u64 address, u64 flags)
{
	struct vm *vm = process_current->vm;
	struct segment *s = find(id);
	u32 prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
	u64 size, limit = process_current->limit[LIMIT_MEMORY].soft;
	long rc;

	if ((address % PAGE && !(flags & SHM_RND)) || (address < PAGE && (flags & SHM_REMAP)) || !s)
		return -EINVAL;
	address &= PAGE_MASK;
	size = page_round(s->size);
	if (size > limit || vm->mapped > limit - size)
		return -ENOMEM;
	rc = place(vm, &address, size, flags);
	if (rc == 0)
		rc = vm_map(vm, address, size, prot, AREA_SHARED | (flags & SHM_RDONLY ? AREA_READ_ONLY : 0), s->inode, 0);
	if (rc)
		return rc;
	opened(s);
	return (long)address;
}

/* The area that is, or was, part of an attachment at this address. */
static const struct area *attached_at(const struct vm *vm, u64 address)
{
	const struct area *a = vm->areas;

	while (a && (a->start < address || !segment_of(a) || a->start - a->offset != address))
		a = a->next;
	return a;
}

long sys_shmdt(u64 address)
{
	struct vm *vm = process_current->vm;
	const struct area *a = address % PAGE ? NULL : attached_at(vm, address);
	const struct inode *inode;
	u64 end;

	if (!a)
		return -EINVAL;
	inode = a->inode;
	end = address + page_round(segment_of(a)->size);
	closed(segment_of(a));
	while ((a = attached_at(vm, address)) && a->inode == inode && a->start < end) {
		bool last = inode->refs == 1;
		long rc = vm_unmap(vm, a->start, a->end - a->start);
		if (rc || last)
			return rc;
	}
	return 0;
}

/* ---- shmctl ---- */

static u64 count(const struct segment *s)
{
	return s->inode->refs - (s->ipc.mode & SHM_DEST ? 0 : 1);
}

static long write_state(const struct segment *s, u64 to, long result)
{
	struct shmid d = {.perm = ipc_perm(&s->ipc), .size = s->size, .attached = s->attached, .detached = s->detached};

	d.changed = s->ipc.changed;
	d.creator = s->creator;
	d.last = s->last;
	d.count = count(s);
	return user_write(to, &d, sizeof(d)) ? result : -EFAULT;
}

static long write_limits(u64 to)
{
	const u64 info[9] = {SIZE_MAX_SEGMENT, 1, SEGMENTS, SEGMENTS, SIZE_MAX_SEGMENT};

	return user_write(to, info, sizeof(info)) ? ipc_highest(&segments) : -EFAULT;
}

static long write_use(u64 to)
{
	u64 info[6] = {segments.used}; /* used segments, their pages, those that are there, swap */

	for (u32 i = 0; i < segments.room; i++) {
		const struct segment *s = (const struct segment *)segments.object[i];
		info[1] += s ? page_round(s->size) / PAGE : 0;
		for (u64 page = 0; s && page < s->inode->frames_room; page++)
			info[2] += s->inode->frames[page] != 0;
	}
	return user_write(to, info, sizeof(info)) ? ipc_highest(&segments) : -EFAULT;
}

static long set(u64 id, u64 from)
{
	struct segment *s = find(id);
	struct shmid d;

	if (!user_read(&d, from, sizeof(d)))
		return -EFAULT;
	return s ? ipc_set(&s->ipc, &d.perm) : -EINVAL;
}

/* It goes when nobody has it attached; until then it has only its number. */
static void destroy(struct segment *s)
{
	if (s->ipc.mode & SHM_DEST)
		return;
	s->ipc.mode |= SHM_DEST;
	s->ipc.key = IPC_PRIVATE;
	inode_put(s->inode);
}

long sys_shmctl(u64 id, u64 command, u64 buffer)
{
	struct segment *s = find(id);

	if ((int)id < 0)
		return -EINVAL;
	switch ((u32)command) {
	case IPC_INFO:
		return write_limits(buffer);
	case SHM_INFO:
		return write_use(buffer);
	case SHM_STAT:
	case SHM_STAT_ANY:
		s = (struct segment *)ipc_at(&segments, id & 0x7fff);
		return s ? write_state(s, buffer, s->ipc.id) : -EINVAL;
	case IPC_SET:
		return set(id, buffer);
	}
	if (!s)
		return -EINVAL;
	switch ((u32)command) {
	case IPC_STAT:
		return write_state(s, buffer, 0);
	case IPC_RMID:
		destroy(s);
		return 0;
	case SHM_LOCK:
		s->ipc.mode |= SHM_LOCKED;
		return 0;
	case SHM_UNLOCK:
		s->ipc.mode &= ~(u32)SHM_LOCKED;
		return 0;
	}
	return -EINVAL;
}
