/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address spaces: their life, CR3 and PCIDs, the list of areas. What is in the page tables is vm_page.c's. */
#include "vm.h"
#include "errno.h"
#include "heap.h"
#include "inode.h"
#include "page.h"
#include "pagetable.h"
#include "string.h"
#include "vm_page.h"

enum { PCID_LAST = 4095 };
#define CR3_KEEP (1ull << 63) /* with PCIDs: MOV to CR3 invalidates nothing */

bool vm_huge, vm_giant, vm_pcid;
u64 vm_kernel_pml4;

struct vm *vm_loaded;
static u64 retired; /* CR3 still names this top table, of an address space that is gone: its lower half is empty; 0: none */
static u64 pcid_next = 1, pcid_generation = 1;

struct vm *vm_new(void)
{
	struct vm *vm = heap_alloc(sizeof(*vm));

	if (!vm)
		return NULL;
	vm->refs = 1;
	vm->pml4 = pagetable_new();
	if (vm->pml4)
		return vm;
	heap_free(vm);
	return NULL;
}

void vm_get(struct vm *vm)
{
	vm->refs++;
}

void vm_put(struct vm *vm)
{
	if (--vm->refs)
		return;
	vm_page_drop_all(vm);
	for (struct area *a = vm->areas, *next; a; a = next) {
		next = a->next;
		inode_put(a->inode);
		heap_free(a);
	}
	pagetable_clear(vm->pml4);
	if (vm == vm_loaded) {
		retired = vm->pml4;
		vm_loaded = NULL;
	} else {
		page_free(vm->pml4, 0);
	}
	heap_free(vm);
}

/* A PCID is used again only after all were given out; then everything tagged is invalidated (by loading without CR3_KEEP). */
static u64 tagged(struct vm *vm)
{
	if (vm->pcid_generation == pcid_generation)
		return vm->pml4 | vm->pcid | CR3_KEEP;
	if (pcid_next > PCID_LAST) {
		pcid_next = 1;
		pcid_generation++;
	}
	vm->pcid_generation = pcid_generation;
	vm->pcid = pcid_next++;
	return vm->pml4 | vm->pcid;
}

void vm_switch(struct vm *vm)
{
	if (vm == vm_loaded)
		return;
	vm_loaded = vm;
	if (!vm)
		write_cr3(vm_kernel_pml4);
	else
		write_cr3(vm_pcid ? tagged(vm) : vm->pml4);
	if (retired)
		page_free(retired, 0);
	retired = 0;
}

void vm_flush(struct vm *vm)
{
	if (vm == vm_loaded)
		write_cr3(vm->pml4 | (vm_pcid ? vm->pcid : 0));
	else
		vm->pcid_generation = 0; /* a new PCID when it runs next */
}

struct area *vm_area_above(struct vm *vm, u64 linear)
{
	struct area *a = vm->looked_up;

	if (!a || a->start > linear)
		a = vm->areas;
	while (a && a->end <= linear)
		a = a->next;
	if (a)
		vm->looked_up = a;
	return a;
}

bool vm_free_range(struct vm *vm, u64 start, u64 size)
{
	const struct area *a = vm_area_above(vm, start);

	return start >= USER_LOW && size <= USER_TOP && start <= USER_TOP - size && (!a || a->start >= start + size);
}

/* The stack keeps its room to grow: ranges are looked for below it. */
u64 vm_find(const struct vm *vm, u64 size, bool huge)
{
	u64 align = vm_giant && size >= GIANT_PAGE	     ? GIANT_PAGE
		    : huge || (vm_huge && size >= HUGE_PAGE) ? HUGE_PAGE
							     : PAGE,
	    top = STACK_LOW - PAGE, best = 0, gap = 0x400000;

	if (size > USER_TOP)
		return 0;
	for (const struct area *a = vm->areas; a && a->start < top; a = a->next) {
		if (a->start >= gap + size && ((a->start - size) & ~(align - 1)) >= gap)
			best = (a->start - size) & ~(align - 1);
		gap = a->end > gap ? a->end : gap;
	}
	if (gap <= top - size && ((top - size) & ~(align - 1)) >= gap)
		best = (top - size) & ~(align - 1);
	return best;
}

static bool joins(const struct area *a, const struct area *b)
{
	return a->end == b->start && a->prot == b->prot && a->flags == b->flags && a->inode == b->inode &&
	       (!a->inode || a->offset + (a->end - a->start) == b->offset);
}

static void insert_after(struct vm *vm, struct area *before, struct area *area)
{
	struct area **link = before ? &before->next : &vm->areas;

	area->prev = before;
	area->next = *link;
	if (area->next)
		area->next->prev = area;
	*link = vm->looked_up = area;
}

static void remove(struct vm *vm, struct area *a)
{
	if (a->prev)
		a->prev->next = a->next;
	else
		vm->areas = a->next;
	if (a->next)
		a->next->prev = a->prev;
	if (vm->looked_up == a)
		vm->looked_up = a->prev;
	inode_put(a->inode);
	heap_free(a);
}

/* Joins neighbours in this range, and at its borders, that became alike. */
static void join(struct vm *vm, u64 start, u64 end)
{
	for (struct area *a = vm_area_above(vm, start - 1); a && a->next && a->next->start <= end;)
		if (joins(a, a->next)) {
			a->end = a->next->end;
			remove(vm, a->next);
		} else {
			a = a->next;
		}
}

long vm_map(struct vm *vm, u64 start, u64 size, u32 prot, u32 flags, struct inode *inode, u64 offset)
{
	struct area *area = heap_alloc(sizeof(*area)), *before = vm->looked_up && vm->looked_up->start < start ? vm->looked_up : vm->areas;

	if (!area)
		return -ENOMEM;
	*area = (struct area){NULL, NULL, start, start + size, prot, flags, inode, offset};
	inode_get(inode);
	if (before && before->start > start)
		before = NULL;
	while (before && before->next && before->next->start < start)
		before = before->next;
	insert_after(vm, before, area);
	vm->mapped += size;
	join(vm, start, start + size);
	return 0;
}

/* Makes linear a border between areas. */
static long split(struct vm *vm, u64 linear)
{
	struct area *a = vm_area(vm, linear), *b;

	if (!a || a->start == linear)
		return 0;
	b = heap_alloc(sizeof(*b));
	if (!b)
		return -ENOMEM;
	*b = *a;
	b->start = a->end = linear;
	b->offset += linear - a->start;
	insert_after(vm, a, b);
	inode_get(b->inode);
	return 0;
}

static long split_areas(struct vm *vm, u64 start, u64 end)
{
	long rc = split(vm, start);

	return rc ? rc : split(vm, end);
}

static long split_both(struct vm *vm, u64 start, u64 end)
{
	long rc = split_areas(vm, start, end);

	if (rc == 0 && !(vm_page_split(vm, start) && vm_page_split(vm, end)))
		rc = -ENOMEM;
	return rc;
}

long vm_unmap(struct vm *vm, u64 start, u64 size)
{
	long rc = split_both(vm, start, start + size);
	struct area *a, *next;

	if (rc)
		return rc;
	for (a = vm_area_above(vm, start); a && a->start < start + size; a = next) {
		next = a->next;
		vm->mapped -= a->end - a->start;
		vm_page_drop(vm, a->start, a->end);
		remove(vm, a);
	}
	return 0;
}

static bool covered(struct vm *vm, u64 start, u64 end)
{
	while (start < end) {
		struct area *a = vm_area(vm, start);
		if (!a)
			return false;
		start = a->end;
	}
	return true;
}

static bool read_only(struct vm *vm, u64 start, u64 end)
{
	for (const struct area *a = vm_area_above(vm, start); a && a->start < end; a = a->next)
		if (a->flags & AREA_READ_ONLY)
			return true;
	return false;
}

long vm_protect(struct vm *vm, u64 start, u64 size, u32 prot)
{
	u64 end = start + size;
	long rc = covered(vm, start, end) ? split_both(vm, start, end) : -ENOMEM;

	if (rc == 0 && (prot & PROT_WRITE) && read_only(vm, start, end))
		rc = -EACCES;
	if (rc)
		return rc;
	for (struct area *a = vm_area_above(vm, start); a && a->start < end; a = a->next)
		if (a->prot != prot) {
			a->prot = prot;
			vm_page_protect(vm, a);
		}
	join(vm, start, end);
	return 0;
}

long vm_advise(struct vm *vm, u64 start, u64 size, u32 set, u32 clear)
{
	u64 end = start + size;
	long rc = covered(vm, start, end) ? split_areas(vm, start, end) : -ENOMEM;

	if (rc)
		return rc;
	for (struct area *a = vm_area_above(vm, start); a && a->start < end; a = a->next)
		a->flags = (a->flags & ~clear) | set;
	join(vm, start, end);
	return 0;
}

long vm_populate(struct vm *vm, u64 start, u64 size, bool write)
{
	if (!covered(vm, start, start + size))
		return -ENOMEM;
	for (u64 at = start & PAGE_MASK; at < start + size; at += PAGE)
		switch (vm_fault(vm, at, write ? 2 : 0)) {
		case FAULT_OK:
			break;
		case FAULT_MEMORY:
			return -ENOMEM;
		default:
			return -EFAULT;
		}
	return 0;
}

long vm_discard(struct vm *vm, u64 start, u64 size)
{
	if (!covered(vm, start, start + size) || !vm_page_split(vm, start) || !vm_page_split(vm, start + size))
		return -ENOMEM;
	vm_page_drop(vm, start, start + size);
	return 0;
}

/* Moves [start, start + size), which lies in one area, to new_start, where room for new_size is free. */
long vm_remap(struct vm *vm, u64 start, u64 size, u64 new_start, u64 new_size)
{
	struct area *a = vm_area(vm, start);
	long rc = vm_map(vm, new_start, new_size, a->prot, a->flags, a->inode, a->offset + (start - a->start));

	if (rc == 0 && !vm_page_move(vm, start, new_start, size < new_size ? size : new_size))
		rc = -ENOMEM;
	return rc ? rc : vm_unmap(vm, start, size);
}

struct vm *vm_fork(struct vm *vm)
{
	struct vm *copy = vm_new();
	bool ok = copy != NULL;

	for (struct area *a = vm->areas; ok && a; a = a->next) {
		if (a->flags & AREA_NOT_FORKED)
			continue;
		ok = vm_map(copy, a->start, a->end - a->start, a->prot, a->flags, a->inode, a->offset) == 0;
		ok = ok && (a->flags & AREA_WIPED || vm_page_share(vm, copy, a));
	}
	vm_flush(vm);
	if (!ok) {
		if (copy)
			vm_put(copy);
		return NULL;
	}
	copy->large = vm->large;
	copy->heap_start = vm->heap_start;
	copy->heap_end = vm->heap_end;
	memcpy(copy->arguments, vm->arguments, sizeof(vm->arguments));
	return copy;
}
