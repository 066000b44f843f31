/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's console on the host: output to a stdio stream and a captured copy, input from a descriptor that is never waited for.
 * A regular file is read as the guest asks for it, so that a run is deterministic; of a terminal or a pipe what is ready is read.
 */
#include "emu/console.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int console_init(struct console *console, FILE *out, int in_fd, size_t capture_max)
{
	struct stat st;

	memset(console, 0, sizeof *console);
	console->out = out;
	console->in_fd = in_fd;
	console->in_eof = in_fd >= 0 && fstat(in_fd, &st) != 0;
	if (console->in_eof)
		console->in_fd = -1; /* closed: as if it were empty */
	else if (in_fd >= 0)
		console->in_paced = !S_ISREG(st.st_mode);
	console->capture_max = capture_max;
	if (capture_max) {
		console->capture = calloc(1, 1);
		if (!console->capture)
			return -ERR_NOMEM;
	}
	return 0;
}

void console_free(struct console *console)
{
	console_flush(console);
	free(console->capture);
	console->capture = NULL;
}

/* Appends to the captured copy, which always ends in a zero byte; its room doubles at each power of two. */
static void capture(struct console *console, uint8_t byte)
{
	size_t n = console->captured;

	if (n >= console->capture_max)
		return;
	if ((n & (n + 1)) == 0) {
		char *larger = realloc(console->capture, 2 * (n + 1));
		if (!larger) {
			console->capture_max = n; /* the host is out of memory: the copy ends here */
			return;
		}
		console->capture = larger;
	}
	console->capture[n] = (char)byte;
	console->capture[n + 1] = 0;
	console->captured = n + 1;
}

void console_put(struct console *console, uint8_t byte)
{
	console->written++;
	if (console->out) {
		putc_unlocked(byte, console->out);
		console->unflushed = true;
	}
	capture(console, byte);
}

void console_flush(struct console *console)
{
	if (console->unflushed)
		fflush(console->out);
	console->unflushed = false;
}

static bool input_ready(struct console *console, int ms)
{
	struct pollfd fd = {.fd = console->in_fd, .events = POLLIN};

	return poll(&fd, 1, ms) > 0;
}

int console_get(struct console *console)
{
	if (console->in_next < console->in_count)
		return console->in_buffer[console->in_next++];
	if (!console_open(console))
		return -1;
	if (console->in_paced) {
		console_flush(console); /* whoever types wants to see the prompt first */
		if (!input_ready(console, 0))
			return -1;
	}
	ssize_t n = read(console->in_fd, console->in_buffer, sizeof console->in_buffer);
	if (n <= 0) {
		console->in_eof = n == 0 || (errno != EINTR && errno != EAGAIN);
		return -1;
	}
	console->in_count = (unsigned)n;
	console->in_next = 1;
	return console->in_buffer[0];
}

void console_wait(struct console *console, int ms)
{
	console_flush(console);
	if (console->in_next == console->in_count && console_open(console) && console->in_paced)
		input_ready(console, ms);
}
