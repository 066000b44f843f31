/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is to be told of a file (F_SETOWN and its kin). LIMIT: it is kept, but nobody is told: O_ASYNC does not stick. */
#include "file_owner.h"
#include "errno.h"
#include "process.h"
#include "user.h"

enum { OWNER_THREAD, OWNER_PROCESS, OWNER_GROUP };

struct owner { /* struct f_owner_ex */
	int type, pid;
};

static bool there(int type, int pid)
{
	const struct process *p = process_list;

	switch (type) {
	case OWNER_THREAD:
		return thread_find(pid);
	case OWNER_PROCESS:
		return process_find(pid);
	}
	while (p && p->group != pid)
		p = p->next;
	return p;
}

static long set(struct file *file, int type, int pid)
{
	if (pid && !there(type, pid))
		return -ESRCH;
	file->owner_type = (u8)type;
	file->owner = pid;
	return 0;
}

static struct owner owner_of(const struct file *file)
{
	return (struct owner){file->owner_type, file->owner && there(file->owner_type, file->owner) ? file->owner : 0};
}

static long get_extended(const struct file *file, u64 to)
{
	struct owner o = owner_of(file);

	if (!file->owner)
		o.type = OWNER_THREAD;
	return user_write(to, &o, sizeof(o)) ? 0 : -EFAULT;
}

static long set_extended(struct file *file, u64 from)
{
	struct owner o;

	if (!user_read(&o, from, sizeof(o)))
		return -EFAULT;
	return o.type < OWNER_THREAD || o.type > OWNER_GROUP ? -EINVAL : set(file, o.type, o.pid);
}

long file_owner_control(struct file *file, u64 command, u64 argument)
{
	struct owner o = owner_of(file);
	int pid = (int)argument;

	switch (command) {
	case F_GETOWN:
		return o.type == OWNER_GROUP ? -o.pid : o.pid;
	case F_SETOWN:
		if (pid == (int)(1u << 31))
			return -EINVAL;
		return set(file, pid < 0 ? OWNER_GROUP : OWNER_PROCESS, pid < 0 ? -pid : pid);
	case F_GETSIG:
		return file->owner_signal;
	case F_SETSIG:
		if (argument > SIGNALS)
			return -EINVAL;
		file->owner_signal = (u8)argument;
		return 0;
	case F_GETOWN_EX:
		return get_extended(file, argument);
	case F_SETOWN_EX:
		return set_extended(file, argument);
	}
	return -EINVAL;
}
