/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address spaces: a list of areas (struct area, ordered, disjoint) and page tables that are filled by page faults.
 */
#ifndef KERNEL_VM_H
#define KERNEL_VM_H

#include "layout.h"

struct inode;

enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 };
enum { AREA_SHARED = 1, AREA_STACK = 2, AREA_HEAP = 4 };

struct area {
	struct area *next;
	u64 start, end;
	u32 prot, flags;
	struct inode *inode; /* NULL: anonymous */
	u64 offset;	     /* of start, in the file */
};

struct vm {
	u32 refs;
	u64 pml4;
	struct area *areas;
	u64 heap_start, heap_end; /* what brk moves */
	u64 mapped;		  /* bytes in all areas */
	u64 pcid, pcid_generation;
};

enum vm_fault { FAULT_OK, FAULT_UNMAPPED, FAULT_ACCESS, FAULT_BUS, FAULT_MEMORY };

extern bool vm_huge; /* anonymous memory in 2-MiB pages where it fits */
extern bool vm_pcid; /* address spaces have PCIDs */

struct vm *vm_new(void);
void vm_get(struct vm *vm);
void vm_put(struct vm *vm);
/* Loads CR3; NULL: the kernel's own tables. */
void vm_switch(struct vm *vm);
struct vm *vm_current(void);
/* A copy in which both sides' private pages are read-only until written; NULL if there is no memory. */
struct vm *vm_fork(struct vm *vm);
/* The page fault at linear; error: the processor's error code. */
enum vm_fault vm_fault(struct vm *vm, u64 linear, u64 error);

/* the area that contains linear, or NULL */
struct area *vm_area(const struct vm *vm, u64 linear);
/* New memory at [start, start + size), whole pages, where nothing is mapped. Takes no reference but the area's. 0 or -ENOMEM. */
long vm_map(struct vm *vm, u64 start, u64 size, u32 prot, u32 flags, struct inode *inode, u64 offset);
long vm_unmap(struct vm *vm, u64 start, u64 size);
long vm_protect(struct vm *vm, u64 start, u64 size, u32 prot);
/* Gives the pages back; they are zero, or the file's, when next touched. */
long vm_discard(struct vm *vm, u64 start, u64 size);
long vm_remap(struct vm *vm, u64 start, u64 size, u64 new_start, u64 new_size);
/* A free range of this size, from the top down; 0 if there is none. */
u64 vm_find(const struct vm *vm, u64 size);
bool vm_free_range(const struct vm *vm, u64 start, u64 size);
/* Pages present. */
u64 vm_resident(const struct vm *vm);

#endif
