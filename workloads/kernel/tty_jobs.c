/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Job control. The terminal belongs to the session of the program that was started, until a leader of another one asks for it. */
#include "tty_jobs.h"
#include "errno.h"
#include "process.h"
#include "stop.h"
#include "user.h"

enum { TIOCSCTTY = 0x540e, TIOCGPGRP, TIOCSPGRP, TIOCNOTTY = 0x5422, TIOCGSID = 0x5429 };

static int session = NOBODY;	    /* 0: nobody's */
static int foreground = NOBODY + 1; /* the program, process 2 */

static void signal_group(int group, int signal)
{
	for (struct process *p = process_list; p; p = p->next)
		if (p->group == group)
			signal_send(p, &(struct siginfo){.signal = signal, .code = SI_KERNEL});
}

void tty_jobs_signal(int signal)
{
	signal_group(foreground, signal);
}

static bool background(void)
{
	return process_current->session == session && process_current->group != foreground;
}

/* The program that was started has nobody here who would continue it, either. */
static bool alone(void)
{
	return !process_current->parent || stop_orphaned(process_current->group);
}

static bool unheard(int signal)
{
	return process_current->action[signal - 1].handler == SIG_IGN || (thread_current->mask & SIGNAL_BIT(signal));
}

long tty_jobs_read(void)
{
	if (!background())
		return 0;
	if (unheard(SIGTTIN) || alone())
		return -EIO;
	signal_group(process_current->group, SIGTTIN);
	return -ERESTART;
}

long tty_jobs_change(void)
{
	if (!background() || unheard(SIGTTOU))
		return 0;
	if (alone())
		return -EIO;
	signal_group(process_current->group, SIGTTOU);
	return -ERESTART;
}

static const struct process *in_group(int group)
{
	const struct process *p = process_list;

	while (p && (p->group != group || p->zombie))
		p = p->next;
	return p;
}

static long set_foreground(u64 from)
{
	const struct process *p;
	int group;
	long rc = process_current->session == session ? tty_jobs_change() : -ENOTTY;

	if (rc)
		return rc;
	if (!user_read(&group, from, sizeof(group)))
		return -EFAULT;
	if (group < 0)
		return -EINVAL;
	p = in_group(group);
	if (!p || p->session != session)
		return p ? -EPERM : -ESRCH;
	foreground = group;
	return 0;
}

/* steal: 1, from whoever has it */
static long take(u64 steal)
{
	const struct process *p = process_current;

	if (p->pid == p->session && p->session == session)
		return 0;
	if (p->pid != p->session || (session && steal != 1))
		return -EPERM;
	session = p->session;
	foreground = p->group;
	return 0;
}

/* Who leads the session gives it up for all. */
static long give_up(void)
{
	if (process_current->session != session)
		return -ENOTTY;
	if (process_current->pid == session) {
		signal_group(foreground, SIGHUP);
		signal_group(foreground, SIGCONT);
		session = foreground = 0;
	}
	return 0;
}

long tty_jobs_control(u64 request, u64 argument)
{
	bool ours = process_current->session == session;

	switch (request) {
	case TIOCGPGRP:
		return !ours ? -ENOTTY : user_write(argument, &foreground, sizeof(foreground)) ? 0 : -EFAULT;
	case TIOCSPGRP:
		return set_foreground(argument);
	case TIOCGSID:
		return !ours ? -ENOTTY : user_write(argument, &session, sizeof(session)) ? 0 : -EFAULT;
	case TIOCSCTTY:
		return take(argument);
	case TIOCNOTTY:
		return give_up();
	}
	return -ENOTTY;
}
