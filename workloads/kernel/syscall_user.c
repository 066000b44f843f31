/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users and groups: there is one of each, 0, and nobody can become another. */
#include "errno.h"
#include "syscall.h"
#include "user.h"

static bool stays(u64 id)
{
	return (u32)id == 0 || (u32)id == ~0u;
}

static long write_three(u64 real, u64 effective, u64 saved)
{
	u32 none = 0;

	return user_write(real, &none, 4) && user_write(effective, &none, 4) && user_write(saved, &none, 4) ? 0 : -EFAULT;
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

long sys_setreuid(u64 real, u64 effective)
{
	return stays(real) && stays(effective) ? 0 : -EPERM;
}

long sys_setregid(u64 real, u64 effective)
{
	return sys_setreuid(real, effective);
}

long sys_setresuid(u64 real, u64 effective, u64 saved)
{
	return stays(real) && stays(effective) && stays(saved) ? 0 : -EPERM;
}

long sys_setresgid(u64 real, u64 effective, u64 saved)
{
	return sys_setresuid(real, effective, saved);
}

long sys_getresuid(u64 real, u64 effective, u64 saved)
{
	return write_three(real, effective, saved);
}

long sys_getresgid(u64 real, u64 effective, u64 saved)
{
	return write_three(real, effective, saved);
}

long sys_getgroups(u64 n, u64 to)
{
	(void)to;
	return (int)n < 0 ? -EINVAL : 0;
}

long sys_setgroups(u64 n, u64 from)
{
	(void)from;
	return n ? -EPERM : 0;
}
