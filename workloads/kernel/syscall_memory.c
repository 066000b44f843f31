/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mmap and its family. */
#include "errno.h"
#include "page.h"
#include "process.h"
#include "syscall.h"

enum {
	MAP_SHARED = 1,
	MAP_PRIVATE = 2,
	MAP_TYPE = 15,
	MAP_FIXED = 16,
	MAP_ANONYMOUS = 32,
	MAP_POPULATE = 0x8000,
	MAP_FIXED_NOREPLACE = 0x100000
};
enum { MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2, MADV_DONTNEED = 4, MADV_FREE = 8 };
enum { PROT_ALL = PROT_READ | PROT_WRITE | PROT_EXEC };

static bool pages(u64 start, u64 size)
{
	return start % PAGE == 0 && size && start <= USER_TOP && size <= USER_TOP - start;
}

/* The physical memory that is left bounds what one process may map: what cannot ever be filled is refused here. */
static bool too_much(u64 size)
{
	return size / PAGE > 16 * page_total;
}

static void populate(struct vm *vm, u64 start, u64 size, u64 prot)
{
	for (u64 at = start; at < start + size; at += PAGE)
		if (vm_fault(vm, at, prot & PROT_WRITE ? 2 : 0) != FAULT_OK)
			return;
}

/* Where: at the hint if that is free, else where there is room; MAP_FIXED: there, replacing what was. */
static long place(struct vm *vm, u64 *start, u64 size, u64 flags)
{
	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (!pages(*start, size) || *start < USER_LOW)
			return *start < USER_LOW && pages(*start, size) ? -EPERM : -EINVAL;
		if (vm_free_range(vm, *start, size))
			return 0;
		return flags & MAP_FIXED ? vm_unmap(vm, *start, size) : -EEXIST;
	}
	*start &= PAGE_MASK;
	if (*start && vm_free_range(vm, *start, size))
		return 0;
	*start = vm_find(vm, size);
	return *start ? 0 : -ENOMEM;
}

long sys_mmap(u64 start, u64 size, u64 prot, u64 flags, u64 fd, u64 offset)
{
	struct vm *vm = process_current->vm;
	struct file *file = NULL;
	struct inode *inode = NULL;
	u32 area = (flags & MAP_TYPE) == MAP_SHARED || (flags & MAP_TYPE) == 3 ? AREA_SHARED : 0;
	long rc;

	size = page_round(size);
	if (!size || size > USER_TOP || offset % PAGE || !(flags & MAP_TYPE) || (flags & MAP_TYPE) > 3)
		return -EINVAL;
	if (too_much(size))
		return -ENOMEM;
	if (!(flags & MAP_ANONYMOUS)) {
		file = files_find(process_current->files, fd);
		if (!file)
			return -EBADF;
		if (!file_readable(file) || (area && (prot & PROT_WRITE) && !file_writable(file)))
			return -EACCES;
		if ((file->inode->mode & S_IFMT) != S_IFREG && file->inode->device_number != (1 << 8 | 5))
			return -ENODEV;
		if ((file->inode->mode & S_IFMT) == S_IFREG)
			inode = file->inode;
	}
	rc = place(vm, &start, size, flags);
	if (rc)
		return rc;
	if (!inode && area) { /* shared anonymous memory: a file without a name */
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
	if (rc == 0 && (flags & MAP_POPULATE))
		populate(vm, start, size, prot);
	return rc ? rc : (long)start;
}

long sys_munmap(u64 start, u64 size)
{
	size = page_round(size);
	return pages(start, size) ? vm_unmap(process_current->vm, start, size) : -EINVAL;
}

long sys_mprotect(u64 start, u64 size, u64 prot)
{
	size = page_round(size);
	if (!size && start % PAGE == 0)
		return 0;
	return pages(start, size) ? vm_protect(process_current->vm, start, size, (u32)prot & PROT_ALL) : -EINVAL;
}

long sys_madvise(u64 start, u64 size, u64 advice)
{
	size = page_round(size);
	if (start % PAGE || (size && !pages(start, size)))
		return -EINVAL;
	if (size && (advice == MADV_DONTNEED || advice == MADV_FREE))
		return vm_discard(process_current->vm, start, size);
	return 0;
}

long sys_msync(u64 start, u64 size, u64 flags)
{
	(void)size;
	(void)flags;
	return start % PAGE ? -EINVAL : 0;
}

/* An area's range, all of it with one kind of content. */
static const struct area *whole(const struct vm *vm, u64 start, u64 size)
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
	if (too_much(new_size))
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
		new_start = vm_find(vm, new_size);
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
	if (new > old && (too_much(new - old) || !vm_free_range(vm, old, new - old) ||
			  vm_map(vm, old, new - old, PROT_READ | PROT_WRITE, AREA_HEAP, NULL, 0)))
		return (long)vm->heap_end;
	if (new < old && vm_unmap(vm, new, old - new))
		return (long)vm->heap_end;
	vm->heap_end = end;
	return (long)end;
}
