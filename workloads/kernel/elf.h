/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Static ELF64 programs. */
#ifndef KERNEL_ELF_H
#define KERNEL_ELF_H

#include "inode.h"
#include "vm.h"

/* What the program's start needs to know. */
struct elf {
	u64 entry, headers, header_count, header_size;
	u64 end; /* the first page after it: where the heap begins */
};

/* Maps the program into the current address space, which is empty. 0, -ENOEXEC, -ENOMEM. */
long elf_map(struct vm *vm, struct inode *inode, struct elf *elf);

#endif
