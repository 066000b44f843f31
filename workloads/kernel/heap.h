/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own small objects. */
#ifndef KERNEL_HEAP_H
#define KERNEL_HEAP_H

#include "x86.h"

/* n zeroed bytes, at most 4 MiB; NULL if there is no memory */
void *heap_alloc(size_t n);
void heap_free(void *p);
/* a copy of the first n bytes of s, with a zero byte after them; NULL if there is no memory */
char *heap_text(const char *s, size_t n);

#endif
