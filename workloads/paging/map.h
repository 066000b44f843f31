/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image's own 4-level page tables. */
#ifndef PAGING_MAP_H
#define PAGING_MAP_H

#include "x86.h"

enum { PTE_P = 1, PTE_RW = 2, PTE_US = 4, PTE_PCD = 16, PTE_PS = 128 };

/* Builds the kernel's part of the tables and loads CR3. */
void map_init(void);
/* Maps one page: level 1 (4 KiB), 2 (2 MiB) or 3 (1 GiB). */
void map_page(u64 linear, u64 physical, unsigned level, u64 flags);
/* The physical address of a new zeroed frame. */
u64 map_frame(void);

#endif
