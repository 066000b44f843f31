/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address spaces: a list of areas (struct area, ordered, disjoint) and page tables that are filled by page faults.
 */
#ifndef KERNEL_VM_H
#define KERNEL_VM_H

#include "layout.h"

struct inode;

enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 };
enum {
	AREA_SHARED = 1,
	AREA_STACK = 2,
	AREA_HEAP = 4,
	AREA_HUGE = 8,	     /* in 2-MiB pages where they fit (MADV_HUGEPAGE, MAP_HUGETLB) */
	AREA_SMALL = 16,     /* never in 2-MiB pages */
	AREA_HUGE_ONLY = 32, /* MAP_HUGETLB: never in others */
	AREA_NOT_FORKED = 64,
	AREA_WIPED = 128,    /* empty in the child */
	AREA_READ_ONLY = 256 /* shared, of a file that is not open for writing */
};

struct area {
	struct area *next, *prev;
	u64 start, end;
	u32 prot, flags;
	struct inode *inode; /* NULL: anonymous */
	u64 offset;	     /* of start, in the file */
};

struct vm {
	u32 refs;
	u64 pml4;
	struct area *areas, *looked_up; /* looked_up: one of them, where the next search begins; NULL: at the first */
	bool large;			/* some pages are, or were, large */
	u64 heap_start, heap_end;	/* what brk moves */
	u64 mapped;			/* bytes in all areas */
	u64 pages, pages_most;		/* present ones, in 4 KiB; their most so far */
	bool populate;			/* mlockall(MCL_FUTURE) */
	u64 arguments[2];		/* where the pointers to the command line's strings are, and how many */
	u64 pcid, pcid_generation;
};

enum vm_fault { FAULT_OK, FAULT_UNMAPPED, FAULT_ACCESS, FAULT_BUS, FAULT_MEMORY };

extern bool vm_huge, vm_giant; /* anonymous memory in 2-MiB pages where they fit; in 1-GiB pages, too */
extern bool vm_pcid;	       /* address spaces have PCIDs */
extern struct vm *vm_loaded;   /* what CR3 names; NULL: the kernel's own tables */

struct vm *vm_new(void);
void vm_get(struct vm *vm);
void vm_put(struct vm *vm);
/* Loads CR3; NULL: the kernel's own tables. */
void vm_switch(struct vm *vm);
static inline struct vm *vm_current(void)
{
	return vm_loaded;
}
/* A copy in which both sides' private pages are read-only until written; NULL if there is no memory. */
struct vm *vm_fork(struct vm *vm);
/* The page fault at linear; error: the processor's error code. */
enum vm_fault vm_fault(struct vm *vm, u64 linear, u64 error);

/* the first area that ends above linear, or NULL */
struct area *vm_area_above(struct vm *vm, u64 linear);
/* the area that contains linear, or NULL */
static inline struct area *vm_area(struct vm *vm, u64 linear)
{
	struct area *a = vm->looked_up;

	if (a && linear >= a->start && linear < a->end)
		return a;
	a = vm_area_above(vm, linear);
	return a && a->start <= linear ? a : NULL;
}
/* New memory at [start, start + size), whole pages, where nothing is mapped. Takes no reference but the area's. 0 or -ENOMEM. */
long vm_map(struct vm *vm, u64 start, u64 size, u32 prot, u32 flags, struct inode *inode, u64 offset);
long vm_unmap(struct vm *vm, u64 start, u64 size);
long vm_protect(struct vm *vm, u64 start, u64 size, u32 prot);
/* Sets and clears flags of the areas in this range. 0 or -ENOMEM: not all of it is mapped. */
long vm_advise(struct vm *vm, u64 start, u64 size, u32 set, u32 clear);
/* Brings in all pages of the range: 0, -ENOMEM, -EFAULT. */
long vm_populate(struct vm *vm, u64 start, u64 size, bool write);
/* Gives the pages back; they are zero, or the file's, when next touched. */
long vm_discard(struct vm *vm, u64 start, u64 size);
long vm_remap(struct vm *vm, u64 start, u64 size, u64 new_start, u64 new_size);
/* A free range of this size, from the top down; 0 if there is none. */
u64 vm_find(const struct vm *vm, u64 size, bool huge); /* huge: aligned to 2 MiB */
bool vm_free_range(struct vm *vm, u64 start, u64 size);
/* The page of this address is there. */
bool vm_present(const struct vm *vm, u64 linear);
static inline void vm_count(struct vm *vm, u64 pages)
{
	vm->pages += pages;
	if (vm->pages > vm->pages_most)
		vm->pages_most = vm->pages;
}

#endif
