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

long sys_uname(u64 to)
{
	static const char *const text[6] = {"Linux", "vtxray", "6.1.0", "#1 vtxray guest kernel", "x86_64", "(none)"};
	char names[6][65];

	memset(names, 0, sizeof(names));
	for (unsigned i = 0; i < 6; i++)
		memcpy(names[i], text[i], strlen(text[i]));
	return user_write(to, names, sizeof(names)) ? 0 : -EFAULT;
}

void process_first_limits(struct process *p)
{
	for (unsigned i = 0; i < LIMITS; i++)
		p->limit[i] = (struct limit){~0ull, ~0ull};
	p->limit[LIMIT_STACK].soft = STACK_SIZE;
	p->limit[LIMIT_CORE].soft = 0;
	p->limit[LIMIT_PROCESSES] = (struct limit){THREADS_MAX, THREADS_MAX};
	p->limit[LIMIT_QUEUES] = (struct limit){819200, 819200};
	p->limit[LIMIT_FILES] = (struct limit){p->files->limit, FILES};
}

/* Those of time, file size, data, stack, files, address space and message queues are obeyed, others kept. */
static long set_limit(struct process *p, u64 which, const struct limit *new)
{
	if (new->soft > new->hard)
		return -EINVAL;
	if (which == LIMIT_FILES && new->hard > FILES)
		return -EPERM;
	p->limit[which] = *new;
	if (which == LIMIT_FILES)
		p->files->limit = new->soft;
	return 0;
}

long sys_prlimit64(u64 pid, u64 which, u64 new, u64 old)
{
	struct process *p = pid ? process_find((int)pid) : process_current;
	struct limit before, wanted;

	if (which >= LIMITS)
		return -EINVAL;
	if (new && !user_read(&wanted, new, sizeof(wanted)))
		return -EFAULT;
	if (!p || p->zombie)
		return -ESRCH;
	before = p->limit[which];
	if (new) {
		long rc = set_limit(p, which, &wanted);
		if (rc)
			return rc;
	}
	return !old || user_write(old, &before, sizeof(before)) ? 0 : -EFAULT;
}

long sys_getrlimit(u64 which, u64 to)
{
	return sys_prlimit64(0, which, 0, to);
}

long sys_setrlimit(u64 which, u64 from)
{
	return from ? sys_prlimit64(0, which, from, 0) : -EFAULT;
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
