/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where things are in the linear address space:
 *     0                    one process: program, heap, maps from USER_TOP down, stack
 *     DIRECT               all of physical memory
 *     KERNEL_BASE          the kernel's image (the first GiB of physical memory)
 *     MMIO                 the local APIC
 */
#ifndef KERNEL_LAYOUT_H
#define KERNEL_LAYOUT_H

#define USER_TOP 0x7ffffffff000
#define STACK_SIZE 0x800000ull
#define STACK_LOW (USER_TOP - STACK_SIZE)
#define USER_LOW 0x10000 /* nothing is mapped below */
#define DIRECT 0xffff800000000000
#define KERNEL_BASE 0xffffffff80000000
#define MMIO 0xffffffffc0000000

#ifndef __ASSEMBLER__
#include "x86.h"

enum { PAGE = 4096, HUGE_PAGE = 0x200000, GIANT_PAGE = 0x40000000 };
#define PAGE_MASK (~4095ull)

static inline void *direct(u64 physical)
{
	return (void *)(DIRECT + physical);
}
static inline u64 physical(const void *p)
{
	return (u64)p >= KERNEL_BASE ? (u64)p - KERNEL_BASE : (u64)p - DIRECT;
}
static inline u64 page_round(u64 v)
{
	return (v + PAGE - 1) & PAGE_MASK;
}
#endif
#endif
