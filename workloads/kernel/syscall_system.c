/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the system says of itself: names, limits, users, random numbers. */
#include "device.h"
#include "errno.h"
#include "page.h"
#include "process.h"
#include "string.h"
#include "syscall.h"
#include "time.h"
#include "user.h"

enum { LIMIT_STACK = 3, LIMIT_CORE = 4, LIMIT_PROCESSES = 6, LIMIT_FILES = 7, LIMITS = 16 };

long sys_uname(u64 to)
{
	static const char *const text[6] = {"Linux", "vtxray", "6.1.0", "#1 vtxray guest kernel", "x86_64", "(none)"};
	char names[6][65];

	memset(names, 0, sizeof(names));
	for (unsigned i = 0; i < 6; i++)
		memcpy(names[i], text[i], strlen(text[i]));
	return user_write(to, names, sizeof(names)) ? 0 : -EFAULT;
}

static u64 limit(u64 which)
{
	switch (which) {
	case LIMIT_STACK:
		return STACK_SIZE;
	case LIMIT_CORE:
		return 0;
	case LIMIT_PROCESSES:
		return THREADS_MAX;
	case LIMIT_FILES:
		return FILES;
	}
	return ~0ull;
}

long sys_getrlimit(u64 which, u64 to)
{
	u64 both[2] = {limit(which), which == LIMIT_STACK ? ~0ull : limit(which)};

	return which >= LIMITS ? -EINVAL : user_write(to, both, sizeof(both)) ? 0 : -EFAULT;
}

/* New limits are accepted and change nothing. */
long sys_prlimit64(u64 pid, u64 which, u64 new, u64 old)
{
	u64 both[2];

	(void)pid;
	if (which >= LIMITS)
		return -EINVAL;
	if (new && !user_read(both, new, sizeof(both)))
		return -EFAULT;
	return old ? sys_getrlimit(which, old) : 0;
}

struct sysinfo {
	u64 uptime, loads[3], total, free, shared, buffers, swap, swap_free;
	u16 processes, pad;
	u32 pad2;
	u64 high, high_free;
	u32 unit, pad3;
};

_Static_assert(sizeof(struct sysinfo) == 112, "struct sysinfo");

long sys_sysinfo(u64 to)
{
	struct sysinfo info = {.uptime = time_now() / SECOND, .total = page_total * PAGE, .free = page_free_count * PAGE, .unit = 1};

	for (const struct thread *t = thread_list; t; t = t->next)
		info.processes++;
	return user_write(to, &info, sizeof(info)) ? 0 : -EFAULT;
}

long sys_getrandom(u64 to, u64 n, u64 flags)
{
	(void)flags;
	return device_random_read(to, n);
}

long sys_getuid(void)
{
	return 0;
}

long sys_getgid(void)
{
	return 0;
}

long sys_geteuid(void)
{
	return 0;
}

long sys_getegid(void)
{
	return 0;
}

long sys_setuid(u64 id)
{
	return id ? -EPERM : 0;
}

long sys_setgid(u64 id)
{
	return id ? -EPERM : 0;
}

long sys_getgroups(u64 n, u64 to)
{
	(void)n;
	(void)to;
	return 0;
}
