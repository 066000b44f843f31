/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access to the current process's memory, which may fault; false: not all of it is there (EFAULT). */
#ifndef KERNEL_USER_H
#define KERNEL_USER_H

#include "layout.h"

u64 user_copy(void *to, const void *from, u64 n); /* entry.S */
extern char user_copy_fault[];

static inline bool user_range(u64 address, u64 n)
{
	return address <= USER_TOP && n <= USER_TOP - address;
}
static inline bool user_read(void *to, u64 from, u64 n)
{
	return user_range(from, n) && user_copy(to, (const void *)from, n) == 0;
}
static inline bool user_write(u64 to, const void *from, u64 n)
{
	return user_range(to, n) && user_copy((void *)to, from, n) == 0;
}
/* A string of less than size bytes: its length, -EFAULT, or -ENAMETOOLONG. */
long user_string(char *to, u64 from, u64 size);
bool user_zero(u64 to, u64 n);

#endif
