/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where things are in the paging image, in physical and in linear memory. */
#ifndef PAGING_LAYOUT_H
#define PAGING_LAYOUT_H

#include "x86.h"

/* physical */
#define KERNEL_TOP 0x400000   /* the image lies below */
#define BIG_FRAME 0x800000    /* 2 MiB: what every 2-MiB page of the chase maps */
#define HUGE_NODES 0xa00000   /* where in physical memory the nodes of the 1-GiB chase lie */
#define FRAMES_BASE 0x1000000 /* page tables and demand-mapped memory from here up */

/* linear */
#define DIRECT 0xffff800000000000 /* the first GiB, one 1-GiB page, supervisor */
#define DEMAND 0x1000000000	  /* 1 GiB, user, 4-KiB pages mapped when first touched */
#define DEMAND_TOP 0x1040000000
#define BIG 0x2000000000	 /* 2-MiB user pages, all of BIG_FRAME */
#define HUGE 0x10000000000	 /* 1-GiB user pages, all of physical 0 */
#define STACK_TOP 0x7ffffffff000 /* user stack: 1 MiB, mapped when first touched */
#define STACK_BASE (STACK_TOP - 0x100000)

enum { NODE = 64 }; /* bytes between the offsets of two nodes of a chase */

#endif
