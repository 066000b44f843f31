/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory and strings; whole pages by REP MOVSQ and REP STOSQ. */
#ifndef KERNEL_STRING_H
#define KERNEL_STRING_H

#include "x86.h"

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
char *strchr(const char *s, int c);
/* Appends to a text of the given size, which always ends in 0; returns the new length. %s %u %x with l and 0-padded widths. */
__attribute__((format(printf, 4, 5))) size_t text_add(char *text, size_t size, size_t length, const char *format, ...);

static inline void page_copy(void *to, const void *from, size_t n)
{
	n /= 8;
	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}
static inline void page_zero(void *to, size_t n)
{
	n /= 8;
	asm volatile("rep stosq" : "+D"(to), "+c"(n) : "a"(0ull) : "memory");
}

#endif
