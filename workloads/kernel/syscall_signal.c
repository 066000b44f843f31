/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals: actions, masks, sending. */
#include "errno.h"
#include "process.h"
#include "sigframe.h"
#include "syscall.h"
#include "time.h"
#include "user.h"

enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK, SS_ONSTACK = 1, SS_DISABLE = 2, STACK_LEAST = 2048 };
#define NEVER_BLOCKED (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

long sys_rt_sigaction(u64 signal, u64 new, u64 old, u64 size)
{
	struct sigaction action, *current;

	if (signal < 1 || signal > SIGNALS || size != 8)
		return -EINVAL;
	current = &process_current->action[signal - 1];
	if (new && (signal == SIGKILL || signal == SIGSTOP))
		return -EINVAL;
	if (new && !user_read(&action, new, sizeof(action)))
		return -EFAULT;
	if (old && !user_write(old, current, sizeof(*current)))
		return -EFAULT;
	if (new)
		*current = action;
	return 0;
}

long sys_rt_sigprocmask(u64 how, u64 new, u64 old, u64 size)
{
	struct thread *t = thread_current;
	u64 set, before = t->mask;

	if (size != 8)
		return -EINVAL;
	if (new) {
		if (!user_read(&set, new, 8))
			return -EFAULT;
		set &= ~NEVER_BLOCKED;
		if (how > SIG_SETMASK)
			return -EINVAL;
		t->mask = how == SIG_BLOCK ? t->mask | set : how == SIG_UNBLOCK ? t->mask & ~set : set;
	}
	return !old || user_write(old, &before, 8) ? 0 : -EFAULT;
}

long sys_rt_sigpending(u64 to, u64 size)
{
	u64 set = (thread_current->pending.set | process_current->pending.set) & thread_current->mask;

	return size > 8 ? -EINVAL : user_write(to, &set, size) ? 0 : -EFAULT;
}

static long sleep_for_signal(void)
{
	static struct wait_queue nothing;

	while (wait_on(&nothing, 0) == 0)
		;
	return -EINTR;
}

long sys_rt_sigsuspend(u64 from, u64 size)
{
	struct thread *t = thread_current;
	u64 set;

	if (size != 8 || !user_read(&set, from, 8))
		return size != 8 ? -EINVAL : -EFAULT;
	t->saved_mask = t->mask;
	t->on_leaving |= LEAVING_MASK;
	t->mask = set & ~NEVER_BLOCKED;
	return sleep_for_signal();
}

long sys_pause(void)
{
	return sleep_for_signal();
}

long sys_rt_sigreturn(struct trap *regs)
{
	return signal_return(regs);
}

long sys_sigaltstack(u64 new, u64 old)
{
	struct thread *t = thread_current;
	u64 rsp = thread_trap(t)->rsp, stack[3];
	bool inside = t->alt_size && rsp > t->alt_stack && rsp <= t->alt_stack + t->alt_size;

	if (new && !user_read(stack, new, sizeof(stack)))
		return -EFAULT;
	if (old) {
		u64 now[3] = {t->alt_stack, t->alt_size ? (inside ? SS_ONSTACK : 0) : SS_DISABLE, t->alt_size};
		if (!user_write(old, now, sizeof(now)))
			return -EFAULT;
	}
	if (!new)
		return 0;
	if (inside)
		return -EPERM;
	if (!(stack[1] & SS_DISABLE) && stack[2] < STACK_LEAST)
		return -ENOMEM;
	t->alt_stack = stack[0];
	t->alt_size = stack[1] & SS_DISABLE ? 0 : stack[2];
	return 0;
}

static struct siginfo from_here(int signal, int code)
{
	return (struct siginfo){.signal = signal, .code = code, .pid = process_current->pid};
}

/* pid > 0: that process; 0: our group; -1: all but ourselves; < -1: group -pid */
long sys_kill(u64 which, u64 signal)
{
	int pid = (int)which, group = pid == 0 ? process_current->group : -pid;
	struct siginfo info = from_here((int)signal, SI_USER);
	bool any = false;

	if (signal > SIGNALS)
		return -EINVAL;
	for (struct process *p = process_list, *next; p; p = next) {
		bool hit = pid > 0 ? p->pid == pid : pid == -1 ? p != process_current : p->group == group;
		next = p->next;
		if (!hit)
			continue;
		any = true;
		if (signal && !p->zombie)
			signal_send(p, &info);
	}
	return any ? 0 : -ESRCH;
}

long sys_tgkill(u64 pid, u64 tid, u64 signal)
{
	struct thread *t = thread_find((int)tid);
	struct siginfo info = from_here((int)signal, SI_TKILL);

	if (signal > SIGNALS)
		return -EINVAL;
	if (!t || t->state == THREAD_GONE || ((int)pid > 0 && t->process->pid != (int)pid))
		return -ESRCH;
	if (signal)
		signal_send_thread(t, &info);
	return 0;
}

long sys_tkill(u64 tid, u64 signal)
{
	return sys_tgkill((u64)-1, tid, signal);
}

/* Signals that are blocked are taken without their handler; others, while waiting, as always. */
long sys_rt_sigtimedwait(u64 from, u64 to, u64 timeout, u64 size)
{
	static struct wait_queue nothing;
	struct thread *t = thread_current;
	struct siginfo info;
	u64 set, ns = 0, deadline;
	long rc = size != 8 ? -EINVAL : !user_read(&set, from, 8) ? -EFAULT : timeout ? time_read(timeout, &ns) : 0;
	int signal;

	if (rc)
		return rc;
	set &= ~NEVER_BLOCKED;
	deadline = timeout ? time_now() + ns : 0;
	while (!(signal = signal_take(t, set, &info)) && !rc && (!timeout || ns)) {
		t->wanted = set;
		rc = wait_on(&nothing, deadline);
		t->wanted = 0;
	}
	if (!signal)
		return rc == -EINTR ? -EINTR : -EAGAIN;
	return !to || sigframe_info(to, &info) ? signal : -EFAULT;
}

/* What another process may not be told: that the kernel, or kill, had sent it. */
static long read_info(u64 from, int signal, bool other, struct siginfo *info)
{
	if (!user_read(info, from, sizeof(*info)))
		return -EFAULT;
	info->signal = signal;
	return other && (info->code >= 0 || info->code == SI_TKILL) ? -EPERM : 0;
}

long sys_rt_sigqueueinfo(u64 pid, u64 signal, u64 from)
{
	struct process *p = process_find((int)pid);
	struct siginfo info;
	long rc = read_info(from, (int)signal, (int)pid != process_current->pid, &info);

	if (rc || !p || p->zombie)
		return rc ? rc : -ESRCH;
	if (signal > SIGNALS)
		return -EINVAL;
	if (signal)
		signal_send(p, &info);
	return 0;
}

long sys_rt_tgsigqueueinfo(u64 pid, u64 tid, u64 signal, u64 from)
{
	struct thread *t = thread_find((int)tid);
	struct siginfo info;
	long rc = (int)pid <= 0 || (int)tid <= 0 ? -EINVAL : read_info(from, (int)signal, (int)pid != process_current->pid, &info);

	if (rc || !t || t->state == THREAD_GONE || t->process->pid != (int)pid)
		return rc ? rc : -ESRCH;
	if (signal > SIGNALS)
		return -EINVAL;
	if (signal)
		signal_send_thread(t, &info);
	return 0;
}
