/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings in user memory. */
#include "user.h"
#include "errno.h"
#include "page.h"
#include "string.h"

long user_string(char *to, u64 from, u64 size)
{
	for (u64 done = 0; done < size;) {
		u64 n = 64 - (from + done) % 64; /* never across a page that may be missing */
		if (n > size - done)
			n = size - done;
		if (!user_read(to + done, from + done, n))
			return -EFAULT;
		for (u64 i = 0; i < n; i++)
			if (!to[done + i])
				return (long)(done + i);
		done += n;
	}
	return -ENAMETOOLONG;
}

bool user_zero(u64 to, u64 n)
{
	for (u64 done = 0; done < n; done += PAGE)
		if (!user_write(to + done, direct(page_zero_frame), n - done < PAGE ? n - done : PAGE))
			return false;
	return true;
}
