/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Terminal settings and signal handlers (termios(3), sigaction(2)). A second Ctrl-C ends the program at once. Everything that a
 * handler calls is async-signal-safe.
 */
#include "emu/terminal.h"

#include <errno.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

static struct termios before, during;
static bool for_guest; /* Ctrl-C and Ctrl-Z */
static volatile sig_atomic_t is_raw, asked;
static void (*kick_fn)(void *ctx);
static void *kick_ctx;

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
static struct sigaction ending_before[ARRAY_LEN(ending)], tstp_before, cont_before;

/* Not when in the background: setting the terminal from there would stop us. */
static void make_raw(void)
{
	if (tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &before) != 0)
		return;
	during = before;
	during.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* ISIG stays: Ctrl-C is ours */
	during.c_iflag &= ~(tcflag_t)ICRNL;	      /* Enter is CR, as on a serial line */
	if (for_guest)
		during.c_cc[VINTR] = during.c_cc[VSUSP] = _POSIX_VDISABLE;
	during.c_cc[VMIN] = 1;
	during.c_cc[VTIME] = 0;
	is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &during) == 0;
}

static void restore(void)
{
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	is_raw = 0;
}

static void end_asked(int signal)
{
	int saved = errno;

	if (asked && signal != SIGPIPE) {
		restore();
		_exit(128 + signal);
	}
	if (!asked)
		asked = signal;
	kick_fn(kick_ctx);
	errno = saved;
}

/* Ctrl-Z: the terminal is the shell's until SIGCONT. */
static void suspend(int signal)
{
	int saved = errno;

	(void)signal;
	restore();
	raise(SIGSTOP);
	errno = saved;
}

static void resume(int signal)
{
	int saved = errno;

	(void)signal;
	if (!is_raw)
		make_raw();
	errno = saved;
}

static void handle(int signal, void (*handler)(int), struct sigaction *old)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

	sigfillset(&action.sa_mask);
	sigaction(signal, &action, old);
}

void terminal_start(void (*kick)(void *ctx), void *ctx, bool guest_interrupts)
{
	for_guest = guest_interrupts;
	kick_fn = kick;
	kick_ctx = ctx;
	asked = 0;
	for (size_t i = 0; i < ARRAY_LEN(ending); i++) {
		handle(ending[i], end_asked, &ending_before[i]);
		if (ending_before[i].sa_handler == SIG_IGN) /* nohup, or a shell's background job */
			sigaction(ending[i], &ending_before[i], NULL);
	}
	if (isatty(STDIN_FILENO)) {
		handle(SIGTSTP, suspend, &tstp_before);
		handle(SIGCONT, resume, &cont_before);
		make_raw();
	}
}

void terminal_stop(void)
{
	restore();
	if (isatty(STDIN_FILENO)) {
		sigaction(SIGTSTP, &tstp_before, NULL);
		sigaction(SIGCONT, &cont_before, NULL);
	}
	for (size_t i = 0; i < ARRAY_LEN(ending); i++)
		sigaction(ending[i], &ending_before[i], NULL);
}

int terminal_signal(void)
{
	return asked;
}
