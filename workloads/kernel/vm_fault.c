/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page fault: what the area promises becomes a page-table entry. Anonymous memory read first is the frame of zeros; private pages that
 * are shared (after fork, with a file's page cache, with the frame of zeros) are copied when written.
 */
#include "inode.h"
#include "page.h"
#include "pagetable.h"
#include "process.h"
#include "string.h"
#include "vm.h"

enum { ERROR_WRITE = 2, ERROR_FETCH = 16 };

static u64 entry_flags(const struct area *area)
{
	return PTE_P | PTE_US | (area->prot & PROT_EXEC ? 0 : PTE_NX);
}

/* The stack's area grows down to the page touched, as far as STACK_SIZE allows. */
static struct area *grow_stack(struct vm *vm, u64 linear)
{
	struct area *a = vm_area_above(vm, linear);

	if (!a || !(a->flags & AREA_STACK) || linear < STACK_LOW || USER_TOP - linear > process_current->limit[LIMIT_STACK].soft)
		return NULL;
	vm->mapped += a->start - (linear & PAGE_MASK);
	a->start = linear & PAGE_MASK;
	return a;
}

static bool allowed(const struct area *area, u64 error)
{
	if (error & ERROR_WRITE)
		return area->prot & PROT_WRITE;
	if (error & ERROR_FETCH)
		return area->prot & PROT_EXEC;
	return area->prot != 0;
}

/* Anonymous memory in a page of this level: if the area has room for it and nothing is there yet. false: it does not fit. */
static bool map_at(struct vm *vm, const struct area *area, u64 linear, unsigned level, unsigned frames)
{
	u64 size = (u64)PAGE << frames, base = linear & ~(size - 1), frame, *entry;

	if (base < area->start || base + size > area->end)
		return false;
	entry = pagetable_walk(vm->pml4, base, &level, true);
	if (!entry || *entry)
		return false;
	frame = page_alloc_zeroed(frames);
	if (!frame)
		return false;
	*entry = frame | entry_flags(area) | PTE_PS | (area->prot & PROT_WRITE ? PTE_RW : 0);
	vm->large = true;
	vm_count(vm, size / PAGE);
	return true;
}

static bool map_huge(struct vm *vm, const struct area *area, u64 linear)
{
	if (!(vm_huge || area->flags & AREA_HUGE) || (area->flags & AREA_SMALL) || area->inode)
		return false;
	return (vm_giant && !(area->flags & AREA_HUGE) && map_at(vm, area, linear, 3, ORDER_GIANT)) ||
	       map_at(vm, area, linear, 2, ORDER_HUGE);
}

/* The frame for a page that is not there, with a reference for the entry; *own: it may be written through this entry. */
static enum vm_fault new_frame(const struct area *area, u64 linear, bool write, u64 *frame, bool *own)
{
	u64 page = (linear & PAGE_MASK) - area->start + area->offset, cached;

	*own = true;
	if (!area->inode) {
		*own = write;
		*frame = write ? page_alloc_zeroed(0) : page_zero_frame;
		if (!write)
			page_get(*frame);
		return *frame ? FAULT_OK : FAULT_MEMORY;
	}
	if (page >= page_round(area->inode->size))
		return FAULT_BUS;
	cached = inode_frame(area->inode, page / PAGE, true);
	if (!cached)
		return FAULT_MEMORY;
	*frame = cached;
	if (!write || (area->flags & AREA_SHARED)) {
		*own = area->flags & AREA_SHARED;
		page_get(cached);
		return FAULT_OK;
	}
	*frame = page_alloc(0);
	if (*frame)
		page_copy(direct(*frame), direct(cached), PAGE);
	return *frame ? FAULT_OK : FAULT_MEMORY;
}

static bool sole_owner(u64 entry, unsigned level)
{
	u64 frames = 1ull << 9 * (level - 1);

	for (u64 i = 0; i < frames; i++)
		if (page_of((entry & PTE_ADDRESS) + i * PAGE)->refs > 1)
			return false;
	return true;
}

/* A present page is written to: it is made writable, or copied first. */
static enum vm_fault copy_on_write(struct vm *vm, const struct area *area, u64 linear, u64 *entry, unsigned level)
{
	u64 old = *entry, frame;

	if ((area->flags & AREA_SHARED) || sole_owner(old, level)) {
		*entry |= PTE_RW;
		invlpg((void *)linear);
		return FAULT_OK;
	}
	while (level > 1) {
		if (!pagetable_split(entry, level))
			return FAULT_MEMORY;
		invlpg((void *)linear);
		level = 1;
		entry = pagetable_walk(vm->pml4, linear, &level, false);
		old = *entry;
	}
	frame = page_alloc(0);
	if (!frame)
		return FAULT_MEMORY;
	page_copy(direct(frame), direct(old & PTE_ADDRESS), PAGE);
	*entry = frame | entry_flags(area) | PTE_RW;
	invlpg((void *)linear);
	page_put(old & PTE_ADDRESS);
	return FAULT_OK;
}

static enum vm_fault resolve(struct vm *vm, u64 linear, u64 error)
{
	struct area *area = vm_area(vm, linear);
	bool write = error & ERROR_WRITE, own;
	unsigned level = 1;
	enum vm_fault rc;
	u64 *entry, frame;

	if (!area)
		area = grow_stack(vm, linear);
	if (!area)
		return FAULT_UNMAPPED;
	if (!allowed(area, error))
		return FAULT_ACCESS;
	if (map_huge(vm, area, linear))
		return FAULT_OK;
	entry = pagetable_walk(vm->pml4, linear, &level, true);
	if (!entry)
		return FAULT_MEMORY;
	if (*entry & PTE_P)
		return write && !(*entry & PTE_RW) ? copy_on_write(vm, area, linear, entry, level) : FAULT_OK;
	rc = area->flags & AREA_HUGE_ONLY ? FAULT_BUS : new_frame(area, linear, write, &frame, &own);
	if (rc != FAULT_OK)
		return rc;
	*entry = frame | entry_flags(area) | (own && (area->prot & PROT_WRITE) ? PTE_RW : 0);
	vm_count(vm, 1);
	return FAULT_OK;
}

enum vm_fault vm_fault(struct vm *vm, u64 linear, u64 error)
{
	enum vm_fault rc = resolve(vm, linear, error);

	process_current->faults += rc == FAULT_OK;
	return rc;
}
