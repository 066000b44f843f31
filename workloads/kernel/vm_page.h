/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pages of an address space, as its page tables show them. Ranges are whole pages; 2-MiB pages are split at their borders. */
#ifndef KERNEL_VM_PAGE_H
#define KERNEL_VM_PAGE_H

#include "vm.h"

extern u64 vm_kernel_pml4;

/* Invalidates all of the address space's translations. */
void vm_flush(struct vm *vm);
/* Makes linear a border between pages; false if there is no memory. */
bool vm_page_split(struct vm *vm, u64 linear);
void vm_page_drop(struct vm *vm, u64 start, u64 end);
void vm_page_drop_all(struct vm *vm); /* of an address space that nobody will use again */
/* Gives the pages of an area its new rights. */
void vm_page_protect(struct vm *vm, const struct area *area);
/* Lets copy see the area's pages, private ones read-only on both sides; the caller flushes vm. false if there is no memory. */
bool vm_page_share(struct vm *vm, struct vm *copy, const struct area *area);
/* Moves page-table entries; false if there is no memory. */
bool vm_page_move(struct vm *vm, u64 from, u64 to, u64 size);

#endif
