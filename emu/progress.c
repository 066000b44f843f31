/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The progress line (progress.h). What the signal handler calls is async-signal-safe, so it makes its text by hand. */
#include "emu/progress.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { TENTH_OF_MILLION = 100000, LINE = 160 };
static const char clear_line[] = "\r\033[K";

static const uint64_t *counter;
static const char *title;
static struct console *shared; /* a console on the same terminal; NULL: there is none */
static struct console *hooked;
static uint64_t last;
static volatile sig_atomic_t shown;
static struct sigaction before;

static void clear(void)
{
	if (!shown)
		return;
	shown = 0;
	if (write(STDERR_FILENO, clear_line, sizeof clear_line - 1) < 0)
		return; /* nobody to tell */
}

static char *put_text(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
	return at;
}

/* tenths as "123.4" */
static char *put_tenths(char *at, uint64_t tenths)
{
	char digits[24];
	unsigned n = 0;

	for (uint64_t whole = tenths / 10; whole || !n; whole /= 10)
		digits[n++] = (char)('0' + whole % 10);
	while (n)
		*at++ = digits[--n];
	*at++ = '.';
	*at++ = (char)('0' + tenths % 10);
	return at;
}

static void tick(int signal)
{
	int saved = errno;
	uint64_t now = *(const volatile uint64_t *)counter;
	char line[LINE], *at = put_text(line, clear_line);

	(void)signal;
	if (!shared || !shared->mid_line) {
		at = put_text(at, title);
		at = put_tenths(at, now / TENTH_OF_MILLION);
		at = put_text(at, " million instructions, ");
		at = put_tenths(at, (now - last) / TENTH_OF_MILLION);
		at = put_text(at, " million a second");
		shown = write(STDERR_FILENO, line, (size_t)(at - line)) > 0;
	}
	last = now;
	errno = saved;
}

void progress_start(const uint64_t *steps, const char *what, struct console *console)
{
	static char text[64];
	struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
	const struct itimerval second = {.it_interval.tv_sec = 1, .it_value.tv_sec = 1};

	if (!isatty(STDERR_FILENO))
		return;
	snprintf(text, sizeof text, "%.60s%s", what ? what : "", what ? ": " : "");
	title = text;
	counter = steps;
	last = *steps;
	shown = 0;
	shared = console->err || (console->out && isatty(fileno(console->out))) ? console : NULL;
	hooked = console;
	if (shared)
		console->before_output = clear;
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &second, NULL);
}

void progress_stop(void)
{
	const struct itimerval never = {{0, 0}, {0, 0}};

	if (!hooked)
		return;
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	clear();
	hooked->before_output = NULL;
	hooked = NULL;
}
