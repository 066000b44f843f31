/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mmap and its family. */
#include "errno.h"
#include "page.h"
#include "process.h"
#include "syscall.h"
#include "user.h"

enum {
	MAP_SHARED = 1,
	MAP_PRIVATE = 2,
	MAP_TYPE = 15,
	MAP_FIXED = 16,
	MAP_ANONYMOUS = 32,
	MAP_NORESERVE = 0x4000,
	MAP_POPULATE = 0x8000,
	MAP_FIXED_NOREPLACE = 0x100000
};
enum { MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2, MAP_LOCKED = 0x2000, MAP_HUGETLB = 0x40000, MAP_HUGE_SHIFT = 26 };
enum {
	MADV_NORMAL,
	MADV_RANDOM,
	MADV_SEQUENTIAL,
	MADV_WILLNEED,
	MADV_DONTNEED,
	MADV_FREE = 8,
	MADV_REMOVE,
	MADV_DONTFORK,
	MADV_DOFORK,
	MADV_MERGEABLE,
	MADV_UNMERGEABLE,
	MADV_HUGEPAGE,
	MADV_NOHUGEPAGE,
	MADV_DONTDUMP,
	MADV_DODUMP,
	MADV_WIPEONFORK,
	MADV_KEEPONFORK,
	MADV_COLD,
	MADV_PAGEOUT,
	MADV_POPULATE_READ,
	MADV_POPULATE_WRITE
};
enum { MCL_CURRENT = 1, MCL_FUTURE = 2, MCL_ONFAULT = 4, MLOCK_ONFAULT = 1 };
enum { PROT_ALL = PROT_READ | PROT_WRITE | PROT_EXEC };

static bool pages(u64 start, u64 size)
{
	return start % PAGE == 0 && size && start <= USER_TOP && size <= USER_TOP - start;
}

/* What can be written to, and cannot ever be filled, is refused here; what is only reserved (PROT_NONE, MAP_NORESERVE) may be larger. */
static bool too_much(const struct vm *vm, u64 size, bool charged)
{
	u64 limit = process_current->limit[LIMIT_MEMORY].soft;

	return (charged && size / PAGE > 16 * page_total) || size > limit || vm->mapped > limit - size;
}

/* Where: at the hint if that is free, else where there is room; MAP_FIXED: there, replacing what was. */
static long place(struct vm *vm, u64 *start, u64 size, u64 flags)
{
	u64 page = flags & MAP_HUGETLB ? HUGE_PAGE : PAGE;

	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (*start % page)
			return -EINVAL;
		if (!pages(*start, size) || *start < USER_LOW)
			return *start < USER_LOW && pages(*start, size) ? -EPERM : -EINVAL;
		if (vm_free_range(vm, *start, size))
			return 0;
		return flags & MAP_FIXED ? vm_unmap(vm, *start, size) : -EEXIST;
	}
	*start &= ~(page - 1);
	if (*start && vm_free_range(vm, *start, size))
		return 0;
	*start = vm_find(vm, size, page > PAGE);
	return *start ? 0 : -ENOMEM;
}

/* Linux keeps a pool of such pages; here they are what is free. Private anonymous memory, in pages of 2 MiB. */
static long check_huge(u64 *size, u64 flags)
{
	u64 kind = flags >> MAP_HUGE_SHIFT & 63;

	if (!(flags & MAP_ANONYMOUS) || (kind && kind != 21) || !*size || *size > USER_TOP)
		return -EINVAL;
	*size = (*size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1ull);
	return (flags & MAP_TYPE) != MAP_PRIVATE ? -EINVAL : *size / PAGE > page_free_count ? -ENOMEM : 0;
}

/* Pages of MAP_HUGETLB are not divided. */
static bool divides_huge(struct vm *vm, u64 start, u64 size)
{
	const struct area *first = vm_area(vm, start), *last = vm_area(vm, start + size - 1);

	return (first && (first->flags & AREA_HUGE_ONLY) && start % HUGE_PAGE) ||
	       (last && (last->flags & AREA_HUGE_ONLY) && (start + size) % HUGE_PAGE);
}

long sys_mmap(u64 start, u64 size, u64 prot, u64 flags, u64 fd, u64 offset)
{
	struct vm *vm = process_current->vm;
	struct file *file = NULL;
	struct inode *inode = NULL;
	u32 area = (flags & MAP_TYPE) == MAP_SHARED || (flags & MAP_TYPE) == 3 ? AREA_SHARED : 0;
	long rc;

	if (flags & MAP_HUGETLB) {
		long wrong = check_huge(&size, flags);
		if (wrong)
			return wrong;
		area |= AREA_HUGE | AREA_HUGE_ONLY;
	}
	size = page_round(size);
	if (!size || size > USER_TOP || offset % PAGE || !(flags & MAP_TYPE) || (flags & MAP_TYPE) > 3)
		return -EINVAL;
	if (too_much(vm, size, (prot & PROT_WRITE) && !(area & AREA_SHARED) && !(flags & MAP_NORESERVE)))
		return -ENOMEM;
	if (!(flags & MAP_ANONYMOUS)) {
		file = files_find(process_current->files, fd);
		if (!file)
			return -EBADF;
		if (!file_readable(file) || ((area & AREA_SHARED) && (prot & PROT_WRITE) && !file_writable(file)))
			return -EACCES;
		if ((file->inode->mode & S_IFMT) != S_IFREG && file->inode->device_number != (1 << 8 | 5))
			return -ENODEV;
		if ((file->inode->mode & S_IFMT) == S_IFREG)
			inode = file->inode;
		if ((area & AREA_SHARED) && !file_writable(file))
			area |= AREA_READ_ONLY;
	}
	rc = place(vm, &start, size, flags);
	if (rc)
		return rc;
	if (!inode && (area & AREA_SHARED)) { /* shared anonymous memory: a file without a name */
		inode = inode_new(S_IFREG | 0600);
		if (!inode)
			return -ENOMEM;
		inode->size = size;
		offset = 0;
		rc = vm_map(vm, start, size, (u32)prot & PROT_ALL, area, inode, 0);
		inode_put(inode);
	} else {
		rc = vm_map(vm, start, size, (u32)prot & PROT_ALL, area, inode, inode ? offset : 0);
	}
	if (rc == 0 && prot && (vm->populate || (flags & (MAP_POPULATE | MAP_LOCKED))))
		vm_populate(vm, start, size, prot & PROT_WRITE); /* as far as it goes */
	return rc ? rc : (long)start;
}

long sys_munmap(u64 start, u64 size)
{
	size = page_round(size);
	if (!pages(start, size) || divides_huge(process_current->vm, start, size))
		return -EINVAL;
	return vm_unmap(process_current->vm, start, size);
}

long sys_mprotect(u64 start, u64 size, u64 prot)
{
	size = page_round(size);
	if (!size && start % PAGE == 0)
		return 0;
	if (pages(start, size) && divides_huge(process_current->vm, start, size))
		return -EINVAL;
	return pages(start, size) ? vm_protect(process_current->vm, start, size, (u32)prot & PROT_ALL) : -EINVAL;
}

/* Populating is refused where the area does not allow the access. */
static long populate(struct vm *vm, u64 start, u64 size, bool write)
{
	for (u64 at = start; at < start + size;) {
		const struct area *a = vm_area(vm, at);
		if (!a)
			return -ENOMEM;
		if (!(a->prot & (write ? PROT_WRITE : PROT_READ)))
			return -EINVAL;
		at = a->end;
	}
	return vm_populate(vm, start, size, write);
}

static long advise(struct vm *vm, u64 start, u64 size, u64 advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_FREE:
		return divides_huge(vm, start, size) ? -EINVAL : vm_discard(vm, start, size);
	case MADV_HUGEPAGE:
		return vm_advise(vm, start, size, AREA_HUGE, AREA_SMALL);
	case MADV_NOHUGEPAGE:
		return vm_advise(vm, start, size, AREA_SMALL, AREA_HUGE);
	case MADV_DONTFORK:
		return vm_advise(vm, start, size, AREA_NOT_FORKED, 0);
	case MADV_DOFORK:
		return vm_advise(vm, start, size, 0, AREA_NOT_FORKED);
	case MADV_WIPEONFORK:
		return vm_advise(vm, start, size, AREA_WIPED, 0);
	case MADV_KEEPONFORK:
		return vm_advise(vm, start, size, 0, AREA_WIPED);
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return populate(vm, start, size, advice == MADV_POPULATE_WRITE);
	}
	return vm_advise(vm, start, size, 0, 0); /* nothing to do, but it must be mapped */
}

long sys_madvise(u64 start, u64 size, u64 advice)
{
	if (advice > MADV_POPULATE_WRITE || (advice > MADV_DONTNEED && advice < MADV_FREE) || advice == MADV_REMOVE)
		return -EINVAL;
	if (start % PAGE || size > USER_TOP)
		return -EINVAL;
	size = page_round(size);
	if (size && !pages(start, size))
		return -EINVAL;
	return size ? advise(process_current->vm, start, size, advice) : 0;
}

/* There is no swap: what is locked has only to be there. */
static long lock(u64 start, u64 size, bool now)
{
	struct vm *vm = process_current->vm;
	u64 end = page_round(start + size);
	long rc = 0;

	start &= PAGE_MASK;
	if (end < start)
		return -EINVAL;
	for (u64 at = start; at < end && rc == 0;) {
		const struct area *a = vm_area(vm, at);
		u64 to = !a ? 0 : a->end < end ? a->end : end;
		if (!a)
			return -ENOMEM;
		if (now && a->prot)
			rc = vm_populate(vm, at, to - at, (a->prot & PROT_WRITE) && !(a->flags & AREA_SHARED));
		at = to;
	}
	return rc == -EFAULT ? -ENOMEM : rc;
}

long sys_mlock(u64 start, u64 size)
{
	return lock(start, size, true);
}

long sys_mlock2(u64 start, u64 size, u64 flags)
{
	return flags & ~(u64)MLOCK_ONFAULT ? -EINVAL : lock(start, size, !flags);
}

long sys_munlock(u64 start, u64 size)
{
	return lock(start, size, false);
}

long sys_mlockall(u64 flags)
{
	struct vm *vm = process_current->vm;

	if (!flags || (flags & ~(u64)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || flags == MCL_ONFAULT)
		return -EINVAL;
	vm->populate = (flags & MCL_FUTURE) && !(flags & MCL_ONFAULT);
	for (const struct area *a = vm->areas; a && (flags & MCL_CURRENT) && !(flags & MCL_ONFAULT); a = a->next)
		lock(a->start, a->end - a->start, true); /* as far as it goes */
	return 0;
}

long sys_munlockall(void)
{
	process_current->vm->populate = false;
	return 0;
}

static bool in_core(const struct vm *vm, const struct area *a, u64 at)
{
	u64 page = (at - a->start + a->offset) / PAGE;

	return vm_present(vm, at) || (a->inode && inode_frame(a->inode, page, false));
}

long sys_mincore(u64 start, u64 size, u64 to)
{
	struct vm *vm = process_current->vm;

	if (start % PAGE)
		return -EINVAL;
	size = page_round(size);
	if (!pages(start, size))
		return size ? -ENOMEM : 0;
	for (u64 at = start; at < start + size; at += PAGE, to++) {
		const struct area *a = vm_area(vm, at);
		u8 there = a && in_core(vm, a, at);
		if (!a)
			return -ENOMEM;
		if (!user_write(to, &there, 1))
			return -EFAULT;
	}
	return 0;
}

long sys_msync(u64 start, u64 size, u64 flags)
{
	enum { ASYNC = 1, INVALIDATE = 2, SYNC = 4 };

	if (start % PAGE || (flags & ~(u64)(ASYNC | INVALIDATE | SYNC)) || (flags & (ASYNC | SYNC)) == (ASYNC | SYNC))
		return -EINVAL;
	return vm_advise(process_current->vm, start, page_round(size), 0, 0);
}

/* An area's range, all of it with one kind of content. */
static const struct area *whole(struct vm *vm, u64 start, u64 size)
{
	const struct area *a = vm_area(vm, start);

	return a && a->end - start >= size ? a : NULL;
}

long sys_mremap(u64 start, u64 size, u64 new_size, u64 flags, u64 new_start)
{
	struct vm *vm = process_current->vm;
	const struct area *a;
	long rc;

	size = page_round(size);
	new_size = page_round(new_size);
	if (!pages(start, size) || !new_size || new_size > USER_TOP || (flags & ~3ull) || (flags == MREMAP_FIXED))
		return -EINVAL;
	a = whole(vm, start, size);
	if (!a)
		return -EFAULT;
	if (new_size > size && too_much(vm, new_size - size, a->prot & PROT_WRITE))
		return -ENOMEM;
	if (!(flags & MREMAP_FIXED)) {
		if (new_size <= size) {
			rc = new_size < size ? vm_unmap(vm, start + new_size, size - new_size) : 0;
			return rc ? rc : (long)start;
		}
		if (a->end == start + size && vm_free_range(vm, start + size, new_size - size)) {
			rc = vm_map(vm, start + size, new_size - size, a->prot, a->flags, a->inode, a->offset + (start + size - a->start));
			return rc ? rc : (long)start;
		}
		if (!(flags & MREMAP_MAYMOVE))
			return -ENOMEM;
		new_start = vm_find(vm, new_size, a->flags & AREA_HUGE);
		if (!new_start)
			return -ENOMEM;
	} else {
		if (!pages(new_start, new_size) || (new_start < start + size && start < new_start + new_size))
			return -EINVAL;
		rc = vm_unmap(vm, new_start, new_size);
		if (rc)
			return rc;
	}
	rc = vm_remap(vm, start, size, new_start, new_size);
	return rc ? rc : (long)new_start;
}

long sys_brk(u64 end)
{
	struct vm *vm = process_current->vm;
	u64 old = page_round(vm->heap_end), new = page_round(end);

	if (end < vm->heap_start || end >= USER_TOP)
		return (long)vm->heap_end;
	if (end > vm->heap_start && end - vm->heap_start > process_current->limit[LIMIT_DATA].soft)
		return (long)vm->heap_end;
	if (new > old && (too_much(vm, new - old, true) || !vm_free_range(vm, old, new - old) ||
			  vm_map(vm, old, new - old, PROT_READ | PROT_WRITE, AREA_HEAP, NULL, 0)))
		return (long)vm->heap_end;
	if (new < old && vm_unmap(vm, new, old - new))
		return (long)vm->heap_end;
	vm->heap_end = end;
	return (long)end;
}
